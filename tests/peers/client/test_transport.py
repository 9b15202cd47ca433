"""The connections to one agent: who shares them, when they are replaced, and what ends in an error of httpx's."""

from __future__ import annotations

import functools
import gc
from collections.abc import AsyncIterator

import httpcore
import httpx
import pytest
import trio
import trio.testing
from trio.testing import MockClock

from logagent.peers.client import transport
from logagent.peers.client.exchange import CLOSE_TIMEOUT
from logagent.peers.client.h2_connection import KEEP_IDLE, SILENCE, Http2Connection
from logagent.peers.client.h2_machine import MAX_STREAMS
from logagent.peers.client.http_client import CONNECT_TIMEOUT, POOL_TIMEOUT, retire
from testbed.scripted import Bench, ScriptedAgent, open_bench


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with open_bench() as opened:
        yield opened


# Sharing and opening connections


async def test_requests_at_the_same_time_share_one_connection(autojump_clock: MockClock, bench: Bench) -> None:
    first, second = bench.ask(), bench.ask()
    agent = await bench.network.accept()
    bench.nursery.start_soon(agent.serve)
    await first.ended()
    await second.ended()
    assert len(bench.network.pipes) == 1


async def test_one_request_more_than_a_connection_takes_opens_another(autojump_clock: MockClock, bench: Bench) -> None:
    for _ in range(MAX_STREAMS):
        bench.ask()
    await bench.network.accept()
    await trio.testing.wait_all_tasks_blocked()
    await _is_served_by_another_connection(bench)


async def test_an_agent_that_takes_one_request_gets_one_on_each_connection(
    autojump_clock: MockClock, bench: Bench
) -> None:
    bench.ask()
    await bench.network.accept(MAX_CONCURRENT_STREAMS=1)
    await trio.testing.wait_all_tasks_blocked()
    await _is_served_by_another_connection(bench)


async def test_an_agent_that_takes_no_request_is_an_error(autojump_clock: MockClock, bench: Bench) -> None:
    asking = bench.ask()
    await bench.network.accept(MAX_CONCURRENT_STREAMS=0)
    await asking.ended()
    assert isinstance(asking.error, httpx.LocalProtocolError)


async def _is_served_by_another_connection(bench: Bench) -> None:
    before = len(bench.network.pipes)
    asking = bench.ask()
    agent = await bench.network.accept()
    bench.nursery.start_soon(agent.serve)
    await asking.ended()
    assert (asking.body, len(bench.network.pipes)) == (b"served\n", before + 1)


async def test_a_request_without_a_place_waits_so_long_and_says_so(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "MAX_REQUESTS", 1)
    async with open_bench() as bench:
        await bench.ask_and_accept()
        started = trio.current_time()
        second = bench.ask()
        await second.ended()
    assert isinstance(second.error, httpx.PoolTimeout)
    assert trio.current_time() - started == POOL_TIMEOUT


@pytest.mark.parametrize("moment", ["before the head", "in the body", "while connecting"])
async def test_a_request_cancelled_at_any_moment_gives_its_place_back(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    monkeypatch.setattr(transport, "MAX_REQUESTS", 1)
    async with open_bench() as bench:
        first = bench.ask()
        if moment != "while connecting":
            agent = await bench.network.accept()
            stream = await agent.asked()
            bench.nursery.start_soon(agent.serve)
            if moment == "in the body":
                await agent.answer(stream, b"one\n")
        await trio.testing.wait_all_tasks_blocked()
        await first.left()
        second = bench.ask()
        if moment == "while connecting":
            await bench.network.accept_raw()
            bench.nursery.start_soon((await bench.network.accept()).serve)
        await second.ended()
        assert (second.body, second.error) == (b"served\n", None)


async def test_cancelled_while_connecting_closes_the_socket(autojump_clock: MockClock, bench: Bench) -> None:
    asking = bench.ask()
    await bench.network.accept_raw()
    await trio.testing.wait_all_tasks_blocked()
    await asking.left()
    assert bench.network.pipes[0].closed


async def test_cancelled_while_connecting_closes_the_socket_in_its_own_time(
    autojump_clock: MockClock, bench: Bench
) -> None:
    asking = bench.ask()
    await bench.network.accept_raw()
    bench.network.pipes[0].before_close = functools.partial(trio.sleep, CLOSE_TIMEOUT / 2)
    await asking.left()
    assert bench.network.pipes[0].closed


async def test_a_socket_that_does_not_close_is_given_up(autojump_clock: MockClock, bench: Bench) -> None:
    asking = bench.ask()
    await bench.network.accept_raw()
    bench.network.pipes[0].before_close = trio.sleep_forever
    started = trio.current_time()
    await asking.left()
    assert trio.current_time() - started == CLOSE_TIMEOUT


async def test_cancelled_while_another_connects_leaves_that_one_alone(autojump_clock: MockClock, bench: Bench) -> None:
    first = bench.ask()
    end = await bench.network.accept_raw()
    await trio.testing.wait_all_tasks_blocked()
    await bench.ask().left()
    agent = ScriptedAgent(end)
    await agent.greet()
    bench.nursery.start_soon(agent.serve)
    await first.ended()
    assert (first.body, (await bench.served()).body, len(bench.network.pipes)) == (b"served\n", b"served\n", 1)


async def test_when_the_one_who_connects_is_cancelled_the_next_connects(
    autojump_clock: MockClock, bench: Bench
) -> None:
    first = bench.ask()
    await bench.network.accept_raw()
    second = bench.ask()
    await trio.testing.wait_all_tasks_blocked()
    await first.left()
    bench.nursery.start_soon((await bench.network.accept()).serve)
    await second.ended()
    assert second.body == b"served\n"


# Connections that end between requests


async def test_a_connection_that_the_agent_has_closed_is_replaced(autojump_clock: MockClock, bench: Bench) -> None:
    await (await bench.warm()).stream.aclose()
    await _is_served_by_another_connection(bench)
    assert bench.network.pipes[0].closed


async def test_a_connection_that_the_agent_said_goodbye_on_is_replaced(autojump_clock: MockClock, bench: Bench) -> None:
    await _say_goodbye(await bench.warm())
    await _is_served_by_another_connection(bench)
    assert bench.network.pipes[0].closed


async def test_connections_that_were_replaced_are_kept_nowhere(autojump_clock: MockClock, bench: Bench) -> None:
    before = _connections_in_memory()
    for _ in range(20):
        await _say_goodbye(await bench.warm())
    assert _connections_in_memory() - before <= 2  # the last one, and the one before it


def _connections_in_memory() -> int:
    gc.collect()
    return sum(isinstance(each, Http2Connection) for each in gc.get_objects())


async def test_a_request_that_may_change_something_is_not_repeated(autojump_clock: MockClock, bench: Bench) -> None:
    await _say_goodbye(await bench.warm())
    asking = bench.ask("DELETE")
    await asking.ended()
    assert isinstance(asking.error, httpx.RemoteProtocolError)


async def test_a_request_on_a_new_connection_is_not_repeated(autojump_clock: MockClock, bench: Bench) -> None:
    asking, agent, _ = await bench.ask_and_accept()
    await _say_goodbye(agent)
    await asking.ended()
    assert (type(asking.error), len(bench.network.pipes)) == (httpx.RemoteProtocolError, 1)


async def test_a_request_that_was_answered_in_part_is_not_repeated(autojump_clock: MockClock, bench: Bench) -> None:
    agent = await bench.warm()
    asking = bench.ask()
    await agent.answer(await agent.asked(), b"one\n")
    await agent.stream.aclose()
    await asking.ended()
    assert (asking.body, type(asking.error)) == (b"one\n", httpx.RemoteProtocolError)


async def _say_goodbye(agent: ScriptedAgent) -> None:
    agent.h2.close_connection()
    await agent.send()


async def test_a_connection_unused_for_long_is_replaced_and_closed(autojump_clock: MockClock, bench: Bench) -> None:
    await bench.serving()
    await trio.sleep(KEEP_IDLE + 1)
    await _is_served_by_another_connection(bench)
    assert bench.network.pipes[0].closed


async def test_a_connection_unused_for_less_is_kept_time_and_again(autojump_clock: MockClock, bench: Bench) -> None:
    await bench.serving()
    for _ in range(3):
        await trio.sleep(KEEP_IDLE - 1)
        assert ((await bench.served()).body, len(bench.network.pipes)) == (b"served\n", 1)


async def test_a_connection_waited_on_in_vain_gets_no_further_request(autojump_clock: MockClock, bench: Bench) -> None:
    agent = await bench.warm()
    asking = bench.ask()
    await agent.asked()
    await trio.sleep(SILENCE + 0.1)
    await asking.left()
    await _is_served_by_another_connection(bench)
    assert bench.network.pipes[0].closed


async def test_a_request_given_up_soon_does_not_cast_doubt_on_its_connection(
    autojump_clock: MockClock, bench: Bench
) -> None:
    agent = await bench.warm()
    asking = bench.ask()
    await agent.asked()
    await trio.sleep(SILENCE - 0.1)
    await asking.left()
    bench.nursery.start_soon(agent.serve)
    assert ((await bench.served()).body, len(bench.network.pipes)) == (b"served\n", 1)


async def test_a_connection_on_which_something_came_of_late_is_not_doubted(
    autojump_clock: MockClock, bench: Bench
) -> None:
    agent = await bench.warm()
    asking = bench.ask()
    stream_id = await agent.asked()
    await trio.sleep(SILENCE - 0.1)
    await agent.answer(stream_id, b"one\n")
    await trio.sleep(SILENCE - 0.1)
    await asking.left()
    bench.nursery.start_soon(agent.serve)
    assert ((await bench.served()).body, len(bench.network.pipes)) == (b"served\n", 1)


async def test_a_connection_that_is_retired_closes_with_its_last_response(
    autojump_clock: MockClock, bench: Bench
) -> None:
    await bench.serving()
    async with bench.client.stream("GET", "/logs") as response:
        retire(response)
        [pipe] = bench.network.pipes
        assert not pipe.closed
    assert pipe.closed
    bench.nursery.start_soon((await bench.warm()).serve)
    assert (await bench.served()).body == b"served\n"


async def test_a_connection_in_use_for_long_is_kept(autojump_clock: MockClock, bench: Bench) -> None:
    agent = await bench.warm()
    bench.ask()
    await agent.asked()
    await trio.sleep(KEEP_IDLE + 1)
    bench.nursery.start_soon(agent.serve)
    assert ((await bench.served()).body, len(bench.network.pipes)) == (b"served\n", 1)


async def test_closing_the_client_ends_what_is_under_way_and_asks_nobody_again(
    autojump_clock: MockClock, bench: Bench
) -> None:
    agent = await bench.warm()
    asking = bench.ask()
    await agent.asked()
    await bench.client.aclose()
    await asking.ended()
    assert isinstance(asking.error, httpx.TransportError)
    assert all(pipe.closed for pipe in bench.network.pipes)


async def test_closing_the_client_closes_the_connection_that_is_being_opened(
    autojump_clock: MockClock, bench: Bench
) -> None:
    asking = bench.ask()
    end = await bench.network.accept_raw()
    await bench.client.aclose()
    await ScriptedAgent(end).greet()
    await asking.ended()
    assert (type(asking.error), bench.network.pipes[0].closed) == (httpx.ConnectError, True)


# Not connecting


async def test_refused(autojump_clock: MockClock, bench: Bench) -> None:
    bench.network.before_connect = _refuse
    asking = await bench.served()
    assert (type(asking.error), str(asking.error)) == (httpx.ConnectError, "connection refused")


async def _refuse() -> None:
    raise httpcore.ConnectError("connection refused")


async def test_a_host_that_never_answers(autojump_clock: MockClock, bench: Bench) -> None:
    bench.network.before_connect = trio.sleep_forever
    started = trio.current_time()
    asking = await bench.served()
    assert (type(asking.error), trio.current_time() - started) == (httpx.ConnectTimeout, CONNECT_TIMEOUT)


async def test_a_server_that_accepts_and_says_nothing(autojump_clock: MockClock, bench: Bench) -> None:
    asking = await bench.served()
    assert (type(asking.error), bench.network.pipes[0].closed) == (httpx.ConnectTimeout, True)


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"SSH-2.0-OpenSSH_9.2\r\n"])
async def test_a_server_that_speaks_something_else(autojump_clock: MockClock, bench: Bench, said: bytes) -> None:
    asking = bench.ask()
    end = await bench.network.accept_raw()
    await end.send_all(said)
    await end.send_stream.aclose()
    await asking.ended()
    assert (type(asking.error), bench.network.pipes[0].closed) == (httpx.RemoteProtocolError, True)


async def test_those_who_wait_behind_one_that_cannot_connect_wait_no_longer_than_it(
    autojump_clock: MockClock, bench: Bench
) -> None:
    bench.network.before_connect = trio.sleep_forever
    started = trio.current_time()
    together = [bench.ask() for _ in range(10)]
    for asking in together:
        await asking.ended()
    assert {type(asking.error) for asking in together} == {httpx.ConnectTimeout}
    assert trio.current_time() - started == CONNECT_TIMEOUT


async def test_another_host_is_not_asked_over_these_connections(bench: Bench) -> None:
    with pytest.raises(httpx.UnsupportedProtocol):
        await bench.client.get("http://elsewhere/logs")


async def test_a_body_of_unknown_length_is_refused(bench: Bench) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"body"

    with pytest.raises(httpx.LocalProtocolError):
        await bench.client.post("/logs", content=pieces())
