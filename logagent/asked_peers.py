"""Agents that the command line asks by itself: merged as an agent would that knows them and has no logs of its own."""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial

import httpcore
import trio

from logagent.asked_peer import PATIENCE, REACHING, AskedPeer, why_unreached
from logagent.choosing_hosts import HostChooser, hosts_of, meant_among, named, untold_of
from logagent.compiling import compiling
from logagent.core.batch import Out
from logagent.core.hits.tally import Tallied
from logagent.core.merging.answer_cursors import Continuable
from logagent.core.outcome import Failure, Outcome, Status, failed
from logagent.core.query import BadParameter, Query, Source
from logagent.core.wire.hosts import HostState
from logagent.core.wire.identity import ID_BYTES, Identity
from logagent.core.wire.listing import Listing, failing, joined
from logagent.core.wire.trace import SPAN_ID_BYTES, TRACE_ID_BYTES, TRACEPARENT, begin_trace, trace_id
from logagent.fanout.by_label import CountedByLabel
from logagent.fanout.follow import Follow
from logagent.fanout.gather import Gather
from logagent.fanout.together import together
from logagent.peers.calling import called
from logagent.peers.listing import listing_of
from logagent.peers.resumed import Resumed
from logagent.peers.roll import Roll
from logagent.terminal.peer_addresses import PeerAddresses

CLOSING = 3.0
"""Seconds until all connections are closed; each takes one at most, and all are closed at the same time."""


class _Known:
    """The agents, as what chooses among them by their labels knows them."""

    def __init__(self, peers: Mapping[str, AskedPeer]) -> None:
        self._peers = peers

    def agent(self, name: str) -> AskedPeer | None:
        return self._peers.get(name)

    def live_once(self, name: str, roll: Roll) -> Source:
        return self._peers[name].live(roll)


class AskedPeers:
    """Several agents, whose answers are merged; made by `asking`.

    Args:
        addresses: theirs.
        network: makes the connections; None: that of this machine.
    """

    def __init__(self, addresses: PeerAddresses, network: httpcore.AsyncNetworkBackend | None = None) -> None:
        self._peers = {name: AskedPeer(name, addresses, network) for name in addresses.urls}
        self._own = Identity("", os.urandom(ID_BYTES).hex())
        over_ssh = any(peer.is_over_ssh for peer in self._peers.values())
        self._chooser = HostChooser("", {}, _Known(self._peers), REACHING if over_ssh else PATIENCE)
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
        query = replace(query, trace=self._trace)
        try:
            if (compiles := compiling(query)) is not None:
                await trio.to_thread.run_sync(compiles, abandon_on_cancel=True)
            query = await self._choose(query)
            names = hosts_of(query, self._peers)
        except BadParameter as wrong:
            return failed(Failure(Status.INTERNAL, f"{wrong.name}: {wrong.reason}"))
        except Failure as failure:
            return failed(failure)
        outcome = await (self._followed if query.follow is not None else self._answered)(names, query, out)
        return outcome if outcome.complete else replace(outcome, trace=outcome.trace or trace_id(self._trace))

    async def _choose(self, query: Query) -> Query:
        """Return the query with the hosts that its conditions on labels choose, asking for those that are not known."""
        known = sorted(self._peers)
        return await self._chooser.choose(query, known, self._roll(known), elsewhere=False)

    async def _followed(self, names: Sequence[str], query: Query, out: Out) -> Outcome:
        roll = self._roll(names)
        async with AsyncExitStack() as stack:
            await self._reach(names, stack)
            live: list[tuple[str, Source]] = [(name, Resumed(name, self._peers[name].live(roll))) for name in names]
            live += self._chooser.live_untold(query, roll)
            before = partial(self._gather_of, names)
            return await Follow(live, before, PATIENCE, roll).pump(query, out)

    def _gather_of(self, names: Sequence[str], hosts: Sequence[str]) -> Source:
        """Return the lines that were there before a follow, of those hosts that it means for certain."""
        return self._gather([host for host in hosts if host in names])

    async def _reach(self, names: Sequence[str], stack: AsyncExitStack) -> None:
        """Let ssh connect to the hosts of a follow before it begins, which waits for none of them as long.

        Args:
            stack: keeps the connections.
        """
        peers = [peer for name in names if (peer := self._peers[name]).is_over_ssh]
        carriers = [await stack.enter_async_context(peer.follow_clients.borrowed()) for peer in peers]
        async with trio.open_nursery() as nursery:
            for client in (*carriers, *(peer.client for peer in peers)):
                nursery.start_soon(why_unreached, client)

    async def _answered(self, names: Sequence[str], query: Query, out: Out) -> Outcome:
        source = self._chooser.with_untold(query, self._gather(names, by=query.form.by_label))
        return await Continuable(Tallied(source) if query.form.hits else source).pump(query, out)

    def _gather(self, names: Sequence[str], *, by: str | None = None) -> Source:
        roll = self._roll(names)
        sources = [(name, self._peers[name].source(roll)) for name in names]
        if by:
            sources = [(name, CountedByLabel(source, partial(self._chooser.labels, name))) for name, source in sources]
        return Gather(sources, PATIENCE, of_hosts=True, roll=roll)

    def _roll(self, names: Sequence[str]) -> Roll:
        return Roll(self._own, names)

    async def list_files(self, query: Query, patience: float) -> Listing:
        """Return the listing of files that a query asks for.

        Raises:
            Failure: for a host that is not named, or if conditions on labels hold for none.
        """
        limits = replace(query.limits, timeout=patience)
        query = await self._choose(replace(query, limits=limits, trace=self._trace))
        names = hosts_of(query, self._peers)
        roll, listings = self._roll(names), dict[str, Listing]()
        share = replace(query, hosts=(), chosen=None, own=True)

        async def ask(name: str) -> None:
            left = share.limits.timeout or patience
            listings[name] = await listing_of(self._peers[name].client, name, share, left, roll)

        await together(names, ask)
        untold = [failing(*part[:3]) for part in untold_of(query).values()]
        return joined([*(called(roll, name, listings[name]) for name in names), *untold])

    async def hosts(self, patience: float, meant: Sequence[str] = ()) -> list[HostState]:
        """Return the state of each agent that is meant, sorted by name.

        Args:
            patience: seconds that each of them has to answer.
            meant: names, globs and conditions on labels; none: all of them.

        Raises:
            Failure: if none is meant; one whose labels are not known may be.
        """
        names = named(meant, sorted(self._peers))
        roll, states = self._roll(names), dict[str, HostState]()

        async def ask(name: str) -> None:
            states[name] = await self._peers[name].state(patience, roll, self._trace)

        await together(names, ask)
        return meant_among([states[name] for name in names], meant)


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
