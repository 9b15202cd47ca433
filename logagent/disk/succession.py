"""Succession: what has taken the place of a file that is followed, and what lies between the two."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import NamedTuple

from logagent.core.batch import BATCH_BYTES, Notice
from logagent.core.outcome import Failure, Status
from logagent.disk import resuming
from logagent.disk.growing import Growing
from logagent.disk.unpacking import HEAD, Kind, Unpacking, kind_of
from logagent.disk.ways import File

ATTEMPTS = 20
"""How often one look begins anew because files are renamed under its hands; then the next look goes on."""

LOOKS_FOR_COPY = 3
"""How often one looks for a copy of a file that was written over, before there is taken to be none."""
MAX_UNPACKED = 256 * 1024 * 1024
"""Bytes of text that are unpacked into memory to go on in a copy that was compressed before it was read to its end."""

Find = Callable[[], Sequence[File]]
"""Gives the files of the log as they are by then, newest first."""


class Successors(NamedTuple):
    """The files that came after one, opened, oldest first. sure: whether none between them can be missing."""

    files: list[Growing]
    sure: bool = True


class _Moved(Exception):
    """A file is another one than was found under its name."""


def successors(find: Find, file: Growing, *, max_line: int) -> Successors:
    """What came after a file that was renamed or deleted. Reads the disk; the caller closes what is opened."""
    opened: dict[tuple[int, int], Growing] = {}
    for _ in range(ATTEMPTS):
        found = find()
        newer, sure = _newer(found, file)
        try:
            files = [_opened(one, opened, max_line) for one in reversed(newer)]
        except (_Moved, Failure, OSError):
            continue
        _close_others(opened, files)
        return Successors(files, sure)
    _close_others(opened, [])
    return Successors([])


def after_overwriting(find: Find, file: Growing, *, max_line: int) -> Successors:
    """What came after a file that was written over: if a copy of it is found, `file` goes on with that."""
    opened: dict[tuple[int, int], Growing] = {}
    for attempt in range(ATTEMPTS):
        found = find()
        live = [one for one in found if one.identity == file.identity]
        rotated = [one for one in found if one.identity != file.identity]
        place = resuming.place_of(rotated, file.mark) if file.mark else None
        if place is None and rotated and attempt < LOOKS_FOR_COPY:
            continue  # it may be compressed at this very moment
        between = [] if place is None else rotated[:place]
        try:
            files = [_opened(one, opened, max_line) for one in [*reversed(between), *live]]
            copied = place is not None and _adopt(file, rotated[place])
        except (_Moved, Failure, OSError):
            continue
        _close_others(opened, files)
        return Successors(files, sure=copied)
    _close_others(opened, [])
    return Successors([], sure=False)


def _adopt(file: Growing, copy: File) -> bool:
    """Have a file go on with its copy, unpacked if need be; false if that would be too large."""
    descriptor = _open(copy)
    kind = kind_of(os.pread(descriptor, HEAD, 0))
    if kind is None:
        file.adopt(descriptor)
        return True
    try:
        text = _unpacked(descriptor, copy.name, kind)
    finally:
        os.close(descriptor)
    if text is not None:
        file.adopt(text)
    return text is not None


def _unpacked(descriptor: int, name: str, kind: Kind) -> int | None:
    """A file in memory with the text of an archive; None if it is too large."""
    text = os.memfd_create(name.rpartition("/")[2][:200])
    size = 0
    for chunk in Unpacking(descriptor, name, kind, chunk=BATCH_BYTES).chunks():
        size += os.write(text, chunk)
        if size > MAX_UNPACKED:
            os.close(text)
            return None
    return text


def _newer(found: Sequence[File], file: Growing) -> tuple[Sequence[File], bool]:
    """Those of the files found that are newer, newest first; and whether that is sure."""
    place = next((place for place, one in enumerate(found) if one.identity == file.identity), None)
    if place is None and file.mark:
        place = resuming.place_of([_Packed(one) for one in found], file.mark)
    if place is not None:
        return found[:place], True
    newer = [one for one in found if one.modified >= file.modified and not one.packed]
    return newer, len(newer) <= 1


class _Packed:
    """A file that is opened only if it is packed: others have been told by their identity."""

    def __init__(self, file: File) -> None:
        self._file = file

    def open(self) -> int:
        if not self._file.packed:
            raise Failure(Status.NOT_FOUND, "not packed")
        return self._file.open()


def _opened(one: File, opened: dict[tuple[int, int], Growing], max_line: int) -> Growing:
    if one.identity is not None and one.identity in opened:
        return opened[one.identity]
    file = Growing(one.name, _open(one), max_line=max_line)
    return opened.setdefault(file.identity, file)


def _open(one: File) -> int:
    descriptor = one.open()
    status = os.fstat(descriptor)
    if one.identity not in (None, (status.st_dev, status.st_ino)):
        os.close(descriptor)
        raise _Moved
    return descriptor


def _close_others(opened: dict[tuple[int, int], Growing], kept: list[Growing]) -> None:
    for file in opened.values():
        if file not in kept:
            file.close()


def rotated_too_fast(host: str, log: str) -> Notice:
    """What is said where files may have come and gone between two looks."""
    return Notice(host, Status.DATA_LOSS, f"{log}: rotated faster than it could be read; some of it may be missing")


def truncated(host: str, log: str, lost: int) -> Notice:
    """What is said where a file was written over. lost: bytes that a follower had not read of it yet."""
    if lost:
        return Notice(host, Status.DATA_LOSS, f"{log}: {lost} bytes were lost: truncated before they were read")
    return Notice(host, Status.OK, f"{log}: truncated; going on from its beginning")
