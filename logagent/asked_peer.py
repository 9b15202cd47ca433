"""One agent that the command line asks by itself: its connections, what it has told, and how ssh reaches it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import httpcore
import httpx
import trio

from logagent.core.batch import SIGN_OF_LIFE, Batch, Out
from logagent.core.outcome import Failure, Outcome, Status, failed
from logagent.core.query import Query, Source
from logagent.core.rendering.host_labels import labelled
from logagent.core.wire.hosts import HostState
from logagent.core.wire.labels import HostLabels, added_up
from logagent.peers.client.http_client import OVER_SSH, connect
from logagent.peers.client.reasons import reason
from logagent.peers.health import state_of
from logagent.peers.roll import Roll
from logagent.peers.sharing import FollowClients, SharingSource
from logagent.peers.source import PeerSource
from logagent.peers.takers import Takers
from logagent.peers.target import Target
from logagent.peers.told_labels import ToldLabels, ask_for_labels
from logagent.ssh_address import is_ssh
from logagent.terminal.peer_addresses import PeerAddresses

PATIENCE = 5.0
"""Seconds that a merge waits for an agent that was reached and sends nothing, as an agent waits for its peers."""
ALIVE = PATIENCE / 3
"""Seconds between signs of life of an agent that is being connected to."""
REACHING = OVER_SSH + PATIENCE
"""Seconds until an agent over ssh has said something about itself."""


class AskedPeer:
    """One agent, with a connection for questions and further ones for follows; whoever makes it closes it.

    Args:
        name: by which it must answer.
        addresses: its own is among them.
        network: makes the connections; None: that of this machine.

    Attributes:
        target: where it is; whoever typed its address knows no labels of it.
        client: carries questions.
        follow_clients: carry follows.
    """

    def __init__(self, name: str, addresses: PeerAddresses, network: httpcore.AsyncNetworkBackend | None) -> None:
        url, credential = addresses.urls[name], addresses.credentials.get(name)
        connect_one = partial(
            connect, url, tls=addresses.tls, network=network, credential=credential, trace=addresses.trace
        )
        self.target = Target(urls=(url,), name=name)
        self._told = ToldLabels()
        self.client = self._listened_to(connect_one())
        self.follow_clients = FollowClients(lambda: self._listened_to(connect_one()))

    def _listened_to(self, client: httpx.AsyncClient) -> httpx.AsyncClient:
        return self._told.listen_to(client, lambda: self.target.name)

    @property
    def is_over_ssh(self) -> bool:
        """Whether ssh has to connect to it first."""
        return is_ssh(self.target.urls[0])

    @property
    def labels(self) -> HostLabels:
        """Its labels, as far as it has told them."""
        return added_up({}, self._told.labels)

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
        patience = patience if self.is_over_ssh else min(patience, PATIENCE)
        return await ask_for_labels(self.client, self.target.name, patience, roll, trace)

    def source(self, roll: Roll) -> Source:
        """Return the source of its answers."""
        source = PeerSource(self.client, self.target.name, roll)
        return self._labelled(ReachedSource(self.client, source) if self.is_over_ssh else source)

    def live(self, roll: Roll) -> Source:
        """Return the source of its live lines, which ends when the connection is lost."""
        return self._labelled(SharingSource(self.follow_clients, self.target.name, roll, Takers()))

    def _labelled(self, source: Source) -> Source:
        return LabelledSource(source, lambda: self.labels)

    async def state(self, patience: float, roll: Roll, trace: str | None) -> HostState:
        """Ask how it is; see `health.state_of`."""
        state = await state_of(self.client, self.target, patience, roll, trace)
        return replace(state, name=self.target.name, labels=self.labels.values, labels_known=self.labels.complete)

    async def aclose(self) -> None:
        """Close its connections, which ends all that is under way."""
        await self.client.aclose()
        await self.follow_clients.aclose()


@dataclass(frozen=True, slots=True)
class LabelledSource:
    """The answer of an agent, its lines with the labels of its host where they are asked for.

    Attributes:
        source: asks it.
        labels: returns what is known of them by now.
    """

    source: Source
    labels: Callable[[], HostLabels]

    async def pump(self, query: Query, out: Out) -> Outcome:
        """Send the source's batches; see `Source.pump`."""
        return await self.source.pump(query, _Labelling(out, self.labels) if query.form.labels else out)


@dataclass(frozen=True, slots=True)
class _Labelling:
    out: Out
    labels: Callable[[], HostLabels]

    async def send(self, batch: Batch) -> None:
        await self.out.send(labelled(batch, lambda host: self.labels()))


@dataclass(frozen=True, slots=True)
class ReachedSource:
    """The answer of an agent that ssh starts, which may take longer than a merge waits for an agent that is there.

    Until it is reached, it shows signs of life.

    Attributes:
        client: of the agent.
        source: asks it.
    """

    client: httpx.AsyncClient
    source: Source

    async def pump(self, query: Query, out: Out) -> Outcome:
        """Connect, and send the source's batches; see `Source.pump`."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_show_life, out)
            why = await why_unreached(self.client)
            nursery.cancel_scope.cancel()
        return await self.source.pump(query, out) if why is None else failed(why)


async def why_unreached(client: httpx.AsyncClient) -> Failure | None:
    """Connect to an agent, and return why that failed; None if it did not."""
    try:
        with trio.move_on_after(REACHING):
            async with client.stream("GET", "/healthz"):
                return None
    except httpx.HTTPError as error:
        return Failure(Status.UNAVAILABLE, reason(error))
    except Failure as failure:
        return failure
    return Failure(Status.UNAVAILABLE, f"it was reached, but did not answer within {PATIENCE:g} s")


async def _show_life(out: Out) -> None:
    """Show that somebody is being connected to, for as long as that may take."""
    with trio.move_on_after(OVER_SSH):
        while True:
            await trio.sleep(ALIVE)
            await out.send(SIGN_OF_LIFE)
