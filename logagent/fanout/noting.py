"""A source whose answer has notes about something else than what it reads."""

from __future__ import annotations

from dataclasses import dataclass, replace

from logagent.core.batch import Noted, Out
from logagent.core.notes import Note, add_up
from logagent.core.outcome import Outcome
from logagent.core.query import Query, Source


@dataclass(frozen=True, slots=True)
class Noting:
    """A source whose answer has notes about something else than what it reads.

    Attributes:
        source: sends the batches.
        notes: these notes.
    """

    source: Source
    notes: tuple[Note, ...]

    async def pump(self, query: Query, out: Out) -> Outcome:
        """Forward the source's batches, and add the notes; see `Source.pump`."""
        outcome = await self.source.pump(query, Noted(out, self.notes))
        return replace(outcome, notes=add_up((*self.notes, *outcome.notes)))
