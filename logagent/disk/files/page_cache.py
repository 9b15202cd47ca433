"""Reading large files without taking the page cache from others: what was not in it is not in it afterwards.

Which pages of a file were there is told to those who own it or may write to it; then pages are put back some way behind
the reader (`residency`). Where it is not told, `RWF_DONTCACHE` has the kernel drop by itself what a read had to fetch
(Linux 6.14, and the file system must know it). This keeps the disk half as busy, since nothing may be fetched twice
and pages that two threads read at the same time stay, so that it comes second.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress

from logagent.disk.files.read_ahead import announce
from logagent.disk.files.residency import PuttingBack

DONTCACHE = getattr(os, "RWF_DONTCACHE", 0x80)
"""The flag of preadv2(2), which Python does not name yet."""
SPARED = 16 * 1024 * 1024
"""Bytes of a query that are read as always: the last lines of a large log are asked for again and again."""
AHEAD, STEP = 2 * 1024 * 1024, 512 * 1024
"""Bytes that are announced ahead of reads that follow each other, as those of archives do, and how many at a time: the
kernel does not read ahead by itself in a file of which it is known what was there."""


class LeavingReads:
    """Reads the files of one log, one after the other; threads may share it.

    Args:
        spared: bytes that are read as always at first.
        flag: the kernel's flag; 0: it has none.
    """

    def __init__(self, spared: int = SPARED, flag: int = DONTCACHE) -> None:
        self._spared = spared
        self._flag = flag
        self._putting_back = PuttingBack()
        self._end = self._announced = 0

    def read(self, descriptor: int, size: int, offset: int) -> bytes:
        """Read as `os.pread` does."""
        if self._putting_back.is_told(descriptor):
            self._go_ahead(descriptor, offset, offset + size)
        if self._spared > 0:
            self._spared -= size
            return os.pread(descriptor, size, offset)
        if self._is_for_the_kernel(descriptor):
            buffer = bytearray(size)
            try:
                count = os.preadv(descriptor, [buffer], offset, self._flag)
                return bytes(memoryview(buffer)[:count])
            except OSError as error:
                if error.errno != errno.EOPNOTSUPP:
                    raise
                self._flag = 0
        return self._putting_back.read(descriptor, size, offset)

    def announce(self, descriptor: int, begin: int, size: int) -> None:
        """Have the kernel read a part of a file; this does not wait.

        With its flag a read that must not wait has the kernel begin to fetch what is not there, and drop it once it was
        read.

        Args:
            begin: offset of its first byte.
            size: its bytes.
        """
        if self._spared > 0:
            announce(descriptor, begin, size)
        elif self._is_for_the_kernel(descriptor):
            with suppress(OSError):  # it is not there yet, or the file system cannot tell
                os.preadv(descriptor, [bytearray(size)], begin, os.RWF_NOWAIT | self._flag)
        else:
            self._putting_back.meet(descriptor, size, begin)
            announce(descriptor, begin, size)

    def _go_ahead(self, descriptor: int, begin: int, end: int) -> None:
        """Announce what comes next, if a read goes on where the last one ended."""
        goes_on, self._end = begin == self._end > 0, end
        self._announced = max(end, self._announced) if goes_on else end
        while goes_on and self._announced < end + AHEAD:
            self.announce(descriptor, self._announced, STEP)
            self._announced += STEP

    def begin(self, descriptor: int) -> None:
        """Keep the kernel from reading ahead by itself in a file that was just opened."""
        self._putting_back.is_told(descriptor)

    def finish(self, descriptor: int) -> None:
        """Leave nothing of a file behind, since nobody reads on."""
        self._putting_back.finish(descriptor)

    def _is_for_the_kernel(self, descriptor: int) -> bool:
        return bool(self._flag) and not self._putting_back.is_told(descriptor)
