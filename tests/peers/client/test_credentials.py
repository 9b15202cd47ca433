"""What proves who asks goes with each request, over connections that it may be sent over, and nowhere else."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import h2.events
import httpx
import pytest
import trio
import trio.testing
from hpack import NeverIndexedHeaderTuple
from trio.testing import MockClock

from logagent.core.batch import Batch
from logagent.core.outcome import Failure, Status
from logagent.core.query import Query
from logagent.peers.client.credentials import ConnectedSocket
from logagent.peers.client.http_client import connect
from logagent.peers.resumed import Resumed
from logagent.peers.source import PeerSource
from testbed.scripted import ScriptedAgent, ScriptedNetwork

SECRET = "Bearer logagent_secret"
PATIENCE = 3600.0


class Shown:
    """A credential that may be sent so many times."""

    def __init__(self, times: int = 1000) -> None:
        self.times = times
        self.asked = 0
        self.is_stale = False

    def refresh(self) -> None:
        raise AssertionError("it is not stale")

    def authorization(self, connected: ConnectedSocket | None) -> str:
        self.asked += 1
        if self.asked > self.times:
            raise Failure(Status.PERMISSION_DENIED, "the token was not sent")
        return f"{SECRET}{self.asked}"


@asynccontextmanager
async def bench(credential: Shown | None) -> AsyncIterator[tuple[httpx.AsyncClient, ScriptedNetwork, trio.Nursery]]:
    network = ScriptedNetwork()
    async with (
        trio.open_nursery() as nursery,
        connect("http://agent", network=network, credential=credential) as client,
    ):
        yield client, network, nursery
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()


async def shown(agent: ScriptedAgent, status: str = "200", **headers: str) -> list[str]:
    """What the next request shows, once it is answered."""
    asked = await agent.next(h2.events.RequestReceived)
    assert asked.headers is not None
    agent.h2.send_headers(asked.stream_id, [(":status", status), *headers.items()], end_stream=True)
    await agent.send()
    found = [header for header in asked.headers if header[0] == b"authorization"]
    assert all(isinstance(header, NeverIndexedHeaderTuple) for header in found)
    return [value.decode() for _, value in found]


async def get(client: httpx.AsyncClient, path: str, answered: list[int]) -> None:
    answered.append((await client.get(path)).status_code)


async def test_it_goes_with_each_request_and_is_had_once_for_a_connection(autojump_clock: MockClock) -> None:
    credential, answered = Shown(), list[int]()
    async with bench(credential) as (client, network, nursery):
        nursery.start_soon(get, client, "/logs", answered)
        agent = await network.accept()
        assert await shown(agent) == [f"{SECRET}1"]
        nursery.start_soon(get, client, "/files", answered)
        assert await shown(agent) == [f"{SECRET}1"]
        await agent.stream.aclose()
        await trio.sleep(1)
        nursery.start_soon(get, client, "/logs", answered)
        assert await shown(await network.accept()) == [f"{SECRET}2"]
    assert credential.asked == 2


async def test_without_one_nothing_is_shown(autojump_clock: MockClock) -> None:
    async with bench(None) as (client, network, nursery):
        nursery.start_soon(get, client, "/logs", [])
        assert await shown(await network.accept()) == []


async def test_where_it_may_not_be_sent_nothing_is_asked(autojump_clock: MockClock) -> None:
    async with bench(Shown(times=0)) as (client, network, nursery):
        ends = []
        nursery.start_soon(keep, network, ends)
        with pytest.raises(Failure, match="the token was not sent"):
            await client.get("/logs")
        received = [await end.receive_some() for end in ends]
        assert received == [b""]
    assert network.pipes[0].closed


async def test_a_source_that_is_not_asked_for_its_sake_is_not_asked_again(autojump_clock: MockClock) -> None:
    async with bench(Shown(times=0)) as (client, network, nursery):
        nursery.start_soon(keep, network, [])
        query = Query.of(files=("app.log",), follow=True)
        outcome = await Resumed("", PeerSource(client)).pump(query, Nobody())
    assert (outcome.status, outcome.message) == (Status.PERMISSION_DENIED, "the token was not sent")


class Nobody:
    async def send(self, batch: Batch) -> None:
        raise AssertionError("there is no line")


async def keep(network: ScriptedNetwork, ends: list[trio.abc.Stream]) -> None:
    ends.append(await network.accept_raw())


async def test_a_redirect_is_not_followed_with_it_or_without(autojump_clock: MockClock) -> None:
    answered: list[int] = []
    async with bench(Shown()) as (client, network, nursery):
        nursery.start_soon(get, client, "/logs", answered)
        agent = await network.accept()
        assert await shown(agent, "307", location="http://other/logs") == [f"{SECRET}1"]
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(httpx.UnsupportedProtocol, match="these connections lead to http://agent"):
            await client.get("http://other/logs")
    assert answered == [307]
    assert len(network.pipes) == 1


async def test_no_log_holds_it(autojump_clock: MockClock, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        async with bench(Shown()) as (client, network, nursery):
            nursery.start_soon(get, client, "/logs", [])
            assert await shown(await network.accept()) == [f"{SECRET}1"]
    assert "logagent_secret" not in caplog.text
    assert "logagent_secret" not in repr(client.build_request("GET", "/", headers={"authorization": SECRET}).headers)
