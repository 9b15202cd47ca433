"""Tables of text."""

from __future__ import annotations

from logagent.terminal.tables import table


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
