"""The commands `grep`, `tail`, `ls` and `cat` on Trio: `tail -f`, and agents behind what speaks HTTP/1.1 only."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import trio

from logagent.core.batch import Out
from logagent.core.outcome import Outcome
from logagent.core.query import Query
from logagent.core.wire.listing import Listing
from logagent.peers.client.http_client import connect
from logagent.peers.direct.waiting import Late
from logagent.peers.listing import ask_for_files
from logagent.peers.resumed import Resumed
from logagent.peers.source import PeerSource
from logagent.terminal.address import only_agent
from logagent.terminal.streams import Streams
from logagent.terminal.unix.commands import Command
from logagent.terminal.unix.reading import AskedAgent
from logagent.terminal.unix.running import run_with


@dataclass(frozen=True, slots=True)
class ClientAgent:
    """An agent that is asked over a client of HTTP."""

    client: httpx.AsyncClient
    until: float

    async def list_files(self, query: Query, patience: float) -> Listing:
        """List files; see `reading.AskedAgent`."""
        with trio.move_on_after(patience):
            return await ask_for_files(self.client, query)
        raise Late

    async def pump(self, query: Query, out: Out) -> Outcome:
        """Answer a query; see `reading.AskedAgent`; a follow goes on when the agent was lost and is back."""
        if query.follow is not None:
            return await Resumed("", PeerSource(self.client), waits=False).pump(query, out)
        with trio.move_on_after(self.until - time.monotonic()):
            return await PeerSource(self.client).pump(query, out)
        raise Late


async def run(command: Command, streams: Streams, environ: Mapping[str, str]) -> int:
    """Run a command, and return its exit code; cancelling cancels the agent's work too.

    Raises:
        OSError: if the answer cannot be written.
        ConfigError: for arguments that cannot be used of several hosts.
    """
    asked = only_agent(command.request.agent)

    @asynccontextmanager
    async def connected(until: float) -> AsyncIterator[AskedAgent]:
        async with connect(asked.url, tls=asked.tls, credential=asked.credential, trace=asked.trace) as client:
            yield ClientAgent(client, until)

    return await run_with(connected, command, streams, environ)
