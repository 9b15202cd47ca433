"""Running the command `follow`: survives lost connections, and reports where to continue when it ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import trio

from logagent.core.batch import Batch, Out
from logagent.core.cursor import encode
from logagent.core.merging.positions import Positions
from logagent.core.outcome import Outcome
from logagent.core.query import Query, Source
from logagent.peers.client.http_client import connect
from logagent.peers.resumed import Resumed
from logagent.peers.source import PeerSource
from logagent.terminal.answer import report
from logagent.terminal.query import show
from logagent.terminal.question import Question
from logagent.terminal.streams import Streams
from logagent.terminal.verdicts import how_to_continue


async def follow(asked: Question, streams: Streams, environ: Mapping[str, str]) -> int:
    """Print lines as they are written, until the agent ends the follow.

    The agent must be reachable at first; when it is lost later, it is asked again. Cancelling cancels the agent's work
    too.

    Returns:
        The exit code.

    Raises:
        OSError: if the lines cannot be written.
    """
    agent = asked.agent
    async with connect(agent.url, tls=agent.tls, credential=agent.credential, trace=agent.trace) as client:
        source = Bookmarked(Resumed("", PeerSource(client), waits=False), asked.query)
        try:
            outcome = await show(source, asked, streams, environ)
        except trio.Cancelled:
            if asked.show_cursor and source.cursor:
                streams.say(how_to_continue(source.cursor))
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
