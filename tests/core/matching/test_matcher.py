"""Matching finds the lines that hold every keyword and none of the excluded literals, whatever the bytes are."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from logagent.core.matching.matcher import Matcher

PIECES = [b"a", b"b", b"A", b"ab", b"ba", b" ", b"\r", b"\0", b"\xff", b"\xc3", b"\x89", "é".encode(), "É".encode()]
PIECES += ["ß".encode(), "ẞ".encode(), "\u212a".encode(), b"k", b"ss", b"S"]
literals = st.lists(st.sampled_from(PIECES), min_size=1, max_size=3).map(b"".join)
blocks = st.lists(st.sampled_from([*PIECES, b"\n", b"\n", b"\n"]), max_size=60).map(b"".join)


def lines_of(block: bytes) -> list[bytes]:
    lines = block.split(b"\n")
    return lines if lines[-1] else lines[:-1]


def folded(text: bytes) -> bytes:
    return text.decode("utf-8", "surrogateescape").casefold().encode("utf-8", "surrogateescape")


def holds(line: bytes, literal: bytes, ignore_case: bool) -> bool:
    if not ignore_case:
        return literal in line
    try:
        ascii_only = literal.decode().isascii()
    except UnicodeDecodeError:
        ascii_only = True
    return literal.lower() in line.lower() if ascii_only else folded(literal) in folded(line)


def found(matcher: Matcher, block: bytes) -> list[bytes]:
    return [block[start:end] for start, end in matcher.spans(block)]


@settings(max_examples=2000, deadline=None)
@given(
    block=blocks, keywords=st.lists(literals, max_size=3), exclude=st.lists(literals, max_size=2), ignore=st.booleans()
)
@example(block=b"\n\na", keywords=[b"a"], exclude=[], ignore=False)
@example(block=b"k\n\xe2\x84\xaa\n", keywords=[b"k", "É".encode()], exclude=[], ignore=True)
def test_finds_the_lines_that_a_search_line_by_line_finds(
    block: bytes, keywords: list[bytes], exclude: list[bytes], ignore: bool
) -> None:
    matcher = Matcher(keywords, exclude, ignore)
    wanted = [
        line
        for line in lines_of(block)
        if all(holds(line, k, ignore) for k in keywords) and not any(holds(line, x, ignore) for x in exclude)
    ]
    assert found(matcher, block) == wanted
    assert [line for line in lines_of(block) if matcher.matches(line)] == wanted


@settings(max_examples=2000, deadline=None)
@given(
    line=blocks.map(lambda block: block.replace(b"\n", b"")),
    keywords=st.lists(literals, max_size=3),
    exclude=st.lists(literals, max_size=2),
    regex=st.lists(st.sampled_from([rb"a", rb"b+ ", rb"^a.*b$"]), max_size=2),
    ignore=st.booleans(),
    size=st.integers(1, 30),
)
@example(line=b"aab", keywords=[b"ab"], exclude=[], regex=[b"a"], ignore=False, size=2)
def test_a_line_seen_in_windows_matches_as_it_does_whole(
    line: bytes, keywords: list[bytes], exclude: list[bytes], regex: list[bytes], ignore: bool, size: int
) -> None:
    matcher = Matcher(keywords, exclude, ignore, regex=regex)
    inspection = matcher.inspect()
    for begin in range(0, len(line), size):
        inspection.see(line[max(0, begin - matcher.overlap) : begin + size])
    assert inspection.end() == matcher.matches(line)


@settings(max_examples=1000, deadline=None)
@given(
    st.lists(blocks, min_size=1, max_size=4),
    st.lists(literals, max_size=2),
    st.lists(literals, max_size=2),
    st.lists(st.sampled_from([rb"a", rb"[ab]+", rb"^b", rb"a.*b"]), max_size=2),
    st.booleans(),
)
def test_a_scout_passes_over_no_block_with_a_match(
    several: list[bytes], keywords: list[bytes], exclude: list[bytes], regex: list[bytes], ignore: bool
) -> None:
    matcher = Matcher(keywords, exclude, ignore, regex=regex)
    scout = matcher.scout()
    for block in several:
        assert scout is None or scout.may_hold(block) or found(matcher, block) == []


def test_where_nothing_is_wanted_there_is_no_scout() -> None:
    assert Matcher().scout() is None
    assert Matcher([], [b"a"], exclude_regex=[b"b"]).scout() is None
    assert Matcher(["é".encode()], ignore_case=True).scout() is None
    assert Matcher([b"a"]).scout() is not None
    assert Matcher([b"a", "é".encode()], ignore_case=True).scout() is not None


@pytest.mark.parametrize("unwanted", [[], [b"9"]])
@pytest.mark.parametrize("wanted", [{"keywords": [b"line"]}, {"regex": [b"l[a-z]+"]}, {"regex": [rb"\w"]}])
def test_places_are_told_unless_all_lines_match(wanted: dict[str, list[bytes]], unwanted: list[bytes]) -> None:
    matcher = Matcher(exclude=unwanted, **wanted)
    block = b"".join(b"line %d\n" % number for number in range(99))
    for text in [block] * 4 + [block + b"\n" + block, block + b"line", block]:
        all_match = not unwanted and b"\n\n" not in text
        assert (matcher.some_spans(text) is None) is all_match
        assert found(matcher, text) == [line for line in lines_of(text) if line and not (unwanted and b"9" in line)]


@pytest.mark.parametrize("matching_of_ten", range(11))
def test_dense_and_sparse_hits_give_the_same_lines(matching_of_ten: int) -> None:
    lines = [b"%d %s" % (n, b"hit" if n % 10 < matching_of_ten else b"hip") for n in range(2000)]
    wanted = [line for line in lines if b"hit" in line]
    assert found(Matcher([b"hit"]), b"\n".join(lines)) == wanted
    assert found(Matcher([b"hit"]), b"\n".join(lines) + b"\n") == wanted


def test_without_literals_everything_matches() -> None:
    matcher = Matcher([])
    assert matcher.everything
    assert found(matcher, b"\na\n\n") == [b"", b"a", b""]
    assert not Matcher([], [b"x"]).everything
