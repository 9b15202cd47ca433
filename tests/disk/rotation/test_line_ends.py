"""Where lines end in a text that grows, and how overlong and unfinished lines are cut."""

from __future__ import annotations

import pytest

from logagent.disk.rotation.line_ends import LineEnds


def test_whole_lines_end_at_the_last_line_break() -> None:
    lines = LineEnds(100)
    lines.append(b"one\ntw")
    assert (lines.searched, lines.whole, lines.cuts) == (6, 4, [])
    lines.append(b"o\n")
    assert (lines.searched, lines.whole) == (8, 8)


@pytest.mark.parametrize("looks", [[b"0123456789\nab\n"], [b"01234", b"56789\nab", b"\n"], [b"0123456789\n", b"ab\n"]])
def test_overlong_lines_are_cut_in_the_same_places_however_they_come(looks: list[bytes]) -> None:
    lines = LineEnds(4)
    for text in looks:
        lines.append(text)
    assert (lines.whole, lines.cuts) == (14, [4, 8])


def test_a_line_of_exactly_the_longest_length_is_not_cut() -> None:
    lines = LineEnds(4)
    lines.append(b"0123\n")
    assert (lines.whole, lines.cuts) == (5, [])


def test_half_a_line_that_is_ended_is_cut_once() -> None:
    lines = LineEnds(100)
    lines.append(b"one\nha")
    lines.end_half_line()
    lines.end_half_line()
    assert (lines.whole, lines.cuts) == (6, [6])


def test_lines_are_read_up_to_the_next_cut() -> None:
    lines = LineEnds(100)
    lines.append(b"one\nha")
    lines.end_half_line()
    lines.append(b"lf\nend\n")
    assert [lines.limit(offset) for offset in (0, 4, 6, 9)] == [(6, True), (6, True), (13, False), (13, False)]


def test_cuts_behind_a_new_beginning_are_dropped() -> None:
    lines = LineEnds(4)
    lines.append(b"0123456789")
    lines.begin_at(5)
    assert (lines.searched, lines.whole, lines.cuts) == (5, 5, [4])
