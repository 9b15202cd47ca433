"""A merge of one stream, which has nothing to merge."""

from __future__ import annotations

from collections.abc import Iterable

from logagent.core.batch import Batch, Position
from logagent.core.limits import Allowance
from logagent.core.merging.merge import Merged
from logagent.core.merging.positions import Log, Positions


class Relay:
    """A merge of one stream: forwards its batches unchanged, since the stream itself keeps within the allowance.

    It has the methods and properties of `Merge`.
    """

    def __init__(self) -> None:
        self._batch: Batch | None = None
        self._running = True
        self._positions = Positions(newest=True)
        self._moved: dict[Log, Position] = {}
        self._told: dict[Log, Position] = {}

    @property
    def waiting_for(self) -> set[int]:
        """The one stream if its next batch or end is needed, else nothing."""
        return {0} if self._running and self._batch is None else set()

    def add(self, stream: int, batch: Batch) -> None:
        """Add the next batch."""
        assert stream in self.waiting_for
        self._batch = batch

    def note(self, stream: int, positions: Iterable[Position]) -> None:
        """Note the positions that the stream has reached."""
        self._advance(positions)

    @property
    def runs_short(self) -> set[int]:
        """Nothing: it is waited for, or has what is forwarded."""
        return set()

    @property
    def held_lines(self) -> int:
        """None that are merged: they are forwarded."""
        return 0

    @property
    def positions(self) -> list[Position]:
        """How far each log was emitted so far."""
        return self._positions.current()

    def news(self) -> list[Position]:
        """Return the positions that changed since the last call."""
        new = {log: position for log, position in self._moved.items() if self._told.get(log) != position}
        self._moved = {}
        self._told |= new
        return list(new.values())

    def _advance(self, positions: Iterable[Position]) -> None:
        reached = list(positions)
        self._positions.advance(reached)
        self._moved |= {(position.host, position.log): position for position in reached}

    def end(self, stream: int) -> None:
        """Note that the stream has ended; a batch that it added is kept."""
        self._running = False

    @property
    def done(self) -> bool:
        """Whether the stream has ended and all its lines were emitted."""
        return not self._running and self._batch is None

    def take(self, allowance: Allowance) -> Merged | None:
        """Take the batch that was added last; None if there is none."""
        batch, self._batch = self._batch, None
        self._advance(batch.positions if batch else ())
        return Merged(batch, {0: batch.count}) if batch else None
