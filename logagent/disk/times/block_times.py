"""The times of many lines of a block at once: where all have one shape, numpy reads them by few passes over them.

Each line's first bytes, up to where its time is settled, become a row of 64-bit words. What may not differ between
lines (all up to the hour, and the signs between the numbers) is compared with the line before; where it differs, as at
a full hour, a line is looked at. What must be digits is checked in all words, and weighed. A stamper reads the rest.
"""

from __future__ import annotations

from typing import Any

from logagent.core.arrays import numpy
from logagent.core.hits.line_shapes import Shape
from logagent.core.hits.uniform_times import Stamp, UniformLines, uniform_with
from logagent.core.units import HOUR, SECOND

MAX_CUTS = 64
"""Lines of a block that are looked at, at most: if more differ from the one before, a stamper is as fast."""
LONGEST_PAUSE = 15
"""Blocks that are not tried, at most, after blocks whose lines have no common shape."""

LARGEST = 2**63 - 12 * HOUR
"""Nanoseconds before and after the epoch that arrays hold, with an hour of a clock added, and the nine hours that the
codes of its digits weigh more than these taken off: from the year 1677 to 2262."""

_CLOCK = (600, 60, 0, 10, 1)
"""Seconds that the digits of `mm:ss` stand for."""


class BlockTimes:
    """Reads the times of lines that have one shape; for one thread at a time.

    Args:
        stamp: reads the time of a line of the same file.
    """

    def __init__(self, stamp: Stamp) -> None:
        self._stamp = stamp
        self._rows: _Rows | None = None
        self._pause = self._left = 0

    def of(self, body: bytes, starts: Any) -> Any | None:
        """Return the times of lines, in nanoseconds since the epoch, as an array.

        Args:
            body: a block of whole lines.
            starts: an array that says where in it the lines begin, in any order; at least one.

        Returns:
            None if not all of these lines have one shape, or if the clocks change in an hour of theirs.
        """
        if self._left:
            self._left -= 1
            return None
        times = self._times(body, starts)
        self._pause = min(2 * self._pause + 1, LONGEST_PAUSE) if times is None else 0
        self._left = self._pause
        return times

    def _times(self, body: bytes, starts: Any) -> Any | None:
        if self._rows is not None and (times := self._rows.times(body, starts, self._stamp)) is not None:
            return times
        uniform = uniform_with(_line_at(body, int(starts[0])))
        if uniform is None:
            return None
        self._rows = _Rows(uniform)
        return self._rows.times(body, starts, self._stamp)


class _Rows:
    """The first bytes of lines as rows of words, and what stands where in them."""

    def __init__(self, uniform: UniformLines) -> None:
        np = numpy()
        self._uniform = uniform
        self._shape = shape = uniform.shape
        self._settled = shape.minute + len(_CLOCK) + len(shape.point) + shape.digits + len(shape.tail)
        self._words = (self._settled + 2 + 7) // 8
        self._width = 8 * self._words
        same, weights = _pattern(shape)
        same += bytes(self._width - len(same))
        digits = [place for place, weight in enumerate(weights) if weight]
        # A digit's upper half is 3, also after this was added, which makes 4 of 10 and more, or of 6 and more.
        upper, added = bytearray(self._width), bytearray(self._width)
        for place in digits:
            upper[place] = 0xF0
            added[place] = 10 if place in (shape.minute, shape.minute + 3) else 6
        self._same, self._upper, self._added = (np.frombuffer(bytes(mask), "<u8") for mask in (same, upper, added))
        self._three = np.frombuffer(bytes(half & 0x30 for half in upper), "<u8")
        self._first, self._behind = shape.minute, digits[-1] + 1
        self._weights = np.array(weights[self._first : self._behind], np.float64)  # exact: far below 2**53
        self._zero = int(ord("0") * self._weights.sum())
        self._ends = _endings(uniform)

    def times(self, body: bytes, starts: Any, stamp: Stamp) -> Any | None:
        """Return the times of lines as `BlockTimes.of` does."""
        np = numpy()
        near = starts > len(body) - self._width  # too near to the end of the block for a whole row
        if not near.any():
            return self._read(body, starts, stamp)
        times = np.zeros(len(starts), np.int64)
        if not near.all():
            read = self._read(body, starts[~near], stamp)
            if read is None:
                return None
            times[~near] = read
        for place in np.flatnonzero(near).tolist():
            time = stamp(_line_at(body, int(starts[place])))
            if time is None or abs(time) > LARGEST:
                return None
            times[place] = time
        return times

    def _read(self, body: bytes, starts: Any, stamp: Stamp) -> Any | None:
        np = numpy()
        rows = np.ndarray((len(body) - self._width + 1,), f"V{self._width}", body, 0, (1,))[starts]
        words = np.ascontiguousarray(rows.view("<u8").reshape(-1, self._words).T)
        texts = rows.view(np.uint8).reshape(-1, self._width)
        if not self._are_digits(words) or not self._end(texts):
            return None
        cuts = self._cuts(words)
        hours = self._hours([_line_at(body, start) for start in starts[cuts].tolist()], stamp) if cuts else []
        if not hours:
            return None
        times = (texts[:, self._first : self._behind].astype(np.float64) @ self._weights).astype(np.int64)
        times += hours[0] if len(cuts) == 1 else np.repeat(hours, np.diff([*cuts, len(times)]))
        return times

    def _hours(self, lines: list[bytes], stamp: Stamp) -> list[int]:
        """Return what is to be added to the numbers of lines from each of these on; nothing if that is not known."""
        hours = []
        for line in lines:
            hour = self._uniform.hour(line, stamp) if self._has_signs(line) else None
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
        if self._ends is None:
            return bool((texts[:, self._settled] == 10).all())
        firsts, seconds = texts[:, self._settled], texts[:, self._settled + 1]
        return bool(self._ends[firsts, seconds].all())

    def _cuts(self, words: Any) -> list[int]:
        """Return the indices of lines that differ from the line before in what may not differ; none if too many do."""
        np = numpy()
        differ = np.zeros(words.shape[1] - 1, bool)
        for word, same in zip(words, self._same, strict=True):
            if same:
                masked = word & same
                differ |= masked[1:] != masked[:-1]
        cuts = [0, *(np.flatnonzero(differ) + 1).tolist()]
        return cuts if len(cuts) <= MAX_CUTS else []

    def _has_signs(self, line: bytes) -> bool:
        """Return whether the signs between the numbers of a line are those of the shape."""
        shape = self._shape
        second_end = shape.minute + len(_CLOCK)
        signs = line[second_end : second_end + len(shape.point)], line[self._settled - len(shape.tail) : self._settled]
        return line[shape.minute + 2 : shape.minute + 3] == b":" and signs == (shape.point, shape.tail)


def _pattern(shape: Shape) -> tuple[bytes, list[int]]:
    """Return a mask of the bytes that do not differ, and how many nanoseconds a digit at each byte stands for."""
    clock = [seconds * SECOND for seconds in _CLOCK]
    fraction = [SECOND // 10 ** (place + 1) for place in range(shape.digits)]
    weights = [0] * shape.minute + clock + [0] * len(shape.point) + fraction + [0] * len(shape.tail)
    return bytes(0 if weight else 0xFF for weight in weights), weights


def _endings(uniform: UniformLines) -> Any | None:
    """Return which two bytes may stand behind a time; None if only the line's end may."""
    if uniform.shape.ends:
        return None
    ends = numpy().zeros((256, 256), bool)
    ends[list(uniform.last)] = True
    for first, seconds in uniform.pairs:
        ends[first, list(seconds)] = True
    return ends


def _line_at(body: bytes, start: int) -> bytes:
    end = body.find(b"\n", start)
    return body[start : end if end >= 0 else len(body)]
