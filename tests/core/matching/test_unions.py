"""One of many patterns is enough: the lines found are those that one of the patterns alone finds."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logagent.core.matching.expressions import MAX_POSITIONS, BadPattern
from logagent.core.matching.matcher import Matcher, check
from logagent.core.matching.unions import TookTooLong, union
from logagent.core.query import BadParameter, Query

FEW = settings(max_examples=40)
"""Each example compiles its patterns, also one by one."""
LITERALS = st.lists(
    st.sampled_from([b"a", b"AB", b"b c", "é".encode(), "É".encode(), "ß".encode(), b"\xff"]), max_size=4
)
EXPRESSIONS = st.lists(
    st.sampled_from([b"a+b", b"^b", b"c$", rb"\bab\b", b"[^a]x", b"x*", b"(?i)B", rb"\s\s", "é.".encode(), b"a|^$"]),
    max_size=4,
)
LINES = st.lists(
    st.lists(
        st.sampled_from([b"a", b"B", b"c", b"x", b" ", b"ss", "é".encode(), "É".encode(), b"\xff"]), max_size=6
    ).map(b"".join),
    min_size=1,
    max_size=8,
)


def alone(literals: Sequence[bytes], expressions: Sequence[bytes], ignore_case: bool) -> list[Matcher]:
    """A matcher for each pattern, which is the oracle."""
    by_literal = [Matcher([literal], ignore_case=ignore_case) for literal in literals]
    return by_literal + [Matcher(regex=[expression], ignore_case=ignore_case) for expression in expressions]


def seen_in_windows(matcher: Matcher, line: bytes, size: int) -> bool:
    inspection = matcher.inspect()
    for begin in range(0, len(line) or 1, size):
        inspection.see(line[max(0, begin - matcher.overlap) : begin + size])
    return inspection.end()


@FEW
@given(LITERALS, EXPRESSIONS, st.booleans(), LINES, st.booleans())
def test_lines_are_those_that_one_of_the_patterns_finds(
    literals: list[bytes], expressions: list[bytes], ignore_case: bool, lines: list[bytes], ended: bool
) -> None:
    block = b"\n".join(lines) + (b"\n" if ended or not lines[-1] else b"")
    matcher = Matcher(literals, ignore_case=ignore_case, regex=expressions, one_of=True)
    oracle = alone(literals, expressions, ignore_case)
    expected = [line for line in lines if not oracle or any(it.matches(line) for it in oracle)]
    assert [block[start:end] for start, end in matcher.spans(block)] == expected
    assert [line for line in lines if matcher.matches(line)] == expected
    assert [line for line in lines if seen_in_windows(matcher, line, 3)] == expected
    assert not (expected and matcher.rules_out(block))
    scout = matcher.scout()
    assert scout is None or not expected or scout.may_hold(block)


@FEW
@given(LITERALS, EXPRESSIONS, st.booleans(), LINES)
def test_of_many_that_are_excluded_none_may_match(
    literals: list[bytes], expressions: list[bytes], ignore_case: bool, lines: list[bytes]
) -> None:
    many = [*literals, *(b"no %d" % number for number in range(9))]
    matcher = Matcher(exclude=many, ignore_case=ignore_case, exclude_regex=expressions)
    oracle = alone(many, expressions, ignore_case)
    block = b"".join(line + b"\n" for line in lines)
    expected = [line for line in lines if not any(it.matches(line) for it in oracle)]
    assert [block[start:end] for start, end in matcher.spans(block)] == expected
    assert [line for line in lines if seen_in_windows(matcher, line, 3)] == expected


def test_events_are_found_by_one_of_the_patterns_across_lines() -> None:
    matcher = Matcher([b"nowhere"], regex=[rb"a\n b", b"neither"], one_of=True, across=True)
    assert matcher.matches(b"a\n b")
    assert not matcher.matches(b"a b")


def test_thousands_of_literals_and_expressions_are_found() -> None:
    literals = [b"id-%05d;" % number for number in range(0, 8000, 2)]
    expressions = [rb"key=%05d\d*$" % number for number in range(1200, 1500)]
    matcher = Matcher(literals, regex=expressions, one_of=True)
    lines = [b"x id-00002; y", b"x id-00003; y", b"key=01499", b"key=01500", b"id-07998;"]
    assert [matcher.matches(line) for line in lines] == [True, False, True, False, True]
    block = b"\n".join(lines)
    assert [block[start:end] for start, end in matcher.spans(block)] == [lines[0], lines[2], lines[4]]


def test_matches_on_every_byte_are_found_line_by_line() -> None:
    block = b"ab" * 500 + b"\n" + b"c\n" + b"ba" * 500
    assert len(Matcher([b"a", b"b"], one_of=True).spans(block)) == 2
    assert len(Matcher([b"%d" % number for number in range(99)] + [b"a"], one_of=True).spans(block)) == 2


def test_a_bad_expression_among_many_is_named() -> None:
    with pytest.raises(BadPattern, match=r"^a\(b: "):
        union([b"x"], [b"fine", b"a(b"], ignore_case=False)
    with pytest.raises(BadPattern, match=r"^\(\?=x\): look-ahead is not supported"):
        union([], [b"fine", b"(?=x)"], ignore_case=False)
    with pytest.raises(BadParameter, match=r"^regex: a\(b: "):
        check(Query.of(files=("a",), any=True, regex=(b"fine", b"a(b")), lambda: False)


def test_compiling_ends_when_it_takes_too_long() -> None:
    large = [b"%d[xy]{%d}" % (number, MAX_POSITIONS // 10) for number in range(5)]
    asked: list[int] = []

    def is_late() -> bool:
        asked.append(1)
        return len(asked) > 1

    with pytest.raises(TookTooLong):
        union([], large, ignore_case=False, is_late=is_late)
    with pytest.raises(BadParameter, match="takes too long to compile"):
        check(Query.of(files=("a",), any=True, regex=(b"one", b"other")), lambda: True)
