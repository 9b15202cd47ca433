"""Patterns of `grep`: which lines they match, beside what Python makes of them."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from logagent.core.matching.matcher import Matcher
from logagent.terminal.unix.patterns import MatchingLines, wanted

LETTERS = st.text(r"ab_ .*[\$^|(){-", max_size=4)


def matches(found: MatchingLines, line: str) -> bool:
    if found.nothing:
        return False
    values = {name: [value.encode() for value in given] for name, given in found.parameters.items()}
    return Matcher(
        values.get("keyword", ()),
        values.get("exclude", ()),
        regex=values.get("regex", ()),
        exclude_regex=values.get("exclude_regex", ()),
    ).matches(line.encode())


@given(st.lists(LETTERS, max_size=3), LETTERS, st.sampled_from(["", "word", "line"]), st.booleans())
def test_literals_match_as_they_stand(texts: list[str], line: str, edges: str, invert: bool) -> None:
    escaped = [re.escape(text) for text in texts]
    around = {"": "%s", "word": r"(?<!\w)%s(?!\w)", "line": r"\A%s\Z"}[edges]
    expected = any(re.search(around % text, line, re.ASCII) for text in escaped)
    found = wanted(texts, literal=True, word=edges == "word", line=edges == "line", invert=invert)
    assert matches(found, line) is (expected is not invert)


def test_edges_that_an_expression_has_are_kept() -> None:
    for expression, line in [("^a", "a b"), ("a$", "b a"), ("^a$", "a"), (r"\$", "$")]:
        assert matches(wanted([expression], literal=False, word=True), line), expression
    assert not matches(wanted(["^a"], literal=False, word=True), "b a")
    assert matches(wanted([r"a\\$"], literal=False, line=True), "a\\")


def test_one_word_is_a_keyword_which_agents_of_all_versions_find_fastest() -> None:
    assert wanted(["sshd: refused"], literal=False).parameters == {"keyword": ["sshd: refused"]}
    assert wanted(["a", "b"], literal=False, invert=True).parameters == {"exclude": ["a", "b"]}


def test_an_empty_pattern_matches_all_and_none_matches_nothing() -> None:
    assert wanted(["", "a"], literal=False) == MatchingLines()
    assert wanted([], literal=False).nothing
    assert wanted([], literal=False, invert=True) == MatchingLines()


def test_edges_of_words_as_grep_spells_them_are_understood() -> None:
    found = wanted([r"\<refused\>"], literal=False)
    assert matches(found, "was refused.")
    assert not matches(found, "unrefused")


def test_who_writes_basic_patterns_is_told() -> None:
    assert r"write | for" in wanted([r"a\|b"], literal=False).hints[0]
    assert not wanted([r"a\\|b"], literal=False).hints
    assert not wanted([r"a\|b"], literal=True).hints


def test_many_patterns_are_sent_each_by_itself() -> None:
    texts = [f"word {number}" for number in range(1000)]
    assert wanted(texts, literal=True).parameters == {"keyword": texts, "regex": [], "any": ["true"]}
    assert wanted([*texts, "a+"], literal=False).parameters == {"keyword": texts, "regex": ["a+"], "any": ["true"]}
    assert wanted(["b", "a+"], literal=False, invert=True).parameters == {"exclude": ["b"], "exclude_regex": ["a+"]}
    assert len(wanted(texts, literal=True, word=True).parameters["regex"]) == 1000
    assert wanted(texts[:2], literal=True).parameters == {"regex": ["(?:word 0)|(?:word 1)"]}
