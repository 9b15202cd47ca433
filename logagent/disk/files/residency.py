"""Which pages of a file are in the page cache, as mincore(2) tells, and reads that put back those that were not.

mincore tells it only to those who own a file or may write to it, and says to all others that everything is there.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import threading
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import groupby
from pathlib import Path

UNIT = 64 * 1024
"""Bytes whose pages are looked up and put back together: a whole number of pages everywhere."""
BEHIND = 128
"""Units that stay behind the reader (8 MiB): some text is read twice, by a sweep and by the reader."""

TOGETHER = 16
"""Units that are put back together (1 MiB): the kernel drops only pages that it fetched together as a whole."""

_libc = ctypes.CDLL(None, use_errno=True)


def absent(descriptor: int, begin: int, end: int) -> list[range]:
    """Return the parts of a part of a file that are not in the page cache, as ranges of bytes.

    Args:
        begin: a multiple of `UNIT`.
        end: at most the file's size.

    Raises:
        OSError: when it cannot be told.
    """
    with mmap.mmap(descriptor, end - begin, access=mmap.ACCESS_COPY, offset=begin) as mapped:
        told = (ctypes.c_ubyte * -(-(end - begin) // mmap.PAGESIZE))()
        first = ctypes.c_char.from_buffer(mapped)
        failed = _libc.mincore(ctypes.c_void_p(ctypes.addressof(first)), ctypes.c_size_t(end - begin), told)
        del first  # else the mapping could not be closed
    if failed:
        raise OSError(ctypes.get_errno(), "mincore")
    parts, at = [], begin
    for is_there, pages in groupby(told, lambda page: page & 1):
        behind = at + sum(1 for _ in pages) * mmap.PAGESIZE
        parts += [] if is_there else [range(at, behind)]
        at = behind
    return parts


def may_be_told(descriptor: int) -> bool:
    """Return whether this process learns which pages of a file are there."""
    return os.fstat(descriptor).st_uid == os.geteuid() or os.access(
        Path("/proc/self/fd") / str(descriptor), os.W_OK, effective_ids=True
    )


class PuttingBack:
    """Reads of one file after the other; threads may share it.

    Args:
        behind: units that stay behind the reader.
    """

    def __init__(self, behind: int = BEHIND) -> None:
        self._behind = behind
        self._lock = threading.Lock()
        self._file: tuple[int, int] | None = None
        self._is_told = False
        self._met: set[int] = set()
        self._ahead = deque[tuple[int, list[range]]]()

    def read(self, descriptor: int, size: int, offset: int) -> bytes:
        """Read as `os.pread` does, and put back what was read some time ago."""
        self.meet(descriptor, size, offset)
        body = os.pread(descriptor, size, offset)
        many = len(self._ahead) - self._behind
        if many >= TOGETHER:
            self._put_back(descriptor, many)
        return body

    def finish(self, descriptor: int) -> None:
        """Put back all that was met of a file, since nobody reads on."""
        with self._lock:
            self._entered(descriptor)
        self._put_back(descriptor, len(self._ahead))

    def _put_back(self, descriptor: int, many: int) -> None:
        with self._lock:
            passed = [self._ahead.popleft() for _ in range(min(many, len(self._ahead)))]
            self._met.difference_update(unit for unit, _ in passed)
        for part in _joined(part for _, parts in passed for part in parts):
            os.posix_fadvise(descriptor, part.start, len(part), os.POSIX_FADV_DONTNEED)

    def meet(self, descriptor: int, size: int, offset: int) -> None:
        """Note which pages of a part of a file are there, before it is read."""
        with self._lock:
            status = self._entered(descriptor)
            if self._is_told:
                end = min(offset + size, status.st_size)
                unmet = [unit for unit in range(offset // UNIT, -(-end // UNIT)) if unit not in self._met]
                self._look(descriptor, unmet, status.st_size)

    def _look(self, descriptor: int, units: Sequence[int], size: int) -> None:
        """Look up which pages of some units are there; of consecutive ones as a rule, in one go."""
        self._met.update(units)
        begins = [unit * UNIT for unit in units]
        parts: list[range] = []
        if units:
            with suppress(OSError, ValueError):  # what cannot be told stays
                parts = absent(descriptor, begins[0], min(begins[-1] + UNIT, size))
        for unit, begin in zip(units, begins, strict=True):
            within = [range(max(part.start, begin), min(part.stop, begin + UNIT)) for part in parts]
            self._ahead.append((unit, [part for part in within if part]))

    def is_told(self, descriptor: int) -> bool:
        """Return whether the pages of a file that were not there are put back; else it is read as always."""
        with self._lock:
            self._entered(descriptor)
            return self._is_told

    def _entered(self, descriptor: int) -> os.stat_result:
        """Return the status of a file, which may be another one than before."""
        status = os.fstat(descriptor)
        if (status.st_dev, status.st_ino) != self._file:
            self._enter(descriptor, (status.st_dev, status.st_ino))
        return status

    def _enter(self, descriptor: int, file: tuple[int, int]) -> None:
        self._file, self._is_told = file, may_be_told(descriptor)
        self._met.clear()
        self._ahead.clear()
        if self._is_told:  # else the kernel reads ahead what was not met
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_RANDOM)


def _joined(parts: Iterable[range]) -> list[range]:
    """Return the same parts, those that adjoin as one."""
    joined: list[range] = []
    for part in sorted(parts, key=lambda part: part.start):
        if joined and joined[-1].stop >= part.start:
            joined[-1] = range(joined[-1].start, max(part.stop, joined[-1].stop))
        else:
            joined.append(part)
    return joined
