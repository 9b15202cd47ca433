"""Tables of text."""

from __future__ import annotations

import io
import os

import pytest

from logagent.terminal.streams import Streams
from logagent.terminal.tables import cut, print_table, table
from testbed.console import Console


def test_columns_are_as_wide_as_their_widest_cell_and_lines_end_without_spaces() -> None:
    assert table(("A", "LONG", ""), [("first", "x", ""), ("b", "longer", "end")]).splitlines() == [
        "A      LONG",
        "first  x",
        "b      longer  end",
    ]


def test_table_without_rows_is_its_header() -> None:
    assert table(("HOST", "FILE"), []) == "HOST  FILE\n"


def test_cell_of_another_machine_is_one_line_that_commands_no_terminal() -> None:
    assert table(("A", "B"), [("\x1b[2J\nx", "y")]) == "A             B\n\\x1b[2J\\x0ax  y\n"


def test_wide_letters_take_two_columns() -> None:
    assert table(("A", "B"), [("日本", "x"), ("ab", "y")]) == "A     B\n日本  x\nab    y\n"


@pytest.mark.parametrize(
    ("row", "width", "left"),
    [
        ("abcdef", 6, "abcdef"),
        ("abcdefg", 6, "abcde…"),
        ("日本語", 6, "日本語"),
        ("日本語x", 6, "日本…"),
        ("日本語", 4, "日…"),
    ],
)
def test_a_row_is_cut_at_the_edge(row: str, width: int, left: str) -> None:
    assert cut(row, width) == left


class Terminal(io.BytesIO):
    """A terminal of six columns, in memory."""

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return 1


def test_only_on_a_terminal_rows_are_cut(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "get_terminal_size", lambda _descriptor: os.terminal_size((6, 24)))
    print_table("ABCDEFG\nx\n", console.streams)
    assert console.data == "ABCDEFG\nx\n"
    terminal = Terminal()
    print_table("ABCDEFG\nx\n", Streams(terminal, console.stderr))
    assert terminal.getvalue().decode() == "ABCDE…\nx\n"
