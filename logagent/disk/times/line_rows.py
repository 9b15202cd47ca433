"""The first bytes of a block's lines as rows of 64-bit words: whether all these lines have one shape, and what differs.

What may not differ between lines (all up to the hour, and the signs between the numbers) is compared with the line
before; where it differs, as at a full hour, the caller looks at a line. What must be digits is checked in all words.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from logagent.core.arrays import numpy
from logagent.core.hits.line_shapes import Shape
from logagent.core.hits.uniform_times import CLOCK_LENGTHS, Stamp, UniformLines
from logagent.core.units import HOUR, SECOND

MAX_CUTS = 64
"""Lines of a block that are looked at, at most: if more differ from the one before, a stamper is as fast."""

LARGEST = 2**63 - 12 * HOUR
"""Nanoseconds before and after the epoch that arrays hold, with an hour of a clock added, and the nine hours that the
codes of its digits weigh more than these taken off: from the year 1677 to 2262."""

_CLOCK = (600, 60, 0, 10, 1)
"""Seconds that the digits of `mm:ss` stand for."""


class Rows(NamedTuple):
    """The rows of some lines of a block.

    Attributes:
        body: the block.
        starts: where in it the lines begin.
        texts: an array of bytes for each line.
        words: the same as words of 64 bits: the first of each line, then the second of each, and so on.
    """

    body: bytes
    starts: Any
    texts: Any
    words: Any

    def line(self, place: int) -> bytes:
        """Return a line of these."""
        return line_at(self.body, int(self.starts[place]))


class LineRows:
    """What stands where in the rows of lines of one shape.

    Args:
        uniform: lines of this shape.

    Attributes:
        uniform: as in the arguments.
        width: bytes of a row; whoever has rows made sees to it that so many follow the beginning of each line.
    """

    def __init__(self, uniform: UniformLines) -> None:
        np = numpy()
        self.uniform = uniform
        self._shape = shape = uniform.shape
        self._settled = shape.minute + len(_CLOCK) + len(shape.point) + shape.digits + len(shape.tail)
        self._words = (self._settled + 2 + 7) // 8
        self.width = 8 * self._words
        same, weights = _pattern(shape)
        self._same = [self._mask(_with_clock(same, shape.minute, clock)) for clock in CLOCK_LENGTHS]
        digits = [place for place, weight in enumerate(weights) if weight]
        # A digit's upper half is 3, also after this was added, which makes 4 of 10 and more, or of 6 and more.
        upper, added = bytearray(self.width), bytearray(self.width)
        for place in digits:
            upper[place] = 0xF0
            added[place] = 10 if place in (shape.minute, shape.minute + 3) else 6
        self._upper, self._added = self._mask(upper), self._mask(added)
        self._three = self._mask(bytes(half & 0x30 for half in upper))
        self._first, self._behind = shape.minute, digits[-1] + 1
        self._weights = np.array(weights[self._first : self._behind], np.float64)  # exact: far below 2**53
        self._zero = int(ord("0") * self._weights.sum())
        self._last, self._pairs = _endings(uniform)

    def _mask(self, places: bytes | bytearray) -> Any:
        return numpy().frombuffer(bytes(places) + bytes(self.width - len(places)), "<u8")

    def of(self, body: bytes, starts: Any) -> Rows | None:
        """Return the rows of lines; None if the digits and ends of their times are not all as in the shape.

        Args:
            body: a block.
            starts: an array that says where in it the lines begin; at least one, and `width` bytes follow each.
        """
        np = numpy()
        rows = np.ndarray((len(body) - self.width + 1,), f"V{self.width}", body, 0, (1,))[starts]
        words = np.ascontiguousarray(rows.view("<u8").reshape(-1, self._words).T)
        texts = rows.view(np.uint8).reshape(-1, self.width)
        return Rows(body, starts, texts, words) if self._are_digits(words) and self._end(texts) else None

    def cuts(self, rows: Rows, most: int, level: int = 0) -> list[int]:
        """Return the indices of lines that differ from the line before in what may not differ; none if too many do.

        Args:
            most: cuts at most.
            level: of the prefix that may not differ either (see `CLOCK_LENGTHS`); 0: up to the hour.
        """
        np = numpy()
        differ = np.zeros(len(rows.starts) - 1, bool)
        for word, same in zip(rows.words, self._same[level], strict=True):
            if same:
                masked = word & same
                differ |= masked[1:] != masked[:-1]
        cuts = [0, *(np.flatnonzero(differ) + 1).tolist()]
        return cuts if len(cuts) <= most else []

    def times(self, rows: Rows, stamp: Stamp) -> Any | None:
        """Return the times of lines in nanoseconds since the epoch, as an array.

        Args:
            stamp: reads the time of a line of the same file.

        Returns:
            None if not all lines have the shape, or if the clocks change in an hour of theirs.
        """
        np = numpy()
        cuts = self.cuts(rows, MAX_CUTS)
        hours = self._hours([rows.line(cut) for cut in cuts], stamp)
        if not hours:
            return None
        times = (rows.texts[:, self._first : self._behind].astype(np.float64) @ self._weights).astype(np.int64)
        times += hours[0] if len(cuts) == 1 else np.repeat(hours, np.diff([*cuts, len(times)]))
        return times

    def has_signs(self, line: bytes) -> bool:
        """Return whether the signs between the numbers of a line are those of the shape."""
        shape = self._shape
        second_end = shape.minute + len(_CLOCK)
        signs = line[second_end : second_end + len(shape.point)], line[self._settled - len(shape.tail) : self._settled]
        return line[shape.minute + 2 : shape.minute + 3] == b":" and signs == (shape.point, shape.tail)

    def _hours(self, lines: list[bytes], stamp: Stamp) -> list[int]:
        """Return what is to be added to the numbers of lines from each of these on; nothing if that is not known."""
        hours = []
        for line in lines:
            hour = self.uniform.hour(line, stamp) if self.has_signs(line) else None
            if hour is None or abs(hour.earliest) > LARGEST:
                return []
            hours.append(hour.earliest - self._zero)
        return hours

    def _are_digits(self, words: Any) -> bool:
        for word, upper, added, three in zip(words, self._upper, self._added, self._three, strict=True):
            if upper and (((word & upper) ^ three) | (((word + added) & upper) ^ three)).any():
                return False
        return True

    def _end(self, texts: Any) -> bool:
        """Return whether what stands behind the times settles that they end."""
        firsts = texts[:, self._settled]
        if self._pairs is None:
            return bool(self._last[firsts].all())
        return bool(self._pairs[firsts, texts[:, self._settled + 1]].all())


def line_at(body: bytes, start: int) -> bytes:
    """Return the line of a block that begins at a place, without its line break."""
    end = body.find(b"\n", start)
    return body[start : end if end >= 0 else len(body)]


def _pattern(shape: Shape) -> tuple[bytes, list[int]]:
    """Return a mask of the bytes that do not differ, and how many nanoseconds a digit at each byte stands for."""
    clock = [seconds * SECOND for seconds in _CLOCK]
    fraction = [SECOND // 10 ** (place + 1) for place in range(shape.digits)]
    weights = [0] * shape.minute + clock + [0] * len(shape.point) + fraction + [0] * len(shape.tail)
    return bytes(0 if weight else 0xFF for weight in weights), weights


def _with_clock(same: bytes, minute: int, clock: int) -> bytes:
    return b"\xff" * (minute + clock) + same[minute + clock :]


def _endings(uniform: UniformLines) -> tuple[Any, Any | None]:
    """Return which byte may stand behind a time, and, if it depends on the next one, which two bytes may."""
    last = numpy().zeros(256, bool)
    last[[*uniform.last]] = True
    if not uniform.pairs:
        return last, None
    pairs = numpy().repeat(last[:, None], 256, axis=1)
    for first, seconds in uniform.pairs:
        pairs[first, [*seconds]] = True
    return last, pairs
