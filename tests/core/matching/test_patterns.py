"""Patterns are found where a search line by line finds them, and no pattern takes long to refuse or to compile."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from typing import Any

import hyperscan
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from logagent.core.matching.expressions import MAX_DEPTH, MAX_PATTERN, MAX_POSITIONS, BadPattern, read
from logagent.core.matching.matcher import Matcher
from logagent.core.matching.patterns import CACHED, Pattern, PatternSearch, compiled, literal

ATOMS = [rb"a", rb"b", rb"A", rb" ", rb"\.", rb".", rb"\s", rb"\S", rb"\w", rb"\W", rb"\d", rb"\D", rb"\b", rb"\Bb"]
ATOMS += [
    rb"[ab]",
    rb"[^a]",
    rb"[^-a]",
    rb"[^]a]",
    rb"[\sa]",
    rb"[\Wa]",
    rb"[^\s]",
    rb"[^\S]",
    rb"[\t-\r]",
    rb"\x61",
    rb"\r",
]
ATOMS += [rb"[a-]", rb"\n", rb"[\n]", rb"\x0a", rb"(?s:.)", rb"(?i:a)", rb"\\", rb"\t", rb"[^\W]", rb"[]]"]
PIECES = [
    b"a",
    b"b",
    b"A",
    b"ab",
    b" ",
    b".",
    b"1",
    b"-",
    b"]",
    b"\\",
    b"\t",
    b"\r",
    b"\0",
    b"\xff",
    "é".encode(),
    b"\n",
]

atoms = st.sampled_from(ATOMS)
blocks = st.lists(st.sampled_from([*PIECES, b"\n", b"\n"]), max_size=50).map(b"".join)
bodies = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(b"".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda those: b"(" + b"|".join(those) + b")"),
        st.tuples(inner, st.sampled_from([b"*", b"+", b"?", b"{2}", b"{1,3}", b"*?"])).map(
            lambda pair: b"(?:" + pair[0] + b")" + pair[1]
        ),
    ),
    max_leaves=6,
)
EXPRESSIONS = st.tuples(
    st.sampled_from([b"", b"", b"^", rb"\A"]), bodies, st.sampled_from([b"", b"", b"$", rb"\Z"])
).map(b"".join)


def lines_of(block: bytes) -> list[bytes]:
    lines = block.split(b"\n")
    return lines if lines[-1] else lines[:-1]


def found(expression: bytes, block: bytes, ignore_case: bool = False) -> list[bytes]:
    matcher = Matcher(ignore_case=ignore_case, regex=[expression])
    return [block[start:end] for start, end in matcher.spans(block)]


def search_for(expression: bytes, ignore_case: bool = False) -> PatternSearch:
    """For expressions made up at random, of which some can never match: that is refused."""
    try:
        return PatternSearch(compiled(expression, ignore_case=ignore_case))
    except BadPattern as refused:
        assume(str(refused) != "Pattern can never match")
        raise


class CountingDatabase(hyperscan.Database):
    """The library's database, which counts how often it compiles and how often it calls back."""

    compilations = calls = 0

    def compile(self, *args: Any, **options: Any) -> None:
        CountingDatabase.compilations += 1
        super().compile(*args, **options)

    def scan(self, text: bytes, note: Callable[..., bool | None], *args: Any) -> None:
        def counted(*place: Any) -> bool | None:
            CountingDatabase.calls += 1
            return note(*place)

        super().scan(text, counted, *args)


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> type[CountingDatabase]:
    """The library, counting what is compiled from now on and what that calls back."""
    monkeypatch.setattr(hyperscan, "Database", CountingDatabase)
    monkeypatch.setattr(CountingDatabase, "compilations", 0)
    monkeypatch.setattr(CountingDatabase, "calls", 0)
    return CountingDatabase


def fresh_search(expression: bytes) -> PatternSearch:
    """A search for a pattern that is in no cache."""
    return PatternSearch(Pattern(read(expression), ignore_case=False))


def calls_for_lines(
    library: type[CountingDatabase], search: PatternSearch, block: bytes
) -> tuple[int, list[int] | None]:
    """How often the library calls back in the search of a block, and what the search tells."""
    before = library.calls
    told = search.some_line_ends(block)
    return library.calls - before, told


def refusal(expression: bytes) -> str:
    with pytest.raises(BadPattern) as caught:
        compiled(expression, ignore_case=False)
    return str(caught.value)


@settings(max_examples=1500, deadline=None)
@given(EXPRESSIONS, blocks, st.booleans())
@example(rb"a\sb", b"a\nb\na b", False)
@example(rb"a[^x]b", b"a\nb\nayb", False)
@example(rb"a*$", b"\n\na\n", False)
@example(rb"(a$|.)", b"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\n\na", False)
def test_finds_the_lines_that_match_by_themselves(expression: bytes, block: bytes, ignore: bool) -> None:
    search = search_for(expression, ignore)
    flags = re.IGNORECASE if ignore else 0
    wanted = [line for line in lines_of(block) if re.search(expression, line, flags)]
    assert found(expression, block, ignore) == wanted
    assert [line for line in lines_of(block) if search.is_in(line)] == wanted


@settings(max_examples=500, deadline=None)
@given(EXPRESSIONS, blocks, st.lists(st.integers(0, 50), max_size=5))
def test_a_line_in_pieces_matches_as_it_does_whole(expression: bytes, block: bytes, cuts: list[int]) -> None:
    line = block.replace(b"\n", b"")
    search = search_for(expression)
    stream = search.stream()
    places = [0, *sorted(cuts), len(line)]
    for begin, end in pairwise(places):
        stream.see(line[begin:end])
    assert stream.end() == search.is_in(line)


@settings(max_examples=500, deadline=None)
@given(st.lists(st.sampled_from(PIECES[:-1]), min_size=1, max_size=4).map(b"".join), blocks, st.booleans())
def test_finds_the_lines_that_hold_a_literal(text: bytes, block: bytes, ignore: bool) -> None:
    ends = PatternSearch(literal(text, ignore_case=ignore)).line_ends(block)
    view, text = (block.lower(), text.lower()) if ignore else (block, text)
    starts = [view.rfind(b"\n", 0, end) + 1 for end in ends]
    assert [view[s:e] for s, e in zip(starts, ends, strict=True)] == [line for line in lines_of(view) if text in line]


@settings(max_examples=1000, deadline=None)
@given(EXPRESSIONS | atoms, st.lists(blocks, max_size=4), blocks, st.booleans())
@example(rb"[^a]", [b"b\n"] * 3, b"b\na\n", False)
@example(rb"\d", [b"1\n"] * 3, b"1\n\n", False)
@example(rb"\d", [b"1\n"] * 3, b"1\n1", False)
@example(b"|", [b"1\n"] * 3, b"1\n\n", False)
def test_all_lines_match_where_the_places_of_none_are_told(
    expression: bytes, before: list[bytes], block: bytes, ignore: bool
) -> None:
    search, fresh = search_for(expression, ignore), search_for(expression, ignore)
    for one in (*before, *[block] * 4):
        ends = fresh.line_ends(one)
        told = search.some_line_ends(one)
        assert told == ends if told is not None else len(ends) == len(lines_of(one))


@pytest.mark.parametrize("expression", [rb"\d", rb"[0-9]", rb".", rb"[^x]+", b"0", rb"\w*"])
def test_a_byte_on_every_line_is_looked_for_with_one_call_for_a_block(
    library: type[CountingDatabase], expression: bytes
) -> None:
    search = fresh_search(expression)
    block = b"0123456789\n" * 1000
    calls, told = zip(*(calls_for_lines(library, search, block) for _ in range(4)), strict=True)
    assert told == (None,) * 4
    assert calls[0] >= 1000
    assert calls[-1] == 1
    block += b"\n"
    assert (search.some_line_ends(block) or search.line_ends(block)) == search.line_ends(block)


@settings(max_examples=500, deadline=None)
@given(EXPRESSIONS, blocks, st.integers(0, 20), st.booleans())
def test_no_line_matches_where_a_block_may_hold_none(expression: bytes, block: bytes, cut: int, ignore: bool) -> None:
    search = search_for(expression, ignore)
    whole = block[cut:].partition(b"\n")[2].rpartition(b"\n")[0]
    if not search.may_hold(block[cut:]):
        assert [line for line in lines_of(whole) if search.is_in(line)] == []
    for line in lines_of(block):
        assert search.may_hold(line) or not search.is_in(line)


def test_a_block_that_holds_a_match_is_left_at_the_first() -> None:
    search = PatternSearch(compiled(b"rare", ignore_case=False))
    assert search.may_hold(b"common\nrare\n" * 1000)
    assert not search.may_hold(b"common\n" * 1000)


@pytest.mark.parametrize("expression", [rb"\d", rb".", rb"(?:a$|.)", rb".*", rb"x*", rb"\w+$"])
def test_a_pattern_that_matches_everywhere_calls_back_a_few_times_a_line_at_most(
    library: type[CountingDatabase], expression: bytes
) -> None:
    search = fresh_search(expression)
    block = b"0123456789 0123456789 0123456789 0123456789 0123456789\n" * 1000
    search.line_ends(block)
    library.calls = 0
    assert len(search.line_ends(block)) == 1000
    assert library.calls <= 1001  # what follows the last line break is reported, too


def test_letters_beyond_ascii_are_whole_letters_in_either_case() -> None:
    block = "caf\ncafé\ncafÉ\ncaféé\n".encode()
    assert found("^café?$".encode(), block) == [b"caf", "café".encode()]
    assert found("^café+$".encode(), block, ignore_case=True) == block.split(b"\n")[1:4]


def test_bytes_that_are_no_utf8_are_bytes_like_others() -> None:
    assert found(b"a\xffb", b"a\xffb\na\xfeb\n") == [b"a\xffb"]
    assert found(b"a.b", b"a\xffb\na\xc3\xa9b\n") == [b"a\xffb"]


def test_a_carriage_return_belongs_to_its_line() -> None:
    assert found(b"a$", b"a\r\na\n") == [b"a"]
    assert found(rb"a\s?$", b"a\r\na\n") == [b"a\r", b"a"]


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        (rb"(?<=a)b", "look-behind is not supported"),
        (rb"(?<!a)b", "look-behind is not supported"),
        (rb"a(?=b)", "look-ahead is not supported"),
        (rb"a(?!b)", "look-ahead is not supported"),
        (rb"(a)\1", "Back-references are unsupported"),
        (rb"(?P<n>a)(?P=n)", "is not supported"),
        (rb"(?>a)", "atomic groups are not supported"),
        (rb"a++", "Possessive quantifiers are not supported"),
        (rb"\p{L}", "Unicode properties"),
        (rb"(*UTF8)a", "verbs"),
        (rb"(?x) a # b", "the flag (?x) is not supported"),
        (rb"(?#a)", "comments"),
        (rb"(?(1)a)", "conditions"),
        (rb"(?R)", "not supported"),
        (rb"\Qa", "escape each character"),
        (rb"\<a", r"write \b"),
        (rb"\Ka", "not supported"),
        (rb"\Ra", "not supported"),
        (rb"\C", "one byte"),
        (rb"a$b", "end anchors"),
        (rb"(a", "parenthesis"),
        (rb"a)|(b", "has no ( before it"),
        (rb"[a", "not closed"),
        (rb"[z-a]", "out of order"),
        (rb"*a", "Invalid repeat"),
        (rb"a{3,2}", "Invalid repeat"),
        (b"a\\", "stands before nothing"),
        (b"a\nb", "never crosses a line"),
        (b"a\0b", r"write \x00"),
        ("[é]".encode(), "write (a|ä)"),
        (b"x" * (MAX_PATTERN + 1), f"longer than {MAX_PATTERN} bytes"),
        (b"a{%d}" % (MAX_POSITIONS + 1), "too large"),
        (b"((a{1,100}){1,100}){1,100}", "too large"),
        (b"a{" + b"9" * 4000 + b"}", "too large"),
        (b"(a*" * 600 + b")*" * 600, f"more than {MAX_DEPTH - 1} deep"),
    ],
)
def test_what_cannot_be_searched_for_is_refused_with_what_is_not_supported(expression: bytes, said: str) -> None:
    assert said in refusal(expression)
    assert "index" not in refusal(expression)


@pytest.mark.parametrize("expression", [rb"(a+)+$", rb"(.*a){50}", b"|".join(b"word%03d" % n for n in range(500))])
def test_patterns_that_take_others_for_ever_are_searched_for(expression: bytes) -> None:
    line = b"a" * 100_000 + b"!word499"
    assert found(expression, line) == [line for _ in re.findall(rb"word499|50", expression)[:1]]


@settings(max_examples=500, deadline=None)
@given(
    st.lists(st.sampled_from([*ATOMS, b"(", b")", b"[", b"]", b"{", b"}", b"^", b"$", b"|", b"*", b"(?"]), max_size=8)
)
def test_whatever_is_asked_for_is_compiled_or_refused(pieces: list[bytes]) -> None:
    with suppress(BadPattern):
        PatternSearch(compiled(b"".join(pieces), ignore_case=True)).line_ends(b"a\nb\n")


def test_compiled_patterns_are_kept_and_so_are_refusals(library: type[CountingDatabase]) -> None:
    assert compiled(b"kept", ignore_case=False) is compiled(b"kept", ignore_case=False)
    assert compiled(b"kept", ignore_case=False) is not compiled(b"kept", ignore_case=True)
    before = library.compilations
    assert [refusal(b"(kept"), refusal(b"(kept")] == [refusal(b"(kept")] * 2
    assert library.compilations == before + 1


def test_no_more_patterns_are_kept_than_memory_bears() -> None:
    kept = compiled(b"first", ignore_case=False)
    for number in range(CACHED - 1):
        compiled(b"%d" % number, ignore_case=False)
    assert compiled(b"first", ignore_case=False) is kept
    for number in range(CACHED):
        compiled(b"%d" % number, ignore_case=False)
    assert compiled(b"first", ignore_case=False) is not kept


def test_two_searches_of_one_pattern_do_not_disturb_each_other() -> None:
    pattern = compiled(rb"a+b", ignore_case=False)
    one, other = PatternSearch(pattern), PatternSearch(pattern)
    streams = one.stream(), other.stream()
    for piece in (b"a", b"b"):
        streams[0].see(piece)
    streams[1].see(b"a")
    assert one.line_ends(b"ab\n") == other.line_ends(b"ab\n") == [2]
    assert [stream.end() for stream in streams] == [True, False]


# What is relied on of the library.


def test_the_library_tells_where_matches_end_and_stops_when_told_to() -> None:
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    database.compile(expressions=[rb"(?:b)[^\n]*$"], flags=[hyperscan.HS_FLAG_MULTILINE | hyperscan.HS_FLAG_ALLOWEMPTY])
    ends: list[int] = []
    database.scan(b"abc\nx\nbb\nb", lambda _id, _start, end, _flags, _context: ends.append(end))
    assert sorted(ends) == [3, 8, 10]
    with pytest.raises(hyperscan.ScanTerminated):
        database.scan(b"b", lambda *_: True)


def test_the_library_says_in_its_error_what_is_wrong() -> None:
    with pytest.raises(hyperscan.error, match="Back-references are unsupported"):
        hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK).compile(expressions=[rb"(a)\1"], flags=[0])


@pytest.mark.parametrize("run", range(140))
def test_the_library_misses_no_match_behind_a_run_of_one_byte(run: int) -> None:
    """Vectorscan 5.4.12 did: the reason why the version of `hyperscan` is pinned to the last one without it."""
    line = b"x" * run
    for expression, end in ((rb"^a|b$", b"b"), (rb"\d$", b"\t1"), (rb"^a|bb$", b"bb"), (rb"\db+", b"\t1b")):
        search = PatternSearch(compiled(expression, ignore_case=False))
        assert search.is_in(line + end)
        assert search.line_ends(line + end + b"\n") == [run + len(end)]
        assert search.line_ends(line + b"\n" + end) == [run + 1 + len(end)]
        assert search.line_ends(line + b" \n" + end + b"\n") == [run + 2 + len(end)]
