"""Numbers of bytes and lines, as people read them."""

from __future__ import annotations

_STEP = 1024
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def size(count: int) -> str:
    """Write a number of bytes with a unit, to two digits or three, such as `1.5 KiB`."""
    amount, unit = float(count), 0
    while round(amount) >= _STEP and unit < len(_UNITS) - 1:
        amount, unit = amount / _STEP, unit + 1
    return f"{count} B" if unit == 0 else f"{amount:.{0 if amount >= 10 else 1}f} {_UNITS[unit]}"


def counted(lines: int) -> str:
    """Write a number of lines, such as `1 line` or `2 lines`."""
    return "1 line" if lines == 1 else f"{lines} lines"
