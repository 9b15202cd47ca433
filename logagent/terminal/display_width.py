"""How many columns a text takes on a terminal; only loaded where one is printed to, or a text is not ASCII."""

from __future__ import annotations

import re
import unicodedata

TAB = 8
"""Columns from one tab stop to the next."""

_COLORS = re.compile(r"\x1b\[[0-9;]*m")
_NO_COLUMN = frozenset({"Mn", "Me", "Cf"})
"""Categories of characters that are drawn over the one before them, or not at all."""


def columns(text: str) -> int:
    """Return the columns that a text of one line takes; wide letters, as of Chinese, take two."""
    if text.isascii() and text.isprintable():
        return len(text)
    taken = 0
    for letter in _COLORS.sub("", text):
        taken += TAB - taken % TAB if letter == "\t" else _width(letter)
    return taken


def padded(text: str, width: int) -> str:
    """Return a text with spaces behind it, as many columns wide as `width` at least."""
    return text + " " * (width - columns(text))


def _width(letter: str) -> int:
    if unicodedata.category(letter) in _NO_COLUMN:
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def rows(lines: bytes, width: int, most: int) -> int:
    """Return the rows that lines take on a terminal of so many columns; counting ends behind `most`."""
    taken, begin = 0, 0
    while begin < len(lines) and taken <= most:
        end = lines.find(b"\n", begin)
        end = len(lines) if end < 0 else end
        # A line that is too long for the screen is measured as far as it may fit: a letter takes four bytes at most.
        line = lines[begin : min(end, begin + 8 * width * (most + 1))].decode("utf-8", "replace")
        taken += max(1, -(-columns(line) // width))
        begin = end + 1
    return taken
