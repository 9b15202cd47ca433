"""The hosts that a follow is about, as the agent that is asked knows them while it runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from logagent.asked_hosts import HostsAsked
from logagent.core.outcome import Failure
from logagent.core.query import Source
from logagent.fanout.site import Site
from logagent.peers.known_agents import Peers
from logagent.peers.roll import Roll


@dataclass(frozen=True, slots=True)
class KnownFleet:
    """The hosts that a follow is about.

    Attributes:
        peers: the agents that are known.
        asked: returns the hosts that the question means now; raises `Failure` if there are none.
        live: makes the source of the live lines of a host among them.
        roll: of the answer.
    """

    peers: Peers
    asked: Callable[[], HostsAsked]
    live: Callable[[str, HostsAsked], Source]
    roll: Roll

    async def change(self) -> None:
        """Wait until other agents are known."""
        await self.peers.changed.wait()

    def hosts(self) -> Sequence[str]:
        """Return the hosts that the question means now."""
        return self._asked().hosts

    def source(self, host: str) -> Source | None:
        """Return the live lines of a host that has come; None while it has not proved who it is."""
        agent = self.peers.agent(host)
        if agent is None or agent.why:
            return None
        self.roll.ask_too(host)
        return self.live(host, self._asked())

    def site(self, host: str) -> Site | None:
        """Return which hosts are behind one that has come; None if it answers for itself only."""
        return self._asked().sites.get(host)

    def _asked(self) -> HostsAsked:
        try:
            return self.asked()
        except Failure:
            return HostsAsked([])
