"""An agent at several addresses of which one takes questions and never answers them."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import trio
from trio.testing import MockClock

from logagent.peers.client.agent_addresses import HEAD_TIMEOUT, SILENT
from logagent.peers.client.first_to_answer import FirstToAnswer
from logagent.peers.client.http_client import connect
from testbed.network import MemoryNetwork
from testbed.scripted import ClientGone, ScriptedAgent


@dataclass
class Hanging:
    """Greets, and answers questions only once it has come back. asked: the questions that it has taken."""

    asked: int = 0
    back: trio.Event = field(default_factory=trio.Event)

    async def serve(self, stream: Any) -> None:
        agent = ScriptedAgent(stream)
        await agent.greet()
        with contextlib.suppress(trio.BrokenResourceError, ClientGone):
            while True:
                stream_id = await agent.asked()
                self.asked += 1
                await self.back.wait()
                await agent.answer(stream_id, b"first\n")
                agent.h2.end_stream(stream_id)
                await agent.send()


async def serve(stream: Any) -> None:
    agent = ScriptedAgent(stream)
    await agent.greet()
    await agent.serve()


@asynccontextmanager
async def asking(first: Hanging, second: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an agent at two addresses, where no question goes on for longer than a minute."""
    async with trio.open_nursery() as nursery:
        network = MemoryNetwork(nursery)
        network.host("first", first.serve)
        if second is not None:
            network.host("second", second)
        async with connect("http://first", network=FirstToAnswer(network, lambda: [("second", 80)])) as client:
            yield client
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_the_second_address_is_asked_where_the_first_sends_no_head(
    autojump_clock: MockClock, method: str
) -> None:
    first = Hanging()
    async with asking(first, serve) as client:
        took = []
        for _ in range(2):
            began = trio.current_time()
            assert (await client.request(method, "/logs")).content == b"served\n"
            took.append(trio.current_time() - began)
    assert took == pytest.approx([HEAD_TIMEOUT, 0])
    assert first.asked == 1


async def test_an_address_that_was_silent_is_tried_again_later(autojump_clock: MockClock) -> None:
    first = Hanging()
    async with asking(first, serve) as client:
        await client.get("/logs")
        first.back.set()
        await trio.sleep(SILENT + 60)  # by then the other connection is not trusted any more, either
        assert (await client.get("/logs")).content == b"first\n"


async def test_the_last_address_that_greets_has_all_the_time(autojump_clock: MockClock) -> None:
    first, second = Hanging(), Hanging()
    async with asking(first, second.serve) as client:
        with trio.move_on_after(30) as asked:
            await client.get("/logs")
        assert asked.cancelled_caught
    assert (first.asked, second.asked) == (1, 1)


async def test_where_no_other_address_greets_its_reason_is_told(autojump_clock: MockClock) -> None:
    first = Hanging()
    async with asking(first, None) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get("/logs")
    assert first.asked == 1


async def test_a_request_that_may_change_something_is_asked_once(autojump_clock: MockClock) -> None:
    first = Hanging()
    async with asking(first, serve) as client:
        with trio.move_on_after(30):
            await client.put("/logs")
    assert first.asked == 1
