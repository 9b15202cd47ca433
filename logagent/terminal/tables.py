"""Tables of text, as `files` and `hosts` print them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from logagent.core.escapes import in_line
from logagent.terminal.streams import Streams


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Lay out rows in columns, each as wide as its widest cell, with two spaces between them.

    Cells may come from another machine: each becomes one line, without characters that could command a terminal.

    Args:
        header: the first row; every other row has as many cells.

    Returns:
        A line for each row, without spaces at its end.
    """
    cells = [tuple(header), *(tuple(map(in_line, row)) for row in rows)]
    if all(cell.isascii() for row in cells for cell in row):
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        return "".join("  ".join(map(str.ljust, row, widths)).rstrip() + "\n" for row in cells)
    # Imported here, since most tables are ASCII.
    from logagent.terminal.display_width import columns, padded

    widths = [max(map(columns, column)) for column in zip(*cells, strict=True)]
    return "".join("  ".join(map(padded, row, widths)).rstrip() + "\n" for row in cells)


def print_table(text: str, streams: Streams) -> None:
    """Print a table; on a terminal each row takes one line, and ends with `…` where it is too long for that."""
    try:
        width = os.get_terminal_size(streams.stdout.fileno()).columns if streams.stdout.isatty() else 0
    except OSError:
        width = 0
    streams.print("".join(cut(row, width) + "\n" for row in text.splitlines()) if width else text)


def cut(row: str, width: int) -> str:
    """Return the beginning of a row that takes at most so many columns."""
    from logagent.terminal.display_width import columns

    if columns(row) <= width:
        return row
    while columns(row) > width - 1:
        row = row[:-1]
    return f"{row}…"
