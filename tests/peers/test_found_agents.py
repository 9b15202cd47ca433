"""Agents that are found and vanish while this one runs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import trio
from trio.testing import MockClock

from logagent.core.wire.frames import VERSION_HEADER
from logagent.core.wire.identity import AGENT_HEADER, Identity, to_header
from logagent.peers.known_agents import Peers
from logagent.peers.target import Target
from logagent.web.server.connections import serve_connection
from testbed.network import MemoryNetwork


async def _says(name: str, scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        return
    headers = [(VERSION_HEADER.encode(), b"1"), (AGENT_HEADER.encode(), to_header(Identity(name, "0" * 32)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"{}"})


@asynccontextmanager
async def _peers(*names: str, **settings: str) -> AsyncIterator[tuple[Peers, MemoryNetwork]]:
    """Peers on a network where `host-NAME` is an agent that says NAME."""
    async with trio.open_nursery() as nursery:
        network = MemoryNetwork(nursery)
        for name in names:
            network.host(f"host-{name}", partial(serve_connection, partial(_says, name)))
        async with Peers(settings, network=network) as peers:
            yield peers, network
        nursery.cancel_scope.cancel()


def test_a_target_is_called_by_its_address_until_its_name_is_known() -> None:
    assert Target(urls=("https://10.0.0.7:8443",)).key == "10.0.0.7:8443"
    assert Target(urls=("https://10.0.0.7:8443",), name="web-7").key == "web-7"


async def test_found_agents_are_known_besides_those_of_the_settings(autojump_clock: MockClock) -> None:
    async with _peers("web-1", "web-2", **{"web-1": "http://host-web-1"}) as (peers, _):
        news = peers.changed
        peers.set_found([Target(urls=("http://host-web-2",), name="web-2", labels={"role": "web"}, found_by="file a")])
        assert news.is_set()
        assert peers.names == ["web-1", "web-2"]
        state = await peers.state("web-2", 5)
        assert (state.reachable, state.labels, state.found_by) == (True, {"role": "web"}, "file a")
        peers.set_found([])
        assert peers.names == ["web-1"]


async def test_what_the_settings_say_of_a_name_counts(autojump_clock: MockClock) -> None:
    async with _peers("web-1", **{"web-1": "http://host-web-1"}) as (peers, _):
        peers.set_found([Target(urls=("http://elsewhere",), name="web-1")])
        assert peers.url("web-1") == "http://host-web-1"


async def test_agent_found_by_its_address_is_listed_by_the_name_that_it_says(autojump_clock: MockClock) -> None:
    async with _peers("web-1") as (peers, network):
        network.cut("host-web-1")
        peers.set_found([Target(urls=("http://host-web-1",), labels={"zone": "a"})])
        assert peers.names == ["host-web-1"]
        await trio.sleep(10)
        network.host("host-web-1", partial(serve_connection, partial(_says, "web-1")))
        news = peers.changed
        await news.wait()
        assert peers.names == ["web-1"]
        found = Target(urls=("http://host-web-1",), labels={"zone": "b"}, stale_since=1.0)
        agent = peers.agent("web-1")
        peers.set_found([found])
        assert (peers.names, peers.agent("web-1")) == (["web-1"], agent)
        told = peers.target("web-1")
        assert told is not None
        assert (told.labels, told.stale_since) == ({"zone": "b"}, 1.0)


async def test_agent_at_a_new_address_is_asked_there(autojump_clock: MockClock) -> None:
    async with _peers("web-1", "web-2") as (peers, _):
        peers.set_found([Target(urls=("http://host-web-2",), name="web-1")])
        assert "answers as web-2" not in (await peers.state("web-1", 5)).message
        peers.set_found([Target(urls=("http://host-web-1",), name="web-1")])
        assert peers.url("web-1") == "http://host-web-1"
        assert (await peers.state("web-1", 5)).reachable


async def test_agent_that_vanishes_serves_the_questions_under_way(autojump_clock: MockClock) -> None:
    async with _peers("web-1") as (peers, _):
        peers.set_found([Target(urls=("http://host-web-1",), name="web-1")])
        agent = peers.agent("web-1")
        assert agent is not None
        with agent.used():
            peers.set_found([])
            await trio.sleep(60)
            assert (await agent.client.get("/healthz")).status_code == 200
        await trio.sleep(1)
        assert agent.client.is_closed
