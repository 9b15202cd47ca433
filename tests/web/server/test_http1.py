"""What HTTP/1.1 clients can rely on, and how they change to HTTP/2."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import trio
from h2.config import H2Configuration
from h2.connection import H2Connection
from hypercorn.trio.worker_context import WorkerContext
from trio.testing import MockClock, lockstep_stream_pair, wait_all_tasks_blocked

from logagent.web.server.connections import serve_connection
from logagent.web.server.endings import LINGER
from logagent.web.server.limits import ConnectionLimits
from testbed.asgi import Follow, body, hello, start
from testbed.raw_http import GET, LAST_CHUNK, Http1Client

LIMITS = ConnectionLimits()
Open = Callable[..., Http1Client]


async def test_answers_over_http1_have_no_trailers_and_keep_the_connection(open_http1: Open) -> None:
    offered: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        offered.extend(scope["extensions"])
        await hello(scope, receive, send)

    client = open_http1(app)
    await client.send(GET)
    assert (await client.send(GET)).count(b"hello") == 2
    assert "http.response.trailers" not in offered
    assert not client.ended


async def test_head_over_http1_is_answered_without_a_body_and_keeps_the_connection(open_http1: Open) -> None:
    client = open_http1(hello)
    await client.send(GET.replace(b"GET", b"HEAD"))
    assert (client.received[:12], b"hello" in client.received) == (b"HTTP/1.1 200", False)
    assert b"hello" in await client.send(GET)


async def test_request_with_a_long_cursor_reaches_the_app_although_it_comes_in_pieces(open_http1: Open) -> None:
    asked: list[int] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        asked.append(len(scope["query_string"]))
        await hello(scope, receive, send)

    cursor = b"cursor=" + b"x" * 40 * 1024
    request, client = b"GET /logs?%s HTTP/1.1\r\nhost: test\r\n\r\n" % cursor, open_http1(app)
    for sent in range(0, len(request), 8 * 1024):
        await client.send(request[sent : sent + 8 * 1024])
    assert (client.received[:12], asked) == (b"HTTP/1.1 200", [len(cursor)])


async def test_request_whose_head_has_no_end_is_refused(open_http1: Open) -> None:
    client = open_http1(hello)
    await client.send(b"GET /?" + b"x" * (LIMITS.header_bytes + 1))
    assert client.received.startswith(b"HTTP/1.1 4")
    assert client.ended


async def test_large_chunk_over_http1_arrives_whole(open_http1: Open) -> None:
    chunk = bytes(range(256)) * 4000 + b"the end"

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await start(send)
        await body(send, chunk, more=False)

    assert chunk in await open_http1(app).send(GET)


async def test_app_over_http1_raises_after_part_of_its_body(open_http1: Open) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await start(send)
        await body(send, b"some")
        raise ValueError("lost the file")

    client = open_http1(app)
    assert b"some" in await client.send(GET)
    assert client.ended
    assert LAST_CHUNK not in client.received


async def test_app_over_http1_raises_before_its_answer_starts(open_http1: Open) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise ValueError("no such thing")

    assert (await open_http1(app).send(GET)).startswith(b"HTTP/1.1 500 ")


@pytest.mark.parametrize("leave", ["aclose", "send_eof"])
async def test_client_that_leaves_over_http1_cancels_the_app(open_http1: Open, leave: str) -> None:
    app = Follow()
    client = open_http1(app)
    await client.send(GET)
    assert not app.cancelled
    if leave == "aclose":
        await client.stream.send_stream.aclose()
    else:
        await client.stream.send_eof()
    await wait_all_tasks_blocked()
    assert app.cancelled


async def test_idle_connection_over_http1_ends_after_its_time(open_http1: Open, mock_clock: MockClock) -> None:
    client = open_http1(hello)
    await client.send(GET)
    mock_clock.jump(LIMITS.idle_timeout - 1)
    await wait_all_tasks_blocked()
    assert not client.ended
    mock_clock.jump(1)
    await wait_all_tasks_blocked()
    assert client.ended


async def test_connection_over_http1_that_has_used_up_its_requests_says_close(open_http1: Open) -> None:
    client = open_http1(hello, limits=ConnectionLimits(requests_per_connection=2))
    assert b"connection: close" not in await client.send(GET)
    assert b"connection: close" in await client.send(GET)
    assert client.ended


async def test_half_a_request_does_not_keep_a_connection(open_http1: Open, mock_clock: MockClock) -> None:
    client = open_http1(hello)
    await client.send(GET[:20])
    mock_clock.jump(LIMITS.idle_timeout)
    await wait_all_tasks_blocked()
    assert client.ended


async def test_answer_in_flight_over_http1_is_not_idle(open_http1: Open, mock_clock: MockClock) -> None:
    app = Follow()
    client = open_http1(app)
    await client.send(GET)
    mock_clock.jump(10 * LIMITS.idle_timeout)
    await wait_all_tasks_blocked()
    app.finish.set()
    await wait_all_tasks_blocked()
    assert not client.ended
    mock_clock.jump(LIMITS.idle_timeout)
    await wait_all_tasks_blocked()
    assert client.ended


async def test_shutdown_over_http1_lets_the_answer_finish_and_says_close(open_http1: Open) -> None:
    context = WorkerContext(None)
    finish = trio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await finish.wait()
        await hello(scope, receive, send)

    client = open_http1(app, context=context)
    await client.send(GET)
    await context.terminated.set()
    await wait_all_tasks_blocked()
    assert not client.ended
    finish.set()
    await wait_all_tasks_blocked()
    assert b"connection: close" in client.received
    assert client.received.endswith(LAST_CHUNK)
    assert client.ended


async def test_shutdown_ends_an_idle_connection_over_http1_at_once(open_http1: Open) -> None:
    context = WorkerContext(None)
    client = open_http1(hello, context=context)
    await client.send(GET)
    await context.terminated.set()
    await wait_all_tasks_blocked()
    assert client.ended


async def test_upload_over_http1_to_an_answer_that_has_ended_is_read_for_a_while(
    open_http1: Open, mock_clock: MockClock
) -> None:
    client = open_http1(hello)
    await client.send(b"POST / HTTP/1.1\r\nhost: test\r\ncontent-length: 50000000\r\n\r\n")
    for _ in range(10):
        await client.send(bytes(64 * 1024))
    assert b"hello" in client.received
    mock_clock.jump(LINGER)
    await wait_all_tasks_blocked()
    with pytest.raises(trio.BrokenResourceError):
        await client.send(bytes(64 * 1024))


async def test_upload_over_http1_that_the_app_does_not_read_is_held_up(nursery: trio.Nursery) -> None:
    theirs, ours = lockstep_stream_pair()
    nursery.start_soon(serve_connection, Follow(), ours)
    nursery.start_soon(Http1Client(theirs).receive)
    sent = 0

    async def upload() -> None:
        nonlocal sent
        await theirs.send_all(b"POST / HTTP/1.1\r\nhost: test\r\ncontent-length: 50000000\r\n\r\n")
        while True:
            await theirs.send_all(bytes(16 * 1024))
            sent += 16 * 1024

    nursery.start_soon(upload)
    await wait_all_tasks_blocked()
    assert sent <= 128 * 1024


async def test_upload_over_http1_left_unread_does_not_hold_up_the_end_of_the_answer(open_http1: Open) -> None:
    app = Follow()
    client = open_http1(app)
    await client.send(b"POST / HTTP/1.1\r\nhost: test\r\ncontent-length: 50000000\r\n\r\n" + bytes(256 * 1024))
    app.finish.set()
    await wait_all_tasks_blocked()
    assert client.received.endswith(LAST_CHUNK)
    assert client.ended


async def test_garbage_over_http1_is_answered_400(open_http1: Open) -> None:
    client = open_http1(hello)
    assert (await client.send(b"\x16\x03\x01\x02\r\n\r\n")).startswith(b"HTTP/1.1 400 ")
    assert client.ended


# From HTTP/1.1 to HTTP/2


def upgrade(settings: bytes) -> bytes:
    return (
        b"GET / HTTP/1.1\r\nhost: test\r\nconnection: upgrade\r\nupgrade: h2c\r\nhttp2-settings: %s\r\n\r\n" % settings
    )


async def test_upgrade_answers_the_first_request_as_stream_one(open_http1: Open) -> None:
    client, h2 = open_http1(hello), H2Connection(H2Configuration(header_encoding=None))
    settings = h2.initiate_upgrade_connection()
    received = await client.send(upgrade(settings or b""))
    assert received.startswith(b"HTTP/1.1 101 ")
    _, _, frames = (await client.send(h2.data_to_send())).partition(b"\r\n\r\n")
    names = [type(event).__name__ for event in h2.receive_data(frames)]
    answer = ["ResponseReceived", "DataReceived", "StreamEnded", "PingReceived"]
    assert [name for name in names if name in answer] == answer


async def test_body_waits_until_an_upgraded_client_speaks_http2(open_http1: Open) -> None:
    client, h2 = open_http1(Follow(b"x" * 60_000)), H2Connection(H2Configuration(header_encoding=None))
    settings = h2.initiate_upgrade_connection()
    assert len(await client.send(upgrade(settings or b""))) < 1000
    assert len(await client.send(h2.data_to_send())) > 60_000


async def test_upgraded_client_that_never_speaks_http2_is_dropped(autojump_clock: MockClock, open_http1: Open) -> None:
    app = Follow(b"x" * 60_000)
    client = open_http1(app)
    await client.send(upgrade(H2Connection().initiate_upgrade_connection() or b""))
    await trio.sleep(LIMITS.handshake_timeout + LINGER + 1)
    assert app.cancelled
    assert client.ended


@pytest.mark.parametrize("settings", [b"AAMAAABkAAQ", b"AAAAAA==", b"AAIAAAAH"], ids=["base64", "length", "value"])
async def test_upgrade_with_bad_settings_is_ignored(open_http1: Open, settings: bytes) -> None:
    client = open_http1(hello)
    received = await client.send(upgrade(settings))
    assert received.startswith(b"HTTP/1.1 200 ")
    assert b"hello" in received


async def test_websocket_upgrade_is_ignored(open_http1: Open) -> None:
    request = GET[:-2] + b"connection: upgrade\r\nupgrade: websocket\r\n\r\n"
    assert (await open_http1(hello).send(request)).startswith(b"HTTP/1.1 200 ")
