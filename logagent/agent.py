"""The agent: what it serves itself and whom it knows, put together. The composition root."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import trio

from logagent import __version__
from logagent.core.hits.tally import Tallied
from logagent.core.matching.matcher import check
from logagent.core.query import Query, Source
from logagent.core.wire.hosts import HostState, chosen
from logagent.core.wire.listing import Listing, joined
from logagent.disk.catalog.ends import Lister
from logagent.fanout.follow import Follow
from logagent.fanout.gather import Gather
from logagent.local import PATIENCE_OF_FILES, OwnFiles, OwnLogs, Reading, own_live
from logagent.peers.known_agents import Peers


class Agent:
    """One agent: answers queries over its own logs and its peers'.

    name: its own host's. addresses: where it is reached, for people. peers: the caller's to close. patience: seconds
    that a merge waits for a source that sends nothing.
    """

    def __init__(
        self, name: str, *, reading: Reading, peers: Peers, patience: float, addresses: Sequence[str] = ()
    ) -> None:
        self.name = name
        self.addresses = tuple(addresses)
        self._reading = reading
        self._peers = peers
        self._patience = patience
        self._own_files = OwnFiles(name, reading, Lister())

    async def check(self, query: Query) -> None:
        """Get the query's expressions ready. Raises `BadParameter` for one that cannot be searched for."""
        if query.match.regex or query.match.exclude_regex:
            await self._reading.threads.in_thread(check, query)

    def answer(self, query: Query) -> Source:
        """The source that answers `query`. Raises `Failure` for a host that is not known."""
        hosts = self._asked(query)
        if query.follow:
            return Follow([(host, self._live(host)) for host in hosts], self._gather, self._patience)
        return Tallied(self._gather(hosts)) if query.form.hits else self._gather(hosts)

    async def files(self, query: Query) -> Listing:
        """What can be asked for on the hosts that `query` names: its files, hosts, rotated, own and timeout count.

        All are asked at the same time, each waited for with the usual patience, or less if the timeout is less. Raises
        `Failure` for a host that is not known.
        """
        hosts = self._asked(query)
        patience = min(self._patience, query.limits.timeout or self._patience)
        share = replace(query, hosts=(), own=True, limits=replace(query.limits, timeout=patience))
        listings: dict[str, Listing] = {}

        async def ask(host: str) -> None:
            if host == self.name:
                listings[host] = await self._own_files.listing(share, patience)
            else:
                listings[host] = await self._peers.files(host, share, patience)

        async with trio.open_nursery() as nursery:
            for host in hosts:
                nursery.start_soon(ask, host)
        return joined(listings[host] for host in hosts)

    async def hosts(self) -> list[HostState]:
        """This agent and all that it knows, asked at the same time, each waited for with the usual patience."""
        states = {self.name: HostState(self.name, ", ".join(self.addresses), True, __version__, 0.0)}

        async def ask(peer: str) -> None:
            states[peer] = await self._peers.state(peer, self._patience)

        async with trio.open_nursery() as nursery:
            for peer in self._peers.names:
                nursery.start_soon(ask, peer)
        return [states[name] for name in sorted(states)]

    async def unready(self) -> list[str]:
        """Why this agent cannot answer yet, a sentence each; none if it can."""
        return await self._reading.threads.in_thread(self._reading.catalog.unready)

    def _asked(self, query: Query) -> list[str]:
        """The hosts that a query is for. Raises `Failure` for one that is not known."""
        return [self.name] if query.own else chosen(query.hosts, [self.name, *self._peers.names])

    def _gather(self, hosts: Sequence[str]) -> Gather:
        return Gather([(host, self._source(host)) for host in hosts], self._patience, of_hosts=True)

    def _live(self, host: str) -> Source:
        return own_live(host, self._reading) if host == self.name else self._peers.live(host)

    def _source(self, host: str) -> Source:
        if host == self.name:
            return OwnLogs(host, self._reading, self._patience * PATIENCE_OF_FILES)
        return self._peers.source(host)
