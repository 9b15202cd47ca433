"""Connections for follows: several follows share one, but never so many that one waits for a stream.

A follow holds its stream for hours, so queries use other connections.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import trio

from logagent.core.batch import Out
from logagent.core.outcome import Failure, Outcome, Status, failed
from logagent.core.query import Query
from logagent.peers.behind import Behind
from logagent.peers.roll import Roll
from logagent.peers.source import PeerSource
from logagent.peers.takers import Takers

FOLLOWS_PER_CONNECTION = 50
"""Follows on one connection at most: an agent takes 100 streams on it, and one more would wait without end. Half
of that leaves room for streams that are ending."""
FAREWELL = 1.0
"""Seconds for the orderly close of an unused connection."""


@dataclass(slots=True)
class _Carrier:
    """A client with a connection of its own, how many follows it carries, and whether it takes no more of them."""

    client: httpx.AsyncClient
    follows: int = 0
    retired: bool = False

    @property
    def has_room(self) -> bool:
        return self.follows < FOLLOWS_PER_CONNECTION and not self.retired


class FollowClients:
    """The clients that carry the follows of one peer, each closed when its last follow ends.

    Args:
        connect: makes a client with a connection of its own.
    """

    def __init__(self, connect: Callable[[], httpx.AsyncClient]) -> None:
        self._connect = connect
        self._carriers: list[_Carrier] = []
        self._closed = False

    def __len__(self) -> int:
        return len(self._carriers)

    @asynccontextmanager
    async def borrowed(self) -> AsyncIterator[httpx.AsyncClient]:
        """Lend a client that has room for one more follow.

        Raises:
            Failure: once the clients are closed.
        """
        if self._closed:
            raise Failure(Status.CANCELLED, "this agent is stopping")
        carrier = next((one for one in self._carriers if one.has_room), None)
        if carrier is None:
            carrier = _Carrier(self._connect())
            self._carriers.append(carrier)
        carrier.follows += 1
        try:
            yield carrier.client
        finally:
            carrier.follows -= 1
            if not carrier.follows:
                self._carriers.remove(carrier)
                with trio.move_on_after(FAREWELL) as scope:
                    scope.shield = True
                    await carrier.client.aclose()

    def retire(self) -> None:
        """Have further follows carried by new clients, as those that lost their connection and ask again."""
        for carrier in self._carriers:
            carrier.retired = True

    async def aclose(self) -> None:
        """Close all clients, which ends the follows that are under way."""
        self._closed = True
        for carrier in list(self._carriers):
            await carrier.client.aclose()


@dataclass(frozen=True, slots=True)
class SharingSource:
    """The answer of one peer over one of its connections for follows; see `PeerSource`.

    Attributes:
        clients: of the peer.
        host: the name by which the peer is listed here.
        roll: notes who answers.
        takers: knows whether the peer takes callers.
        behind: told which hosts are behind it, if it is asked as a primary.
    """

    clients: FollowClients
    host: str
    roll: Roll | None = None
    takers: Takers | None = None
    behind: Behind | None = None

    async def pump(self, query: Query, out: Out) -> Outcome:
        """Ask the peer and pass its batches on; see `Source.pump`."""
        try:
            async with self.clients.borrowed() as client:
                return await PeerSource(client, self.host, self.roll, self.takers, self.behind).pump(query, out)
        except Failure as failure:
            return failed(failure)
