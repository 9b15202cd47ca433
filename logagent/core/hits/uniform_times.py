"""Lines that write their times uniformly: what one line tells about all lines of a block, without a look at each.

Where times stand at the beginning of all lines and look the same, many lines share a prefix. It is then enough to know
that all lines have one shape, and which of them begin with the prefix of a line up to its hour, its minute or its
second.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from logagent.core.hits.line_shapes import Pairs, Shape, digits_end, endings_of, settled_time, shape_of
from logagent.core.times.layout import DIGITS
from logagent.core.units import SECOND

HOURS = 4096
"""Hours of one file that are remembered: half a year in half a megabyte."""

_TENS: list[int] = [10**digits for digits in range(DIGITS + 1)]
_LENGTHS = (60 * 60, 10 * 60, 60, 10, 1)
"""Seconds in which a prefix stays the same: up to the hour, its tens of minutes, and so on."""
CLOCK_LENGTHS = (0, 1, 3, 4, 5)
"""Bytes of `mm:ss` in these prefixes."""

Stamp = Callable[[bytes], int | None]
"""Returns the time that one line states, in nanoseconds since the epoch; None if it states none."""


class PrefixRange(NamedTuple):
    """A prefix of lines, and the range of time that the lines with this prefix lie in.

    Attributes:
        prefix: the first bytes of a line.
        earliest: nanoseconds since the epoch.
        latest: nanoseconds since the epoch, included.
    """

    prefix: bytes
    earliest: int
    latest: int


def uniform_with(line: bytes) -> UniformLines | None:
    """Return the lines of the same shape as this line; None if its first bytes do not settle its time."""
    found = settled_time(line)
    if found is None:
        return None
    shape = shape_of(found)
    if shape.ends:
        return UniformLines(shape, b"\n")
    last, pairs = endings_of(shape, line[: digits_end(found.match) + len(shape.tail)], found.match)
    return UniformLines(shape, last, pairs) if last else None


class UniformLines:
    """The lines of one shape; for one thread at a time.

    Args:
        shape: their shape.
        last: the bytes of which one stands behind the shape's tail.
        pairs: other bytes that may stand there, each if one of the bytes that go with it follows.

    Attributes:
        shape: as in the arguments.
        last: as in the arguments.
        pairs: as in the arguments.
    """

    def __init__(self, shape: Shape, last: bytes, pairs: Pairs = ()) -> None:
        self.shape = shape
        self.last = last
        self.pairs = pairs
        self._hours: dict[bytes, PrefixRange | None] = {}

    def __contains__(self, line: bytes) -> bool:
        """Return whether a line that looks as if it had the shape is also read so."""
        found = settled_time(line)
        return found is not None and shape_of(found) == self.shape

    def prefixes(self, line: bytes) -> list[bytes]:
        """Return the prefixes of one of these lines: up to its hour, its tens of minutes, and so on."""
        return [line[: self.shape.minute + length] for length in CLOCK_LENGTHS]

    def prefix_ranges(self, line: bytes, stamp: Stamp) -> Iterator[PrefixRange]:
        """Yield the prefixes of one of these lines and their ranges of time, from the longest range to the shortest.

        Prefixes in whose range the clocks change are left out.

        Args:
            line: a line without its line break.
            stamp: reads the time of a line of the same file.
        """
        whole = self.hour(line, stamp)
        if whole is None and line[: self.shape.minute] not in self._hours:
            return
        for seconds, prefix in zip(_LENGTHS, self.prefixes(line), strict=True):
            found = self._range(prefix, seconds, stamp) if whole is None else self._within(whole, prefix, seconds)
            if found is not None:
                yield found

    def range_at(self, level: int, line: bytes, stamp: Stamp) -> tuple[int, int] | None:
        """Return the earliest and the latest time that lines may state which share a prefix with one of these lines.

        Args:
            level: of the prefix, see `CLOCK_LENGTHS`.
            line: a line without its line break.
            stamp: reads the time of a line of the same file.

        Returns:
            None if the clocks change meanwhile.
        """
        hour = self.hour(line, stamp)
        length = self.shape.minute + CLOCK_LENGTHS[level]
        if hour is not None:
            return self._within(hour, line[:length], _LENGTHS[level])[1:]
        found = self.prefix_ranges(line, stamp)
        return next((each[1:] for each in found if len(each.prefix) == length), None)

    def hour(self, line: bytes, stamp: Stamp) -> PrefixRange | None:
        """Return the prefix of one of these lines up to its hour, and the range of time of this hour.

        Args:
            line: a line without its line break.
            stamp: reads the time of a line of the same file.

        Returns:
            None if the clocks change in the hour, or if the line does not have the shape.
        """
        hour = line[: self.shape.minute]
        if hour not in self._hours:
            if line not in self:
                return None
            if len(self._hours) >= HOURS:
                self._hours.clear()
            self._hours[hour] = self._range(hour, 3600, stamp)
        return self._hours[hour]

    def _range(self, prefix: bytes, seconds: int, stamp: Stamp) -> PrefixRange | None:
        """Return the range of the lines with a prefix, unless the clocks change in it, or it holds no times."""
        first, last = (stamp(self._at(prefix, ends)) for ends in (b"00:00", b"59:59"))
        if first is None or last is None or last - first != self._length(seconds):
            return None
        return PrefixRange(prefix, first, last)

    def _within(self, hour: PrefixRange, prefix: bytes, seconds: int) -> PrefixRange:
        """Return the range of a prefix within an hour in which the clocks do not change."""
        clock = prefix[len(hour.prefix) :] + b"00:00"[len(prefix) - len(hour.prefix) :]
        first = hour.earliest + (int(clock[:2]) * 60 + int(clock[3:])) * SECOND
        return PrefixRange(prefix, first, first + self._length(seconds))

    def _length(self, seconds: int) -> int:
        """Return the nanoseconds from the first to the last time within some whole seconds."""
        return seconds * SECOND - SECOND // _TENS[self.shape.digits]

    def _at(self, prefix: bytes, ends: bytes) -> bytes:
        """Return the line with a prefix whose clock goes on as in `ends`."""
        shape = self.shape
        clock = prefix + ends[len(prefix) - shape.minute :]
        return (clock + shape.point + ends[-1:] * shape.digits + shape.tail + self.last[:1]).rstrip(b"\n")
