"""One agent that this one knows: what it is called, one client for queries, and further clients for follows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

import httpx
import trio

from logagent.core.batch import Out
from logagent.core.outcome import Outcome, Status
from logagent.core.query import Query, Source
from logagent.core.wire.hosts import HostState
from logagent.core.wire.listing import Listing
from logagent.peers.client.dialing import Background
from logagent.peers.health import state_of
from logagent.peers.listing import listing_of
from logagent.peers.roll import Roll
from logagent.peers.sharing import FollowClients, SharingSource
from logagent.peers.source import PeerSource
from logagent.peers.takers import Takers
from logagent.peers.target import Target


class Connect(Protocol):
    """Makes a client of an agent."""

    def __call__(self, url: str, *, background: Background | None = None) -> httpx.AsyncClient:
        """Return a client for the agent at a URL."""
        ...


class KnownAgent:
    """One agent that this one knows; whoever makes it closes it.

    Args:
        target: where it is.
        connect: makes a client of it.
        background: where attempts to connect go on.

    Attributes:
        target: with the name that the agent bears, once it is known.
        origin: the key of the target as it was found.
        client: carries queries.
        takers: knows whether it takes callers.
    """

    def __init__(self, target: Target, connect: Connect, background: Background) -> None:
        self.target = target
        self.origin = target.key
        url = target.urls[0]
        self.client = connect(url, background=background)
        self.takers = Takers()
        self._follow_clients = FollowClients(partial(connect, url))
        self._users = 0
        self._unused = trio.Event()

    def describe(self, target: Target) -> None:
        """Take what its source says of it now; a name that it said itself stays."""
        self.target = replace(target, name=target.name or self.target.name)

    def bear(self, name: str) -> None:
        """Be called by the name that it says itself."""
        self.target = replace(self.target, name=name)

    @contextmanager
    def used(self) -> Iterator[None]:
        """Keep its connections open within the block."""
        self._users += 1
        try:
            yield
        finally:
            self._users -= 1
            if not self._users:
                self._unused.set()

    async def unused(self) -> None:
        """Wait until nobody uses its connections."""
        while self._users:
            self._unused = trio.Event()
            await self._unused.wait()

    def source(self, roll: Roll | None = None) -> Source:
        """Return the source of its answers.

        Args:
            roll: notes who answers.
        """
        return PeerSource(self.client, self.target.key, roll, self.takers)

    def live(self, roll: Roll | None = None) -> Source:
        """Return the source of its live lines, which ends when the connection is lost."""
        return SharingSource(self._follow_clients, self.target.key, roll, self.takers)

    async def files(self, query: Query, patience: float, roll: Roll | None = None) -> Listing:
        """Ask it to list its own files.

        Args:
            query: its files, and whether rotated ones belong to them.
            patience: seconds that it has to answer.
            roll: notes who answers.

        Returns:
            The listing, with the name by which it is listed; if it failed, without logs and with the reason.
        """
        with self.used():
            return await listing_of(self.client, self.target.key, query, patience, roll, self.takers)

    async def state(self, patience: float, roll: Roll | None = None, trace: str | None = None) -> HostState:
        """Ask how it is; see `health.state_of`."""
        with self.used():
            return await state_of(self.client, self.target, patience, roll, trace)

    def retire_follows(self) -> None:
        """Have further follows carried by new clients."""
        self._follow_clients.retire()

    async def aclose(self) -> None:
        """Close its connections, which ends all that is under way."""
        await self.client.aclose()
        await self._follow_clients.aclose()


@dataclass(frozen=True, slots=True)
class HeldSource:
    """A source of a known agent, whose connections stay open while it is pumped, whatever becomes of the agent.

    Attributes:
        agent: the agent.
        source: asks it.
    """

    agent: KnownAgent
    source: Source

    async def pump(self, query: Query, out: Out) -> Outcome:
        """Forward the source's batches; see `Source.pump`."""
        with self.agent.used():
            return await self.source.pump(query, out)


@dataclass(frozen=True, slots=True)
class CurrentSource:
    """The live lines of the agent that is listed by a name when they are asked for.

    Attributes:
        name: by which it is listed.
        known: returns the agent of a name; None if there is none.
        roll: notes who answers.
    """

    name: str
    known: Callable[[str], KnownAgent | None]
    roll: Roll | None = None

    async def pump(self, query: Query, out: Out) -> Outcome:
        """Ask the agent and pass its batches on; see `Source.pump`."""
        agent = self.known(self.name)
        if agent is None:
            return Outcome(Status.UNAVAILABLE, "is not known any more")
        return await HeldSource(agent, agent.live(self.roll)).pump(query, out)
