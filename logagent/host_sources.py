"""The sources of the hosts that one question is asked of, put together as the question wants them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from logagent.asked_hosts import HostsAsked
from logagent.core.hits.tally import Tallied
from logagent.core.query import Query, Source
from logagent.core.wire.labels import HostLabels
from logagent.core.wire.through import MAX_DEPTH
from logagent.fanout.asked_source import AskedSource
from logagent.fanout.by_label import CountedByLabel
from logagent.fanout.claims import ClaimedSource, Claims
from logagent.fanout.follow import Follow
from logagent.fanout.gather import Gather
from logagent.known_fleet import KnownFleet, LaterHosts
from logagent.local import PATIENCE_OF_FILES, LocalLogs, LocalSource
from logagent.peers.known_agents import Peers
from logagent.peers.roll import Roll


@dataclass(frozen=True, slots=True)
class HostSources:
    """Makes the sources of hosts for one question.

    Attributes:
        name: of this host.
        namesake: how the answer calls the peer that is listed under this name; empty: there is none.
        peers: the agents that this one knows.
        logs: of this host, as they are for the caller.
        patience_of_files: seconds that others wait for this host's files.
        patience: seconds that a source is waited for that sends nothing.
        roll: returns what knows who answers, for some hosts.
        claims: know who answers for which name.
        labels: returns what is known of a host's labels by now.
        live_untold: returns the live lines of further hosts, of which it is not known whether a follow means them.
        later: which hosts a follow means later; None: they stay the same.
    """

    name: str
    namesake: str
    peers: Peers
    logs: LocalLogs
    patience_of_files: float
    patience: float
    roll: Callable[[HostsAsked], Roll]
    claims: Claims
    labels: Callable[[str], HostLabels]
    live_untold: Callable[[Query, Roll], list[tuple[str, Source]]]
    later: LaterHosts | None = None

    def answering(self, query: Query, asked: HostsAsked) -> Source:
        """Return the source that answers a query over some hosts."""
        if query.follow:
            roll = self.roll(asked)
            live = [(host, self._claimed(host, roll, asked)) for host in asked.hosts]
            live += [(host, self._claiming(host, source)) for host, source in self.live_untold(query, roll)]
            return Follow(
                live,
                lambda hosts: self._gather(asked.of(host for host in hosts if host in asked.hosts)),
                self.patience * (1 - asked.depth / (MAX_DEPTH + 2)),
                roll,
                sites=asked.sites,
                through=asked.is_through,
                depth=asked.depth,
                fleet=self._fleet(query, asked, roll),
            )
        gathered = self._gather(asked, narrows=not query.own and not asked.is_through, by=query.form.by_label)
        return Tallied(gathered) if query.form.hits else gathered

    def _fleet(self, query: Query, asked: HostsAsked, roll: Roll) -> KnownFleet | None:
        if self.later is None:
            return None
        live = partial(self._come, roll)
        return KnownFleet(self.name, self.peers, query, self.later, live, roll, asked.sites)

    def _come(self, roll: Roll, query: Query, host: str, asked: HostsAsked) -> Source:
        """Return the live lines of a host that has come."""
        untold = dict(self.live_untold(query, roll))
        return self._claiming(host, untold[host]) if host in untold else self._claimed(host, roll, asked)

    def _claimed(self, host: str, roll: Roll, asked: HostsAsked) -> Source:
        source = self._live(host, roll, asked)
        return self._claiming(host, source) if asked.sites or self.later is not None else source

    def _claiming(self, host: str, source: Source) -> Source:
        return ClaimedSource(host, source, self.claims)

    def _gather(self, asked: HostsAsked, *, narrows: bool = False, by: str | None = None) -> Gather:
        roll = self.roll(asked)
        sources = [(host, self._source(host, roll, asked, narrows=narrows)) for host in asked.hosts]
        if by:  # a primary counts by the labels of the hosts behind it
            sources = [
                (host, source if host in asked.sites else CountedByLabel(source, partial(self.labels, host)))
                for host, source in sources
            ]
        if list(asked.hosts) != [self.name]:  # else nobody is asked: the story of the request says all
            sources = [
                (host, source if host == self.namesake else AskedSource(host, source)) for host, source in sources
            ]
        if asked.sites:
            sources = [(host, ClaimedSource(host, source, self.claims)) for host, source in sources]
        return Gather(sources, self.patience, of_hosts=True, roll=roll, sites=asked.sites, through=asked.is_through)

    def _live(self, host: str, roll: Roll, asked: HostsAsked) -> Source:
        if host == self.namesake:
            return self.peers.live_once(self.name, roll)
        if host == self.name:
            return AskedSource(host, self.logs.live())
        return AskedSource(host, self.peers.live(host, roll, asked.sites.get(host)))

    def _source(self, host: str, roll: Roll, asked: HostsAsked, *, narrows: bool) -> Source:
        if host == self.name:
            return LocalSource(self.logs, self.patience_of_files * PATIENCE_OF_FILES, narrows=narrows)
        return self.peers.source(self.name if host == self.namesake else host, roll, asked.sites.get(host))
