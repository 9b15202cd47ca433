"""Lines that write their times uniformly: what one line tells about all lines of a block, without a look at each.

Where times stand at the beginning of all lines and look the same, many lines share a prefix. Two passes over a block
then tell as much as reading each time: whether all its lines have one shape, and how many of them begin with the prefix
of a line up to its hour, its minute or its second.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from logagent.core.matching.expressions import Expression
from logagent.core.matching.patterns import Pattern, PatternSearch
from logagent.core.times.formats import LEAD
from logagent.core.times.layout import DIGITS
from logagent.core.times.locating import WINDOW, FoundTime, find_clocked, find_landmark
from logagent.core.units import SECOND

CACHED = 64
"""Shapes whose patterns are kept compiled: of each file one, or two where its zone changes with the season."""
HOURS = 4096
"""Hours of one file that are remembered: half a year in half a megabyte."""

_TENS: list[int] = [10**digits for digits in range(DIGITS + 1)]
_LINE_BREAK = 0x0A
_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
"""Bytes with which a zone's name may begin, and a level such as ERROR: which it is, the byte behind may settle."""
_BEHIND = b"x0 :.,+-TMZ\xff"
"""Bytes that are tried behind a byte to see whether it settles the end of a time by itself."""
_LENGTHS = (60 * 60, 10 * 60, 60, 10, 1)
"""Seconds in which a prefix stays the same: up to the hour, its tens of minutes, and so on."""
_CLOCK_LENGTHS = (0, 1, 3, 4, 5)
"""Bytes of `mm:ss` in these prefixes."""

Pairs = tuple[tuple[int, bytes], ...]
"""Bytes, each with those of which one follows it."""
Stamp = Callable[[bytes], int | None]
"""Returns the time that one line states, in nanoseconds since the epoch; None if it states none."""


class Shape(NamedTuple):
    """How a line writes its time, which begins at most `LEAD` bytes from its beginning.

    Attributes:
        form: the name of the format.
        start: where the time begins, in bytes.
        minute: where the minutes begin.
        point: the byte between the second and its fraction; empty without a fraction.
        digits: the digits of the fraction.
        tail: the bytes behind the digits, up to the byte that settles that the time ends.
        ends: whether the line's end settles that, rather than a byte, which may differ from line to line.
    """

    form: str
    start: int
    minute: int
    point: bytes
    digits: int
    tail: bytes
    ends: bool


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
    found = _settled_time(line)
    if found is None:
        return None
    shape = _shape(found)
    if shape.ends:
        return UniformLines(shape, b"\n")
    head = line[: _digits_end(found.match) + len(shape.tail)]
    last = _settling_bytes(head, found.match)
    pairs = _settling_pairs(head, found.match, set(_LETTERS) - set(last))
    return UniformLines(shape, last, pairs) if last else None


def _settled_time(line: bytes) -> FoundTime | None:
    """Return the time of a line, if its first bytes settle it, whatever comes behind them.

    What a `Stamper` learns of a layout rests on the same condition.
    """
    first = find_landmark(line, 0, WINDOW)
    if first is None or first.lastindex is not None or (at := first.end() - 1) > LEAD:
        return None
    found = find_clocked(line)
    if found is None or found.match["settled"] is None or not found.match.start() < at < found.match.end("second"):
        return None
    return found if len(found.match["fraction"] or b"") <= DIGITS else None


def _shape(found: FoundTime) -> Shape:
    line, match = found.text, found.match
    digits, digits_end, settled = len(match["fraction"] or b""), _digits_end(match), match.end("settled")
    ends = settled == len(line) and _end_of(line + b"\n", match) != settled
    if not ends and line[match.end() : match.end() + 1] == b" ":
        settled = match.end() + 2  # a further byte depends on the word that begins here
    return Shape(
        found.form.name,
        match.start(),
        match.start("minute"),
        line[match.end("second") : digits_end - digits],
        digits,
        line[digits_end : settled - (not ends)],
        ends,
    )


def _digits_end(match: re.Match[bytes]) -> int:
    return max(match.end("second"), match.end("fraction"))


def _end_of(line: bytes, match: re.Match[bytes]) -> int:
    """Return where it is settled that the time of a match ends if it stands in another line; -1: nowhere."""
    other = match.re.match(line, match.start())
    return other.end("settled") if other is not None else -1


def _settling_bytes(head: bytes, match: re.Match[bytes]) -> bytes:
    """Return the bytes that, behind `head`, settle a time as the match does, whatever comes behind them."""
    meaning = _meaning(match)

    def settles(byte: int) -> bool:
        texts = (head + bytes([byte, behind]) for behind in _BEHIND)
        others = (match.re.match(text, match.start()) for text in texts)
        return all(
            other is not None and _meaning(other) == meaning and other.end("settled") == len(head) + 1
            for other in others
        )

    return bytes(byte for byte in range(256) if byte != _LINE_BREAK and settles(byte))


def _settling_pairs(head: bytes, match: re.Match[bytes], firsts: Iterable[int]) -> Pairs:
    """Return for each of some bytes the capital letters behind it that settle a time, where the byte alone does not."""
    meaning = _meaning(match)

    def settle(first: int, second: int) -> bool:
        other = match.re.match(head + bytes([first, second]) + b"x", match.start())
        return other is not None and _meaning(other) == meaning and other.end("settled") == len(head) + 2

    pairs = ((first, bytes(second for second in _LETTERS if settle(first, second))) for first in sorted(firsts))
    return tuple((first, seconds) for first, seconds in pairs if seconds)


def _meaning(match: re.Match[bytes]) -> tuple[object, ...]:
    """Return all that a match says, but for what settles where it ends."""
    return match.span(), match.groups()[:-1]


class UniformLines:
    """The lines of one shape; for one thread at a time.

    Args:
        shape: their shape.
        last: the bytes of which one stands behind the shape's tail.
        pairs: other bytes that may stand there, each if one of the bytes that go with it follows.
    """

    def __init__(self, shape: Shape, last: bytes, pairs: Pairs = ()) -> None:
        self._shape = shape
        self._last = last
        self._hours: dict[bytes, PrefixRange | None] = {}
        self._strays = PatternSearch(_strays(shape, last, pairs))

    def __contains__(self, line: bytes) -> bool:
        """Return whether a line that looks as if it had the shape is also read so."""
        found = _settled_time(line)
        return found is not None and _shape(found) == self._shape

    def are_all(self, block: bytes) -> bool:
        """Return whether all lines of a block look as if they had the shape.

        Lines behind the first that end before their minutes are passed over: none of them has the prefix of another.

        Args:
            block: lines, each with its line break.
        """
        first = block[: block.index(b"\n") + 1]
        if len(first) <= self._shape.minute or self._strays.is_in(b"\n" + first):
            return False
        return not self._strays.is_in(block)

    def prefixes(self, line: bytes) -> list[bytes]:
        """Return the prefixes of one of these lines: up to its hour, its tens of minutes, and so on."""
        return [line[: self._shape.minute + length] for length in _CLOCK_LENGTHS]

    def prefix_ranges(self, line: bytes, stamp: Stamp) -> Iterator[PrefixRange]:
        """Yield the prefixes of one of these lines and their ranges of time, from the longest range to the shortest.

        Prefixes in whose range the clocks change are left out.

        Args:
            line: a line without its line break.
            stamp: reads the time of a line of the same file.
        """
        hour = line[: self._shape.minute]
        if hour not in self._hours and line not in self:
            return
        if hour not in self._hours:
            if len(self._hours) >= HOURS:
                self._hours.clear()
            self._hours[hour] = self._range(hour, 3600, stamp)
        whole = self._hours[hour]
        for seconds, prefix in zip(_LENGTHS, self.prefixes(line), strict=True):
            found = self._range(prefix, seconds, stamp) if whole is None else self._within(whole, prefix, seconds)
            if found is not None:
                yield found

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
        return seconds * SECOND - SECOND // _TENS[self._shape.digits]

    def _at(self, prefix: bytes, ends: bytes) -> bytes:
        """Return the line with a prefix whose clock goes on as in `ends`."""
        shape = self._shape
        clock = prefix + ends[len(prefix) - shape.minute :]
        return (clock + shape.point + ends[-1:] * shape.digits + shape.tail + self._last[:1]).rstrip(b"\n")


@lru_cache(CACHED)
def _strays(shape: Shape, last: bytes, pairs: Pairs) -> Pattern:
    """Return a pattern that matches lines, other than the first of a block, that do not have the shape.

    It looks at the bytes from the minute on: the first byte there that the shape does not allow makes a match.
    """
    fraction = [_escaped(shape.point), *[b"0-9"] * shape.digits] if shape.digits else []
    tail = [_escaped(bytes([byte])) for byte in shape.tail]
    firsts = b"".join(_escaped(bytes([first])) for first, _ in pairs)
    allowed = [b"0-5", b"0-9", b":", b"0-5", b"0-9", *fraction, *tail, b"\\n" if shape.ends else _escaped(last)]
    text = b"|".join([b"[^%b%b]" % (allowed.pop(), firsts), *map(_not_a_pair, pairs)])
    for some in reversed(allowed):
        text = b"[^%b]|[%b](?:%b)" % (some, some, text)
    text = b"\\n[^\\n]{%d}(?:%b)" % (shape.minute, text)
    return Pattern(Expression(text, crosses=True, ends=True, positions=len(text)), ignore_case=False)


def _not_a_pair(pair: tuple[int, bytes]) -> bytes:
    first, seconds = pair
    return _escaped(bytes([first])) + b"[^%b]" % _escaped(seconds)


def _escaped(text: bytes) -> bytes:
    return b"".join(b"\\x%02x" % byte for byte in text)
