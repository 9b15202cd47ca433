"""The hosts of which an agent knows, how its answers call them, and which of them a caller may ask."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from logagent.core.access.caller import Caller
from logagent.core.access.rules import Rules, What
from logagent.fanout.site import Shows
from logagent.peers.known_agents import Peers


class KnownHosts:
    """An agent's own host and its peers.

    Args:
        own: the name of its own host.
        peers: the agents that it knows.
        rules: say which hosts they show to whom.
    """

    def __init__(self, own: str, peers: Peers, rules: Rules) -> None:
        self.own = own
        self._peers = peers
        self._rules = rules

    @property
    def namesake(self) -> str:
        """How answers call the peer that is listed under this agent's own name, by its URL; empty: there is none.

        As a rule it is this agent, and nothing is said of it; but it may be another of the same name.
        """
        return self._peers.url(self.own)

    def listed(self, host: str) -> str:
        """Return the name by which a host is listed here."""
        return self.own if host == self.namesake else host

    def names(self) -> list[str]:
        """Return how answers call the hosts: this one, the peers, and a peer that is listed under this one's name."""
        peers = [self.namesake if name == self.own else name for name in self._peers.names]
        return [self.own, *peers]

    def others(self, caller: Caller, whats: Collection[What]) -> list[str]:
        """Return the same without the one that is listed under this agent's own name."""
        return [host for host in self.shown_to(caller, whats) if host != self.namesake]

    def is_primary(self, host: str) -> bool:
        """Return whether a host is asked for all hosts that it knows."""
        target = self._peers.target(host)
        return target is not None and target.primary and host != self.own

    def primaries(self, hosts: Iterable[str], caller: Caller) -> dict[str, tuple[str, ...]]:
        """Return the primaries among some hosts, each with the hosts behind it that it named to a caller."""
        agents = [(host, self._peers.agent(host)) for host in hosts if self.is_primary(host)]
        return {host: agent.behind.of(caller.identity) for host, agent in agents if agent is not None}

    def shows(self, caller: Caller, whats: Collection[What]) -> Shows | None:
        """Return what tells of hosts behind primaries whether the rules show them to a caller; None: all of them."""
        if not self._rules.tells_hosts_apart(caller):
            return None
        return lambda host: self._rules.shows_host(caller, host, whats)

    def shown_to(self, caller: Caller, whats: Collection[What]) -> list[str]:
        """Return the hosts that the rules show a caller who asks for something of all these kinds."""
        return [host for host in self.names() if self._rules.shows_host(caller, self.listed(host), whats)]
