"""Positions: how far each log of an answer was emitted, also while some lines of a batch are still held."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol, TypeAlias

from logagent.core.batch import Batch, Column, Position

Log: TypeAlias = tuple[str, str]
"""Host and log."""
Border: TypeAlias = tuple[int | None, int | None]
"""Of the lines of one origin in a batch, the index of the last that was emitted, and if there is none of the first."""


class Held(Protocol):
    """A batch whose first lines were emitted, while the others are held."""

    @property
    def batch(self) -> Batch:
        """The batch."""
        ...

    @property
    def lines(self) -> Sequence[bytes]:
        """All its lines; asked for only where they count, since to cut a large batch takes a while."""
        ...

    @property
    def given(self) -> int:
        """How many of the lines were emitted."""
        ...

    def borders(self) -> dict[int, Border]:
        """Return where each origin that lines have is up to."""
        ...


class PartlyGiven(NamedTuple):
    """A batch that is held, with its lines."""

    batch: Batch
    lines: Sequence[bytes]
    given: int

    def borders(self) -> dict[int, Border]:
        """Return where each origin that lines have is up to."""
        return borders_of(self.batch, self.given)


class Positions:
    """The position of each log.

    Args:
        newest: whether logs are read from their end to their beginning.
    """

    def __init__(self, *, newest: bool) -> None:
        self._newest = newest
        self._reached: dict[Log, Position] = {}

    def advance(self, positions: Iterable[Position]) -> None:
        """Set the position of each log that occurs; the last position of a log counts."""
        for position in positions:
            self._reached[position.host, position.log] = position

    def current(self, held: Iterable[Held] = ()) -> list[Position]:
        """Return the position of each log.

        Args:
            held: batches that were emitted partly or not at all; their positions must not have been set.
        """
        return list((self._reached | self.within(held)).values())

    def within(self, held: Iterable[Held]) -> dict[Log, Position]:
        """Return the positions in batches that were emitted partly or not at all; see `current`."""
        found: dict[Log, Position] = {}
        known = ChainMap(found, self._reached)
        for partly in held:
            for position in self._within(partly, known):
                found[position.host, position.log] = position
        return found

    def _within(self, partly: Held, now: Mapping[Log, Position]) -> Iterator[Position]:
        """Yield the positions in a batch that was partly emitted, in the order in which its files are read."""
        batch = partly.batch
        if batch.offsets is None:
            return
        borders = partly.borders()
        logs = {(batch.origins[index].host, batch.origins[index].log) for index in borders}
        for position in batch.positions:
            if (position.host, position.log) not in logs:
                yield position  # the batch has no line of that log, so the position holds before and after the batch
        for index, (last, first) in sorted(borders.items()):
            origin = batch.origins[index]
            log = origin.host, origin.log
            if last is not None:
                yield Position(*log, origin.fingerprint, self._behind(partly, batch.offsets, last))
            elif log not in now and first is not None:
                yield Position(*log, origin.fingerprint, self._before(partly, batch.offsets, first))

    def _behind(self, partly: Held, offsets: Column, place: int) -> int:
        """Return the offset after a line, in the order of the answer: newest first, where its record begins."""
        if not self._newest:
            return partly.batch.offset_behind(place, partly.lines[place])
        while place and partly.batch.continues_record(place):
            place -= 1
        return offsets[place]

    def _before(self, partly: Held, offsets: Column, place: int) -> int:
        """Return the offset before a line, in the order of the answer: newest first, where its record ends."""
        if not self._newest:
            return offsets[place]
        while place + 1 < partly.batch.count and partly.batch.continues_record(place + 1):
            place += 1
        return partly.batch.offset_behind(place, partly.lines[place])


def borders_of(batch: Batch, given: int) -> dict[int, Border]:
    """Return where each origin is up to in a batch of which so many lines were emitted."""
    if batch.origin is None:
        return {0: (given - 1 if given else None, given if given < batch.count else None)} if batch.origins else {}
    last = dict(zip(batch.origin[:given], range(given), strict=True))
    first = dict(zip(batch.origin[given:][::-1], range(batch.count - 1, given - 1, -1), strict=True))
    return {index: (last.get(index), first.get(index)) for index in {*last, *first}}
