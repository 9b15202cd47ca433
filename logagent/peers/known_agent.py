"""One agent that this one knows: what it is called, one client for queries, and further clients for follows."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

import httpx
import trio

from logagent.core.batch import Out
from logagent.core.outcome import Outcome, Status
from logagent.core.query import Query, Source
from logagent.core.wire.hosts import HostState
from logagent.core.wire.identity import Identity
from logagent.core.wire.labels import HostLabels, added_up
from logagent.core.wire.listing import Listing, failing
from logagent.peers.behind import Answering, Behind, KnownBehind
from logagent.peers.client.dialing import Background
from logagent.peers.client.downtime import Downtime
from logagent.peers.client.first_to_answer import Address
from logagent.peers.health import down, state_of, unasked
from logagent.peers.listing import listing_of
from logagent.peers.moving import Leaver, pump_until_it_moves
from logagent.peers.roll import Roll
from logagent.peers.sharing import FollowClients, SharingSource
from logagent.peers.source import PeerSource
from logagent.peers.takers import Takers
from logagent.peers.target import Target, address_of
from logagent.peers.told_labels import ToldLabels, ask_for_labels

Origin = tuple[str, tuple[str, ...]]
"""The name and the URLs of a target as it was found."""

_introductions = itertools.count(1)


class Connect(Protocol):
    """Makes a client of an agent."""

    def __call__(
        self,
        target: Target,
        *,
        proves: bool = False,
        others: Callable[[], Sequence[Address]] = tuple,
        background: Background | None = None,
    ) -> httpx.AsyncClient:
        """Return a client for the agent at a target's first URL, or at other addresses where it does not answer.

        With `proves`, it has to prove the target's name, which it has said itself.
        """
        ...


class KnownAgent:
    """One agent that this one knows; whoever makes it closes it.

    Args:
        target: where it is.
        connect: makes a client of it.
        background: where attempts to connect go on.

    Attributes:
        target: with the name that the agent bears, once it is known.
        origin: the target's key and URLs as it was found.
        listed_as: how answers call it.
        id: random bits of its process, as they were when it was found; empty: it was not asked.
        why: it cannot be asked, since it has not proved that it bears a name of its own; empty: it can.
        others: further URLs of the same agent.
        introduced: which of all it was, in their order, that said its name; 0: it was given one.
        client: carries queries.
        takers: knows whether it takes callers.
        behind: what is known of the hosts behind it, if it is a primary.
    """

    def __init__(self, target: Target, connect: Connect, background: Background) -> None:
        self.target = target
        self.origin = origin_of(target)
        self.listed_as = target.key
        self.id = ""
        self.why = "" if target.name else "has not said its name yet"
        self._unproven: Downtime | None = None
        self.others: tuple[str, ...] = ()
        self.takers = Takers()
        self.behind = KnownBehind()
        self._told = ToldLabels()
        self._connect, self._background = connect, background
        self.introduced = 0
        self.client, self._follow_clients = self._made_clients()
        self._leavers: set[Leaver] = set()
        self._users = 0
        self._unused = trio.Event()

    def _made_clients(self, *, proves: bool = False) -> tuple[httpx.AsyncClient, FollowClients]:
        connect = partial(self._connect, self.target, proves=proves, others=self._other_addresses)
        listening = self._listened_to(connect(background=self._background))
        return listening, FollowClients(lambda: self._listened_to(connect()))

    def _other_addresses(self) -> list[Address]:
        return [address_of(url) for url in (*self.target.urls[1:], *self.others)]

    def describe(self, target: Target) -> None:
        """Take what its source says of it now; a name that it said itself stays."""
        self.target = replace(target, name=target.name or self.target.name)

    def doubt(self, why: str, pause: float) -> None:
        """Note why it has not proved a name, and after how many seconds it is asked again."""
        now = trio.current_time()
        self.why, first = why, now if self._unproven is None else self._unproven.since
        self._unproven = Downtime(first, now, now + pause)

    def bear(self, identity: Identity) -> None:
        """Be called by the name that it says itself, and ask from now on for the agent that proves that name."""
        self.target, self.id, self.introduced = (
            replace(self.target, name=identity.name),
            identity.id,
            next(_introductions),
        )
        self._unproven = None
        self.client, self._follow_clients = self._made_clients(proves=True)

    def _listened_to(self, client: httpx.AsyncClient) -> httpx.AsyncClient:
        return self._told.listen_to(client, lambda: self.target.name)

    @property
    def labels(self) -> HostLabels:
        """Its labels: those that it has told, and those of its target, which override them."""
        return added_up(self.target.labels, self._told.labels)

    @property
    def other_name(self) -> str:
        """The name by which it answers, if it is not the one by which it is listed."""
        return self._told.other_name

    @property
    def has_fresh_labels(self) -> bool:
        """Whether it has told its labels just now."""
        return self._told.are_fresh

    async def ask_for_labels(self, patience: float, roll: Roll | None = None, trace: str | None = None) -> Outcome:
        """Ask for its labels; see `told_labels.ask_for_labels`."""
        if self.why:
            return Outcome(Status.UNAVAILABLE, self.why)
        with self.used():
            return await ask_for_labels(self.client, self.listed_as, patience, roll, trace)

    @contextmanager
    def used(self) -> Iterator[None]:
        """Keep its connections open within the block."""
        self._users += 1
        try:
            yield
        finally:
            self._users -= 1
            if not self._users:
                self._unused.set()

    async def unused(self) -> None:
        """Wait until nobody uses its connections."""
        while self._users:
            self._unused = trio.Event()
            await self._unused.wait()

    def source(self, roll: Roll | None = None, site: Answering | None = None) -> Source:
        """Return the source of its answers.

        Args:
            roll: notes who answers.
            site: told which hosts are behind it, if it is asked as a primary.
        """
        if self.why:
            return _Unproven(self.why)
        return PeerSource(self.client, self.listed_as, roll, self.takers, self._behind(site))

    def live(self, roll: Roll | None = None, site: Answering | None = None) -> Source:
        """Return the source of its live lines, which ends when the connection is lost; see `source`."""
        if self.why:
            return _Unproven(self.why)
        return SharingSource(self._follow_clients, self.listed_as, roll, self.takers, self._behind(site))

    def _behind(self, site: Answering | None) -> Behind | None:
        return None if site is None else Behind(site, self.behind)

    async def files(
        self, query: Query, patience: float, roll: Roll | None = None, site: Answering | None = None
    ) -> Listing:
        """Ask it to list its own files, or those of all hosts behind it.

        Args:
            query: its files, and whether rotated ones belong to them.
            patience: seconds that it has to answer.
            roll: notes who answers.
            site: told which hosts are behind it, if it is asked as a primary.

        Returns:
            The listing, with the name by which it is listed; if it failed, without logs and with the reason.
        """
        if self.why:
            return failing(self.listed_as, Status.UNAVAILABLE, self.why)
        with self.used():
            return await listing_of(self.client, self.listed_as, query, patience, roll, self.takers, self._behind(site))

    async def state(self, patience: float, roll: Roll | None = None, trace: str | None = None) -> HostState:
        """Ask how it is; see `health.state_of`."""
        if self.why:
            return down(replace(unasked(self.target, self.listed_as), message=self.why), self._unproven)
        with self.used():
            state = await state_of(self.client, self.target, patience, roll, trace)
        return replace(state, labels=self.labels.values, labels_known=self.labels.complete)

    async def pump_until_it_moves(self, source: Source, query: Query, out: Out) -> Outcome:
        """Pump a source of its live lines; it is UNAVAILABLE as soon as another agent is asked by its name."""
        return await pump_until_it_moves(source, query, out, self._leavers)

    def move(self) -> None:
        """Have the follows of it ask again, since another agent is asked by its name now."""
        for leaver in tuple(self._leavers):
            leaver.leave()

    def retire_follows(self) -> None:
        """Have further follows carried by new clients."""
        self._follow_clients.retire()

    async def aclose(self) -> None:
        """Close its connections, which ends all that is under way."""
        await self.client.aclose()
        await self._follow_clients.aclose()


def origin_of(target: Target) -> Origin:
    """Return what makes a target the same over time."""
    return target.name, target.urls


@dataclass(frozen=True, slots=True)
class _Unproven:
    """The source of an agent that is not asked, since it has not proved who it is."""

    why: str

    async def pump(self, query: Query, out: Out) -> Outcome:
        await trio.lowlevel.checkpoint()
        return Outcome(Status.UNAVAILABLE, self.why)


@dataclass(frozen=True, slots=True)
class HeldSource:
    """A source of a known agent, whose connections stay open while it is pumped, whatever becomes of the agent.

    Attributes:
        agent: the agent.
        source: asks it.
    """

    agent: KnownAgent
    source: Source

    async def pump(self, query: Query, out: Out) -> Outcome:
        """Forward the source's batches; see `Source.pump`."""
        with self.agent.used():
            return await self.source.pump(query, out)


@dataclass(frozen=True, slots=True)
class CurrentSource:
    """The live lines of the agent that is listed by a name when they are asked for.

    Attributes:
        name: by which it is listed.
        known: returns the agent of a name; None if there is none.
        roll: notes who answers.
        site: told which hosts are behind it, if it is asked as a primary.
    """

    name: str
    known: Callable[[str], KnownAgent | None]
    roll: Roll | None = None
    site: Answering | None = None

    async def pump(self, query: Query, out: Out) -> Outcome:
        """Ask the agent and pass its batches on; see `Source.pump`."""
        agent = self.known(self.name)
        if agent is None:
            return Outcome(Status.UNAVAILABLE, "is not known any more")
        source = HeldSource(agent, agent.live(self.roll, self.site))
        return await agent.pump_until_it_moves(source, query, out)
