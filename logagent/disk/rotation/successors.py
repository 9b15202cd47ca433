"""Succession: what has taken the place of a file that is followed, and what lies between the two.

A rotation renames the file, or copies it and truncates it. The files of a log are listed while none of them is renamed,
and told apart by their inodes, or, if they were copied or compressed, by the bytes that they begin with.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from typing import NamedTuple

from logagent.core.outcome import Failure, Status
from logagent.disk.catalog import identity
from logagent.disk.catalog.identity import Replaced
from logagent.disk.catalog.logs import Generation
from logagent.disk.files.beneath import failure_of
from logagent.disk.files.overwritten import Overwritten
from logagent.disk.rotation.growing_file import Growing
from logagent.disk.rotation.unpacked_copy import open_plain

ATTEMPTS = 20
"""How often one look begins anew because files are renamed under its hands; then a later look goes on."""

Find = Callable[[], Sequence[Generation]]
"""Gives the files of the log as they are by then, newest first."""


class Successors(NamedTuple):
    """The files that came after one, opened, oldest first, to be closed by whoever takes them.

    sure: whether nothing of them can be missing. copied: whether the file goes on in a copy of itself.
    """

    files: list[Growing]
    sure: bool = True
    copied: bool = False


class Succession:
    """Looks for what came after files of one log. Each method reads the disk and blocks, and gives None where files are
    renamed so fast, or cannot be opened, that there is nothing to be known now.

    known: older files of the log, newest first. failure: why a file could not be opened the last time, None if none
    was in the way.
    """

    def __init__(self, find: Find, max_line: int) -> None:
        self._find = find
        self._max_line = max_line
        self.failure: Failure | None = None

    def beginning(self, log: str) -> tuple[Generation, list[Growing]]:
        """The newest file as it was found; and opened, with nothing of interest in the whole lines that it holds. It
        comes behind the one before it, in which lines may still come as long as it has none. Raises `Failure`."""
        for _ in range(ATTEMPTS):
            found = identity.listed(self._find)
            if not found:
                raise failure_of(FileNotFoundError(errno.ENOENT, "gone"), log)
            with suppress(Replaced, Overwritten), ExitStack() as opened:
                newest = self._begun(found[0], opened)
                newest.skip_lines()
                files = [*self._before(newest, found[1:], opened), newest]
                opened.pop_all()
                return found[0], files
        raise Failure(Status.UNAVAILABLE, f"{log}: is renamed or written over too fast to be followed")

    def _begun(self, found: Generation, opened: ExitStack) -> Growing:
        file = Growing(found.name, found.open(), max_line=self._max_line)
        opened.callback(file.close)
        identity.require_same(found, file.identity)
        return file

    def _before(self, newest: Growing, found: Sequence[Generation], opened: ExitStack) -> list[Growing]:
        older = next((one for one in found if one.size), None)
        if older is None:
            return []
        try:
            file = self._begun(older, opened)
        except Failure:
            return []  # it is not what was asked for
        if newest.fingerprint or older.compressed:
            file.pass_by()
        else:
            file.skip_lines()
        return [file]

    def after_renaming(self, file: Growing, known: Sequence[Growing] = ()) -> Successors | None:
        """What came after a file that was renamed or deleted."""

        def plan(opened: _Opened, found: Sequence[Generation]) -> _Plan:
            if not file.fingerprint and file.descriptor is not None:
                file.pin()  # it was empty at the last look, and may be compressed by now
            newer, sure = _newer(found, [file, *known], doubtful=1)
            return _Plan(opened.all(newer), sure)

        return self._carry_out(plan, file)

    def after_overwriting(self, file: Growing, known: Sequence[Growing] = ()) -> Successors | None:
        """What came after the text of a file that was written over: if a copy of that is found, `file` goes on in the
        copy."""
        inode = file.identity

        def plan(opened: _Opened, found: Sequence[Generation]) -> _Plan:
            newer, sure = _newer([one for one in found if one.identity != inode], known, doubtful=0)
            place = identity.place_where(newer, file.is_copied_in)
            copy = None if place is None else newer[place]
            files = opened.between(_with(found, newer[:place], inode), inode)
            return _Plan(files, sure or copy is not None, copy)

        return self._carry_out(plan, file)

    def after_emptiness(self, file: Growing, known: Sequence[Growing] = ()) -> Successors | None:
        """What was written to a file and rotated away since it was seen empty, and then what it holds now; nothing if
        it holds the first that was written since."""
        inode = file.identity

        def plan(opened: _Opened, found: Sequence[Generation]) -> _Plan:
            newer, sure = _newer([one for one in found if one.identity != inode], known, doubtful=0)
            files = opened.between(_with(found, newer, inode), inode)
            place = next((place for place, one in enumerate(files) if one.identity == inode), 0)
            return _Plan(files if place else [], sure)

        return self._carry_out(plan, file)

    def reopen(self, file: Growing) -> bool:
        """Have a file that was closed go on, by whatever name it has by now; false if it is gone."""
        for _ in range(ATTEMPTS):
            found = identity.once(self._find())
            with suppress(Replaced, Overwritten, Failure, OSError):
                place = identity.place_of(found, file.fingerprint)
                if place is not None:
                    return _goes_on_in(file, found[place])
                if self._still(found):
                    return False
        return False

    def _carry_out(self, plan: Callable[[_Opened, Sequence[Generation]], _Plan], file: Growing) -> Successors | None:
        opened = _Opened(self._max_line)
        kept: Sequence[Growing] = ()
        self.failure = None
        try:
            for _ in range(ATTEMPTS):
                found = identity.settled(self._find)
                if found is None:
                    return None
                try:
                    files, sure, copy = plan(opened, found)
                    if self._still(found):
                        copied = copy is not None and _goes_on_in(file, copy)
                        kept = files
                        return Successors(files, sure and opened.are_whole(files), copied)
                except (Replaced, Overwritten, OSError):
                    continue
                except Failure as failure:
                    if failure.status is not Status.NOT_FOUND:
                        self.failure = failure
                        return None
            return None
        finally:
            opened.close_others(kept)

    def _still(self, found: Sequence[Generation]) -> bool:
        """Whether nothing was renamed since those files were found."""
        return identity.are_same(found, identity.once(self._find()))


class _Plan(NamedTuple):
    """What is to be followed: files, oldest first; whether that is sure; and the copy that a file is to go on in."""

    files: list[Growing]
    sure: bool
    copy: Generation | None = None


class _Opened:
    """The files that were opened in the attempts of one look."""

    def __init__(self, max_line: int) -> None:
        self._max_line = max_line
        self._files: dict[tuple[int, int], Growing] = {}
        self._torn: list[Growing] = []

    def all(self, newest_first: Sequence[Generation]) -> list[Growing]:
        """Files, oldest first."""
        return [self._open(file) for file in reversed(newest_first)]

    def between(self, newest_first: Sequence[Generation], inode: tuple[int, int]) -> list[Growing]:
        """Copies of what the file of that inode held, and then itself: but not a copy of what it holds now, which is
        being made while the file is yet to be truncated. Raises `Overwritten` if that happens meanwhile."""
        files = self.all(newest_first)
        place = next((place for place, file in enumerate(files) if file.identity == inode), None)
        if place is None:
            return files
        live = files[place]
        live.pin()
        if place and live.fingerprint and live.holds(files[place - 1]):
            del files[place - 1]
        if not live.is_intact():
            raise Overwritten
        return files

    def are_whole(self, files: Sequence[Growing]) -> bool:
        """Whether what is packed in them could be read to its end."""
        return not any(file in self._torn for file in files)

    def _open(self, found: Generation) -> Growing:
        if found.identity is not None and found.identity in self._files:
            return self._files[found.identity]
        plain = open_plain(found)
        file = Growing(found.name, plain.descriptor, max_line=self._max_line)
        file.identity = found.identity or file.identity
        self._files[file.identity] = file
        self._torn += [] if plain.whole else [file]
        file.pin()
        return file

    def close_others(self, kept: Sequence[Growing]) -> None:
        for file in self._files.values():
            if file not in kept:
                file.close()


def _newer(
    found: Sequence[Generation], known: Sequence[Growing], *, doubtful: int
) -> tuple[Sequence[Generation], bool]:
    """Those of the files found that are newer than what is known, newest first; and whether that is sure: where the
    newest of those known is gone, only if there are no more than `doubtful`."""
    for anchor in known:
        if (place := identity.place_of_inode(found, anchor.identity, anchor.fingerprint)) is not None:
            return found[:place], anchor is known[0] or place <= doubtful
    newer = [one for one in found if not known or one.modified >= known[0].modified]
    return newer, not known or len(newer) <= doubtful


def _with(found: Sequence[Generation], some: Sequence[Generation], inode: tuple[int, int]) -> list[Generation]:
    """Some of the files found and the one of that inode, in their order."""
    return [one for one in found if one in some or one.identity == inode]


def _goes_on_in(file: Growing, copy: Generation) -> bool:
    """Have a file go on in its copy; false if that cannot be read to its end."""
    plain = open_plain(copy)
    if plain.whole:
        file.adopt(plain.descriptor, copy.identity or file.identity)
    else:
        os.close(plain.descriptor)
    return plain.whole
