"""The agent, which combines its own logs and its peers; the composition root."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial

from logagent.asked_hosts import HostsAsked, QuestionsAnswered, RememberedSource, hosts_meant
from logagent.asked_together import LESS, listed, states
from logagent.choosing_hosts import HostChooser, named
from logagent.compiling import COMPILING, compiling
from logagent.core.access.caller import ANONYMOUS, Caller
from logagent.core.access.rules import Rules, What, needed_for
from logagent.core.notes import Note, add_up
from logagent.core.query import Query
from logagent.core.wire.hosts import HostState
from logagent.core.wire.identity import ID_BYTES, Identity
from logagent.core.wire.labels import HostLabels
from logagent.core.wire.listing import Listing
from logagent.core.wire.through import Through
from logagent.disk.catalog.listed_logs import LogLister
from logagent.fanout.claims import Claims
from logagent.fanout.noting import Noting
from logagent.fanout.selecting import Selecting
from logagent.fanout.site import Site
from logagent.host_sources import HostSources
from logagent.known_fleet import LaterHosts
from logagent.known_hosts import KnownHosts
from logagent.known_sources import KnownSources
from logagent.local import LocalLogs
from logagent.local_listing import LocalLister
from logagent.own_state import notes_of_ending, own_state
from logagent.peers.known_agents import Peers
from logagent.peers.roll import Roll
from logagent.peers.told_states import told_states

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
        labels: of its own host, values by name.
        sources: in which it finds other agents while it runs; None: none.

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
        labels: Mapping[str, str] | None = None,
        sources: KnownSources | None = None,
    ) -> None:
        self.name = logs.host
        self.identity = Identity(logs.host, id or os.urandom(ID_BYTES).hex())
        self._certificates = dict(certificates or {})
        self._rules = rules or Rules()
        self._acts_as = acts_as or logs.host
        self.sources = sources or KnownSources()
        self.addresses = tuple(addresses)
        self._logs = logs
        self._peers = peers
        self._patience = patience
        self._lister = LocalLister(logs, LogLister(logs.lister))
        self._questions = QuestionsAnswered(self.identity)
        self._known = KnownHosts(logs.host, peers, self._rules)
        self.labels = dict(labels or {})
        self._chooser = HostChooser(logs.host, self.labels, peers, patience)

    async def check(self, query: Query) -> None:
        """Compile the query's expressions in a thread, ahead of the search.

        Raises:
            BadParameter: for an expression that cannot be searched for.
        """
        if (compiles := compiling(query)) is not None:
            await self._logs.threads.in_thread(compiles)

    async def choose(
        self, query: Query, caller: Caller = ANONYMOUS, whats: Collection[What] = (), *, through: bool = False
    ) -> Query:
        """Return the query with the hosts that its conditions on labels choose, of those that a caller may ask `whats`.

        Raises:
            Failure: if they hold for none of them, and nobody else has to be asked whether they hold.
        """
        if query.own or not query.has_conditions:
            return query
        known = self._known.others(caller, whats or whats_of(query))
        plain = [host for host in known if not self._known.is_primary(host)]
        roll = self._roll(HostsAsked(plain), caller)
        return await self._chooser.choose(query, plain, roll, elsewhere=through or len(plain) < len(known))

    def labels_of(self, host: str) -> HostLabels:
        """Return what is known of a host's labels."""
        return self._chooser.labels(self._known.listed(host))

    def answer(self, query: Query, caller: Caller = ANONYMOUS, through: Through | None = None) -> RememberedSource:
        """Return the source that answers a caller's query, over the hosts that the query names.

        Args:
            query: what is asked.
            caller: who asks.
            through: by which way the question came; None: through no agent that says so.

        Raises:
            Failure: for a host that is not known.
            NotAgain: if it is answered for another way already.
        """
        whats = whats_of(query)
        asked = self._asked(query, caller, whats, through)
        logs, patience = self._seen_by(caller, whats), self._patience + _more_patience(query)
        later = self._later(query, caller, whats, is_through=asked.is_through)
        roll, claims = partial(self._roll, caller=caller), Claims(asked.sites)
        hosts = self.name, self._known.namesake, self._peers, logs, self._patience, patience
        sources = HostSources(*hosts, roll, claims, self.labels_of, self._chooser.live_untold, later)
        source = self._chooser.with_untold(query, sources.answering(query, asked))
        if not query.own and self.name in asked.hosts and (notes := self._certificate_notes()):
            source = Noting(source, notes)
        if asked.through is not None and not query.own:
            source = Selecting(source, lambda: asked.nowhere, asked.told_of, asked.is_through, claims)
        source = self.sources.answering(source, query, caller, through=asked.is_through)
        return RememberedSource(source, asked.names if asked.is_through else (), self._questions, asked.through)

    async def files(self, query: Query, caller: Caller = ANONYMOUS, through: Through | None = None) -> Listing:
        """List the logs of the hosts that a query names, each asked for the agent's patience or the query's timeout.

        Args:
            query: only its files, hosts, rotated, own and timeout are used.
            caller: who asks.
            through: by which way the question came; None: through no agent that says so.

        Raises:
            Failure: for a host that is not known.
            NotAgain: if it is answered for another way already.
        """
        query = await self.choose(query, caller, (What.FILES,), through=through is not None)
        asked = self._asked(query, caller, (What.FILES,), through)
        patience = min(self._patience, query.limits.timeout or self._patience)
        lister = replace(self._lister, logs=self._seen_by(caller, (What.FILES,)))
        with self._questions.answering(asked.through):
            listing = await listed(query, asked, self._roll(asked, caller), patience, lister, self._peers, self._known)
        notes = () if query.own or self.name not in asked.hosts else self._certificate_notes()
        return replace(listing, notes=add_up((*listing.notes, *notes, *self.sources.notes(query, caller))))

    async def hosts(
        self,
        caller: Caller = ANONYMOUS,
        trace: str | None = None,
        meant: Sequence[str] = (),
        through: Through | None = None,
    ) -> list[HostState]:
        """Ask all known agents for their state at the same time, and wait for each for the agent's patience.

        Args:
            caller: who asks.
            trace: of the request, as in a query.
            meant: names, globs and conditions on labels; none: all of them.
            through: by which way the question came; None: through no agent that says so.

        Returns:
            A state for each of them, for this agent, and for those behind primaries, that the rules show him.

        Raises:
            Failure: if none is meant; one whose labels are not known may be.
            NotAgain: if it is answered for another way.
        """
        shown = self._known.shown_to(caller, (What.HOSTS,))
        primaries = self._known.primaries(shown, caller)
        asked = HostsAsked(shown if primaries else named(meant, shown), {name: Site(name) for name in primaries})
        asked = self._questions.taken(asked, through, own=False)
        roll, patience = self._roll(asked, caller), self._patience * LESS**asked.depth
        shows = self._known.shows(caller, (What.HOSTS,))

        async def ask(host: str) -> HostState:
            if host == self.name:
                return own_state(self.name, self.addresses, self._certificates, self.labels)
            return await self._peers.state(self._known.listed(host), patience, roll, trace)

        async def behind(host: str) -> list[HostState]:
            known = self._peers.agent(host) if host in primaries else None
            return await told_states(known, patience, roll, caller.identity, trace, shows)

        with self._questions.answering(asked.through):
            return await states(asked.hosts, ask, behind, roll, meant, untold=self._known.namesake)

    async def unready(self) -> list[str]:
        """Return the reasons why this agent cannot answer yet, a sentence each; none if it is ready."""
        return await self._logs.threads.in_thread(self._logs.catalog.unready)

    def _certificate_notes(self) -> tuple[Note, ...]:
        return notes_of_ending(self._certificates, self.name)

    def _asked(
        self, query: Query, caller: Caller, whats: Collection[What], through: Through | None = None
    ) -> HostsAsked:
        """Return the hosts that a query names; raise `Failure` for one that is not known, or not to this caller."""
        if query.own:
            return self._questions.taken(HostsAsked([self.name]), through, own=True)
        asked = hosts_meant(self._known, query, caller, whats, is_through=through is not None)
        return self._questions.taken(
            asked, through, own=False, gets_sites=query.follow is not None and self.sources.finds
        )

    def _later(self, query: Query, caller: Caller, whats: Collection[What], *, is_through: bool) -> LaterHosts | None:
        """Return which hosts a follow means later; None if they stay the same."""
        if query.follow is None or query.own or not (self.sources.finds or query.has_conditions):
            return None
        asked = partial(hosts_meant, self._known, caller=caller, whats=whats, is_through=is_through)
        return LaterHosts(asked, partial(self.choose, caller=caller, whats=whats, through=is_through))

    def _seen_by(self, caller: Caller, whats: Collection[What]) -> LocalLogs:
        """Return the logs of this host as they are for a caller."""
        return self._logs.seen_with(self._rules.sight(caller, self.name, whats))

    def _roll(self, asked: HostsAsked, caller: Caller) -> Roll:
        told = replace(caller, chain=(*caller.chain, self._acts_as))
        hosts, strict = asked.hosts, bool(self._rules)
        return Roll(self.identity, hosts, self._known.namesake, caller=told, strict=strict, through=asked.through)


def _more_patience(query: Query) -> float:
    """Return the seconds that a host is waited for longer, since it says nothing while it compiles many patterns."""
    match = query.match
    patterns = sum(map(len, (match.keywords, match.regex, match.exclude, match.exclude_regex)))
    return COMPILING * (patterns > QUICKLY_COMPILED)


def whats_of(query: Query) -> tuple[What, ...]:
    """Return what a query for lines or for their number needs to be allowed."""
    return needed_for(What.HITS if query.form.hits else What.FOLLOW if query.follow else What.LOGS)
