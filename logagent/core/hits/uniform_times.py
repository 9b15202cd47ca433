"""Lines that write their times alike: what one of them says about all of a block, without a look at each.

Where a file's times stand at the beginning of its lines and all look the same, so many lines share their first bytes
that two passes over the block tell as much as reading each time would: that all of its lines have the one shape, and
how many of them begin with the bytes of one line up to the hour, the minute or the second.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import NamedTuple

from logagent.core.matching.expressions import Expression
from logagent.core.matching.patterns import Pattern, PatternSearch
from logagent.core.times.formats import LEAD
from logagent.core.times.layout import DIGITS
from logagent.core.times.locating import FIRST, WINDOW, Found, clocked
from logagent.core.units import SECOND

CACHED = 64
"""Shapes that are kept: of each file one, or two where its zone changes with the season."""
HOURS = 4096
"""Hours of one file that are remembered: half a year in half a megabyte."""

_TENS: list[int] = [10**digits for digits in range(DIGITS + 1)]
_LINE_BREAK = 0x0A
_BEHIND = b"x0 :.,+-TMZ\xff"
"""Bytes with which it is tried out whether a byte before them settles the end of a time by itself."""
_LENGTHS = (60 * 60, 10 * 60, 60, 10, 1)
"""Seconds through which a line's first bytes stay the same, up to the hour, its tens of minutes, and so on."""
_CLOCK_LENGTHS = (0, 1, 3, 4, 5)
"""How many bytes of `mm:ss` are among these first bytes."""

Stamp = Callable[[bytes], int | None]
"""The time that one line states, in nanoseconds since the epoch."""


class Shape(NamedTuple):
    """How a line writes its time, which stands at most `LEAD` bytes from its beginning.

    form, start: the format, and where the time begins. hour_end: where the minutes do, as in `12:34:56`. mark: what
    stands before the fraction's `digits`. tail: what follows these, up to where it is settled that the time ends; with
    `ends` that is the line's end, else a further byte, which may differ.
    """

    form: str
    start: int
    hour_end: int
    mark: bytes
    digits: int
    tail: bytes
    ends: bool


class Stretch(NamedTuple):
    """First bytes such that the times of the lines with them lie from `earliest` to `latest`, in nanoseconds."""

    prefix: bytes
    earliest: int
    latest: int


def alike(line: bytes) -> Alike | None:
    """The lines of the shape of this one; None where it has no time, or its first bytes do not settle it."""
    found = _found(line)
    if found is None:
        return None
    shape = _shape(found)
    last = b"\n" if shape.ends else _alike_behind(line[: found.match.end("settled") - 1], found.match)
    return Alike(shape, last) if last else None


def _found(line: bytes) -> Found | None:
    """The time of a line, if it is settled within its first bytes, whatever comes behind them.

    What `Stamper` remembers of a layout rests on the same.
    """
    first = FIRST(line, 0, WINDOW)
    if first is None or first.lastindex is not None or (at := first.end() - 1) > LEAD:
        return None
    found = clocked(line)
    if found is None or found.match["settled"] is None or not found.match.start() < at < found.match.end("second"):
        return None
    return found if len(found.match["fraction"] or b"") <= DIGITS else None


def _shape(found: Found) -> Shape:
    line, match = found.text, found.match
    digits = len(match["fraction"] or b"")
    digits_end, settled = match.end("second") + (digits + 1 if digits else 0), match.end("settled")
    ends = settled == len(line) and _end_of(line + b"\n", match) != settled
    return Shape(
        found.form.name,
        match.start(),
        match.start("minute"),
        line[match.end("second") : digits_end - digits],
        digits,
        line[digits_end : settled - (not ends)],
        ends,
    )


def _end_of(line: bytes, match: re.Match[bytes]) -> int:
    """Where it is settled that the same time ends, if it stands in another line."""
    other = match.re.match(line, match.start())
    return other.end("settled") if other is not None else -1


def _alike_behind(head: bytes, match: re.Match[bytes]) -> bytes:
    """The bytes that, behind `head`, settle a time in the same way as in the match, whatever comes behind them."""
    meaning = _meaning(match)

    def is_alike(byte: int) -> bool:
        texts = (head + bytes([byte, behind]) for behind in _BEHIND)
        others = (match.re.match(text, match.start()) for text in texts)
        return all(other is not None and _meaning(other) == meaning for other in others)

    return bytes(byte for byte in range(256) if byte != _LINE_BREAK and is_alike(byte))


def _meaning(match: re.Match[bytes]) -> tuple[object, ...]:
    """All that a match says, up to the byte that settles where it ends."""
    return match.span(), match.end("settled"), match.groups()[:-1]


class Alike:
    """The lines of one shape, with one of the bytes `last` behind its tail. For one thread at a time."""

    def __init__(self, shape: Shape, last: bytes) -> None:
        self._shape = shape
        self._last = last
        self._hours: dict[bytes, Stretch | None] = {}
        self._strays = PatternSearch(_strays(shape, last))

    def __contains__(self, line: bytes) -> bool:
        """Whether a line, one of those that have the shape by their looks, has it by its meaning."""
        found = _found(line)
        return found is not None and _shape(found) == self._shape

    def are_all(self, block: bytes) -> bool:
        """Whether all lines of a block, each with its line break, have the shape by their looks.

        But for the first, lines that end before the minute are not looked at: what begins like others does not."""
        first = block[: block.index(b"\n") + 1]
        if len(first) <= self._shape.hour_end or self._strays.is_in(b"\n" + first):
            return False
        return not self._strays.is_in(block)

    def prefixes(self, line: bytes) -> list[bytes]:
        """The first bytes of one such line, up to its hour, its tens of minutes and so on."""
        return [line[: self._shape.hour_end + length] for length in _CLOCK_LENGTHS]

    def stretches(self, line: bytes, stamp: Stamp) -> Iterator[Stretch]:
        """The stretches of time round one such line, from the longest, in which times run on evenly."""
        hour = line[: self._shape.hour_end]
        if hour not in self._hours and line not in self:
            return
        if hour not in self._hours:
            if len(self._hours) >= HOURS:
                self._hours.clear()
            self._hours[hour] = self._stretch(hour, 3600, stamp)
        whole = self._hours[hour]
        for seconds, prefix in zip(_LENGTHS, self.prefixes(line), strict=True):
            found = self._stretch(prefix, seconds, stamp) if whole is None else self._within(whole, prefix, seconds)
            if found is not None:
                yield found

    def _stretch(self, prefix: bytes, seconds: int, stamp: Stamp) -> Stretch | None:
        """The stretch of lines that begin so, unless the clocks change in it, or it holds no times."""
        first, last = (stamp(self._at(prefix, ends)) for ends in (b"00:00", b"59:59"))
        if first is None or last is None or last - first != self._length(seconds):
            return None
        return Stretch(prefix, first, last)

    def _within(self, hour: Stretch, prefix: bytes, seconds: int) -> Stretch:
        """The same, for a part of an hour in which times run on evenly."""
        clock = prefix[len(hour.prefix) :] + b"00:00"[len(prefix) - len(hour.prefix) :]
        first = hour.earliest + (int(clock[:2]) * 60 + int(clock[3:])) * SECOND
        return Stretch(prefix, first, first + self._length(seconds))

    def _length(self, seconds: int) -> int:
        """Nanoseconds from the first to the last time of so many seconds."""
        return seconds * SECOND - SECOND // _TENS[self._shape.digits]

    def _at(self, prefix: bytes, ends: bytes) -> bytes:
        """A line of the first or of the last time that begins with `prefix`."""
        shape = self._shape
        clock = prefix + ends[len(prefix) - shape.hour_end :]
        return (clock + shape.mark + ends[-1:] * shape.digits + shape.tail + self._last[:1]).rstrip(b"\n")


@lru_cache(CACHED)
def _strays(shape: Shape, last: bytes) -> Pattern:
    """Matches where a line, but for a block's first, has another byte behind its hour than the shape allows there."""
    fraction = [_escaped(shape.mark), *[b"0-9"] * shape.digits] if shape.digits else []
    tail = [_escaped(bytes([byte])) for byte in shape.tail]
    allowed = [b"0-5", b"0-9", b":", b"0-5", b"0-9", *fraction, *tail, b"\\n" if shape.ends else _escaped(last)]
    text = b""
    for some in reversed(allowed):
        text = b"(?:[^%b]|[%b]%b)" % (some, some, text) if text else b"[^%b]" % some
    text = b"\\n[^\\n]{%d}%b" % (shape.hour_end, text)
    return Pattern(Expression(text, crosses=True, ends=True, positions=len(text)), ignore_case=False)


def _escaped(text: bytes) -> bytes:
    return b"".join(b"\\x%02x" % byte for byte in text)
