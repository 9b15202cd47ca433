"""Where in its file decoded text lies: offsets of text in UTF-8 as those of the file's own bytes."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import deque

from logagent.core.code_units import width
from logagent.disk.files.blocks import Block

HELD = 16
"""Blocks that were given last and are held: context and events may begin in any of them."""


class FilePlaces:
    """Knows where in the file the blocks of its decoded text begin.

    Args:
        unit: bytes of a code unit; 1: the text is the file's own, so that all offsets are equal.
    """

    def __init__(self, unit: int) -> None:
        self.unit = unit
        self._begins: list[int] = []
        self._places: dict[int, tuple[int, bool]] = {}
        self._given: deque[Block] = deque(maxlen=HELD)
        self._last = 0, 0

    def note(self, offset: int, body: bytes, place: int) -> None:
        """Note that a stretch of the text at an offset begins at a place in the file."""
        if self.unit > 1:
            if offset not in self._places:
                insort(self._begins, offset)
            self._places[offset] = place, body.isascii()

    def give(self, block: Block) -> None:
        """Note that the reader is given a block, and so may ask for places in it."""
        if self.unit > 1 and block.body:
            self._given.append(block)

    def begin_of(self, offset: int) -> int:
        """Return the place of a stretch that was noted."""
        return self._places[offset][0] if self.unit > 1 else offset

    def place_of(self, offset: int) -> int:
        """Return the place of a line in the file.

        Args:
            offset: of the line, or behind it, in the text; as long as no block was given, in the file.
        """
        if self.unit == 1 or not self._given:
            return offset
        index = bisect_right(self._begins, offset) - 1
        if index < 0:
            return 0  # nothing but a mark comes before the first block
        begin = self._begins[index]
        place, is_ascii = self._places[begin]
        if is_ascii:
            return place + self.unit * (offset - begin)
        block = next((block for block in self._given if block.offset == begin), None)
        # A block that is not held any more is a long line, which begins where it does, or far from all that is given.
        return place if block is None else self._within(block, place, offset)

    def _within(self, block: Block, place: int, offset: int) -> int:
        """Return the place of a line in a given block, counted from the place asked for before if that is near."""
        at, known = self._last
        if not block.offset <= at <= block.offset + len(block.body):
            at, known = block.offset, place
        body, first, last = block.body, min(at, offset) - block.offset, max(at, offset) - block.offset
        between = width(body[first:last], self.unit) + self.unit * max(0, last - len(body))
        found = known + between if at <= offset else known - between
        self._last = offset, found
        return found
