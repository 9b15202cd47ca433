"""Objects that are printed over many lines, as JSON with indentation: the time of all of them is within."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

_opening = re.compile(rb"(\s*)[\[\]}, ]*\{\s*\Z").match


def opens_object(line: bytes) -> bool:
    """Return whether an object that is printed over many lines begins with this one, and with no name."""
    return _opening(line) is not None


def time_of_object(line: bytes, below: Iterable[bytes], stamp: Callable[[bytes], int | None]) -> int | None:
    """Return the time of an object that is printed over many lines.

    Args:
        line: its opening line.
        below: the lines that follow.
        stamp: returns the time that a line states.

    Returns:
        Nanoseconds since the epoch; None if none of its lines up to its end states a time.
    """
    depth = len(line) - len(line.lstrip())
    for other in below:
        text = other.lstrip()
        if text[:1] == b"}" and len(other) - len(text) <= depth:
            return None
        if (time := stamp(other)) is not None:
            return time
    return None
