"""Spans: where lines lie in a block of text."""

from __future__ import annotations

from itertools import accumulate

from logagent.core.batch import lines_of

Span = tuple[int, int]
"""Where a line begins in its block, and where it ends, before its line break."""


def all_spans(block: bytes) -> list[Span]:
    """Return the spans of all lines of a block, whose last line break may be missing."""
    lines = lines_of(block)
    starts = accumulate([len(line) + 1 for line in lines], initial=0)
    return [(start, start + len(line)) for start, line in zip(starts, lines, strict=False)]


def spans_ending(ends: list[int], block: bytes) -> list[Span]:
    """Return the spans of the lines that end at the given places.

    Args:
        ends: ascending.
        block: the text.
    """
    spans: list[Span] = []
    rfind, last = block.rfind, 0
    for end in ends:
        spans.append((rfind(b"\n", last, end) + 1, end))
        last = end
    return spans
