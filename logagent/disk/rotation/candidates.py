"""The files that may have replaced a followed one: selects the newer files of a listing, and opens them."""

from __future__ import annotations

import os
from collections.abc import Sequence

from logagent.core.cursor import FINGERPRINT_BYTES
from logagent.disk.catalog import identity
from logagent.disk.catalog.logs import Generation
from logagent.disk.files.overwritten import Overwritten
from logagent.disk.rotation.decompressed_copy import open_plain_text
from logagent.disk.rotation.growing_file import GrowingFile
from logagent.disk.rotation.known_part import TRAIL

Inode = tuple[int, int]
"""A file's device and inode."""


def newer_than(
    known: Sequence[GrowingFile], found: Sequence[Generation], *, doubtful: int
) -> tuple[Sequence[Generation], bool]:
    """Return the files of a listing that are newer than the known ones, newest first, and whether none can be missing.

    If the newest known file is not in the listing, files newer than it may have been created and deleted already.

    Args:
        known: newest first.
        found: the listing, newest first.
        doubtful: if the newest known file is not in the listing, up to this many newer files count as all of them.
    """
    for anchor in known:
        if (place := identity.place_of_inode(found, anchor.identity, anchor.fingerprint)) is not None:
            return found[:place], anchor is known[0] or place <= doubtful
    newer = [one for one in found if not known or one.modified >= known[0].modified]
    return newer, not known or len(newer) <= doubtful


def is_elsewhere(file: GrowingFile, found: Sequence[Generation]) -> bool:
    """Return whether a file was left because its log's name leads elsewhere, not because it was renamed or deleted."""
    if file.released:
        return True
    if file.descriptor is None or any(one.identity == file.identity for one in found):
        return False
    return os.fstat(file.descriptor).st_nlink > 0


def newer_elsewhere(log: str, known: Sequence[GrowingFile], found: Sequence[Generation]) -> Sequence[Generation]:
    """Return the files to follow where a log's name leads now, newest first.

    Those are the nearest known file, as it may have grown if it is one to read, and newer ones; in any case the file of
    the log's name.

    Args:
        known: newest first.
        found: the listing, newest first.
    """
    places = ((anchor, _place_of(anchor, found)) for anchor in known)
    end = next((place + (not anchor.passed) for anchor, place in places if place is not None), None)
    newer = [one for one in found if one.modified >= known[0].modified] if end is None else found[:end]
    live = [one for one in found[:1] if one.name == log and one not in newer]
    return [*live, *newer]


def _place_of(anchor: GrowingFile, found: Sequence[Generation]) -> int | None:
    """Return the index of a file by its inode, which may lie on a device of another number now, or by its beginning.

    A short beginning does not count: the first lines of many programs are the same each time.
    """
    is_long = anchor.fingerprint >> 32 >= FINGERPRINT_BYTES
    likely = (place for place, one in enumerate(found) if is_long or _has_inode(one, anchor.identity[1]))
    return next(
        (place for place in likely if identity.place_of(found[place : place + 1], anchor.fingerprint) == 0), None
    )


def _has_inode(found: Generation, inode: int) -> bool:
    return found.identity is not None and found.identity[1] == inode


class Candidates:
    """The files that one search opens, kept open over all its attempts.

    Args:
        max_line: bytes; longer lines come in pieces.
    """

    def __init__(self, max_line: int) -> None:
        self._max_line = max_line
        self._files: dict[Inode, GrowingFile] = {}
        self._incomplete: list[GrowingFile] = []

    def open_all(self, newest_first: Sequence[Generation]) -> list[GrowingFile]:
        """Open files, and return them oldest first.

        Raises:
            Failure: when one cannot be opened.
            Replaced: when the name of one belongs to another inode.
            OSError: when one cannot be read.
        """
        return [self._open(file) for file in reversed(newest_first)]

    def open_copies_and(self, inode: Inode, newest_first: Sequence[Generation]) -> list[GrowingFile]:
        """Open copies of a file's former text and the file itself; return them oldest first, the file last.

        A copy of its present text is left out: it is still being made, and the file is about to be truncated.

        Args:
            inode: of the file; if it is not among those found, all are returned.

        Raises:
            Overwritten: when the file is overwritten meanwhile.
            Failure: when one cannot be opened.
            Replaced: when the name of one belongs to another inode.
            OSError: when one cannot be read.
        """
        files = self.open_all(newest_first)
        place = next((place for place, file in enumerate(files) if file.identity == inode), None)
        if place is None:
            return files
        live = files[place]
        live.note_head()
        if place and live.fingerprint and begins_with(live, files[place - 1]):
            del files[place - 1]
        if not live.is_intact():
            raise Overwritten
        return files

    def are_complete(self, files: Sequence[GrowingFile]) -> bool:
        """Return whether every file is plain or was fully decompressed."""
        return not any(file in self._incomplete for file in files)

    def close_others(self, kept: Sequence[GrowingFile]) -> None:
        """Close all files but those that are kept."""
        for file in self._files.values():
            if file not in kept:
                file.close()

    def _open(self, found: Generation) -> GrowingFile:
        if found.identity is not None and found.identity in self._files:
            return self._files[found.identity]
        text = open_plain_text(found)
        file = GrowingFile(found.name, text.descriptor, max_line=self._max_line)
        file.identity = found.identity or file.identity
        self._files[file.identity] = file
        self._incomplete += [] if text.whole else [file]
        file.note_head()
        return file


def begins_with(file: GrowingFile, other: GrowingFile) -> bool:
    """Return whether a file begins with the whole text of another; compares only the other's first and last bytes."""
    assert file.descriptor is not None
    assert other.descriptor is not None
    size = os.fstat(other.descriptor).st_size
    places = [(FINGERPRINT_BYTES, 0), (TRAIL, max(0, size - TRAIL))]
    parts = [(other.descriptor, min(most, size - begin), begin) for most, begin in places]
    return all(os.pread(*part) == os.pread(file.descriptor, *part[1:]) for part in parts)
