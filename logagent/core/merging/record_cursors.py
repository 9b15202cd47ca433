"""A cursor for each record, since a connection may break behind any of them, also in the middle of a batch."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from logagent.core.batch import Batch, Position
from logagent.core.cursor import encode
from logagent.core.merging.positions import Head, Positions
from logagent.core.query import Order, Query


class RecordCursors:
    """Where another answer to `query` goes on exactly behind each record, batch by batch as they are given out.

    A cursor is the empty string where none can be made: in a batch without places, or when the logs are too many.
    """

    def __init__(self, query: Query) -> None:
        self._query = query
        self._newest = query.form.order is Order.NEWEST
        self._positions = Positions(newest=self._newest)
        self._positions.pass_by(query.positions)
        self._last = ""
        self._too_many = False

    def behind(self, batch: Batch) -> list[str]:
        """The cursor behind each record of the batch, the last one standing for all that the batch tells."""
        before = {(position.host, position.log): position for position in self._positions.at([_untouched(batch)])}
        cursors = [self._moved(before, position) for position in self._within(batch)]
        self._positions.pass_by(before.values())
        self._positions.pass_by(batch.positions)
        if batch.count:
            cursors.append(self._cursor(self._positions.at()))
        return cursors

    def moved(self, batch: Batch) -> str:
        """The cursor behind a batch without lines; empty if it is the same as the one given last."""
        if not batch.positions:
            return ""
        self._positions.pass_by(batch.positions)
        last = self._last
        cursor = self._cursor(self._positions.at())
        return "" if cursor == last else cursor

    def _moved(self, now: dict[tuple[str, str], Position], position: Position | None) -> str:
        if position is None:
            return ""
        now[position.host, position.log] = position
        return self._cursor(list(now.values()))

    def _within(self, batch: Batch) -> Iterator[Position | None]:
        """The position of its own log behind each record but the last."""
        lines, indexes = batch.lines(), batch.origin_of_each()
        begins = [place for place in range(batch.count) if not batch.goes_on(place)]
        for begin, following in itertools.pairwise(begins):
            origin = batch.origins[indexes[begin]]
            if batch.offsets is None:
                yield None
            elif self._newest:  # What is still to come lies before it.
                yield Position(origin.host, origin.log, origin.fingerprint, batch.offsets[begin])
            else:
                last = following - 1
                yield Position(origin.host, origin.log, origin.fingerprint, batch.behind(last, lines[last]))

    def _cursor(self, positions: list[Position]) -> str:
        """Once there are too many logs there always are: it is not tried again for every record."""
        if self._too_many:
            return ""
        cursor = encode(self._query, positions)
        self._too_many = bool(positions) and not cursor
        self._last = cursor
        return cursor


def _untouched(batch: Batch) -> Head:
    return Head(batch, batch.lines(), 0)
