"""An agent at several addresses: the one that greets is asked, however many take connections and say nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpcore
import httpx
import pytest
import trio
from trio.testing import MockClock

from logagent.peers.client.first_to_answer import STAGGER, FirstToAnswer
from logagent.peers.client.http_client import connect
from testbed.network import MemoryNetwork
from testbed.scripted import ScriptedAgent


async def serve(stream: Any) -> None:
    agent = ScriptedAgent(stream)
    await agent.greet()
    await agent.serve()


async def say_nothing(stream: Any) -> None:
    await trio.sleep_forever()


async def break_off(stream: Any) -> None:
    await stream.aclose()


@pytest.mark.parametrize(("first", "takes"), [(say_nothing, STAGGER), (break_off, 0.0), (None, 0.0)])
async def test_the_next_address_is_tried_where_the_first_does_not_greet(
    autojump_clock: MockClock, first: Callable[[Any], Any] | None, takes: float
) -> None:
    async with trio.open_nursery() as nursery:
        network = MemoryNetwork(nursery)
        if first is not None:
            network.host("first", first)
        network.host("second", serve)
        started = trio.current_time()
        async with connect("http://first", network=FirstToAnswer(network, lambda: [("second", 80)])) as client:
            response = await client.get("/logs")
            assert response.content == b"served\n"
            assert trio.current_time() - started == pytest.approx(takes)
            assert (await client.get("/logs")).content == b"served\n"
        nursery.cancel_scope.cancel()


async def test_an_agent_that_greets_late_is_still_taken_where_no_other_does(autojump_clock: MockClock) -> None:
    async def greet_late(stream: Any) -> None:
        await trio.sleep(3)
        await serve(stream)

    async with trio.open_nursery() as nursery:
        network = MemoryNetwork(nursery)
        network.host("first", greet_late)
        network.host("second", say_nothing)
        async with connect("http://first", network=FirstToAnswer(network, lambda: [("second", 80)])) as client:
            assert (await client.get("/logs")).content == b"served\n"
        nursery.cancel_scope.cancel()


async def test_the_reason_is_the_first_addresss_where_none_greets(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery:
        network = MemoryNetwork(nursery)
        network.host("second", break_off)
        async with connect("http://first", network=FirstToAnswer(network, lambda: [("second", 80)])) as client:
            with pytest.raises(httpx.ConnectError, match="connection refused"):
                await client.get("/logs")
        nursery.cancel_scope.cancel()


async def test_all_addresses_of_a_name_are_known_families_by_turns() -> None:
    class Names(trio.abc.HostnameResolver):
        asked = 0

        async def getaddrinfo(self, host: Any, port: Any, *_: Any, **__: Any) -> Any:
            self.asked += 1
            six, four = trio.socket.AF_INET6, trio.socket.AF_INET
            told = [(six, "::1"), (six, "::2"), (four, "10.0.0.1")]
            return [(family, 1, 6, "", (address, port)) for family, address in told]

        async def getnameinfo(self, sockaddr: Any, flags: int) -> Any:
            raise NotImplementedError

    names = Names()
    trio.socket.set_custom_hostname_resolver(names)
    network = FirstToAnswer(httpcore.TrioBackend(), lambda: [("10.0.0.9", 2)])
    assert await network.addresses("web-1", 1) == [("::1", 1), ("10.0.0.1", 1), ("::2", 1), ("10.0.0.9", 2)]
    assert names.asked == 1
