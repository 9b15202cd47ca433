"""Telling the kernel which part of a file is read next, unless that is in the page cache already."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress

Announce = Callable[[int, int, int], None]
"""`announce`, or its stand-in: descriptor, offset, number of bytes."""


def announce(descriptor: int, begin: int, size: int) -> None:
    """Have the kernel read a part of a file; this does not wait.

    What is in the page cache is not announced: to look whether its first byte is there takes 0.3 µs, to announce it 16.

    Args:
        begin: offset of its first byte.
        size: its bytes.
    """
    try:
        os.preadv(descriptor, [bytearray(1)], begin, os.RWF_NOWAIT)
    except OSError:  # it is not in the page cache, or the file system cannot tell
        with suppress(OSError):  # only a hint: if it fails, the read tells what is wrong
            os.posix_fadvise(descriptor, begin, size, os.POSIX_FADV_WILLNEED)
