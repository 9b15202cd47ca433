"""Conditions on regular expressions narrow down lines one by one or over the whole block, with one outcome."""

from __future__ import annotations

import re

import pytest

from logagent.core.matching.matcher import Matcher
from logagent.core.outcome import Failure, Status


@pytest.mark.parametrize("every", [1, 2, 50], ids=["all lines", "many lines", "few lines"])
@pytest.mark.parametrize("unwanted", [[], [rb"7$"], [rb"7$", b"^1"]])
def test_lines_with_a_keyword_are_narrowed_down_however_many_they_are(every: int, unwanted: list[bytes]) -> None:
    lines = [b"%d %s" % (n, b"hit" if n % every == 0 else b"miss") + b" %d" % (n * 3 % 10) for n in range(2000)]
    block = b"\n".join(lines)
    matcher = Matcher([b"hit"], regex=[rb"^\d*[02]\d ", rb"\d$"], exclude_regex=unwanted)
    assert [block[start:end] for start, end in matcher.spans(block)] == [
        line
        for line in lines
        if b"hit" in line
        and re.search(rb"^\d*[02]\d ", line)
        and not any(re.search(expression, line) for expression in unwanted)
    ]


def test_lines_that_must_not_match_are_dropped_where_nothing_else_is_wanted() -> None:
    block = b"a\nb\nab\nc"
    for unwanted, kept in ((b"a", [b"b", b"c"]), (b".", []), (b"x", [b"a", b"b", b"ab", b"c"])):
        for _ in range(4):
            spans = Matcher(exclude_regex=[unwanted]).spans(block)
            assert [block[start:end] for start, end in spans] == kept


def test_an_expression_is_never_ruled_out_at_a_quick_look() -> None:
    assert not Matcher(regex=[b"a"], exclude_regex=[b"b"]).rules_out(b"b")


def test_an_expression_that_cannot_be_searched_for_here_fails() -> None:
    with pytest.raises(Failure) as failed:
        Matcher(regex=[b"(a"])
    assert failed.value.status is Status.INTERNAL
    assert str(failed.value) == "an expression cannot be searched for here: Missing close parenthesis for group"
