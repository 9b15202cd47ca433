"""Shapes: how a line writes its time, and which bytes behind a time settle that it ends there.

All lines of one shape with the same text up to the hour are read alike, whatever comes behind the bytes that settle it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from logagent.core.times.formats import LEAD
from logagent.core.times.layout import DIGITS
from logagent.core.times.locating import WINDOW, FoundTime, find_clocked, find_landmark

CACHED = 64
"""Shapes whose patterns are kept compiled: of each file one, or two where its zone changes with the season."""

_LINE_BREAK = 0x0A
_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
"""Bytes with which a zone's name may begin, and a level such as ERROR: which it is, the byte behind may settle."""
_BEHIND = b"x0 :.,+-TMZ\xff"
"""Bytes that are tried behind a byte to see whether it settles the end of a time by itself."""
_AS_ZEROS = bytes.maketrans(b"123456789", b"000000000")

Pairs = tuple[tuple[int, bytes], ...]
"""Bytes, each with those of which one follows it."""


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


_KNOWN_ENDINGS: dict[tuple[Shape, bytes], tuple[bytes, Pairs]] = {}


def settled_time(line: bytes) -> FoundTime | None:
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


def shape_of(found: FoundTime) -> Shape:
    """Return the shape of a line whose first bytes settle its time."""
    line, match = found.text, found.match
    digits, end, settled = len(match["fraction"] or b""), digits_end(match), match.end("settled")
    ends = settled == len(line) and _end_of(line + b"\n", match) != settled
    if not ends and line[match.end() : match.end() + 1] == b" ":
        settled = match.end() + 2  # a further byte depends on the word that begins here
    return Shape(
        found.form.name,
        match.start(),
        match.start("minute"),
        line[match.end("second") : end - digits],
        digits,
        line[end : settled - (not ends)],
        ends,
    )


def digits_end(match: re.Match[bytes]) -> int:
    """Return where the digits of a time end."""
    return max(match.end("second"), match.end("fraction"))


def _end_of(line: bytes, match: re.Match[bytes]) -> int:
    """Return where it is settled that the time of a match ends if it stands in another line; -1: nowhere."""
    other = match.re.match(line, match.start())
    return other.end("settled") if other is not None else -1


def endings_of(shape: Shape, head: bytes, match: re.Match[bytes]) -> tuple[bytes, Pairs]:
    """Return the bytes, and the pairs of bytes, that may stand behind the time of a line; remembers what it found out.

    That takes some milliseconds, and depends on the text up to there, but not on its numbers.
    """
    alike = shape, head.translate(_AS_ZEROS)
    known = _KNOWN_ENDINGS.get(alike)
    if known is None:
        last = _settling_bytes(head, match)
        known = last, _settling_pairs(head, match, set(_LETTERS) - set(last))
        if len(_KNOWN_ENDINGS) >= CACHED:
            _KNOWN_ENDINGS.clear()
        _KNOWN_ENDINGS[alike] = known
    return known


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
