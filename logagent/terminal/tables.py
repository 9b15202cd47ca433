"""Tables of text, as `files` and `hosts` print them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from logagent.core.escapes import in_line


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Lay out rows in columns, each as wide as its widest cell, with two spaces between them.

    Cells may come from another machine: each becomes one line, without characters that could command a terminal.

    Args:
        header: the first row; every other row has as many cells.

    Returns:
        A line for each row, without spaces at its end.
    """
    cells = [tuple(header), *(tuple(map(in_line, row)) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "".join("  ".join(map(str.ljust, row, widths)).rstrip() + "\n" for row in cells)
