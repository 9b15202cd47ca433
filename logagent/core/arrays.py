"""Arrays: numpy, loaded when the first large block needs it, and columns as it sees them.

A plain question of the command line, and an agent that is idle, need none of it: it takes a tenth of a second to load,
and eleven megabytes. Threads that read the times of large blocks load it. Who must not wait, such as a merge in the
event loop, asks `is_long`, which is false as long as it is not loaded.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any

MANY = 64
"""Lines from which on arrays pay: below, a loop is as fast."""


_is_loaded = False


def numpy() -> Any:
    """Return numpy, which the first call loads; `__main__` has switched off the threads that it would start."""
    global _is_loaded
    import numpy

    _is_loaded = True
    return numpy


def is_loaded() -> bool:
    """Return whether numpy is there already, so that nobody waits for it."""
    return _is_loaded


def as_array(column: Sequence[int]) -> Any:
    """Return a column as an array of 64-bit integers, which is not to be changed; that of an `array` shares its memory.

    Raises:
        OverflowError: when a value takes more than 64 bits.
    """
    np = numpy()
    return np.frombuffer(column, np.int64) if isinstance(column, array) and column else np.array(column, np.int64)


def line_starts(text: bytes) -> Any:
    """Return where the lines of a text begin, of which the last may lack its line break; the text is not empty."""
    np = numpy()
    ends = np.flatnonzero(np.frombuffer(text, np.uint8) == 10)
    starts = np.zeros(len(ends) + (not text.endswith(b"\n")), np.int64)
    starts[1:] = ends[: len(starts) - 1] + 1
    return starts


def as_values(values: Any) -> array[int]:
    """Return an array of 64-bit integers as a column of a batch."""
    return array("q", values.tobytes())


def is_long(*columns: object) -> bool:
    """Return whether columns are arrays, and so long that numpy pays, if it is loaded."""
    return _is_loaded and all(isinstance(column, array) and len(column) >= MANY for column in columns)
