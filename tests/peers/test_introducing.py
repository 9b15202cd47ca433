"""An agent that was found by its address says its own name, and its certificate proves that; else it gives no line."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from logagent.core.outcome import Status
from logagent.core.query import Query
from logagent.core.wire.frames import VERSION_HEADER
from logagent.core.wire.identity import AGENT_HEADER, Identity, to_header
from logagent.peers.client.tls import client_tls
from logagent.peers.introducing import FIRST_WAIT, LONGEST_WAIT
from logagent.peers.known_agents import Peers
from logagent.peers.target import Target
from logagent.web.server.connections import serve_connection
from logagent.web.server.listening import server_tls
from testbed.certificates import Pki, make_pki
from testbed.network import MemoryNetwork
from testbed.sources import Reader

ONE, OTHER = "1" * 32, "2" * 32


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return make_pki(tmp_path_factory.mktemp("tls") / "ours")


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return make_pki(tmp_path_factory.mktemp("tls") / "theirs")


class Says:
    """An agent that says a name."""

    def __init__(self, name: str, id: str = ONE, tls: ssl.SSLContext | None = None) -> None:
        self.name, self.id, self.tls = name, id, tls
        self.asked: list[str] = []

    async def serve(self, stream: Any) -> None:
        if self.tls is not None:
            stream = trio.SSLStream(stream, self.tls, server_side=True, https_compatible=True)
        await serve_connection(self._answer, stream)

    async def _answer(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            return
        self.asked.append(scope["path"])
        headers = [
            (VERSION_HEADER.encode(), b"1"),
            (AGENT_HEADER.encode(), to_header(Identity(self.name, self.id)).encode()),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"{}"})


@asynccontextmanager
async def fleet(
    tls: ssl.SSLContext | None = None, settings: dict[str, str] | None = None, **agents: Says
) -> AsyncIterator[tuple[Peers, MemoryNetwork]]:
    """Peers on a network of agents; `ip7` is the one at 10.0.0.7."""
    async with trio.open_nursery() as nursery:
        network = MemoryNetwork(nursery)
        for name, agent in agents.items():
            network.host(name.replace("ip", "10.0.0."), agent.serve)
        async with Peers(settings or {}, tls=tls, network=network) as peers:
            yield peers, network
        nursery.cancel_scope.cancel()


def at(address: str, scheme: str = "https", **more: Any) -> Target:
    return Target(urls=(f"{scheme}://{address}:8443",), found_by="dns A web:8443", **more)


async def known(peers: Peers, *names: str) -> None:
    while peers.names != [*names]:
        await peers.changed.wait()


async def why(peers: Peers, name: str, after: float = 20) -> str:
    """Why a peer is not asked: of a question, of a list of files and of the list of hosts, which all say the same."""
    await trio.sleep(after)
    outcome = await peers.source(name).pump(Query(files=("a",)), Reader())
    live = await peers.live_once(name).pump(Query(files=("a",)), Reader())
    listing = await peers.files(name, Query(files=("a",)), 5)
    state = await peers.state(name, 5)
    assert outcome.status is live.status is listing.hosts[0].status is Status.UNAVAILABLE
    assert outcome.message == live.message == listing.hosts[0].message == state.message
    assert (state.name, state.reachable) == (name, False)
    return outcome.message


async def test_a_name_is_proved_by_a_certificate_that_does_not_know_the_address(
    autojump_clock: MockClock, ours: Pki
) -> None:
    agent = Says("good", tls=server_tls(*ours.pair("good"), ours.ca))
    async with fleet(client_tls(ours.ca, *ours.pair("soon")), ip7=agent) as (peers, _):
        peers.set_found([at("10.0.0.7")])
        await known(peers, "good")
        assert (await peers.state("good", 5)).reachable
    assert set(agent.asked) == {"/healthz"}


async def test_a_name_that_the_certificate_does_not_hold_is_not_believed(autojump_clock: MockClock, ours: Pki) -> None:
    agent = Says("web-9", tls=server_tls(*ours.pair("good"), ours.ca))
    async with fleet(client_tls(ours.ca, *ours.pair("soon")), ip7=agent) as (peers, _):
        peers.set_found([at("10.0.0.7")])
        told = await why(peers, "10.0.0.7:8443")
        assert told.startswith("says that it is web-9, and does not prove it: its certificate good (")
    assert set(agent.asked) == {"/healthz"}


async def test_a_certificate_of_another_authority_is_not_asked_for_its_name(
    autojump_clock: MockClock, ours: Pki, theirs: Pki
) -> None:
    agent = Says("good", tls=server_tls(*theirs.pair("good"), None))
    async with fleet(client_tls(ours.ca), ip7=agent) as (peers, _):
        peers.set_found([at("10.0.0.7")])
        assert "both sides need certificates of one authority" in await why(peers, "10.0.0.7:8443")
    assert not agent.asked


async def test_without_an_authority_of_the_fleet_a_certificate_proves_the_address_first(
    autojump_clock: MockClock, ours: Pki
) -> None:
    agent = Says("good", tls=server_tls(*ours.pair("good"), None))
    trusting = ssl.create_default_context(cafile=str(ours.ca))
    async with fleet(trusting, ip7=agent) as (peers, _):
        peers.set_found([at("10.0.0.7")])
        assert "10.0.0.7" in await why(peers, "10.0.0.7:8443")
    assert not agent.asked


async def test_a_host_that_was_found_proves_its_host_name_and_then_its_own(
    autojump_clock: MockClock, ours: Pki
) -> None:
    tls = server_tls(*ours.pair("good"), ours.ca)
    agents = {"web1": Says("good", tls=tls), "elsewhere": Says("good", OTHER, tls=tls)}
    async with fleet(client_tls(ours.ca, *ours.pair("soon")), **agents) as (peers, _):
        peers.set_found([at("web1"), at("elsewhere")])
        await trio.sleep(1)
        assert set(peers.names) == {"good", "elsewhere:8443"}
        assert "elsewhere" in await why(peers, "elsewhere:8443")
    assert not agents["elsewhere"].asked


async def test_a_name_that_was_given_with_an_address_is_proved(autojump_clock: MockClock, ours: Pki) -> None:
    agents = {"ip7": Says("good", tls=server_tls(*ours.pair("good"), ours.ca))}
    agents["ip8"] = Says("db", tls=agents["ip7"].tls)
    async with fleet(client_tls(ours.ca, *ours.pair("soon")), **agents) as (peers, _):
        peers.set_found([at("10.0.0.7", name="good"), at("10.0.0.8", name="db")])
        assert (await peers.state("good", 5)).reachable
        assert "its certificate good" in (await peers.state("db", 5)).message
    assert not agents["ip8"].asked


async def test_an_agent_at_two_addresses_is_one_host_that_is_reached_at_either(autojump_clock: MockClock) -> None:
    agent = Says("web-1")
    async with fleet(ip7=agent, ip8=agent) as (peers, network):
        peers.set_found([at("10.0.0.7", "http"), at("10.0.0.8", "http")])
        await trio.sleep(1)
        assert peers.names == ["web-1"]
        network.cut("10.0.0.7")
        assert (await peers.state("web-1", 5)).reachable
        network.cut("10.0.0.8")
        assert not (await peers.state("web-1", 5)).reachable


async def test_an_agent_that_the_settings_list_too_is_one_host(autojump_clock: MockClock) -> None:
    agent = Says("web-1")
    async with fleet(settings={"web-1": "http://10.0.0.7:8443"}, ip7=agent, ip8=agent) as (peers, network):
        peers.set_found([at("10.0.0.8", "http")])
        await trio.sleep(1)
        assert peers.names == ["web-1"]
        assert peers.url("web-1") == "http://10.0.0.7:8443"
        network.cut("10.0.0.7")
        assert (await peers.state("web-1", 5)).reachable


async def test_an_agent_that_does_not_say_its_name_tells_since_when_and_when_it_is_asked_again(
    autojump_clock: MockClock,
) -> None:
    agent = Says("web-1")
    async with fleet(ip7=agent) as (peers, network):
        network.cut("10.0.0.7")
        peers.set_found([at("10.0.0.7", "http")])
        unasked = await peers.state("10.0.0.7:8443", 5)
        await trio.sleep(20)
        state = await peers.state("10.0.0.7:8443", 5)
        network.host("10.0.0.7", agent.serve)
        await known(peers, "web-1")
        named = await peers.state("web-1", 5)
    assert (unasked.message, unasked.down_since) == ("has not said its name yet", None)
    assert state.down_since is not None
    assert state.last_tried is not None
    assert state.next_try is not None
    assert state.last_tried > state.down_since + 5
    assert FIRST_WAIT < state.next_try - state.last_tried <= LONGEST_WAIT
    assert (named.reachable, named.down_since) == (True, None)


async def test_two_agents_that_say_one_name_are_named_and_only_the_first_is_asked(autojump_clock: MockClock) -> None:
    first, other = Says("web-1"), Says("web-1", OTHER)
    async with fleet(ip7=other, ip8=first) as (peers, _):
        peers.set_found([at("10.0.0.8", "http")])
        await known(peers, "web-1")
        peers.set_found([at("10.0.0.7", "http"), at("10.0.0.8", "http")])
        told = await why(peers, "10.0.0.7:8443")
        assert (
            told == "says that it is web-1, as does another agent, at http://10.0.0.8:8443; give each a name of its own"
        )
        assert peers.url("web-1") == "http://10.0.0.8:8443"
    assert set(other.asked) == {"/healthz"}


async def test_an_agent_that_was_started_again_since_it_was_asked_is_no_other_one(autojump_clock: MockClock) -> None:
    agent = Says("web-1")
    async with fleet(ip7=agent, ip8=agent) as (peers, _):
        peers.set_found([at("10.0.0.7", "http")])
        await known(peers, "web-1")
        agent.id = OTHER
        peers.set_found([at("10.0.0.7", "http"), at("10.0.0.8", "http")])
        await trio.sleep(1)
        assert peers.names == ["web-1"]


async def test_an_agent_that_moved_is_asked_where_it_is_now(autojump_clock: MockClock) -> None:
    async with fleet(ip7=Says("web-1"), ip8=Says("web-1", OTHER)) as (peers, network):
        peers.set_found([at("10.0.0.7", "http")])
        await known(peers, "web-1")
        network.cut("10.0.0.7")
        peers.set_found([at("10.0.0.8", "http"), at("10.0.0.7", "http", stale_since=1.0)])
        await trio.sleep(1)
        assert peers.names == ["web-1"]
        assert peers.url("web-1") == "http://10.0.0.8:8443"
        assert (await peers.state("web-1", 5)).reachable


async def test_an_agent_that_answers_with_no_name_says_why_it_is_not_asked(autojump_clock: MockClock) -> None:
    async with fleet(ip7=Says("no name")) as (peers, _):
        peers.set_found([at("10.0.0.7", "http")])
        assert await why(peers, "10.0.0.7:8443", after=0) == "has not said its name yet"
        assert "does not say its name" in await why(peers, "10.0.0.7:8443")


async def test_names_that_were_learned_are_known_to_those_who_come_after(autojump_clock: MockClock) -> None:
    async with fleet(ip7=Says("web-1")) as (peers, network):
        peers.set_found([at("10.0.0.7", "http")])
        await known(peers, "web-1")
        async with Peers({}, network=network) as after:
            after.set_found([at("10.0.0.7", "http")])
            after.learn_from(peers)
            assert after.names == ["web-1"]
            assert (await after.state("web-1", 5)).reachable
