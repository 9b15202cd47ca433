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
