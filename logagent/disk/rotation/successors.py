"""Finding the files that replaced a followed one.

A rotation renames the file, or copies it and truncates it. The files of a log are listed until two consecutive listings
are equal, so that no rename is in progress. Files are told apart by their inodes, or, if copied or compressed, by their
first bytes.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from typing import NamedTuple

from logagent.core.outcome import Failure, Status
from logagent.disk.archives.file_form import damage_of_head, form_of
from logagent.disk.archives.foreign import foreign_form
from logagent.disk.catalog import identity
from logagent.disk.catalog.identity import Replaced
from logagent.disk.catalog.logs import Generation
from logagent.disk.files.beneath import failure_of
from logagent.disk.files.overwritten import Overwritten
from logagent.disk.files.text_form import FORM_BYTES, nuls_before
from logagent.disk.rotation.candidates import Candidates, Inode, is_elsewhere, newer_elsewhere, newer_than
from logagent.disk.rotation.decompressed_copy import open_plain_text
from logagent.disk.rotation.growing_archive import archive_of
from logagent.disk.rotation.growing_file import GrowingFile

ATTEMPTS = 20
"""How often one search starts over because files are renamed meanwhile; then a later look searches again."""

Find = Callable[[], Sequence[Generation]]
"""Lists the files of the log as they are now, newest first; reads the disk."""


_State = tuple[Inode | None, int, int]
"""A file's inode, time of modification and size."""


class Successors(NamedTuple):
    """The opened files that replaced a followed one; whoever takes them closes them.

    Attributes:
        files: oldest first.
        sure: whether no file can be missing among them.
        copied: whether the followed file was overwritten and continues in a copy.
        elsewhere: whether the log's name leads elsewhere, so that the files may have been read before.
    """

    files: list[GrowingFile]
    sure: bool = True
    copied: bool = False
    elsewhere: bool = False


class SuccessorFinder:
    """Finds the files that replaced followed files of one log.

    Each method reads the disk and blocks.

    Args:
        find: lists the log's files.
        max_line: bytes; longer lines are given in pieces.

    Attributes:
        failure: why a file could not be opened in the last search, None if all could.
    """

    def __init__(self, find: Find, max_line: int) -> None:
        self._find = find
        self._max_line = max_line
        self._log = ""
        self._older: frozenset[_State] = frozenset()
        self.failure: Failure | None = None

    def open_newest(self, log: str) -> tuple[Generation, list[GrowingFile]]:
        """Open the newest file and the nearest one before it that is not empty, each to be read after its whole lines.

        As long as the newest file is empty, lines may still be written to the older one.

        Returns:
            The newest file as it was found, and the opened files, oldest first.

        Raises:
            Failure: when there is no file, or it cannot be opened.
        """
        self._log = log
        for _ in range(ATTEMPTS):
            found = identity.listed(self._find)
            if not found:
                raise failure_of(FileNotFoundError(errno.ENOENT, "gone"), log)
            with suppress(Replaced, Overwritten), ExitStack() as opened:
                newest = self._opened(found[0], opened)
                if (archive := archive_of(newest)) is not None:
                    newest = archive
                    opened.callback(newest.close)
                elif _is_foreign(newest) or (found[0].compressed and _is_damaged(newest)):
                    newest.keep_fingerprint_only()
                else:
                    newest.skip_lines()
                files = [*self._before(newest, found[1:], opened), newest]
                opened.pop_all()
                self._older = _states(found[1:])
                return found[0], files
        raise Failure(Status.UNAVAILABLE, f"{log}: is renamed or written over too fast to be followed")

    def _opened(self, found: Generation, opened: ExitStack) -> GrowingFile:
        file = GrowingFile(found.name, found.open(), max_line=self._max_line)
        opened.callback(file.close)
        identity.require_same(found, file.identity)
        return file

    def _before(self, newest: GrowingFile, found: Sequence[Generation], opened: ExitStack) -> list[GrowingFile]:
        older = next((one for one in found if one.size), None)
        if older is None:
            return []
        try:
            file = self._opened(older, opened)
        except Failure:
            return []  # the log can be followed without it
        if newest.fingerprint or _is_foreign(file):
            file.keep_fingerprint_only()
        else:
            file.skip_lines()
        return [file]

    def after_renaming(self, file: GrowingFile, known: Sequence[GrowingFile] = ()) -> Successors | None:
        """Return the files that replaced a file that was renamed or deleted, or whose name leads elsewhere now.

        Args:
            known: older files of the log, newest first.

        Returns:
            None if files are renamed too fast to be told apart, or one cannot be opened.
        """

        def plan(candidates: Candidates, found: Sequence[Generation]) -> _Plan:
            if not file.fingerprint and file.descriptor is not None:
                file.note_head()  # it was empty at the last look, and may have been filled and compressed since
            if is_elsewhere(file, found):
                newer = newer_elsewhere(self._log, [file, *known], found)
                return _Plan(candidates.open_all(newer), sure=True, elsewhere=True)
            newer, sure = newer_than([file, *known], found, doubtful=1)
            files = candidates.open_all([one for one in newer if _state(one) not in self._older])
            return _Plan(files, sure, older=[one for one in found if one not in newer])

        return self._carry_out(plan, file)

    def after_overwriting(self, file: GrowingFile, known: Sequence[GrowingFile] = ()) -> Successors | None:
        """Return the files that hold what was written after the old text of a file that was overwritten.

        If a copy of the old text is found, `file` continues in the copy.

        Args:
            known: older files of the log, newest first.

        Returns:
            None if files are renamed too fast to be told apart, or one cannot be opened.
        """
        inode = file.identity

        def plan(candidates: Candidates, found: Sequence[Generation]) -> _Plan:
            newer, sure = newer_than(known, [one for one in found if one.identity != inode], doubtful=0)
            place = identity.place_where(newer, file.is_copied_in)
            copy = None if place is None else newer[place]
            files = candidates.open_copies_and(inode, _with(found, newer[:place], inode))
            return _Plan(files, sure or copy is not None, copy)

        return self._carry_out(plan, file)

    def after_emptiness(self, file: GrowingFile, known: Sequence[GrowingFile] = ()) -> Successors | None:
        """Return the files that were filled and rotated away since a file was seen empty, and then the file itself.

        Args:
            known: older files of the log, newest first.

        Returns:
            No files if none was rotated away since; None if files are renamed too fast to be told apart, or one cannot
            be opened.
        """
        inode = file.identity

        def plan(candidates: Candidates, found: Sequence[Generation]) -> _Plan:
            newer, sure = newer_than(known, [one for one in found if one.identity != inode], doubtful=0)
            files = candidates.open_copies_and(inode, _with(found, newer, inode))
            place = next((place for place, one in enumerate(files) if one.identity == inode), 0)
            return _Plan(files if place else [], sure)

        return self._carry_out(plan, file)

    def reopen(self, file: GrowingFile) -> bool:
        """Open a closed file again, whatever its name is now; return whether it still exists."""
        for _ in range(ATTEMPTS):
            found = identity.once(self._find())
            with suppress(Replaced, Overwritten, Failure, OSError):
                place = identity.place_of(found, file.fingerprint)
                if place is not None:
                    return _goes_on_in(file, found[place])
                if self._still(found):
                    return False
        return False

    def _carry_out(
        self, plan: Callable[[Candidates, Sequence[Generation]], _Plan], file: GrowingFile
    ) -> Successors | None:
        candidates = Candidates(self._max_line)
        kept: Sequence[GrowingFile] = ()
        self.failure = None
        try:
            for _ in range(ATTEMPTS):
                found = identity.settled(self._find)
                if found is None:
                    return None
                try:
                    files, sure, copy, older, elsewhere = plan(candidates, found)
                    if self._still(found):
                        copied = copy is not None and _goes_on_in(file, copy)
                        kept = files
                        self._note_older(found, older)
                        return Successors(files, sure and candidates.are_complete(files), copied, elsewhere)
                except (Replaced, Overwritten, OSError):
                    continue
                except Failure as failure:
                    if failure.status is not Status.NOT_FOUND:
                        self.failure = failure
                        return None
            return None
        finally:
            candidates.close_others(kept)

    def _note_older(self, found: Sequence[Generation], older: Sequence[Generation]) -> None:
        """Note which files of a listing are older than the newest known one, besides those that were before.

        A later listing may order them wrongly: numbers may count upwards, and files hold no times that show it. They
        are told by their state, since the inode of a deleted file is used again.
        """
        self._older = (self._older & _states(found)) | _states(older)

    def _still(self, found: Sequence[Generation]) -> bool:
        """Return whether the files have the same names as when these were found."""
        return identity.are_same(found, identity.once(self._find()))


class _Plan(NamedTuple):
    """What a search found.

    Attributes:
        files: to follow, oldest first.
        sure: whether none can be missing.
        copy: in which the file continues.
        older: those that are known to be older than the files to follow.
        elsewhere: whether the log's name leads elsewhere, so that the files may have been read before.
    """

    files: list[GrowingFile]
    sure: bool
    copy: Generation | None = None
    older: Sequence[Generation] = ()
    elsewhere: bool = False


def _state(file: Generation) -> _State:
    return file.identity, file.modified, file.size


def _states(files: Sequence[Generation]) -> frozenset[_State]:
    return frozenset(map(_state, files))


def _is_foreign(file: GrowingFile) -> bool:
    """Return whether a file does not grow as lines of bytes, and have it say why."""
    assert file.descriptor is not None
    nuls = nuls_before(file.descriptor, os.fstat(file.descriptor).st_size)
    file.foreign = foreign_form(os.pread(file.descriptor, FORM_BYTES, nuls), nuls)
    return file.foreign is not None


def _is_damaged(file: GrowingFile) -> bool:
    """Return whether a file that is named as an archive is none, nor text or empty, and have it say why."""
    assert file.descriptor is not None
    form = form_of(file.descriptor)
    damage = damage_of_head(form) if form.head else None
    file.foreign = None if damage is None else f"is damaged: {damage}"
    return damage is not None


def _with(found: Sequence[Generation], some: Sequence[Generation], inode: Inode) -> list[Generation]:
    """Return `some` of the files found and the one with an inode, in the order of the listing."""
    return [one for one in found if one in some or one.identity == inode]


def _goes_on_in(file: GrowingFile, copy: Generation) -> bool:
    """Switch a file to its copy if the copy is complete; return whether it is."""
    text = open_plain_text(copy)
    if text.whole:
        file.adopt(text.descriptor, copy.identity or file.identity)
    else:
        os.close(text.descriptor)
    return text.whole
