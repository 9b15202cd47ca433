"""A source whose answer may lack hosts that nobody knows, since what names them was never read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from logagent.core.batch import Out
from logagent.core.notes import Note
from logagent.core.outcome import Outcome
from logagent.core.query import Query, Source
from logagent.core.wire.unread_sources import lacking_hosts
from logagent.fanout.noting import Noting


@dataclass(frozen=True, slots=True)
class Lacking:
    """A source whose answer may lack hosts that nobody knows.

    Attributes:
        source: sends the batches.
        host: the agent that answers.
        notes: of what this agent has never read, or what was never there.
        is_read: returns whether it has read all of that by now; a follow takes up the hosts then.
        judges: whether a client has asked, so that the answer is not complete.
    """

    source: Source
    host: str
    notes: tuple[Note, ...]
    is_read: Callable[[], bool]
    judges: bool

    async def pump(self, query: Query, out: Out) -> Outcome:
        """Forward the source's batches, add the notes, and judge them at the end; see `Source.pump`."""
        source = Noting(self.source, self.notes) if self.notes else self.source
        outcome = await source.pump(query, out)
        if not self.judges:
            return outcome
        return lacking_hosts(outcome, (self.host,) if query.follow and self.is_read() else ())
