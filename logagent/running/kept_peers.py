"""The connections to peers, which several states of an agent may share, and which close when nobody needs them."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import trio

from logagent.peers.known_agents import Peers
from logagent.peers.target import Target


class HeldPeers:
    """Known agents that several states of an agent may share; their connections close when the last lets go of them.

    Args:
        peers: not entered yet.
    """

    def __init__(self, peers: Peers) -> None:
        self.peers = peers
        self._holders = 0
        self._free = trio.Event()

    @property
    def is_closed(self) -> bool:
        """Whether nobody needs their connections any more."""
        return self._free.is_set()

    async def run(self, *, task_status: trio.TaskStatus[None]) -> None:
        """Keep their connections until nobody holds them any more."""
        async with self.peers:
            task_status.started()
            await self._free.wait()

    def hold(self) -> None:
        """Take part in them."""
        self._holders += 1

    def let_go(self) -> None:
        """Take part in them no longer."""
        self._holders -= 1
        if self._holders <= 0:
            self.close()

    def close(self) -> None:
        """Close their connections, whoever holds them."""
        self._free.set()


class PeersKept:
    """The connections of all peers that are held; made by `keeping_peers`."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self._nursery = nursery
        self._kept: set[HeldPeers] = set()

    async def keep(self, held: HeldPeers) -> None:
        """Keep the connections of peers until nobody holds them any more."""
        await self._nursery.start(self._run, held)

    async def _run(self, held: HeldPeers, *, task_status: trio.TaskStatus[None]) -> None:
        self._kept.add(held)
        await held.run(task_status=task_status)
        self._kept.remove(held)

    def set_found(self, targets: Sequence[Target]) -> None:
        """Tell all of them what is found, those of former states too, since follows go on with them."""
        for held in self._kept:
            held.peers.set_found(targets)

    def renew(self, tls: ssl.SSLContext | None) -> None:
        """Take other TLS for follows under way that lose their connection; see `Peers.renew`."""
        for held in self._kept:
            held.peers.renew(tls)

    def close(self) -> None:
        """Close all of them."""
        for held in self._kept:
            held.close()


@asynccontextmanager
async def keeping_peers() -> AsyncIterator[PeersKept]:
    """Keep connections to peers while the block runs; they are closed in its end."""
    async with trio.open_nursery() as nursery:
        kept = PeersKept(nursery)
        yield kept
        kept.close()
