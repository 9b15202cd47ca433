"""Matches within a line, beside what `grep -o` and Python's `re` find."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logagent.core.matching.expressions import BadPattern
from logagent.core.matching.occurrences import Occurrences

TEXTS = st.text("ab_ .", min_size=1, max_size=3).map(str.encode)


def found(line: bytes, *expressions: bytes, word: bool = False, whole: bool = False) -> list[bytes]:
    spans = Occurrences(expressions, word=word, line=whole).spans(line)
    return [line[begin:end] for begin, end in spans]


@given(st.lists(TEXTS, min_size=1, max_size=3), st.text("ab_ .", max_size=12).map(str.encode))
def test_the_leftmost_and_longest_literal_is_found_first(texts: list[bytes], line: bytes) -> None:
    longest_first = b"|".join(re.escape(text) for text in sorted(texts, key=len, reverse=True))
    spans = Occurrences(literals=texts).spans(line)
    assert spans == [match.span() for match in re.finditer(longest_first, line)]


@given(st.text("12a", max_size=12).map(str.encode))
def test_what_the_engine_hides_behind_an_earlier_match_is_found(line: bytes) -> None:
    assert found(line, b"[0-9]{1,3}") == re.findall(rb"[0-9]{1,3}", line)


def test_longer_alternatives_win_and_edges_count() -> None:
    assert found(b"xabc", b"a|ab") == [b"ab"]
    assert found(b"aab", b"^a") == [b"a"]
    assert found(b"unrefused refused refused_x", b"refused", word=True) == [b"refused"]
    assert found(b"ab", b"a.?", whole=True) == [b"ab"]
    assert found(b"abc", b"a.?", whole=True) == []
    assert found(b"abc", b"") == []


@pytest.mark.parametrize("expression", [b"(a", b"x*"])
def test_what_has_no_beginning_to_be_found_is_refused(expression: bytes) -> None:
    with pytest.raises(BadPattern):
        Occurrences([expression])
