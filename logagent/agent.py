"""The agent, which combines its own logs and its peers; the composition root."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import trio

from logagent import __version__
from logagent.core.batch import Noted, Out
from logagent.core.hits.tally import Tallied
from logagent.core.matching.matcher import check
from logagent.core.notes import Note, NoteKind, Notes, add_up, of_host
from logagent.core.outcome import Outcome
from logagent.core.query import Query, Source
from logagent.core.wire.certificates import ending
from logagent.core.wire.hosts import HostState, chosen
from logagent.core.wire.listing import Listing, joined
from logagent.disk.catalog.ends import Lister
from logagent.fanout.follow import Follow
from logagent.fanout.gather import Gather
from logagent.local import PATIENCE_OF_FILES, LocalLister, LocalLogs, LocalSource
from logagent.peers.known_agents import Peers


@dataclass(frozen=True, slots=True)
class Noting:
    """A source whose answer has notes about something else than what it reads.

    Attributes:
        source: sends the batches.
        notes: these notes.
    """

    source: Source
    notes: tuple[Note, ...]

    async def pump(self, query: Query, out: Out) -> Outcome:
        """Forward the source's batches, and add the notes; see `Source.pump`."""
        outcome = await self.source.pump(query, Noted(out, self.notes))
        return replace(outcome, notes=add_up((*self.notes, *outcome.notes)))


class Agent:
    """One agent, which answers queries over its own logs and its peers'.

    Args:
        logs: the logs of its own host.
        peers: the agents that it knows; the caller closes them.
        patience: seconds that it waits for a source that sends nothing.
        addresses: URLs at which it is reached, for people to read.
        certificates: when its own certificates end, by name, its own first, in seconds since the epoch.

    Attributes:
        name: name of its own host.
    """

    def __init__(
        self,
        *,
        logs: LocalLogs,
        peers: Peers,
        patience: float,
        addresses: Sequence[str] = (),
        certificates: Mapping[str, float] | None = None,
    ) -> None:
        self.name = logs.host
        self._certificates = dict(certificates or {})
        self.addresses = tuple(addresses)
        self._logs = logs
        self._peers = peers
        self._patience = patience
        self._lister = LocalLister(logs, Lister())

    async def check(self, query: Query) -> None:
        """Compile the query's expressions in a thread, ahead of the search.

        Raises:
            BadParameter: for an expression that cannot be searched for.
        """
        if query.match.regex or query.match.exclude_regex:
            await self._logs.threads.in_thread(check, query)

    def answer(self, query: Query) -> Source:
        """Return the source that answers a query, over the hosts that the query names.

        Raises:
            Failure: for a host that is not known.
        """
        hosts = self._asked(query)
        source = self._source_of(query, hosts)
        notes = () if query.own else self._certificate_notes()
        return Noting(source, notes) if notes else source

    async def files(self, query: Query) -> Listing:
        """List the logs that can be asked for on the hosts that a query names.

        All hosts are asked at the same time, each for the agent's patience, or for the query's timeout if that is less.

        Args:
            query: only its files, hosts, rotated, own and timeout are used.

        Raises:
            Failure: for a host that is not known.
        """
        hosts = self._asked(query)
        patience = min(self._patience, query.limits.timeout or self._patience)
        share = replace(query, hosts=(), own=True, limits=replace(query.limits, timeout=patience))
        listings: dict[str, Listing] = {}

        async def ask(host: str) -> None:
            if host == self.name:
                listings[host] = await self._lister.listing(share, patience)
            else:
                listings[host] = await self._peers.files(host, share, patience)

        async with trio.open_nursery() as nursery:
            for host in hosts:
                nursery.start_soon(ask, host)
        listing = joined(listings[host] for host in hosts)
        return listing if query.own else replace(listing, notes=add_up((*listing.notes, *self._certificate_notes())))

    async def hosts(self, trace: str | None = None) -> list[HostState]:
        """Ask all known agents for their state at the same time, and wait for each for the agent's patience.

        Args:
            trace: of the request, as in a query.

        Returns:
            A state for each of them and for this agent, sorted by name.
        """
        states = {self.name: self._own_state()}

        async def ask(peer: str) -> None:
            states[peer] = await self._peers.state(peer, self._patience, trace)

        async with trio.open_nursery() as nursery:
            for peer in self._peers.names:
                nursery.start_soon(ask, peer)
        return [states[name] for name in sorted(states)]

    async def unready(self) -> list[str]:
        """Return the reasons why this agent cannot answer yet, a sentence each; none if it is ready."""
        return await self._logs.threads.in_thread(self._logs.catalog.unready)

    def _own_state(self) -> HostState:
        told = "".join(f"its certificates: {'; '.join(note.files)}" for note in self._certificate_notes())
        ends = next(iter(self._certificates.values()), None)
        return HostState(self.name, ", ".join(self.addresses), True, __version__, 0.0, told, ends)

    def _certificate_notes(self) -> tuple[Note, ...]:
        """Return a note if certificates of this agent end soon; looked at for each question, as it runs for months."""
        now, notes = time.time(), Notes()
        for told in filter(None, (ending(name, ends, now) for name, ends in self._certificates.items())):
            notes.add(NoteKind.CERTIFICATE, told)
        return of_host(notes.told(), self.name)

    def _source_of(self, query: Query, hosts: Sequence[str]) -> Source:
        if query.follow:
            return Follow([(host, self._live(host)) for host in hosts], self._gather, self._patience)
        return Tallied(self._gather(hosts)) if query.form.hits else self._gather(hosts)

    def _asked(self, query: Query) -> list[str]:
        """Return the hosts that a query names; raise `Failure` for one that is not known."""
        return [self.name] if query.own else chosen(query.hosts, [self.name, *self._peers.names])

    def _gather(self, hosts: Sequence[str]) -> Gather:
        return Gather([(host, self._source(host)) for host in hosts], self._patience, of_hosts=True)

    def _live(self, host: str) -> Source:
        return self._logs.live() if host == self.name else self._peers.live(host)

    def _source(self, host: str) -> Source:
        if host == self.name:
            return LocalSource(self._logs, self._patience * PATIENCE_OF_FILES)
        return self._peers.source(host)
