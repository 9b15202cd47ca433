"""The layout of times: where their parts stand in a file's lines, and a cache of what the texts there mean."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable

from logagent.core.times.formats import LEAD
from logagent.core.units import SECOND

DIGITS = 9
"""Digits of a fraction that count, down to nanoseconds; further digits are cut off."""
LAYOUTS = 16
"""Layouts that are remembered of one file: ten are met where fractions drop their last zeros."""
CACHED = 4096
"""Texts in one cache before it is cleared: about half a megabyte."""


class KnownTexts(dict[bytes, int]):
    """A bounded cache of the nanoseconds that texts stand for."""

    def put(self, text: bytes, nanoseconds: int) -> None:
        """Remember a text; if the cache is full, clear it first."""
        if len(self) >= CACHED:
            self.clear()
        self[text] = nanoseconds


class _Tails(KnownTexts):
    """Nanoseconds of the last digits of a fraction, together with the text that is known to end the time there."""

    def __init__(self, cut: int, digits: dict[bytes, int], ends: KnownTexts) -> None:
        super().__init__()
        self._cut, self._digits, self._ends = cut, digits, ends

    def __missing__(self, text: bytes) -> int | None:
        nanoseconds = self._digits.get(text[: self._cut])
        if nanoseconds is None or text[self._cut :] not in self._ends:
            return None
        self.put(text, nanoseconds)
        return nanoseconds


Lookup = Callable[[bytes], int | None]
"""Returns the nanoseconds that a text stands for, or None if it is not known."""
VaryingPart = tuple[int, int, Lookup]
"""A part that differs from line to line: its beginning, its end, and the look-up for its text."""
Column = tuple[int, int, int, Lookup, Lookup, list[VaryingPart]]
"""Where the parts of a time stand in texts that have their landmarks at the same offset.

In order: the end of the head, which many lines share; the ends of the hour and of the second, both in the head; the
look-ups for the hour and for the rest of the head after the second; the parts after the head. It is a plain tuple,
since it is unpacked again after each line that is read slowly.
"""
_NOTHING: dict[bytes, int] = {b"": 0}
MINUTES: dict[bytes, int] = {b"%02d:%02d" % (m, s): (m * 60 + s) * SECOND for m in range(60) for s in range(61)}
"""Nanoseconds of each `mm:ss`, leap seconds among them."""


@functools.cache
def _digits(place: int, count: int) -> dict[bytes, int]:
    """Return the nanoseconds of each text of `count` digits of a fraction, from its digit `place` on.

    Texts of the first digits begin with the point.
    """
    scale = 10 ** (DIGITS - place - count)
    points = (b".", b",", b":") if place == 0 else (b"",)
    return {b"%b%0*d" % (point, count, digits): digits * scale for point in points for digits in range(10**count)}


class Layout:
    """Where the parts of a time stand, counted from its landmark, and what the texts there stand for.

    The hour's text reaches from `LEAD` bytes before the landmark, or the line's start, to the colon after the hour.
    Then come `mm:ss` and the fraction's digits in groups of three; the last group includes the text up to where the end
    of the time is settled. Times of one layout share their format, the number of digits and the text after the digits
    (a zone, a year), which is counted in the nanoseconds of the hour.

    Args:
        stop: bytes from the landmark to the end of the second.
        digits: of the fraction, at most `DIGITS`.
        after: bytes of the text after the digits that belongs to the time.
        margin: bytes after that text that settle the end of the time.

    Attributes:
        margin: bytes that settle the end of the time, as in the arguments.
        hours: known texts up to the colon after the hour.
        ends: known texts after the digits; each stands for 0 nanoseconds.
        last_hour: the text of the last hour that was read slowly.
        spaces: how many spaces stood before the landmarks of such times.
    """

    def __init__(self, stop: int, digits: int, after: int, margin: int) -> None:
        self._stop, self.margin, self._fractions = stop, margin, digits > 0
        self.hours, self.ends, self.last_hour = KnownTexts(), KnownTexts(), b""
        self.spaces: set[int] = set()
        starts = [stop, *range(stop + 4, stop + 1 + digits, 3)]
        threes = [(start, end, _digits(3 * i, 3).get) for i, (start, end) in enumerate(itertools.pairwise(starts))]
        place = 3 * len(threes)
        end = stop + 1 + digits if digits else stop
        last = _digits(place, digits - place) if digits else _NOTHING
        tails = _Tails(end - starts[-1], last, self.ends)
        self._parts: list[VaryingPart] = [*threes, (starts[-1], end + after + margin, tails.__getitem__)]

    def column(self, at: int) -> Column:
        """Return where the parts stand in texts with their landmark at `at`, at most `LEAD` bytes from their start."""
        second_end = at + self._stop
        parts = [(at + start, at + end, lookup) for start, end, lookup in self._parts]
        if self._fractions:
            return second_end, second_end - 5, second_end, self.hours.get, _NOTHING.get, parts
        _, end, tails = parts[0]
        return end, second_end - 5, second_end, self.hours.get, tails, []

    def time(self, line: bytes, at: int) -> int | None:
        """Return the time of a line whose first landmark is at `at`, if all its texts are known."""
        stop = at + self._stop
        total = self.hours.get(line[at - LEAD if at > LEAD else 0 : stop - 5])
        minutes = MINUTES.get(line[stop - 5 : stop])
        if total is None or minutes is None:
            return None
        total += minutes
        for start, end, lookup in self._parts:
            part = lookup(line[at + start : at + end])
            if part is None:
                return None
            total += part
        return total


class KnownLayouts:
    """The layouts that were met in one file; when there are too many, all are forgotten."""

    def __init__(self) -> None:
        self._layouts: dict[tuple[str, int, int, bytes], Layout] = {}

    def of(self, name: str, stop: int, digits: int, after: bytes, margin: int) -> Layout:
        """Return the layout of times in a format, with at least the margin that one of them takes.

        Args:
            name: of the format.
            stop: bytes from the landmark to the end of the second.
            digits: of the fraction.
            after: the text after the digits that belongs to the time.
            margin: bytes after that text that settle the end of the time.
        """
        key = (name, stop, digits, after)
        layout = self._layouts.get(key)
        if layout is None or layout.margin < margin:
            if len(self._layouts) >= LAYOUTS:
                self._layouts.clear()
            layout = self._layouts[key] = Layout(stop, digits, len(after), margin)
        return layout
