"""Colours that tell hosts apart."""

from __future__ import annotations

import zlib
from collections.abc import Mapping

from logagent.terminal.arguments import When

PALETTE = (32, 37, 65, 67, 71, 97, 100, 103, 130, 133, 137, 166, 168, 172)
"""Colours, of the 256 that most terminals have, of medium lightness: they are legible on black and on white."""


def color_of(host: str) -> int:
    """Return a host's colour, which is the same in every run and on every machine."""
    return PALETTE[zlib.crc32(host.encode("utf-8", "surrogateescape")) % len(PALETTE)]


def painted(text: str, host: str) -> str:
    """Give a text the colour of a host."""
    return f"\x1b[38;5;{color_of(host)}m{text}\x1b[0m"


def wants_color(asked: When, *, terminal: bool, environ: Mapping[str, str]) -> bool:
    """Return whether to print in colour.

    Args:
        asked: `auto` means: on a terminal that can, unless NO_COLOR is set (https://no-color.org).
        terminal: whether the output is a terminal.
    """
    if asked != "auto":
        return asked == "always"
    return terminal and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"
