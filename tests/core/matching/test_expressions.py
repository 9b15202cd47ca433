"""Expressions are rewritten so that they mean in a block what they mean in a line, and their size is known."""

from __future__ import annotations

import pytest

from logagent.core.matching.expressions import MAX_POSITIONS, BadPattern, read


def test_only_expressions_that_may_hold_a_line_break_are_tried_again_on_their_lines() -> None:
    safe = [rb"a\s+b", rb"[^x]", rb"\W\D", rb"[a-z]\d", rb"(?s).", rb"[[:alpha:]]", rb"\S\.", rb"\Aa\z"]
    safe += [rb"[\w.]", rb"[\d]", rb"[\-a]", rb"[\]]"]
    unsafe = [rb"[\s]", rb"\x0a", rb"\n", rb"[[:space:]]", rb"[\W]", b"[\t-\r]", rb"\012", rb"\v"]
    assert [one for one in safe if read(one).crosses] == []
    assert [one for one in unsafe if not read(one).crosses] == []


@pytest.mark.parametrize(
    ("pattern", "positions"),
    [
        (b"", 0),
        (b"abc", 3),
        (b"a.", 6),
        (rb"\w\.", 6),
        (b"[abc]", 5),
        ("é".encode(), 2),
        (b"(a)", 1),
        (b"(a|bc)", 3),
        (b"()", 1),
        (b"((a)b)c", 3),
        (b"a{3}", 3),
        (b"a{0}", 1),
        (b"a{2,5}", 5),
        (b"a{2,}", 2),
        (b"(ab){3}", 6),
        (b"a{2}{3}", 6),
        (b"((ab){2}c){3}", 15),
        (b"^a$", 1),
    ],
)
def test_the_size_of_an_expression_has_its_repetitions_written_out(pattern: bytes, positions: int) -> None:
    assert read(pattern).positions == positions


def test_the_largest_expression_is_read_and_one_position_more_is_not() -> None:
    assert read(b"(a){%d}" % MAX_POSITIONS).positions == MAX_POSITIONS
    with pytest.raises(BadPattern, match="too large"):
        read(b"(a){%d}b" % MAX_POSITIONS)


def test_a_repetition_of_nothing_has_no_size_and_is_left_to_the_engine() -> None:
    assert read(b"{%d}" % (MAX_POSITIONS + 2)).positions == 0


def test_a_letter_is_written_in_each_case_that_is_one_letter() -> None:
    assert read("é".encode()).text == "(?:é)".encode()
    assert read("é".encode(), ignore_case=True).text == "(?:É|é)".encode()
    assert read("ß".encode(), ignore_case=True).text == "(?:ß)".encode()
    assert read("ǅ".encode(), ignore_case=True).text == "(?:Ǆ|ǅ|ǆ)".encode()


@pytest.mark.parametrize(
    ("pattern", "in_a_line", "across_lines"),
    [
        (rb"\s", rb"[\t\x0b\x0c\r ]", rb"\s"),
        (rb"\W\D", rb"[^\w\n][^\d\n]", rb"\W\D"),
        (rb"\Aa\z", b"^a$", rb"\Aa\z"),
        (b"[^a]", rb"[^\na]", b"[^a]"),
        (b"[^]a]", rb"[^\n\]a]", b"[^]a]"),
        (b"(?s)a(?im:b)", b"a(?i:b)", b"(?s)a(?im:b)"),
    ],
)
def test_what_could_match_a_line_break_does_so_only_across_lines(
    pattern: bytes, in_a_line: bytes, across_lines: bytes
) -> None:
    assert read(pattern).text == in_a_line
    assert read(pattern, across=True).text == across_lines
