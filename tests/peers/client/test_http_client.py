"""The client that callers make for one agent, and what they read of its responses."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator

import h2.events
import httpcore
import httpx
import pytest
from trio.testing import MockClock

from logagent.peers.client.http_client import chunks, connect, trailers
from testbed.scripted import Bench, open_bench


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with open_bench() as opened:
        yield opened


def test_an_address_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="ftp://agent"):
        connect("ftp://agent")


class SocketsOnly(httpcore.AsyncNetworkBackend):
    """Keeps which sockets are asked for, and connects to none."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def connect_unix_socket(self, path: str, *_: object, **__: object) -> httpcore.AsyncNetworkStream:
        self.asked.append(path)
        raise httpcore.ConnectError("refused")


async def test_an_agent_behind_a_unix_socket_is_asked_there() -> None:
    network = SocketsOnly()
    async with connect("unix:/run/agent.sock", network=network) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get("/hosts")
    assert network.asked == ["/run/agent.sock"]
    assert client.base_url.host == "localhost"


async def test_a_proxy_in_the_environment_is_not_used(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy:3128")
    async with open_bench() as bench:
        await bench.serving()
        assert (await bench.served()).body == b"served\n"


async def test_a_redirect_is_not_followed(autojump_clock: MockClock, bench: Bench) -> None:
    asking, agent, stream = await bench.ask_and_accept()
    agent.h2.send_headers(stream, [(":status", "307"), ("location", "http://elsewhere/")], end_stream=True)
    await agent.send()
    await asking.ended()
    assert (asking.error, len(bench.network.pipes)) == (None, 1)


async def test_chunks_left_half_way_leave_nothing_to_the_garbage_collector(
    autojump_clock: MockClock, bench: Bench
) -> None:
    """Warnings are errors here; with `aiter_raw` Trio warns of a generator that was dropped unfinished."""
    bench.nursery.start_soon(_break_off, bench.client)
    agent = await bench.network.accept()
    await agent.answer(await agent.asked(), b"one\n", b"two\n")
    await agent.next(h2.events.StreamReset)
    gc.collect()


async def _break_off(client: httpx.AsyncClient) -> None:
    async with client.stream("GET", "/logs") as response:
        async for _ in chunks(response):
            break


async def test_chunks_of_a_response_from_elsewhere_are_its_raw_bytes() -> None:
    response = httpx.Response(200, content=_two_chunks())
    assert [chunk async for chunk in chunks(response)] == [b"one\n", b"two\n"]
    assert trailers(response) == {}


async def _two_chunks() -> AsyncIterator[bytes]:
    yield b"one\n"
    yield b"two\n"
