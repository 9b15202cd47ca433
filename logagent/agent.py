"""The agent, which combines its own logs and its peers; the composition root."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial

import trio

from logagent.core.access.caller import ANONYMOUS, Caller
from logagent.core.access.rules import Rules, What, needed_for
from logagent.core.hits.tally import Tallied
from logagent.core.matching.combining import is_many
from logagent.core.matching.matcher import check
from logagent.core.notes import Note, add_up
from logagent.core.outcome import Failure, Outcome, Status
from logagent.core.query import Query, Source
from logagent.core.wire.hosts import HostState, chosen
from logagent.core.wire.identity import ID_BYTES, Identity
from logagent.core.wire.listing import Listing, joined
from logagent.disk.catalog.listed_logs import LogLister
from logagent.fanout.asked_source import AskedSource
from logagent.fanout.follow import Follow
from logagent.fanout.gather import Gather
from logagent.fanout.noting import Noting
from logagent.local import PATIENCE_OF_FILES, LocalLogs, LocalSource
from logagent.local_listing import LocalLister
from logagent.own_state import notes_of_ending, own_state
from logagent.peers.calling import called, judged
from logagent.peers.known_agents import Peers
from logagent.peers.roll import Roll
from logagent.telemetry.hook import asking

COMPILING = 10.0
"""Seconds that the expressions of one query may take to compile; a part of them, which takes a second at worst, is
finished beyond that. Thousands of usual ones take one or two."""
QUICKLY_COMPILED = 64
"""Patterns of one query that any host compiles in about a second."""


class Agent:
    """One agent, which answers queries over its own logs and its peers'.

    Args:
        logs: the logs of its own host.
        peers: the agents that it knows; the caller closes them.
        patience: seconds that it waits for a source that sends nothing.
        addresses: URLs at which it is reached, for people to read.
        certificates: when its own certificates end, by name, its own first, in seconds since the epoch.
        id: random bits that tell this agent from every other; None: new ones.
        rules: say who may read what; where there are any, nothing is asked of peers that do not take callers.
        acts_as: a name in its certificate, by which it asks for others; empty: its own name.

    Attributes:
        name: name of its own host.
        identity: the name, and random bits that tell this agent from every other, whatever it shares with them.
    """

    def __init__(
        self,
        *,
        logs: LocalLogs,
        peers: Peers,
        patience: float,
        addresses: Sequence[str] = (),
        certificates: Mapping[str, float] | None = None,
        id: str | None = None,
        rules: Rules | None = None,
        acts_as: str = "",
    ) -> None:
        self.name = logs.host
        self.identity = Identity(logs.host, id or os.urandom(ID_BYTES).hex())
        self._certificates = dict(certificates or {})
        self._rules = rules or Rules()
        self._acts_as = acts_as or logs.host
        self.addresses = tuple(addresses)
        self._logs = logs
        self._peers = peers
        self._patience = patience
        self._lister = LocalLister(logs, LogLister(logs.lister))

    async def check(self, query: Query) -> None:
        """Compile the query's expressions in a thread, ahead of the search.

        Raises:
            BadParameter: for an expression that cannot be searched for.
        """
        match = query.match
        if match.regex or match.exclude_regex or match.any or is_many(match.exclude, ()):
            late = time.monotonic() + COMPILING
            await self._logs.threads.in_thread(check, query, lambda: time.monotonic() > late)

    def answer(self, query: Query, caller: Caller = ANONYMOUS) -> Source:
        """Return the source that answers a caller's query, over the hosts that the query names.

        Raises:
            Failure: for a host that is not known.
        """
        hosts = self._asked(query, caller, whats_of(query))
        source = self._source_of(query, hosts, caller)
        notes = () if query.own or self.name not in hosts else self._certificate_notes()
        return Noting(source, notes) if notes else source

    async def files(self, query: Query, caller: Caller = ANONYMOUS) -> Listing:
        """List the logs that can be asked for on the hosts that a query names.

        All hosts are asked at the same time, each for the agent's patience, or for the query's timeout if that is less.

        Args:
            query: only its files, hosts, rotated, own and timeout are used.
            caller: who asks.

        Raises:
            Failure: for a host that is not known.
        """
        hosts = self._asked(query, caller, (What.FILES,))
        roll = self._roll(hosts, caller)
        patience = min(self._patience, query.limits.timeout or self._patience)
        share = replace(query, hosts=(), own=True, limits=replace(query.limits, timeout=patience))
        listings: dict[str, Listing] = {}
        lister = replace(self._lister, logs=self._seen_by(caller, (What.FILES,)))

        async def ask(host: str) -> None:
            with asking(host, told=host != self._namesake) as one:
                if host == self.name:
                    listings[host] = await lister.listing(share, patience)
                else:
                    listings[host] = await self._peers.files(self._listed(host), share, patience, roll)
                one.outcome = listings[host].outcome

        async with trio.open_nursery() as nursery:
            for host in hosts:
                nursery.start_soon(ask, host)
        listing = joined(called(roll, host, listings[host]) for host in hosts if not roll.is_passed_over(host))
        if query.own or self.name not in hosts:
            return listing
        return replace(listing, notes=add_up((*listing.notes, *self._certificate_notes())))

    async def hosts(self, caller: Caller = ANONYMOUS, trace: str | None = None) -> list[HostState]:
        """Ask all known agents for their state at the same time, and wait for each for the agent's patience.

        Args:
            caller: who asks.
            trace: of the request, as in a query.

        Returns:
            A state for each of them and for this agent that the rules show him, sorted by name.
        """
        hosts = self._shown_to(caller, (What.HOSTS,))
        states = {self.name: own_state(self.name, self.addresses, self._certificates)} if self.name in hosts else {}
        peers = [host for host in hosts if host != self.name]
        roll = self._roll(hosts, caller)

        async def ask(peer: str) -> None:
            with asking(peer, told=peer != self._namesake) as one:
                states[peer] = await self._peers.state(self._listed(peer), self._patience, roll, trace)
                one.outcome = _outcome_of(states[peer])

        async with trio.open_nursery() as nursery:
            for peer in peers:
                nursery.start_soon(ask, peer)
        return [judged(roll, name, states[name]) for name in sorted(states) if not roll.is_passed_over(name)]

    async def unready(self) -> list[str]:
        """Return the reasons why this agent cannot answer yet, a sentence each; none if it is ready."""
        return await self._logs.threads.in_thread(self._logs.catalog.unready)

    def _certificate_notes(self) -> tuple[Note, ...]:
        return notes_of_ending(self._certificates, self.name)

    def _source_of(self, query: Query, hosts: Sequence[str], caller: Caller) -> Source:
        patience, logs = self._patience + _more_patience(query), self._seen_by(caller, whats_of(query))
        if query.follow:
            roll = self._roll(hosts, caller)
            gather = partial(self._gather, caller=caller, logs=logs, patience=patience)
            live = [(host, self._live(host, logs, roll)) for host in hosts]
            return Follow(live, gather, patience, roll)
        gathered = self._gather(hosts, caller=caller, logs=logs, patience=patience, narrows=not query.own)
        return Tallied(gathered) if query.form.hits else gathered

    def _asked(self, query: Query, caller: Caller, whats: Collection[What]) -> list[str]:
        """Return the hosts that a query names; raise `Failure` for one that is not known, or not to this caller."""
        if query.own:
            return [self.name]
        known = self._shown_to(caller, whats)
        if not known:
            raise _no_host(caller, [what for what in whats if not self._shown_to(caller, (what,))] or whats)
        hosts = chosen(query.hosts, [host for host in known if host != self._namesake])
        return [*hosts, self._namesake] if self._namesake and self.name in hosts else hosts

    def _hosts(self) -> list[str]:
        """Return how answers call the hosts: this one, the peers, and a peer that is listed under this one's name."""
        peers = [self._namesake if name == self.name else name for name in self._peers.names]
        return [self.name, *peers]

    def _shown_to(self, caller: Caller, whats: Collection[What]) -> list[str]:
        """Return the hosts that the rules show a caller who asks for something of all these kinds."""
        return [host for host in self._hosts() if self._rules.shows_host(caller, self._listed(host), whats)]

    def _seen_by(self, caller: Caller, whats: Collection[What]) -> LocalLogs:
        """Return the logs of this host as they are for a caller."""
        return self._logs.seen_with(self._rules.sight(caller, self.name, whats))

    @property
    def _namesake(self) -> str:
        """How answers call the peer that is listed under this agent's own name, by its URL; empty: there is none.

        As a rule it is this agent, and nothing is said of it; but it may be another of the same name.
        """
        return self._peers.url(self.name)

    def _listed(self, host: str) -> str:
        return self.name if host == self._namesake else host

    def _roll(self, hosts: Sequence[str], caller: Caller) -> Roll:
        told = replace(caller, chain=(*caller.chain, self._acts_as))
        return Roll(self.identity, hosts, self._namesake, caller=told, strict=bool(self._rules))

    def _gather(
        self, hosts: Sequence[str], *, caller: Caller, logs: LocalLogs, patience: float, narrows: bool = False
    ) -> Gather:
        roll = self._roll(hosts, caller)
        sources = [(host, self._source(host, logs, roll, narrows=narrows)) for host in hosts]
        if list(hosts) != [self.name]:  # else nobody is asked: the story of the request says all
            sources = [
                (host, source if host == self._namesake else AskedSource(host, source)) for host, source in sources
            ]
        return Gather(sources, patience, of_hosts=True, roll=roll)

    def _live(self, host: str, logs: LocalLogs, roll: Roll) -> Source:
        if host == self._namesake:
            return self._peers.live_once(self.name, roll)
        return AskedSource(host, logs.live() if host == self.name else self._peers.live(host, roll))

    def _source(self, host: str, logs: LocalLogs, roll: Roll, *, narrows: bool) -> Source:
        if host == self.name:
            return LocalSource(logs, self._patience * PATIENCE_OF_FILES, narrows=narrows)
        return self._peers.source(self._listed(host), roll)


def _outcome_of(state: HostState) -> Outcome:
    return Outcome() if state.reachable else Outcome(Status.UNAVAILABLE, state.message)


def _no_host(caller: Caller, whats: Collection[What]) -> Failure:
    message = f"no rule allows {caller.identity} to ask any host for {' and '.join(whats)}"
    return Failure(Status.PERMISSION_DENIED, message)


def _more_patience(query: Query) -> float:
    """Return the seconds that a host is waited for longer, since it says nothing while it compiles many patterns."""
    match = query.match
    patterns = sum(map(len, (match.keywords, match.regex, match.exclude, match.exclude_regex)))
    return COMPILING * (patterns > QUICKLY_COMPILED)


def whats_of(query: Query) -> tuple[What, ...]:
    """Return what a query for lines or for their number needs to be allowed."""
    return needed_for(What.HITS if query.form.hits else What.FOLLOW if query.follow else What.LOGS)
