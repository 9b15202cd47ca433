"""Follows of one peer: how they share connections, and come over its breaks."""

from __future__ import annotations

import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from logagent.core.batch import SIGN_OF_LIFE, Batch, Notice, Origin, Position
from logagent.core.outcome import Outcome, Status
from logagent.core.query import Query
from logagent.core.wire.frames import BATCHES, VERSION_HEADER, encode
from logagent.core.wire.hosts import HostState
from logagent.peers.client import turns
from logagent.peers.health import MAX_HEALTH
from logagent.peers.known_agents import Peers
from logagent.peers.sharing import FOLLOWS_PER_CONNECTION
from logagent.peers.takers import LONGEST_VERSION
from logagent.web.server.connections import serve_connection
from testbed.network import MemoryNetwork

QUERY = Query.of(files=("app.log",), follow=True, own=True, times=True, places=True)


@dataclass
class Followed:
    """A peer whose every answer is one batch and then silence. connections: the numbers of those that are open."""

    batch: Batch = SIGN_OF_LIFE
    connections: set[int] = field(default_factory=set)
    dialed: int = 0
    asked: int = 0
    under_way: int = 0

    async def serve(self, stream: Any) -> None:
        self.dialed += 1
        number = self.dialed
        self.connections.add(number)
        await serve_connection(self._app, stream)
        self.connections.discard(number)

    async def _app(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            return
        self.asked += 1
        self.under_way += 1
        try:
            headers = [(b"content-type", BATCHES.encode())]
            await send({"type": "http.response.start", "status": 200, "headers": headers, "trailers": True})
            await send({"type": "http.response.body", "body": encode(self.batch), "more_body": True})
            while (await receive())["type"] != "http.disconnect":
                pass
        finally:
            self.under_way -= 1


@dataclass
class Reader:
    """Keeps what it gets."""

    batches: list[Batch] = field(default_factory=list)

    async def send(self, batch: Batch) -> None:
        await trio.lowlevel.checkpoint()
        self.batches.append(batch)


@dataclass
class Bench:
    """Peers that know one agent, and follows of it, each in a task."""

    network: MemoryNetwork
    peers: Peers
    peer: Followed
    nursery: trio.Nursery
    outcomes: list[Outcome] = field(default_factory=list)

    async def follow(self, times: int) -> trio.CancelScope:
        """So many more follows, all begun; cancelling the scope ends them."""
        readers = [Reader() for _ in range(times)]
        scope: trio.CancelScope = await self.nursery.start(self._follow_all, readers)
        await trio.sleep(0.5)
        assert all(reader.batches for reader in readers)
        return scope

    async def _follow_all(self, readers: list[Reader], task_status: trio.TaskStatus[trio.CancelScope]) -> None:
        async with trio.open_nursery() as nursery:
            for reader in readers:
                nursery.start_soon(self._follow, reader)
            task_status.started(nursery.cancel_scope)

    async def _follow(self, reader: Reader) -> None:
        self.outcomes.append(await self.peers.live("web-2").pump(QUERY, reader))


@asynccontextmanager
async def open_bench(batch: Batch = SIGN_OF_LIFE) -> AsyncIterator[Bench]:
    peer = Followed(batch)
    async with trio.open_nursery() as nursery:
        network = MemoryNetwork(nursery)
        network.host("far", peer.serve)
        async with Peers({"web-2": "http://far"}, network=network) as peers:
            yield Bench(network, peers, peer, nursery)
            nursery.cancel_scope.cancel()


async def test_follows_share_connections_fifty_on_each(autojump_clock: MockClock) -> None:
    async with open_bench() as it:
        await it.follow(120)
        assert (it.peer.dialed, it.peer.asked) == (3, 120)
        assert FOLLOWS_PER_CONNECTION == 50


async def test_queries_have_a_connection_of_their_own(autojump_clock: MockClock) -> None:
    async with open_bench() as it:
        await it.follow(1)
        with trio.move_on_after(1):
            await it.peers.source("web-2").pump(QUERY, Reader())
        assert it.peer.dialed == 2


async def test_connections_are_closed_with_their_last_follow(autojump_clock: MockClock) -> None:
    async with open_bench() as it:
        first = await it.follow(FOLLOWS_PER_CONNECTION)
        second = await it.follow(1)
        second.cancel()
        await trio.sleep(2)
        assert it.peer.connections == {1}
        first.cancel()
        await trio.sleep(2)
        assert it.peer.under_way == 0


async def test_room_that_a_follow_leaves_is_used(autojump_clock: MockClock) -> None:
    async with open_bench() as it:
        await it.follow(FOLLOWS_PER_CONNECTION - 1)
        for _ in range(5):
            (await it.follow(1)).cancel()
            await trio.sleep(2)
        assert it.peer.dialed == 1


async def test_closing_the_peers_ends_all_follows_for_good(autojump_clock: MockClock) -> None:
    async with open_bench() as it:
        await it.follow(60)
        await it.peers.__aexit__(None, None, None)
        await trio.sleep(60)
        assert it.peer.connections == set()
        assert {outcome.status for outcome in it.outcomes} == {Status.CANCELLED}
        assert (len(it.outcomes), it.peer.asked) == (60, 60)


async def test_follow_comes_over_the_death_of_its_peer(autojump_clock: MockClock) -> None:
    reader = Reader()
    line = Batch(b"one\n", 1, [5], [0], (Origin("far", "app.log"),), positions=(Position("far", "app.log", 1, 4),))
    async with open_bench(line) as it:
        it.nursery.start_soon(partial(it.peers.live("web-2").pump, QUERY, reader))
        await trio.sleep(1)
        it.network.cut("far")
        await trio.sleep(5)
        it.network.host("far", it.peer.serve)
        await trio.sleep(20)
    lost, back = [notice for batch in reader.batches for notice in batch.notices]
    assert (lost.host, lost.status, lost.message[:6]) == ("web-2", Status.UNAVAILABLE, "lost: ")
    assert (back.host, back.status, back.message[:11]) == ("web-2", Status.OK, "back after ")
    assert [batch.positions for batch in reader.batches if batch.count] == [(Position("web-2", "app.log", 1, 4),)] * 2


async def test_notices_of_a_peer_carry_the_name_by_which_it_is_known(autojump_clock: MockClock) -> None:
    reader = Reader()
    notices = (Notice("far", Status.DATA_LOSS, "7 bytes of app.log are gone"),)
    async with open_bench(Batch(b"", 0, notices=notices)) as it:
        with trio.move_on_after(1):
            await it.peers.live("web-2").pump(QUERY, reader)
    assert reader.batches[0].notices == (notices[0]._replace(host="web-2"),)


async def state_of(document: dict[str, object], status: int = 200) -> HostState:
    """What is told of a peer that answers so when it is asked for its health."""

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            headers = [(VERSION_HEADER.lower().encode(), b"0.1.0")]
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": json.dumps(document).encode()})

    async with trio.open_nursery() as nursery:
        network = MemoryNetwork(nursery)
        network.host("web1", partial(serve_connection, app))
        async with Peers({"web1": "http://web1"}, network=network) as peers:
            state = await peers.state("web1", 5.0)
        nursery.cancel_scope.cancel()
    return state


async def test_a_healthy_peer_that_refuses_this_agent_is_reachable_and_says_why(autojump_clock: MockClock) -> None:
    state = await state_of({"status": "ok", "refuses": "user x may not ask"})
    assert state.reachable
    assert state.message == "refuses this agent: user x may not ask (PERMISSION_DENIED)"


async def test_a_peer_that_is_addressed_by_a_wrong_name_is_named_with_the_reason(autojump_clock: MockClock) -> None:
    state = await state_of({"detail": "web1 is not its name"}, 421)
    assert not state.reachable
    assert state.message == "refuses this agent: web1 is not its name (PERMISSION_DENIED)"


async def test_what_a_peer_says_otherwise_is_no_reason(autojump_clock: MockClock) -> None:
    assert (await state_of({"status": "ok"})).message == ""
    assert (await state_of({"detail": "down"}, 500)).message == "is no agent, or not a healthy one"
    assert (await state_of({}, 403)).message == "is no agent, or not a healthy one"


# Peers that are down.


class Hole(MemoryNetwork):
    """A network that takes no notice of attempts to connect until it is revived."""

    def __init__(self, nursery: trio.Nursery) -> None:
        super().__init__(nursery)
        self.revived = trio.Event()

    async def connect_tcp(self, *args: Any, **options: Any) -> Any:
        await self.revived.wait()
        return await super().connect_tcp(*args, **options)


async def test_dead_peer_costs_one_question_five_seconds_and_is_there_when_it_is_back(
    autojump_clock: MockClock,
) -> None:
    question, reader = Query.of(files=("app.log",), own=True), Reader()
    async with trio.open_nursery() as nursery:
        network = Hole(nursery)
        network.host("far", Followed().serve)
        async with Peers({"web-2": "http://far"}, network=network) as peers:
            took, messages = [], []
            for _ in range(3):
                started = trio.current_time()
                messages.append((await peers.source("web-2").pump(question, Reader())).message)
                took.append(round(trio.current_time() - started, 1))
                await trio.sleep(12)
            state = await peers.state("web-2", 5)
            network.revived.set()
            with trio.move_on_after(0.05):
                await peers.source("web-2").pump(question, reader)
        nursery.cancel_scope.cancel()
    assert took == [5.0, 0.2, 0.2]
    assert messages[1].endswith("did not answer in time, 12 s ago; it is being tried again")
    assert (state.reachable, state.message.endswith("it is being tried again")) == (False, True)
    assert reader.batches == [SIGN_OF_LIFE]


async def test_dead_peer_tells_since_when_it_is_down_and_when_it_is_waited_for_again(
    autojump_clock: MockClock,
) -> None:
    async with trio.open_nursery() as nursery:
        network = Hole(nursery)
        network.host("far", Followed().serve)
        async with Peers({"web-2": "http://far"}, network=network, pause=60) as peers:
            first = await peers.state("web-2", 6)
            await trio.sleep(12)
            later = await peers.state("web-2", 6)
            network.revived.set()
            await trio.sleep(60)
            back = await peers.state("web-2", 6)
        nursery.cancel_scope.cancel()
    assert first.down_since is not None
    assert first.last_tried == first.down_since
    assert first.next_try == pytest.approx(first.down_since + 60)
    assert (later.reachable, later.last_tried) == (False, later.down_since)
    assert later.next_try == pytest.approx(later.down_since + 60)
    assert (back.down_since, back.last_tried, back.next_try) == (None, None, None)


async def _say_nothing(stream: Any) -> None:
    await trio.sleep_forever()


async def test_peer_that_is_connected_to_and_silent_is_not_known_to_be_down(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery:
        network = MemoryNetwork(nursery)
        network.host("far", _say_nothing)
        async with Peers({"web-2": "http://far"}, network=network) as peers:
            state = await peers.state("web-2", 5)
        nursery.cancel_scope.cancel()
    assert (state.reachable, state.message, state.down_since) == (False, "no answer within 5 s", None)


async def test_follow_of_a_dead_peer_tries_again_as_ever(autojump_clock: MockClock) -> None:
    reader = Reader()
    async with trio.open_nursery() as nursery:
        network = Hole(nursery)
        network.host("far", Followed().serve)
        async with Peers({"web-2": "http://far"}, network=network) as peers:
            nursery.start_soon(peers.live("web-2").pump, QUERY, reader)
            await trio.sleep(20)
            network.revived.set()
            await trio.sleep(20)
            nursery.cancel_scope.cancel()
    told = [notice.status for batch in reader.batches for notice in batch.notices]
    assert told == [Status.UNAVAILABLE, Status.OK, Status.DATA_LOSS]


async def test_peer_whose_health_has_no_end_is_known_by_its_head(autojump_clock: MockClock) -> None:
    async def endless(scope: dict[str, Any], receive: Any, send: Any) -> None:
        headers = [(VERSION_HEADER.encode(), b"v" * 1000)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        while True:
            await send({"type": "http.response.body", "body": bytes(MAX_HEALTH), "more_body": True})

    async with trio.open_nursery() as nursery:
        network = MemoryNetwork(nursery)
        network.host("far", partial(serve_connection, endless))
        async with Peers({"web-2": "http://far"}, network=network) as peers:
            state = await peers.state("web-2", 5)
        nursery.cancel_scope.cancel()
    assert (state.reachable, state.version) == (True, "v" * LONGEST_VERSION)
    assert state.round_trip is not None


def test_agents_without_tls_of_their_own_share_what_trusts_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    def counted() -> ssl.SSLContext:
        made.append(1)
        return ssl.create_default_context()

    monkeypatch.setattr(turns, "system_tls", counted)
    Peers({f"web-{number}": f"https://web-{number}" for number in range(20)})
    assert len(made) == 1


async def test_ssh_is_its_own_way_where_names_are_looked_up_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGAGENT_SSH", "/no/ssh/here")
    async with trio.open_nursery() as nursery:
        network = MemoryNetwork(nursery)
        network.host("web-1", Followed().serve)
        async with Peers({"web-1": "ssh://web-1"}, network=network) as peers:
            state = await peers.state("web-1", 5)
        nursery.cancel_scope.cancel()
    assert "/no/ssh/here cannot be started" in state.message
