"""Columns and rows that a text takes on a terminal."""

from __future__ import annotations

import pytest

from logagent.terminal.display_width import columns, padded, rows


@pytest.mark.parametrize(
    ("text", "width"),
    [
        ("", 0),
        ("abc", 3),
        ("日本語", 6),
        ("é", 1),
        ("e\u0301", 1),
        ("a\tb", 9),
        ("\x1b[1;31mabc\x1b[0m", 3),
        ("\uff57", 2),
        ("a\u200db", 2),
    ],
)
def test_columns_of_a_text(text: str, width: int) -> None:
    assert columns(text) == width
    assert columns(padded(text, 12)) == 12


@pytest.mark.parametrize(
    ("lines", "taken"),
    [("", 0), ("\n", 1), ("a\nb\n", 2), ("a" * 10 + "\n", 1), ("a" * 11 + "\n", 2), ("日" * 6 + "\n", 2), ("a", 1)],
)
def test_rows_of_lines(lines: str, taken: int) -> None:
    assert rows(lines.encode(), 10, 50) == taken


def test_rows_are_counted_no_further_than_needed() -> None:
    assert rows(b"\n" * 1000, 80, 24) == 25
    assert 25 <= rows(b"x" * 10**6, 80, 24) < 1000
