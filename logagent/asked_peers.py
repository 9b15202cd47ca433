"""Agents that the command line asks by itself: merged as an agent would that knows them and has no logs of its own."""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial

import httpcore
import httpx
import trio

from logagent.compiling import compiling
from logagent.core.batch import SIGN_OF_LIFE, Out
from logagent.core.hits.tally import Tallied
from logagent.core.merging.answer_cursors import Continuable
from logagent.core.outcome import Failure, Outcome, Status, failed
from logagent.core.query import BadParameter, Query, Source
from logagent.core.wire.hosts import HostState, chosen
from logagent.core.wire.identity import ID_BYTES, Identity
from logagent.core.wire.labels import HostLabels, added_up
from logagent.core.wire.listing import Listing, joined
from logagent.core.wire.trace import SPAN_ID_BYTES, TRACE_ID_BYTES, TRACEPARENT, begin_trace, trace_id
from logagent.fanout.by_label import CountedByLabel
from logagent.fanout.follow import Follow
from logagent.fanout.gather import Gather
from logagent.fanout.together import together
from logagent.peers.calling import called
from logagent.peers.client.http_client import OVER_SSH, connect
from logagent.peers.client.reasons import reason
from logagent.peers.health import state_of
from logagent.peers.listing import listing_of
from logagent.peers.resumed import Resumed
from logagent.peers.roll import Roll
from logagent.peers.sharing import FollowClients, SharingSource
from logagent.peers.source import PeerSource
from logagent.peers.takers import Takers
from logagent.peers.target import Target
from logagent.peers.told_labels import ToldLabels
from logagent.ssh_address import is_ssh
from logagent.terminal.peer_addresses import PeerAddresses

PATIENCE = 5.0
"""Seconds that a merge waits for an agent that was reached and sends nothing, as an agent waits for its peers."""
CLOSING = 3.0
"""Seconds until all connections are closed; each takes one at most, and all are closed at the same time."""
ALIVE = PATIENCE / 3
"""Seconds between signs of life of an agent that is being connected to."""


class _Peer:
    """One agent, with a connection for questions and one for follows."""

    def __init__(self, name: str, addresses: PeerAddresses, network: httpcore.AsyncNetworkBackend | None) -> None:
        self.name, self.url = name, addresses.urls[name]
        credential = addresses.credentials.get(name)
        connect_one = partial(
            connect, self.url, tls=addresses.tls, network=network, credential=credential, trace=addresses.trace
        )
        self.told = ToldLabels()
        self.client = connect_one()
        self.client.event_hooks = {"response": [self._hear]}
        self.follow_clients = FollowClients(connect_one)

    async def _hear(self, response: httpx.Response) -> None:
        self.told.hear(self.name, response.headers)

    def labels(self) -> HostLabels:
        """Return its labels, as far as it has told them."""
        return added_up({}, self.told.labels)

    def source(self, roll: Roll) -> Source:
        source = PeerSource(self.client, self.name, roll)
        return ReachedSource(self.client, source) if is_ssh(self.url) else source

    async def aclose(self) -> None:
        await self.client.aclose()
        await self.follow_clients.aclose()


@dataclass(frozen=True, slots=True)
class ReachedSource:
    """The answer of an agent that ssh starts, which may take longer than a merge waits for an agent that is there.

    Until it is reached, it shows signs of life.

    Attributes:
        client: of the agent.
        source: asks it.
    """

    client: httpx.AsyncClient
    source: Source

    async def pump(self, query: Query, out: Out) -> Outcome:
        """Connect, and send the source's batches; see `Source.pump`."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_show_life, out)
            why = await _why_unreached(self.client)
            nursery.cancel_scope.cancel()
        return await self.source.pump(query, out) if why is None else failed(why)


async def _why_unreached(client: httpx.AsyncClient) -> Failure | None:
    """Connect to an agent, and return why that failed; None if it did not."""
    try:
        with trio.move_on_after(OVER_SSH + PATIENCE):
            async with client.stream("GET", "/healthz"):
                return None
    except httpx.HTTPError as error:
        return Failure(Status.UNAVAILABLE, reason(error))
    except Failure as failure:
        return failure
    return Failure(Status.UNAVAILABLE, f"it was reached, but did not answer within {PATIENCE:g} s")


async def _show_life(out: Out) -> None:
    """Show that somebody is being connected to, for as long as that may take."""
    with trio.move_on_after(OVER_SSH):
        while True:
            await trio.sleep(ALIVE)
            await out.send(SIGN_OF_LIFE)


class AskedPeers:
    """Several agents, whose answers are merged; made by `asking`.

    Args:
        addresses: theirs.
        network: makes the connections; None: that of this machine.
    """

    def __init__(self, addresses: PeerAddresses, network: httpcore.AsyncNetworkBackend | None = None) -> None:
        self._peers = {name: _Peer(name, addresses, network) for name in addresses.urls}
        self._own = Identity("", os.urandom(ID_BYTES).hex())
        self._trace = addresses.trace.get(TRACEPARENT) or begin_trace(
            secrets.token_bytes(TRACE_ID_BYTES), secrets.token_bytes(SPAN_ID_BYTES)
        )

    async def aclose(self) -> None:
        """Close all connections; takes a bounded time, cancelled or not."""
        with trio.CancelScope(shield=True, deadline=trio.current_time() + CLOSING):
            async with trio.open_nursery() as nursery:
                for peer in self._peers.values():
                    nursery.start_soon(peer.aclose)

    async def pump(self, query: Query, out: Out) -> Outcome:
        """Answer a query; see `Source.pump`."""
        try:
            if (compiles := compiling(query)) is not None:
                await trio.to_thread.run_sync(compiles, abandon_on_cancel=True)
            names = chosen(query.hosts, self._peers)
        except BadParameter as wrong:
            return failed(Failure(Status.INTERNAL, f"{wrong.name}: {wrong.reason}"))
        except Failure as failure:
            return failed(failure)
        query = replace(query, trace=self._trace)
        outcome = await (self._followed if query.follow is not None else self._answered)(names, query, out)
        return outcome if outcome.complete else replace(outcome, trace=outcome.trace or trace_id(self._trace))

    async def _followed(self, names: Sequence[str], query: Query, out: Out) -> Outcome:
        roll = self._roll(names)
        async with AsyncExitStack() as stack:
            await self._reach(names, stack)
            return await self._follow(names, roll).pump(query, out)

    async def _reach(self, names: Sequence[str], stack: AsyncExitStack) -> None:
        """Let ssh connect to the hosts of a follow before it begins, which waits for none of them as long.

        Args:
            stack: keeps the connections.
        """
        peers = [peer for name in names if is_ssh((peer := self._peers[name]).url)]
        carriers = [await stack.enter_async_context(peer.follow_clients.borrowed()) for peer in peers]
        async with trio.open_nursery() as nursery:
            for client in (*carriers, *(peer.client for peer in peers)):
                nursery.start_soon(_why_unreached, client)

    def _follow(self, names: Sequence[str], roll: Roll) -> Follow:
        live: list[tuple[str, Source]] = [
            (name, Resumed(name, SharingSource(self._peers[name].follow_clients, name, roll, Takers())))
            for name in names
        ]
        return Follow(live, self._gather, PATIENCE, roll)

    async def _answered(self, names: Sequence[str], query: Query, out: Out) -> Outcome:
        source = self._gather(names, by=query.form.by_label)
        return await Continuable(Tallied(source) if query.form.hits else source).pump(query, out)

    def _gather(self, names: Sequence[str], *, by: str | None = None) -> Source:
        roll = self._roll(names)
        sources = [(name, self._peers[name].source(roll)) for name in names]
        if by:
            sources = [(name, CountedByLabel(source, self._peers[name].labels)) for name, source in sources]
        return Gather(sources, PATIENCE, of_hosts=True, roll=roll)

    def _roll(self, names: Sequence[str]) -> Roll:
        return Roll(self._own, names)

    async def list_files(self, query: Query, patience: float) -> Listing:
        """Return the listing of files that a query asks for.

        Raises:
            Failure: for a host that is not named.
        """
        names = chosen(query.hosts, self._peers)
        roll, listings = self._roll(names), dict[str, Listing]()
        limits = replace(query.limits, timeout=patience)
        share = replace(query, hosts=(), own=True, limits=limits, trace=self._trace)

        async def ask(name: str) -> None:
            listings[name] = await listing_of(self._peers[name].client, name, share, patience, roll)

        await together(names, ask)
        return joined(called(roll, name, listings[name]) for name in names)

    async def hosts(self, patience: float) -> list[HostState]:
        """Return the state of each agent, sorted by name."""
        roll, states = self._roll(list(self._peers)), dict[str, HostState]()

        async def ask(name: str) -> None:
            peer = self._peers[name]
            target = Target(urls=(peer.url,), name=name)
            states[name] = await state_of(peer.client, target, patience, roll, self._trace)

        await together(self._peers, ask)
        return [replace(states[name], name=name) for name in sorted(states)]


@asynccontextmanager
async def asking(
    addresses: PeerAddresses, network: httpcore.AsyncNetworkBackend | None = None
) -> AsyncIterator[AskedPeers]:
    """Provide what asks several agents; their connections are closed after the block."""
    peers = AskedPeers(addresses, network)
    try:
        yield peers
    finally:
        await peers.aclose()  # noqa: ASYNC102 (shields itself, for some seconds at most)
