"""Where an answer that ends can be continued: its positions, kept while its batches are sent."""

from __future__ import annotations

from dataclasses import dataclass, replace

from logagent.core.batch import Batch, Out
from logagent.core.cursor import encode
from logagent.core.merging.positions import Positions
from logagent.core.notes import Note, NoteKind
from logagent.core.outcome import Outcome
from logagent.core.query import Order, Query, Source


class AnswerCursor:
    """Makes the cursor behind an answer.

    Args:
        query: what is answered. A log without a new position, because its host failed, keeps that of the query.
    """

    def __init__(self, query: Query) -> None:
        self._query = query
        self._records = 0
        self._positions = Positions(newest=query.form.order is Order.NEWEST)
        self._positions.advance(query.positions)

    def note(self, batch: Batch) -> None:
        """Note how far the answer has come with a batch that is sent."""
        self._records += batch.records
        self._positions.advance(batch.positions)

    def after(self, outcome: Outcome) -> tuple[str, int]:
        """Return the cursor after an answer that ended so; and of how many logs the position does not fit into one.

        It is empty if nothing is left. Newest first, that is after a complete answer that stopped neither at `n` nor,
        in any log, at `n_per_file`; oldest first, more may come.
        """
        query, most = self._query, self._query.limits.of_one_log
        whole = outcome.complete and (most is None or self._records < most)
        if query.own or query.form.hits or (whole and query.form.order is Order.NEWEST):
            return "", 0
        # A source may have told that it does not say all positions.
        told = any(note.kind == NoteKind.CURSOR for note in outcome.notes)
        positions = [] if told else self._positions.current()
        cursor = encode(query, positions)
        return cursor, 0 if cursor else len(positions)


@dataclass(frozen=True, slots=True)
class Continuable:
    """A source whose outcome says where another answer goes on.

    Attributes:
        source: sends the batches.
        host: that a note names where too many logs are read for a cursor; empty: all of them.
    """

    source: Source
    host: str = ""

    async def pump(self, query: Query, out: Out) -> Outcome:
        """Forward the source's batches, and make the cursor; see `Source.pump`."""
        cursor = AnswerCursor(query)
        outcome = await self.source.pump(query, _Noting(out, cursor))
        text, missing = cursor.after(outcome)
        lacks = (Note(NoteKind.CURSOR, (), missing, self.host),) if missing else ()
        return replace(outcome, cursor=text, notes=(*outcome.notes, *lacks))


@dataclass(frozen=True, slots=True)
class _Noting:
    out: Out
    cursor: AnswerCursor

    async def send(self, batch: Batch) -> None:
        await self.out.send(batch)
        self.cursor.note(batch)
