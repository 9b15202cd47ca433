"""A follow from the command line: over lost connections, and with a word on where to go on once it ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import trio

from logagent.core.batch import Batch, Out
from logagent.core.cursor import encode
from logagent.core.merging.positions import Positions
from logagent.core.outcome import Outcome
from logagent.core.query import Query, Source
from logagent.peers.client.transport import connect
from logagent.peers.resumed import Resumed
from logagent.peers.source import PeerSource
from logagent.terminal.query import Question, show, tell_end
from logagent.terminal.streams import Streams
from logagent.terminal.verdicts import going_on


async def follow(asked: Question, streams: Streams, environ: Mapping[str, str]) -> int:
    """Print lines as they are written, until the agent ends it; return the exit code. It must be reached at first, and
    is waited for when it is lost later. Cancelling cancels the agent's work."""
    async with connect(asked.agent.url, tls=asked.agent.tls) as client:
        source = Bookmarked(Resumed("", PeerSource(client), waits=False), asked.query)
        try:
            outcome = await show(source, asked, streams, environ)
        except trio.Cancelled:
            if asked.verbose and source.cursor:
                streams.say(going_on(source.cursor))
            raise
    return tell_end(outcome, asked, streams)


class Bookmarked:
    """A follow that knows how far it came, however it ends. query: what is asked, which the cursor belongs to."""

    def __init__(self, source: Source, query: Query) -> None:
        self._source = source
        self._query = query
        self._positions = Positions(newest=False)
        self._positions.pass_by(query.positions)

    @property
    def cursor(self) -> str:
        """Where another follow goes on; empty if that is not known, or too much to say."""
        return encode(self._query, self._positions.at())

    async def pump(self, query: Query, out: Out) -> Outcome:
        """As `Source.pump`, with the cursor in the outcome."""
        return replace(await self._source.pump(query, _Marking(out, self._positions)), cursor=self.cursor)


class _Marking:
    """Notes how far logs are done once a batch is passed on."""

    def __init__(self, out: Out, positions: Positions) -> None:
        self._out = out
        self._positions = positions

    async def send(self, batch: Batch) -> None:
        await self._out.send(batch)
        self._positions.pass_by(batch.positions)
