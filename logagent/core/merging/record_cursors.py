"""A cursor for each record, since a connection may break after any record, also in the middle of a batch."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from logagent.core.batch import Batch, Position
from logagent.core.cursor import encode_plain
from logagent.core.merging.positions import PartlyGiven, Positions
from logagent.core.notes import Note, NoteKind
from logagent.core.query import Order, Query


class RecordCursors:
    """Makes the cursor after each record of an answer, batch by batch as they are emitted.

    With the cursor of a record, another answer continues exactly after it. A cursor is the empty string where none can
    be made: in a batch without places, or when there are too many logs.

    Args:
        query: what is answered.

    Attributes:
        lacking: how many logs there were when they became too many for a cursor; 0: they never did.
    """

    def __init__(self, query: Query) -> None:
        self._query = query
        self._newest = query.form.order is Order.NEWEST
        self._positions = Positions(newest=self._newest)
        self._positions.advance(query.positions)
        self._last = ""
        self._told_lack = False
        self.lacking = 0

    def behind(self, batch: Batch) -> list[str]:
        """Return the cursor after each record of a batch; the last one includes all positions of the batch."""
        before = PartlyGiven(batch, batch.lines(), 0)
        now = {(position.host, position.log): position for position in self._positions.current([before])}
        cursors = [self._moved(now, position) for position in self._within(batch, before.lines)]
        self._positions.advance(now.values())
        self._positions.advance(batch.positions)
        if batch.count:
            cursors.append(self._cursor(self._positions.current()))
        return cursors

    def moved(self, batch: Batch) -> str:
        """Return the cursor after a batch without lines; empty if it equals the last one returned."""
        if not batch.positions:
            return ""
        self._positions.advance(batch.positions)
        last = self._last
        cursor = self._cursor(self._positions.current())
        return "" if cursor == last else cursor

    def news_of_lack(self) -> list[Note]:
        """Return a note that there are no cursors, once; nothing while there are."""
        if not self.lacking or self._told_lack:
            return []
        self._told_lack = True
        return [Note(NoteKind.RECORD_CURSORS, (), self.lacking)]

    def _moved(self, now: dict[tuple[str, str], Position], position: Position | None) -> str:
        if position is None:
            return ""
        now[position.host, position.log] = position
        return self._cursor(list(now.values()))

    def _within(self, batch: Batch, lines: Sequence[bytes]) -> Iterator[Position | None]:
        """Yield the position after each record but the last, in its own log; None in a batch without places."""
        indexes = batch.origin_of_each()
        begins = [place for place in range(batch.count) if not batch.continues_record(place)]
        for begin, following in itertools.pairwise(begins):
            origin = batch.origins[indexes[begin]]
            if batch.offsets is None:
                yield None
            elif self._newest:  # the lines still to come lie before it
                yield Position(origin.host, origin.log, origin.fingerprint, batch.offsets[begin])
            else:
                last = following - 1
                yield Position(origin.host, origin.log, origin.fingerprint, batch.offset_behind(last, lines[last]))

    def _cursor(self, positions: list[Position]) -> str:
        """Encode a cursor; once there were too many logs, do not try again for every further record."""
        if self.lacking:
            return ""
        cursor = encode_plain(self._query, positions)
        self.lacking = 0 if cursor else len(positions)
        self._last = cursor
        return cursor
