"""The agents that this one knows, which may change while it runs: those of its settings, and those that were found."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from types import TracebackType

import httpcore
import httpx
import trio

from logagent.core.query import Query, Source
from logagent.core.wire.hosts import HostState
from logagent.core.wire.identity import Identity
from logagent.core.wire.listing import Listing
from logagent.peers.behind import Answering
from logagent.peers.client.dialing import Background
from logagent.peers.client.first_to_answer import Address, FirstToAnswer
from logagent.peers.client.h2_machine import window_of
from logagent.peers.client.http_client import connect
from logagent.peers.client.turns import Turns
from logagent.peers.introducing import expected, id_of, introduce
from logagent.peers.known_agent import CurrentSource, HeldSource, KnownAgent, origin_of
from logagent.peers.resumed import Resumed
from logagent.peers.roll import Roll
from logagent.peers.target import Target, from_urls
from logagent.peers.who_is_who import listed, move_follows
from logagent.ssh_address import is_ssh

PAUSE = 60.0
"""Seconds in which no question waits again for a peer that could not be connected to: waiting takes five seconds."""


class Peers:
    """The known agents by name; an asynchronous context manager that closes the connections when it is left.

    Args:
        urls: of the agents in the settings: base URLs by name, or targets.
        tls: for URLs that begin with https; None: the system's authorities are trusted.
        network: makes the connections; None: TCP.
        pause: seconds in which no question waits again for a peer that could not be connected to; meanwhile it is tried
            in the background, with each question.

    Attributes:
        changed: set, and replaced, each time when other agents are known, or others by name.
    """

    def __init__(
        self,
        urls: Mapping[str, str] | Iterable[Target],
        *,
        tls: ssl.SSLContext | None = None,
        network: httpcore.AsyncNetworkBackend | None = None,
        pause: float = PAUSE,
    ) -> None:
        self.changed = trio.Event()
        self._tls = tls
        self._network = network
        self._background = Background(pause)
        self._turns = Turns()
        self._tasks: AbstractAsyncContextManager[trio.Nursery] | None = None
        self._fixed = from_urls(urls) if isinstance(urls, Mapping) else list(urls)
        self._turns.window = window_of(len(self._fixed))
        self._all = {agent.origin: agent for agent in map(self._known, self._fixed)}
        self._agents = listed(self._all.values())
        self._leaving: set[KnownAgent] = set()

    def _known(self, target: Target) -> KnownAgent:
        return KnownAgent(target, self._connect, self._background)

    def _connect(
        self,
        target: Target,
        *,
        proves: bool = False,
        others: Callable[[], Sequence[Address]] = tuple,
        background: Background | None = None,
    ) -> httpx.AsyncClient:
        network = None  # of ssh a process of its own is the way, however names are looked up for the others
        if not is_ssh(target.urls[0]):
            network = FirstToAnswer(self._network or httpcore.TrioBackend(), others, self._turns.lookups)
        expects = expected(target, proves=proves, has_authority=getattr(self._tls, "authority", None) is not None)
        return connect(
            target.urls[0],
            tls=self._tls,
            network=network,
            background=background,
            expects=expects,
            turns=self._turns,
        )

    def renew(self, tls: ssl.SSLContext | None) -> None:
        """Take other TLS for follows that ask again because they lost their connection, however long they go on."""
        self._tls = tls
        for agent in self._all.values():
            agent.retire_follows()

    async def __aenter__(self) -> Peers:
        self._tasks = trio.open_nursery()
        self._background.nursery = await self._tasks.__aenter__()
        for agent in self._all.values():
            self._introduce(agent)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._end_tasks()  # noqa: ASYNC102 (all within is cancelled, and ends at once)
        for agent in [*self._all.values(), *self._leaving]:
            await agent.aclose()

    async def _end_tasks(self) -> None:
        tasks, self._tasks = self._tasks, None
        nursery, self._background.nursery = self._background.nursery, None
        if tasks is not None and nursery is not None:
            nursery.cancel_scope.cancel()
            await tasks.__aexit__(None, None, None)

    def set_found(self, found: Sequence[Target]) -> None:
        """Know these agents besides those of the settings, and no others that were found before.

        Where the settings list a name, they count. Questions under way keep the connections that they have.

        Args:
            found: all that are found now, and those that vanished and are kept for a while.
        """
        former, self._all = self._all, {}
        self._turns.window = window_of(len(self._fixed) + len(found))
        for target in (*self._fixed, *found):
            origin = origin_of(target)
            agent = former.pop(origin, None) or self._all.get(origin)
            if agent is None:
                agent = self._known(target)
                self._introduce(agent)
            elif origin not in self._all:
                agent.describe(target)
            self._all[origin] = agent
        for agent in former.values():
            self._part_with(agent)
        self._list()

    def _list(self) -> None:
        former, self._agents = self._agents, listed(self._all.values())
        move_follows(former, self._agents)
        changed, self.changed = self.changed, trio.Event()
        changed.set()

    def _part_with(self, agent: KnownAgent) -> None:
        """Close an agent's connections as soon as no question uses them any more."""
        if self._background.nursery is not None:
            self._leaving.add(agent)
            self._background.nursery.start_soon(self._close_unused, agent)

    async def _close_unused(self, agent: KnownAgent) -> None:
        await agent.unused()
        self._leaving.discard(agent)
        await agent.aclose()

    def _introduce(self, agent: KnownAgent) -> None:
        """Learn the name of an agent that was found by its address, in the background."""
        if not agent.target.name and self._background.nursery is not None:
            self._background.nursery.start_soon(self._learn_name, agent)

    async def _learn_name(self, agent: KnownAgent) -> None:
        identity = await introduce(agent.target, self._connect, agent.doubt, lambda: self._knows(agent))
        namesake = self._agents.get(identity.name)
        if namesake is not None and namesake.id != identity.id:  # it may have been started again since it was asked
            namesake.id = await id_of(namesake.target, self._connect)
        if self._knows(agent):
            agent.bear(identity)
            self._list()

    def _knows(self, agent: KnownAgent) -> bool:
        return self._all.get(agent.origin) is agent

    def learn_from(self, former: Peers) -> None:
        """Know the names of agents that were found by their addresses, as others have learned them."""
        for origin, agent in former._all.items():
            own = self._all.get(origin)
            if own is not None and not own.target.name and agent.target.name:
                own.bear(Identity(agent.target.name, agent.id))
        self._list()

    @property
    def names(self) -> list[str]:
        """The names that this agent has for its peers."""
        return list(self._agents)

    def target(self, name: str) -> Target | None:
        """Return what is known of a peer; None if none is listed by this name."""
        agent = self._agents.get(name)
        return None if agent is None else agent.target

    def url(self, name: str) -> str:
        """Return the base URL of a peer; empty if none is listed by this name."""
        target = self.target(name)
        return "" if target is None else target.urls[0]

    def agent(self, name: str) -> KnownAgent | None:
        """Return the agent that is listed by a name now; None if there is none."""
        return self._agents.get(name)

    def source(self, name: str, roll: Roll | None = None, site: Answering | None = None) -> Source:
        """Return the source of one peer's answers.

        Args:
            name: by which the peer is listed.
            roll: notes who answers.
            site: told which hosts are behind it, if it is asked as a primary.
        """
        agent = self._agents[name]
        return HeldSource(agent, agent.source(roll, site))

    def live(self, name: str, roll: Roll | None = None, site: Answering | None = None) -> Source:
        """Return the source of one peer's live lines, which outlives restarts, lost connections and new addresses."""
        return Resumed(name, self.live_once(name, roll, site))

    def live_once(self, name: str, roll: Roll | None = None, site: Answering | None = None) -> Source:
        """Return the source of one peer's live lines, which ends when the connection is lost."""
        return CurrentSource(name, self.agent, roll, site)

    async def files(
        self, name: str, query: Query, patience: float, roll: Roll | None = None, site: Answering | None = None
    ) -> Listing:
        """Ask one peer for a list of files; see `KnownAgent.files`."""
        return await self._agents[name].files(query, patience, roll, site)

    async def state(self, name: str, patience: float, roll: Roll | None = None, trace: str | None = None) -> HostState:
        """Ask one peer how it is; see `health.state_of`."""
        return await self._agents[name].state(patience, roll, trace)
