"""How HTTP/2 connections end without losing an answer."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from h2.errors import ErrorCodes
from hypercorn.trio.worker_context import WorkerContext
from hyperframe.frame import PingFrame
from quart import Response
from quart_trio import QuartTrio
from trio.testing import MockClock, wait_all_tasks_blocked

from logagent.web.server.draining import LEAST_FAREWELL
from logagent.web.server.limits import ConnectionLimits
from logagent.web.server.receipts import LONG_AGO, PROMPT, SETTLING
from testbed.asgi import body, follow, hello_with_trailers, start
from testbed.raw_http import (
    settle,
)

LIMITS = ConnectionLimits()
KIB = 1024
FRAME = 16 * KIB


# Idle connections, and the end of the server


def quart() -> QuartTrio:
    app = QuartTrio("test")

    @app.route("/")
    async def index() -> Response:
        return Response("hello\n")

    return app


async def test_idle_connection_ends_after_its_time_under_quart(open_http2: Any, mock_clock: MockClock) -> None:
    client = await open_http2(quart())
    assert (await client.ask()).ended
    mock_clock.jump(LIMITS.idle_timeout - 1)
    await wait_all_tasks_blocked()
    assert client.goaway is None
    mock_clock.jump(1)
    await wait_all_tasks_blocked()
    await settle(mock_clock)
    assert client.goaway == ErrorCodes.NO_ERROR
    assert client.closed.is_set()


async def test_connection_that_never_asks_ends_after_its_time(open_http2: Any, mock_clock: MockClock) -> None:
    client = await open_http2(hello_with_trailers)
    mock_clock.jump(LIMITS.idle_timeout)
    await wait_all_tasks_blocked()
    assert client.goaway == ErrorCodes.NO_ERROR


async def test_connection_with_a_request_in_flight_is_not_idle(open_http2: Any, mock_clock: MockClock) -> None:
    client = await open_http2(follow)
    await client.ask(b"/follow")
    await client.ask()
    mock_clock.jump(10 * LIMITS.idle_timeout)
    await wait_all_tasks_blocked()
    assert (await client.ask()).ended
    assert client.goaway is None


async def test_reset_of_the_last_stream_makes_the_connection_idle(open_http2: Any, mock_clock: MockClock) -> None:
    client = await open_http2(follow)
    answer = await client.ask(b"/follow")
    client.h2.reset_stream(answer.stream_id)
    await client.flush()
    mock_clock.jump(LIMITS.idle_timeout)
    await wait_all_tasks_blocked()
    assert client.goaway == ErrorCodes.NO_ERROR


async def test_shutdown_ends_an_idle_connection_at_once(open_http2: Any, mock_clock: MockClock) -> None:
    context = WorkerContext(None)
    client = await open_http2(quart(), context=context)
    await client.ask()
    await context.terminated.set()
    await wait_all_tasks_blocked()
    await settle(mock_clock)
    assert client.goaway == ErrorCodes.NO_ERROR
    assert client.closed.is_set()


async def test_shutdown_lets_an_answer_in_flight_finish(open_http2: Any, mock_clock: MockClock) -> None:
    proceed = trio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await start(send)
        await proceed.wait()
        await body(send, b"the end", more=False)

    context = WorkerContext(None)
    client = await open_http2(app, context=context)
    answer = await client.ask()
    await context.terminated.set()
    await wait_all_tasks_blocked()
    assert client.goaway is None
    proceed.set()
    await wait_all_tasks_blocked()
    await settle(mock_clock)
    assert (answer.body, answer.ended, client.goaway) == (b"the end", True, ErrorCodes.NO_ERROR)


async def test_post_during_shutdown_is_refused_and_its_data_ignored(open_http2: Any) -> None:
    context = WorkerContext(None)
    client = await open_http2(follow, context=context)
    held = await client.ask(b"/follow")
    await context.terminated.set()
    post = client.start(method=b"POST", end=False)
    client.h2.send_data(post.stream_id, b"some data", end_stream=True)
    await client.flush()
    assert post.reset == ErrorCodes.REFUSED_STREAM
    assert (held.reset, client.goaway) == (None, None)


# Connections that have used up their requests


async def test_connection_that_has_used_up_its_requests_ends_politely(open_http2: Any, mock_clock: MockClock) -> None:
    client = await open_http2(hello_with_trailers, limits=ConnectionLimits(requests_per_connection=3))
    answers = [await client.ask() for _ in range(3)]
    assert all(answer.ended for answer in answers)
    await settle(mock_clock)
    assert client.goaway == ErrorCodes.NO_ERROR


async def test_stream_in_flight_cannot_keep_a_used_up_connection(open_http2: Any, mock_clock: MockClock) -> None:
    client = await open_http2(follow, limits=ConnectionLimits(requests_per_connection=2))
    held = await client.ask(b"/follow")
    await client.ask()
    refused = await client.ask()
    assert (refused.reset, client.goaway) == (ErrorCodes.REFUSED_STREAM, None)
    mock_clock.jump(LIMITS.idle_timeout)
    await wait_all_tasks_blocked()
    assert held.reset == ErrorCodes.INTERNAL_ERROR
    await settle(mock_clock)
    assert client.goaway == ErrorCodes.NO_ERROR


# Clients that read slowly


async def ask_and_stop(open_http2: Any, last_ping: int | None, **others: Any) -> Any:
    """A client that has been answered, on a connection that a shutdown is to end."""
    context = WorkerContext(None)
    client = await open_http2(hello_with_trailers, context=context, **others)
    client.last_ping = last_ping
    await client.ask()
    await context.terminated.set()
    await wait_all_tasks_blocked()
    return client


async def test_shutdown_does_not_say_goodbye_before_the_answer_is_read(open_http2: Any, mock_clock: MockClock) -> None:
    context = WorkerContext(None)
    client = await open_http2(hello_with_trailers, context=context)
    client.reading = trio.Event()
    answer = await client.ask()
    await context.terminated.set()
    mock_clock.jump(10 * LIMITS.farewell_timeout)
    await wait_all_tasks_blocked()
    client.reading.set()
    await wait_all_tasks_blocked()
    assert (answer.ended, client.goaway) == (True, None)
    await settle(mock_clock)
    assert client.goaway == ErrorCodes.NO_ERROR


async def test_shutdown_does_not_say_goodbye_after_the_first_acknowledgement(
    open_http2: Any, mock_clock: MockClock
) -> None:
    client = await ask_and_stop(open_http2, last_ping=1)
    mock_clock.jump(LIMITS.farewell_timeout - SETTLING)
    await wait_all_tasks_blocked()
    client.reading.set()
    await wait_all_tasks_blocked()
    assert (client.pings, client.goaway) == (2, None)
    await settle(mock_clock)
    assert client.goaway == ErrorCodes.NO_ERROR


async def test_client_that_reads_nothing_between_requests_holds_a_shutdown_up_for_a_moment(
    open_http2: Any, mock_clock: MockClock
) -> None:
    client = await ask_and_stop(open_http2, last_ping=1)
    mock_clock.jump(LIMITS.farewell_timeout)
    await wait_all_tasks_blocked()
    client.reading.set()
    await wait_all_tasks_blocked()
    assert (client.closed.is_set(), client.goaway) == (True, None)


async def test_client_that_was_answered_long_ago_holds_no_shutdown_up(open_http2: Any, mock_clock: MockClock) -> None:
    context = WorkerContext(None)
    client = await open_http2(hello_with_trailers, context=context)
    silent = await open_http2(hello_with_trailers, context=context)
    silent.last_ping = 1
    await client.ask()
    await silent.ask()
    mock_clock.jump(max(LONG_AGO, LIMITS.farewell_timeout))
    await context.terminated.set()
    await wait_all_tasks_blocked()
    assert client.goaway == ErrorCodes.NO_ERROR
    mock_clock.jump(LEAST_FAREWELL)
    await wait_all_tasks_blocked()
    silent.reading.set()
    await wait_all_tasks_blocked()
    assert (silent.closed.is_set(), silent.goaway) == (True, None)


async def test_client_that_was_slow_to_receive_its_answer_is_given_time_during_a_shutdown(
    open_http2: Any, mock_clock: MockClock
) -> None:
    context = WorkerContext(None)
    client = await open_http2(hello_with_trailers, context=context)
    client.reading, client.last_ping = trio.Event(), 1
    await client.ask()
    await context.terminated.set()
    mock_clock.jump(2 * PROMPT)
    client.reading.set()
    await wait_all_tasks_blocked()
    mock_clock.jump(2 * LIMITS.farewell_timeout)
    await wait_all_tasks_blocked()
    client.reading.set()
    await wait_all_tasks_blocked()
    await settle(mock_clock)
    assert client.goaway == ErrorCodes.NO_ERROR


async def test_shutdown_ends_a_connection_without_requests_at_once(open_http2: Any) -> None:
    context = WorkerContext(None)
    client = await open_http2(hello_with_trailers, context=context)
    await context.terminated.set()
    await wait_all_tasks_blocked()
    assert client.goaway == ErrorCodes.NO_ERROR


async def test_reset_of_an_answer_that_has_ended_counts_as_its_reading(open_http2: Any, mock_clock: MockClock) -> None:
    context = WorkerContext(None)
    client = await open_http2(hello_with_trailers, context=context)
    client.reading = trio.Event()
    answer = await client.ask()
    client.h2.reset_stream(answer.stream_id, ErrorCodes.CANCEL)
    await client.flush()
    await context.terminated.set()
    await wait_all_tasks_blocked()
    mock_clock.jump(LIMITS.farewell_timeout)
    await wait_all_tasks_blocked()
    with pytest.raises(trio.BrokenResourceError):
        await client.stream.send_all(b"x")


async def test_idle_connection_whose_answer_is_not_read_is_kept_for_long_and_ends_without_goodbye(
    open_http2: Any, mock_clock: MockClock
) -> None:
    client = await open_http2(hello_with_trailers)
    client.reading = trio.Event()
    await client.ask()
    mock_clock.jump(LIMITS.unread_timeout - 1)
    await wait_all_tasks_blocked()
    await client.stream.send_all(PingFrame(0).serialize())
    mock_clock.jump(1)
    await wait_all_tasks_blocked()
    client.reading.set()
    await wait_all_tasks_blocked()
    assert (client.closed.is_set(), client.goaway) == (True, None)


async def test_idle_connection_that_is_read_late_goes_on(open_http2: Any, mock_clock: MockClock) -> None:
    client = await open_http2(hello_with_trailers)
    client.last_ping = 1
    await client.ask()
    mock_clock.jump(LIMITS.idle_timeout)
    await wait_all_tasks_blocked()
    client.reading.set()
    await wait_all_tasks_blocked()
    answer = await client.ask()
    await settle(mock_clock)
    assert (answer.ended, client.goaway, client.closed.is_set()) == (True, None, False)
