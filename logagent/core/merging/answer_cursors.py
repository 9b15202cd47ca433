"""Where an answer that ends can be continued: its positions, kept while its batches are sent."""

from __future__ import annotations

from logagent.core.batch import Batch
from logagent.core.cursor import encode
from logagent.core.merging.positions import Positions
from logagent.core.notes import NoteKind
from logagent.core.outcome import Outcome
from logagent.core.query import Order, Query


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
