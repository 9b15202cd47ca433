"""Where a follow is: kept while its lines are taken, so that another one can go on from there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import trio

from logagent.core.batch import Batch, Out
from logagent.core.cursor import encode
from logagent.core.merging.positions import Positions
from logagent.core.outcome import Outcome
from logagent.core.query import Query, Source
from logagent.terminal.answer import report
from logagent.terminal.question import Question
from logagent.terminal.showing import show
from logagent.terminal.streams import Streams
from logagent.terminal.verdicts import how_to_continue


async def show_bookmarked(source: Source, asked: Question, streams: Streams, environ: Mapping[str, str]) -> int:
    """Print what a follow sends until it ends, and report on it; if it is cancelled, say where to continue if asked to.

    Returns:
        The exit code.

    Raises:
        OSError: if the lines cannot be written.
    """
    marked = Bookmarked(source, asked.query)
    try:
        outcome = await show(marked, asked, streams, environ)
    except trio.Cancelled:
        if asked.show_cursor and marked.cursor:
            streams.say(how_to_continue(marked.cursor))
        raise
    return report(outcome, asked, streams)


class Bookmarked:
    """A source that keeps the positions of the lines that were taken, however it ends.

    Args:
        query: the query that the cursor belongs to.
    """

    def __init__(self, source: Source, query: Query) -> None:
        self._source = source
        self._query = query
        self._positions = Positions(newest=False)
        self._positions.advance(query.positions)

    @property
    def cursor(self) -> str:
        """The cursor from which another follow continues; empty if no position is known, or if it would be too long."""
        return encode(self._query, self._positions.current())

    async def pump(self, query: Query, out: Out) -> Outcome:
        """Send the source's batches, and put the cursor into its outcome."""
        return replace(await self._source.pump(query, _Marking(out, self._positions)), cursor=self.cursor)


class _Marking:
    """Forwards batches, and notes their positions once they were taken."""

    def __init__(self, out: Out, positions: Positions) -> None:
        self._out = out
        self._positions = positions

    async def send(self, batch: Batch) -> None:
        await self._out.send(batch)
        self._positions.advance(batch.positions)
