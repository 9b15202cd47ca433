"""From the match of a format to an instant, fractions of a second included."""

from __future__ import annotations

import re

from logagent.core.times.formats import Format
from logagent.core.times.layout import DIGITS
from logagent.core.times.leading_formats import LEADING
from logagent.core.times.wall_clock import WallClock
from logagent.core.units import SECOND

EPOCH = LEADING[0]
"""The format of seconds since the epoch."""
_SCALES = [10 ** (DIGITS - digits) for digits in range(DIGITS + 1)]
"""Nanoseconds of one in the last of so many digits."""


def instant_of(form: Format, found: re.Match[bytes], wall_clock: WallClock) -> int | None:
    """Return the instant that a match of a format states, in nanoseconds since the epoch; None if there is none."""
    if form is EPOCH:
        return epoch_time(found)
    whole = form.instant(found, wall_clock)
    return None if whole is None else whole + nanoseconds(found["fraction"] or b"")


def epoch_time(found: re.Match[bytes]) -> int:
    """Read an epoch time: its seconds, the digits behind them, and those behind the point of milliseconds."""
    if found.lastgroup == "seconds":
        return int(found["seconds"]) * SECOND
    if found.lastgroup == "nanoseconds":
        return int(found["seconds"]) * SECOND + int(found["nanoseconds"])
    seconds, digits = found.group("seconds", "fraction")
    if found.lastgroup == "more":
        digits += found["more"]
    return int(seconds) * SECOND + nanoseconds(digits)


def nanoseconds(digits: bytes) -> int:
    """Return what the digits behind a second stand for."""
    digits = digits[:DIGITS]
    return int(digits) * _SCALES[len(digits)] if digits else 0
