"""Literals: in which case they are found, and what is seen quickly."""

from __future__ import annotations

import sys

import pytest

from logagent.core.matching.literals import FOLDING_SHRINKS
from logagent.core.matching.matcher import Matcher


def found(matcher: Matcher, block: bytes) -> list[bytes]:
    return [block[start:end] for start, end in matcher.spans(block)]


def test_the_keyword_that_is_rarest_in_the_first_block_changes_nothing_in_later_ones() -> None:
    matcher = Matcher([b"common", b"rare"])
    assert found(matcher, b"common\n" * 9 + b"rare common\n") == [b"rare common"]
    assert found(matcher, b"rare\n" * 9 + b"common rare\n") == [b"common rare"]


def test_ascii_keywords_leave_other_letters_alone_when_case_is_ignored() -> None:
    assert found(Matcher([b"kelvin"], ignore_case=True), "KELVIN\n\u212aelvin\n".encode()) == [b"KELVIN"]


def test_letters_beyond_ascii_match_either_case_when_case_is_ignored() -> None:
    block = "GRÖSSE\nGröße\nΦΩΣ\nφως\nstraße\n".encode()
    assert found(Matcher(["größe".encode()], ignore_case=True), block) == ["GRÖSSE".encode(), "Größe".encode()]
    assert found(Matcher(["φωσ".encode()], ignore_case=True), block) == ["ΦΩΣ".encode(), "φως".encode()]


def test_a_keyword_that_is_not_utf8_matches_its_own_bytes_when_case_is_ignored() -> None:
    assert found(Matcher([b"\xffA"], ignore_case=True), b"x\xffa\nx\xffb\n") == [b"x\xffa"]


def test_case_folding_never_shrinks_a_letter_more_than_windows_allow_for() -> None:
    letters = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000]
    assert max(len(c.encode()) / len(c.casefold().encode()) for c in letters) <= FOLDING_SHRINKS


def test_a_scout_looks_for_the_longest_keyword() -> None:
    scout = Matcher([b"a", b"abc", b"b"]).scout()
    assert scout is not None
    assert not scout.may_hold(b"a b\nab\n")
    assert scout.may_hold(b"abc\n")


@pytest.mark.parametrize(
    ("keywords", "ignore_case", "text", "ruled_out"),
    [
        ([b"a", b"b"], False, b"a", True),
        ([b"a", b"b"], False, b"b a", False),
        ([b"A"], True, b"a", False),
        (["é".encode()], True, b"e", True),
        (["é".encode(), "ü".encode()], True, "É".encode(), True),
        (["é".encode(), "ü".encode()], True, "É Ü".encode(), False),
        ([], False, b"a", False),
    ],
)
def test_a_text_that_lacks_a_keyword_is_ruled_out(
    keywords: list[bytes], ignore_case: bool, text: bytes, ruled_out: bool
) -> None:
    assert Matcher(keywords, [b"a"], ignore_case).rules_out(text) is ruled_out


LONG = [bytes(97 + number * number % 26 for number in range(length)) for length in (255, 256, 257, 4096)]


@pytest.mark.parametrize("keyword", LONG, ids=len)
@pytest.mark.parametrize("ignore_case", [False, True])
def test_a_keyword_of_any_length_is_found_whole(keyword: bytes, ignore_case: bool) -> None:
    lines = [keyword[:-1], b"#" + keyword + b"#", keyword.upper(), keyword[:256], b"#" + keyword.upper()]
    having = [line for line in lines if keyword in (line.lower() if ignore_case else line)]
    block = b"".join(line + b"\n" for line in lines)
    assert found(Matcher([keyword], ignore_case=ignore_case), block) == having
    marked = [line for line in having if b"#" in line]
    assert found(Matcher([b"#", keyword], ignore_case=ignore_case), block) == marked


@pytest.mark.parametrize("ignore_case", [False, True])
def test_long_keywords_with_any_bytes_are_found(ignore_case: bool) -> None:
    keyword = bytes(byte for byte in range(256) if byte != 0x0A) * 20
    block = keyword[:-1] + b"\n" + keyword + b"\n"
    assert found(Matcher([keyword], ignore_case=ignore_case), block) == [keyword]
    assert found(Matcher([], [keyword], ignore_case=ignore_case), block) == [keyword[:-1]]


def test_a_block_all_of_whose_lines_begin_a_long_keyword_has_not_all_of_them() -> None:
    keyword = b"a" * 300
    block = (keyword + b"\n" + keyword[:-1] + b"\n") * 10
    matcher = Matcher([keyword])
    assert [len(found(matcher, block)) for _ in range(5)] == [10] * 5
