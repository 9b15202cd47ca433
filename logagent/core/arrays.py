"""Arrays: numpy, loaded when the first large block needs it, and columns as it sees them.

A plain question of the command line, and an agent that is idle, need none of it: it takes a tenth of a second to load,
and eleven megabytes. Threads that read the times of large blocks load it. Who must not wait, such as a merge in the
event loop, asks `is_long`, which is false as long as it is not loaded.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

MANY = 64
"""Lines from which on arrays pay: below, a loop is as fast."""


NEAR = 128
"""Bytes before a place in which the beginning of its line is looked for by arrays: most are nearer."""
LENT_BYTES = 1024 * 1024 + 16 * 1024
"""Bytes of an array that is lent: a chunk of a sweep, and what is read behind it."""
COUNTED_BYTES = 4 * 1024
"""Bytes of a text from which on its line breaks are counted by an array, in a fifth of the time."""
MOST_LENT = 4
"""Arrays that are kept to be lent: two threads work at a time, and use two each."""

_lendable: list[Any] = []
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


@contextmanager
def lent(kind: type, size: int) -> Iterator[Any]:
    """Lend an array of single bytes, whose values are not set, until the block ends.

    The system takes the memory of large arrays back at once when they end, and to get it anew for each block takes
    longer than to search the block.

    Args:
        kind: `bool` or `int`, for truth values or for bytes.
        size: of the array.
    """
    np = numpy()
    try:
        memory = _lendable.pop()
    except IndexError:
        memory = np.empty(LENT_BYTES, np.uint8)
    if size > LENT_BYTES:
        yield np.empty(size, bool if kind is bool else np.uint8)
    else:
        yield memory[:size].view(bool) if kind is bool else memory[:size]
    if len(_lendable) < MOST_LENT:
        _lendable.append(memory)


def keep_none() -> None:
    """Let go of the arrays that are kept to be lent: whoever needs one next makes it anew."""
    _lendable.clear()


def line_breaks(text: bytes, first: int = 0, last: int | None = None) -> int:
    """Return how many line breaks a text has between two places: in large ones by an array, if numpy is loaded.

    Args:
        text: holds them.
        first: where the first of them may be.
        last: behind the last place; None: the end of the text.
    """
    last = len(text) if last is None else last
    size = last - first
    if not _is_loaded or not COUNTED_BYTES <= size <= LENT_BYTES:
        return text.count(b"\n", first, last)
    np = numpy()
    with lent(bool, size) as mask:
        return int(np.count_nonzero(np.equal(np.frombuffer(text, np.uint8, size, first), 10, out=mask)))


def line_starts(text: bytes, first: int = 0, last: int | None = None) -> Any:
    """Return where lines of a text begin, of which the last may lack its line break.

    Args:
        text: holds the lines.
        first: where the first of them begins.
        last: where the last of them ends, behind `first`; None: at the end of the text.
    """
    np = numpy()
    last = len(text) if last is None else last
    with lent(bool, last - first) as mask:
        ends = np.flatnonzero(np.equal(np.frombuffer(text, np.uint8, last - first, first), 10, out=mask))
    starts = np.zeros(len(ends) + (text[last - 1] != 10), np.int64)
    starts[1:] = ends[: len(starts) - 1] + 1
    starts += first
    return starts


def starts_of_lines_at(text: bytes, places: Any, first: int) -> Any:
    """Return the beginnings of those lines of a text in which places lie, each once.

    Args:
        text: holds the lines.
        places: of bytes, ascending.
        first: where the first line begins, not behind the first place.
    """
    np = numpy()
    starts = np.full(len(places), -1)
    far = places[places.searchsorted(first + NEAR) :]
    if len(far):
        rows = np.ndarray((len(text) - NEAR + 1,), f"V{NEAR}", text, 0, (1,))[far - NEAR]
        breaks = np.flatnonzero(rows.view(np.uint8) == 10)
        numbers = breaks // NEAR
        # Of several line breaks before a place the last is the last to be written.
        starts[len(places) - len(far) + numbers] = far[numbers] + breaks % NEAR - (NEAR - 1)
    for number in np.flatnonzero(starts < 0).tolist():
        starts[number] = max(first, text.rfind(b"\n", first, int(places[number])) + 1)
    return starts[np.flatnonzero(np.diff(starts, prepend=-1))]


def as_values(values: Any) -> array[int]:
    """Return an array of 64-bit integers as a column of a batch."""
    return array("q", values.tobytes())


def is_long(*columns: object) -> bool:
    """Return whether columns are arrays, and so long that numpy pays, if it is loaded."""
    return _is_loaded and all(isinstance(column, array) and len(column) >= MANY for column in columns)
