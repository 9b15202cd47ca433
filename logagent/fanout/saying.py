"""What a merge hears of its sources besides lines, and tells its reader: who has something, progress, notes, positions.

Nothing in here looks at all sources each time when one of them says something: there may be a thousand.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import replace

import trio

from logagent.core.batch import Batch, Position
from logagent.core.notes import Note

FEW_NOTES = 50
"""Notes that are told as they come; each time all of them are."""
NOTES_EVERY = 1.0
"""Seconds between two times at which more notes than that are told: a note waits for no line."""


class Waker:
    """Wakes a task when there is something for it."""

    def __init__(self) -> None:
        self._event = trio.Event()

    def wake(self) -> None:
        """Say that there is something."""
        self._event.set()

    async def wait(self) -> None:
        """Wait until there is something, which counts as known then."""
        await self._event.wait()
        self._event = trio.Event()


class News(Waker):
    """Wakes the task that merges when a source has something for it.

    Attributes:
        alive: whether a sign of life has arrived that was not forwarded yet.
        told: the numbers of the sources that may have something.
    """

    def __init__(self) -> None:
        super().__init__()
        self.alive = False
        self.told: set[int] = set()

    def tell(self, number: int, *, alive: bool = False) -> None:
        """Say that a source has something, or is alive."""
        self.alive = self.alive or alive
        self.told.add(number)
        self.wake()

    def take_told(self) -> set[int]:
        """Return which sources may have something since the last call."""
        told, self.told = self.told, set()
        return told


class Saying:
    """What the reader was told of the progress of all sources, and what is new since.

    Args:
        notes: returns all notes of the sources so far.
        positions: returns the positions that have changed since its last call.

    Attributes:
        moved: whether a position may have changed since they were told.
        noted: whether notes may have changed since they were told.
        urgent: whether a note must not wait, since the lines that follow are to be read with it.
    """

    def __init__(self, notes: Callable[[], tuple[Note, ...]], positions: Callable[[], Iterable[Position]]) -> None:
        self.moved = self.noted = self.urgent = False
        self._notes = notes
        self._positions = positions
        self._scanned = self._planned = 0
        self._told_notes: tuple[Note, ...] = ()
        self._noted_at = -math.inf

    def hear(self, batch: Batch) -> None:
        """Note the progress of a source, as its batch tells it."""
        self._scanned += batch.scanned
        self._planned += batch.planned
        self.noted |= bool(batch.notes)

    def told_with(self, batch: Batch, *, last: bool = False) -> Batch:
        """Return the batch with the progress since the last one: bytes scanned and planned, positions, and notes.

        Args:
            batch: what is sent.
            last: whether nothing is sent afterwards.
        """
        scanned, planned, self._scanned, self._planned = self._scanned, self._planned, 0, 0
        notes, positions = self._news_of_notes(last=last), self._news_of_positions()
        return replace(batch, scanned=scanned, planned=planned, notes=notes, positions=positions)

    def _news_of_notes(self, *, last: bool) -> tuple[Note, ...]:
        """Return all notes, if they have changed since the last call.

        Many, as of a thousand hosts that come one by one, are told once in `NOTES_EVERY` at most.
        """
        is_soon = len(self._told_notes) > FEW_NOTES and trio.current_time() < self._noted_at + NOTES_EVERY
        if not (self.urgent or self.noted) or (is_soon and not last and not self.urgent):
            return ()
        self.noted, self.urgent, self._noted_at = False, False, trio.current_time()
        told, self._told_notes = self._told_notes, self._notes()
        return self._told_notes if self._told_notes != told else ()

    def _news_of_positions(self) -> tuple[Position, ...]:
        if not self.moved:
            return ()
        self.moved = False
        return tuple(self._positions())
