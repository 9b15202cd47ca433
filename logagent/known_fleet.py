"""The hosts that a follow is about, as the agent that is asked knows them while it runs."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace

import trio

from logagent.asked_hosts import HostsAsked
from logagent.choosing_hosts import OTHER_LABELS, untold_of
from logagent.core.outcome import Failure
from logagent.core.query import Query, Source
from logagent.fanout.membership import GONE
from logagent.fanout.site import Site
from logagent.peers.known_agents import Peers
from logagent.peers.roll import Roll
from logagent.peers.told_labels import REMEMBERED


@dataclass(frozen=True, slots=True)
class LaterHosts:
    """Which hosts a follow means later than when it was asked.

    Attributes:
        asked: returns those that it means now; raises `Failure` if there are none.
        choose: returns the query with the hosts that its conditions on labels choose by now besides.
    """

    asked: Callable[[Query], HostsAsked]
    choose: Callable[[Query], Awaitable[Query]]


@dataclass(slots=True)
class KnownFleet:
    """The hosts that a follow is about.

    Attributes:
        own: the name of the agent's own host, which never comes.
        peers: the agents that are known.
        query: the follow, with the hosts that conditions on labels have chosen so far.
        later: which hosts it means now.
        live: makes the source of the live lines of a host among them.
        roll: of the answer.
        sites: the primaries of the answer by name; one that comes is added.
    """

    own: str
    peers: Peers
    query: Query
    later: LaterHosts
    live: Callable[[Query, str, HostsAsked], Source]
    roll: Roll
    sites: dict[str, Site]
    _seen: trio.Event = field(init=False)
    _unknown: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        self._seen = self.peers.changed
        self._unknown = frozenset(untold_of(self.query))
        self.query = replace(self.query, limits=replace(self.query.limits, timeout=None))

    async def change(self) -> None:
        """Wait until other agents are known, or may have told other labels of which the question depends."""
        with trio.move_on_after(REMEMBERED if self.query.has_conditions else math.inf):
            await self._seen.wait()
        self._seen = self.peers.changed
        if self.query.has_conditions:
            self.query = await self.later.choose(self.query)

    def hosts(self) -> Sequence[str]:
        """Return the hosts that the question means now, and those of which it is not known whether it does."""
        untold = [host for host in untold_of(self.query) if self.peers.agent(host) or host in self._unknown]
        return list(dict.fromkeys([*self._asked().hosts, *untold]))

    def source(self, host: str) -> Source | None:
        """Return the live lines of a host that has come; None while it has not proved who it is."""
        agent = self.peers.agent(host)
        if agent is None or agent.why or host == self.own:
            return None
        self.roll.ask_too(host)
        asked = self._asked()
        if host in asked.sites:
            self.sites[host] = asked.sites[host]
        return self.live(self.query, host, asked)

    def site(self, host: str) -> Site | None:
        """Return which hosts are behind one that has come; None if it answers for itself only."""
        return self.sites.get(host)

    def farewell(self, host: str) -> str:
        """Return why a host is not followed any more."""
        return GONE if self.peers.agent(host) is None else OTHER_LABELS

    def _asked(self) -> HostsAsked:
        try:
            return self.later.asked(self.query)
        except Failure:
            return HostsAsked([])
