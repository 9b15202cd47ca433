"""The stretches that a file is read in: blocks of whole lines, lines too long to be held, lines known not to match."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from logagent.core.batch import BATCH_BYTES

UNKNOWN = 2**62
"""Stands for the size of a text that was not read to its end yet; larger than any real size."""
BLOCK_SIZES = (16 * 1024, 64 * 1024, BATCH_BYTES)
"""Bytes of the first reads; the last size holds for all further reads. So the last twenty lines of a file cost little,
and a long scan costs little per byte. Larger blocks do not fit into the processor's caches."""
MAX_LINE = 1024 * 1024
"""Bytes of a line that is sent whole: far more than a readable line has, and little memory for each of the scans that
run at a time."""
Read = Callable[[int, int, int], bytes]
"""`os.pread`: descriptor, number of bytes, offset."""


class Block(NamedTuple):
    """Whole lines of a file, the last of which may lack a line break at the end of the file.

    Attributes:
        offset: where they begin in the file.
        body: their bytes; empty if no whole line was found yet and reading continues.
    """

    offset: int
    body: bytes


class LongLine(NamedTuple):
    """A line too long to be held.

    Attributes:
        offset: where it begins in the file.
        end: where it ends, its line break left out.
    """

    offset: int
    end: int


Run = tuple[int, int]
"""A time in nanoseconds since the epoch, and the number of lines that are counted in its bucket."""


class Passed(NamedTuple):
    """Whole lines that a sweep has dealt with: none of them matches, or those that do were counted.

    Attributes:
        offset: where they begin in the file.
        size: their bytes.
        runs: what was counted, if lines are to be counted.
    """

    offset: int
    size: int
    runs: Sequence[Run] = ()


Stretch = Block | LongLine | Passed
"""A part of a file, as a reader gives it."""
