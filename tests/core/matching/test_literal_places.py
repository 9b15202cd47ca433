"""A literal is found by arrays where it is found byte by byte."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logagent.core.matching.literal_places import LiteralPlaces
from logagent.core.matching.matcher import Matcher

LETTERS = st.sampled_from([b"a", b"A", b"b", b"[", b"{", b"\xc3\xa9", b"\xc1", b"\n", b" "])
texts = st.lists(LETTERS, max_size=60).map(b"".join)
literals = st.lists(LETTERS.filter(lambda letter: letter != b"\n"), min_size=1, max_size=20).map(b"".join)


def by_bytes(literal: bytes, text: bytes, first: int, last: int, *, ignore_case: bool) -> list[int]:
    """The oracle: all places, also those that overlap."""
    found = re.finditer(b"(?=%b)" % re.escape(literal), text[first:last], re.IGNORECASE if ignore_case else 0)
    return [first + each.start() for each in found]


@settings(deadline=None, max_examples=300)
@given(texts, literals, st.data(), st.booleans(), st.sampled_from([1, 40]))
def test_a_literal_is_found_at_all_its_places(
    text: bytes, literal: bytes, data: st.DataObject, ignore_case: bool, times: int
) -> None:
    text = data.draw(st.sampled_from([text, text + literal, literal + text + literal + text])) * times
    first = data.draw(st.integers(0, len(text)))
    last = data.draw(st.integers(first, len(text)))
    places = LiteralPlaces(literal, data.draw(st.sampled_from([text, b"", b"ab[" * 9])), ignore_case=ignore_case)
    expected = by_bytes(literal, text, first, last, ignore_case=ignore_case)
    assert places.of(text, first, last).tolist() == expected


@pytest.mark.parametrize(
    "matcher",
    [
        Matcher(),
        Matcher([b"a", b"b"]),
        Matcher([b"a"], [b"b"]),
        Matcher([b"a"], regex=[b"b"]),
        Matcher(regex=[b"a"]),
        Matcher(["é".encode()], ignore_case=True),
    ],
)
def test_what_is_more_than_one_literal_is_not_found_by_arrays(matcher: Matcher) -> None:
    assert matcher.places(b"") is None
