"""What a `Stamper` remembers of the times of a file's lines: where their parts stand, and what the texts there mean."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable

from logagent.core.times.formats import LEAD
from logagent.core.units import SECOND

DIGITS = 9  # of a fraction: nanoseconds; further digits are cut off
CACHED = 4096  # texts in one cache before it starts again: about half a megabyte


class Worths(dict[bytes, int]):
    """What texts are worth in nanoseconds, a bounded number of them."""

    def put(self, text: bytes, worth: int) -> None:
        if len(self) >= CACHED:
            self.clear()
        self[text] = worth


class _Tails(Worths):
    """What the last digits of a fraction are worth, with an end behind them that is known to be one."""

    def __init__(self, cut: int, digits: dict[bytes, int], ends: Worths) -> None:
        super().__init__()
        self._cut, self._digits, self._ends = cut, digits, ends

    def __missing__(self, text: bytes) -> int | None:
        worth = self._digits.get(text[: self._cut])
        if worth is None or text[self._cut :] not in self._ends:
            return None
        self.put(text, worth)
        return worth


_Read = Callable[[bytes], int | None]
_Part = tuple[int, int, _Read]  # from, to, what the text between them is worth
# Where what is common to many lines ends, and in it the hour and the second; what these and the rest of it are worth,
# the last two by `MINUTES` and by a function; then the parts that differ from line to line.
_Column = tuple[int, int, int, _Read, _Read, list[_Part]]
_NOTHING: dict[bytes, int] = {b"": 0}
MINUTES: dict[bytes, int] = {b"%02d:%02d" % (m, s): (m * 60 + s) * SECOND for m in range(60) for s in range(61)}


@functools.cache
def _digits(place: int, count: int) -> dict[bytes, int]:
    """`count` digits of a fraction from `place` on, with the point, comma or colon before the first one."""
    scale = 10 ** (DIGITS - place - count)
    marks = (b".", b",", b":") if place == 0 else (b"",)
    return {b"%b%0*d" % (mark, count, digits): digits * scale for mark in marks for digits in range(10**count)}


class Layout:
    """Where the parts of a time stand, counted from its landmark, and what the texts there are worth.

    The hour's text reaches from `LEAD` bytes before the landmark, or the line's start, to the colon after the hour;
    then come `mm:ss` and the fraction's digits by threes, the last of them together with all that follows up to what
    settles the end. Times of one layout share their format, number of digits and the text after these (a zone, a
    year), which the hour's worth includes.
    """

    def __init__(self, stop: int, digits: int, after: int, margin: int) -> None:
        self.stop, self.margin, self._fractions = stop, margin, digits > 0
        self.hours, self.ends, self.last_hour = Worths(), Worths(), b""
        starts = [stop, *range(stop + 4, stop + 1 + digits, 3)]
        threes = [(start, end, _digits(3 * i, 3).get) for i, (start, end) in enumerate(itertools.pairwise(starts))]
        place = 3 * len(threes)
        end = stop + 1 + digits if digits else stop
        last = _digits(place, digits - place) if digits else _NOTHING
        tails = _Tails(end - starts[-1], last, self.ends)
        self._parts: list[_Part] = [*threes, (starts[-1], end + after + margin, tails.__getitem__)]

    def column(self, at: int) -> _Column:
        """The places in texts whose landmark is at `at`, at most `LEAD` bytes from their start."""
        second_end = at + self.stop
        parts = [(at + start, at + end, worth) for start, end, worth in self._parts]
        if self._fractions:
            return second_end, second_end - 5, second_end, self.hours.get, _NOTHING.get, parts
        _, end, tails = parts[0]
        return end, second_end - 5, second_end, self.hours.get, tails, []

    def worth(self, line: bytes, at: int) -> int | None:
        """The time of a line whose first landmark is at `at`, if all its texts are known."""
        stop = at + self.stop
        total = self.hours.get(line[at - LEAD if at > LEAD else 0 : stop - 5])
        minutes = MINUTES.get(line[stop - 5 : stop])
        if total is None or minutes is None:
            return None
        total += minutes
        for start, end, worth in self._parts:
            part = worth(line[at + start : at + end])
            if part is None:
                return None
            total += part
        return total
