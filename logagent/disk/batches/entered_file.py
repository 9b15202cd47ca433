"""A file whose lines are put into batches, and where in it they lie."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from logagent.core.batch import Column, Origin
from logagent.core.code_units import unit_of, width

PlaceOf = Callable[[int], int]
"""Gives the offset in a file for that of a line in the blocks that are read of it."""


class EnteredFile(NamedTuple):
    """A file that a builder was told of.

    Attributes:
        origin: as batches name it.
        place_of: None: offsets in its blocks are those in the file.
    """

    origin: Origin
    place_of: PlaceOf | None

    def place(self, start: int, text: bytes | None = None) -> int:
        """Return the offset in the file of a line or event, or after it.

        Args:
            start: its offset in the blocks.
            text: all of it, to get the offset after it; None: where it begins is wanted.
        """
        begin = start if self.place_of is None else self.place_of(start)
        if text is None:
            return begin
        unit = unit_of(self.origin.fingerprint)
        return begin + width(text, unit) + unit


def places_in(entered: Sequence[EnteredFile], starts: Column, files: list[int] | None) -> Column:
    """Return the offsets of lines in their files.

    Args:
        entered: the files.
        starts: the offsets of the lines in blocks.
        files: the index of each line's file; None: all are of the last one.
    """
    if files is None:
        place_of = entered[-1].place_of
        return starts if place_of is None else list(map(place_of, starts))
    return [entered[file].place(start) for file, start in zip(files, starts, strict=False)]
