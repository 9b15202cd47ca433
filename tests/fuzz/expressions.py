"""Patterns as anybody may write them: refused, or found in a block, a line and pieces of a line alike, as by `re`.

`re` is asked only for patterns that are drawn from what both it and the engine know.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from fuzz.draws import Draws
from logagent.core.matching.expressions import BadPattern
from logagent.core.matching.matcher import Matcher
from logagent.core.matching.patterns import compiled

_ATOMS = [
    b"a", b"b", b"A", b"1", b" ", b"-", b"\xc3\xa4", b".", b"[ab]", b"[^a]", b"[a-c1]", b"[^b-z]", b"[]a]", b"[^]]",
    b"[[:digit:]a]", b"\\d", b"\\D", b"\\w", b"\\W", b"\\s", b"\\S", b"\\.", b"\\x61", b"^", b"$", b"\\b",
    b"(?i:a)", b"(?:)", b"\\A", b"\\z",
]  # fmt: skip
_REPEATS = [b"", b"", b"?", b"*", b"+", b"{2}", b"{0,2}", b"{1,}", b"+?", b"*?"]
_IN_RE = {b"[[:digit:]a]": b"[0-9a]", b"\xc3\xa4": b"(?:\xc3\xa4)", b"\\z": b"\\Z"}
"""What `re` spells otherwise, or has no word for."""
_BETWEEN = (b"^", b"$", b"\\b", b"\\A", b"\\z")
"""What stands between letters, and is not repeated."""
_WORDS = [
    b"a", b"b", b"ab", b"A", b"1", b" ", b"-", b"\xc3\xa4", b"\xc3\x84", b"\xff", b"]", b"aaaa", b".", b"\r", b"\0",
]  # fmt: skip


def probe(data: bytes) -> None:
    draws = Draws(data)
    draws.one_of([_known, _any, _literals])(draws)


def _known(draws: Draws) -> None:
    """A pattern that `re` understands alike, in lines."""
    ignore_case = draws.flag()
    pattern, in_re = _drawn(draws, 2)
    matcher = _matcher(pattern, ignore_case)
    if matcher is None:
        return
    lines = _lines(draws)
    found = re.compile(in_re, re.IGNORECASE if ignore_case else 0)
    if ignore_case and not pattern.isascii():  # beyond ASCII, `re` has no case of bytes
        lines = [line for line in lines if line.isascii()]
    _compare(matcher, lines, [found.search(line) is not None for line in lines])


def _any(draws: Draws) -> None:
    """Any bytes as a pattern, in lines."""
    ignore_case = draws.flag()
    pattern = draws.text(60)
    matcher = _matcher(pattern, ignore_case)
    if matcher is not None:
        lines = _lines(draws)
        _compare(matcher, lines, [matcher.matches(line) for line in lines])


def _literals(draws: Draws) -> None:
    """Literals, wanted and not wanted, in lines."""
    ignore_case = draws.flag()
    wanted = [word for word in draws.some(3, lambda: _word(draws)) if word]
    unwanted = [word for word in draws.some(2, lambda: _word(draws)) if word]
    lines = _lines(draws)
    expected = [
        all(_is_in(word, line, ignore_case) for word in wanted)
        and not any(_is_in(word, line, ignore_case) for word in unwanted)
        for line in lines
    ]
    _compare(Matcher(wanted, unwanted, ignore_case), lines, expected)


def _is_in(word: bytes, line: bytes, ignore_case: bool) -> bool:
    if not ignore_case:
        return word in line
    try:
        folded = word.decode().casefold()
    except UnicodeDecodeError:
        return word.lower() in line.lower()
    if word.isascii():
        return word.lower() in line.lower()
    return folded in line.decode("utf-8", "surrogateescape").casefold()


def _matcher(pattern: bytes, ignore_case: bool) -> Matcher | None:
    try:
        compiled(pattern, ignore_case=ignore_case)
    except BadPattern as error:
        assert str(error)
        return None
    return Matcher(ignore_case=ignore_case, regex=[pattern])


def _drawn(draws: Draws, depth: int) -> tuple[bytes, bytes]:
    """A pattern, and how `re` spells it."""
    branches = [_sequence(draws, depth) for _ in range(1 + draws.number(1))]
    return b"|".join(one for one, _ in branches), b"|".join(other for _, other in branches)


def _sequence(draws: Draws, depth: int) -> tuple[bytes, bytes]:
    pattern = in_re = b""
    for _ in range(1 + draws.number(3)):
        one, other = _group(draws, depth) if depth and draws.number(3) == 3 else _repeated(draws)
        pattern, in_re = pattern + one, in_re + other
    return pattern, in_re


def _group(draws: Draws, depth: int) -> tuple[bytes, bytes]:
    """A group: with choices, or repeated, but not both, nor with repetitions inside, which take `re` for ever."""
    if draws.flag():
        one, other = _drawn(draws, depth - 1)
        return b"(" + one + b")", b"(" + other + b")"
    atoms = draws.some(3, lambda: draws.one_of(_ATOMS))
    repeat = draws.one_of(_REPEATS)
    return b"(" + b"".join(atoms) + b")" + repeat, b"(" + b"".join(map(_in_re, atoms)) + b")" + repeat


def _repeated(draws: Draws) -> tuple[bytes, bytes]:
    one = draws.one_of(_ATOMS)
    repeat = b"" if one in _BETWEEN else draws.one_of(_REPEATS)
    return one + repeat, _in_re(one) + repeat


def _in_re(atom: bytes) -> bytes:
    return _IN_RE.get(atom, atom)


def _lines(draws: Draws) -> list[bytes]:
    return [_line(draws) for _ in range(1 + draws.number(5))]


def _line(draws: Draws) -> bytes:
    return b"".join(draws.some(6, lambda: _word(draws)))


def _word(draws: Draws) -> bytes:
    return (draws.one_of(_WORDS) if draws.flag() else draws.text(3)).replace(b"\n", b"")


def _compare(matcher: Matcher, lines: Sequence[bytes], expected: Sequence[bool]) -> None:
    block = b"".join(line + b"\n" for line in lines)
    wanted = [line for line, is_wanted in zip(lines, expected, strict=True) if is_wanted]
    assert [matcher.matches(line) for line in lines] == list(expected)
    assert [block[start:end] for start, end in matcher.spans(block)] == wanted
    assert [block[start:end] for start, end in matcher.spans(block[:-1])] == wanted or not lines[-1]
    for line, is_wanted in zip(lines, expected, strict=True):
        assert _in_windows(matcher, line) == is_wanted
        assert not (is_wanted and matcher.rules_out(line))
    scout = matcher.scout()
    assert scout is None or not wanted or scout.may_hold(block)


def _in_windows(matcher: Matcher, line: bytes) -> bool:
    """Whether a line matches that comes in windows of few bytes, as lines do that are too long to be held."""
    inspection = matcher.inspect()
    step = matcher.overlap + 2
    for begin in range(0, max(1, len(line)), step):
        inspection.see(line[max(0, begin - matcher.overlap) : begin + step])
    return inspection.end()
