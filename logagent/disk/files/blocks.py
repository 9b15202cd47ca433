"""What a file is read as: blocks of whole lines, lines too long to be held, and stretches known not to match."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from logagent.core.batch import BATCH_BYTES

UNKNOWN = 2**62
"""Stands for the size of a text that was not gone through yet: larger than any."""
BLOCK_SIZES = (16 * 1024, 64 * 1024, BATCH_BYTES)
"""Bytes of the first reads and of all further ones: the last twenty lines cost little, and a long scan little per byte.
Larger blocks than the last leave the processor's caches."""
MAX_LINE = 1024 * 1024
"""Bytes of a line that is sent whole: far above any line that is meant to be read, and bearable times the scans that
run at a time."""
Read = Callable[[int, int, int], bytes]
"""`os.pread`: descriptor, number of bytes, offset."""


class Block(NamedTuple):
    """Whole lines and where they begin in their file. Only the line break of the file's last line may be missing.
    Without any byte: reading goes on, and no whole line was found yet."""

    offset: int
    body: bytes


class LongLine(NamedTuple):
    """A line too long to be held: where it begins, and where it ends, its line break left out."""

    offset: int
    end: int


class NonMatching(NamedTuple):
    """Whole lines of which none matches, found so by a sweep: where they begin in their file, and their bytes."""

    offset: int
    size: int


Stretch = Block | LongLine | NonMatching
