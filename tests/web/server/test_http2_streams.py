"""Requests and answers over HTTP/2. Each test names a moment in an answer's life."""

from __future__ import annotations

import gc
from typing import Any

import pytest
import trio
from h2.errors import ErrorCodes
from trio.testing import MockClock, wait_all_tasks_blocked

from logagent.web.server.limits import ConnectionLimits
from logagent.web.server.request_stream import RequestStream
from logagent.web.server.stream_buffer import StreamBuffer
from testbed.asgi import WIDE, Endless, body, follow, hello_with_trailers, start
from testbed.raw_http import (
    FIRST_WINDOW,
    http2,
    upload,
)

LIMITS = ConnectionLimits()
KIB = 1024
FRAME = 16 * KIB


# Trailers


async def test_trailers_arrive_although_the_request_has_no_te(open_http2: Any) -> None:
    answer = await (await open_http2(hello_with_trailers)).ask()
    assert (answer.status, answer.body, answer.trailers, answer.ended) == (200, b"hello\n", {b"log-status": b"0"}, True)


async def test_trailers_arrive_once_if_the_request_has_te(open_http2: Any) -> None:
    answer = await (await open_http2(hello_with_trailers)).ask(b"/", [(b"te", b"trailers")])
    assert (answer.trailers, answer.ended) == ({b"log-status": b"0"}, True)


async def test_trailers_in_several_messages_arrive_as_one_block(open_http2: Any) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await start(send, trailers=True)
        await body(send, b"x", more=False)
        await send({"type": "http.response.trailers", "headers": [(b"a", b"1")], "more_trailers": True})
        await send({"type": "http.response.trailers", "headers": [(b"b", b"2")]})

    answer = await (await open_http2(app)).ask()
    assert (answer.trailers, answer.ended) == ({b"a": b"1", b"b": b"2"}, True)


async def test_trailers_are_offered_and_push_is_not(open_http2: Any) -> None:
    offered: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        offered.extend(scope["extensions"])
        await hello_with_trailers(scope, receive, send)

    await (await open_http2(app)).ask()
    assert "http.response.trailers" in offered
    assert "http.response.push" not in offered


async def test_nothing_is_left_of_three_thousand_answers_with_trailers(open_http2: Any) -> None:
    client = await open_http2(hello_with_trailers)
    for _ in range(60):
        answers = [client.start() for _ in range(50)]
        await client.flush()
        assert all(answer.ended for answer in answers)
    protocol = http2(client)
    assert (protocol.streams.in_flight, protocol.writer.buffers) == ({}, {})
    gc.collect()
    assert [each for each in gc.get_objects() if type(each) in (StreamBuffer, RequestStream)] == []


# Answers that do not end as they should


async def test_app_raises_after_part_of_its_body(open_http2: Any) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await start(send)
        await body(send, bytes(100 * KIB))
        raise ValueError("lost the file")

    answer = await (await open_http2(app)).ask()
    assert (len(answer.body), answer.ended, answer.reset) == (100 * KIB, False, ErrorCodes.INTERNAL_ERROR)


async def test_app_returns_without_its_last_body(open_http2: Any) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await start(send)
        await body(send, b"some")

    answer = await (await open_http2(app)).ask()
    assert (answer.body, answer.ended, answer.reset) == (b"some", False, ErrorCodes.INTERNAL_ERROR)


async def test_app_returns_without_the_trailers_that_it_announced(open_http2: Any) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await start(send, trailers=True)
        await body(send, b"all", more=False)

    answer = await (await open_http2(app)).ask()
    assert (answer.body, answer.ended, answer.reset) == (b"all", False, ErrorCodes.INTERNAL_ERROR)


async def test_app_raises_before_its_answer_starts(open_http2: Any) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise ValueError("no such thing")

    answer = await (await open_http2(app)).ask()
    assert (answer.status, answer.ended, answer.reset) == (500, True, None)


async def test_app_raises_while_the_window_is_shut(open_http2: Any, mock_clock: MockClock) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await start(send)
        await body(send, bytes(FIRST_WINDOW + 1))
        raise ValueError("lost the file")

    client = await open_http2(app)
    client.credits = False
    answer = await client.ask()
    assert (len(answer.body), answer.reset) == (FIRST_WINDOW, None)
    mock_clock.jump(LIMITS.write_timeout)
    await wait_all_tasks_blocked()
    assert answer.reset == ErrorCodes.INTERNAL_ERROR


async def test_window_opens_after_the_app_has_raised(open_http2: Any) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await start(send)
        await body(send, bytes(FIRST_WINDOW + 1))
        raise ValueError("lost the file")

    client = await open_http2(app)
    client.credits = False
    answer = await client.ask()
    client.h2.increment_flow_control_window(1)
    client.h2.increment_flow_control_window(1, answer.stream_id)
    await client.flush()
    assert (len(answer.body), answer.reset) == (FIRST_WINDOW + 1, ErrorCodes.INTERNAL_ERROR)


async def test_app_gives_a_header_that_may_not_be_sent(open_http2: Any) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/bad":
            await send({"type": "http.response.start", "status": 200, "headers": [(b"te", b"nonsense")]})
        await hello_with_trailers(scope, receive, send)

    client = await open_http2(app)
    assert (await client.ask(b"/bad")).reset == ErrorCodes.INTERNAL_ERROR
    assert (await client.ask(b"/good")).ended


async def test_app_gives_a_trailer_that_may_not_be_sent(open_http2: Any) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await start(send, trailers=True)
        await body(send, b"x", more=False)
        await send({"type": "http.response.trailers", "headers": [(b"te", b"nonsense")]})

    client = await open_http2(app)
    assert (await client.ask()).reset == ErrorCodes.INTERNAL_ERROR
    assert http2(client).writer.buffers == {}


async def test_app_that_gives_up_sending_leaves_the_connection_whole(open_http2: Any, mock_clock: MockClock) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        with trio.move_on_after(5):
            await Endless()(scope, receive, send)

    client = await open_http2(app)
    client.credits = False
    answer = await client.ask()
    mock_clock.jump(5)
    await wait_all_tasks_blocked()
    client.h2.increment_flow_control_window(WIDE)
    client.h2.increment_flow_control_window(WIDE, answer.stream_id)
    await client.flush()
    assert (len(answer.body), answer.reset) == (LIMITS.stream_buffer + 64 * KIB, ErrorCodes.INTERNAL_ERROR)


# Bodies of requests


async def test_upload_to_an_answer_that_has_ended_is_read_and_forgotten(open_http2: Any) -> None:
    client = await open_http2(hello_with_trailers)
    answer = await client.ask(method=b"POST", end=False)
    assert answer.ended
    assert await upload(client, answer, 2048 * KIB) == 2048 * KIB
    client.h2.end_stream(answer.stream_id)
    assert (await client.ask()).ended
    assert client.goaway is None


async def test_upload_that_the_app_does_not_read_is_held_up(open_http2: Any) -> None:
    client = await open_http2(follow)
    answer = await client.ask(b"/follow", method=b"POST", end=False)
    assert await upload(client, answer, 2048 * KIB) == FIRST_WINDOW
    assert (await client.ask()).ended


async def test_upload_in_many_small_pieces_that_the_app_does_not_read_holds_nobody_up(open_http2: Any) -> None:
    client = await open_http2(follow)
    answer = await client.ask(b"/follow", method=b"POST", end=False)
    for _ in range(100):
        client.h2.send_data(answer.stream_id, b"x")
    assert (await client.ask()).ended


async def test_upload_left_unread_gives_its_window_back_when_the_answer_ends(open_http2: Any) -> None:
    over = trio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await over.wait()
        await hello_with_trailers(scope, receive, send)

    client = await open_http2(app)
    first = await client.ask(method=b"POST", end=False)
    await upload(client, first, 2048 * KIB)
    over.set()
    second = await client.ask(method=b"POST", end=False)
    assert await upload(client, second, 512 * KIB) == 512 * KIB


async def test_upload_that_the_app_reads_goes_on(open_http2: Any) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        length, more = 0, True
        while more:
            message = await receive()
            length, more = length + len(message["body"]), message["more_body"]
        await start(send)
        await body(send, b"%d" % length, more=False)

    client = await open_http2(app)
    answer = await client.ask(method=b"POST", end=False)
    assert await upload(client, answer, 512 * KIB) == 512 * KIB
    client.h2.end_stream(answer.stream_id)
    await client.flush()
    assert answer.body == b"%d" % (512 * KIB)


# Clients that leave


async def test_reset_cancels_the_app_at_once(open_http2: Any) -> None:
    app = Endless()
    client = await open_http2(app)
    client.credits = False
    answer = await client.ask()
    client.h2.reset_stream(answer.stream_id, ErrorCodes.CANCEL)
    await client.flush()
    assert app.cancelled
    assert http2(client).writer.buffers == {}


async def test_reset_of_one_stream_leaves_the_others_running(open_http2: Any) -> None:
    client = await open_http2(follow)
    left, kept = await client.ask(b"/follow"), await client.ask(b"/follow")
    client.h2.reset_stream(left.stream_id, ErrorCodes.CANCEL)
    await client.flush()
    assert list(http2(client).streams.in_flight) == [kept.stream_id]


@pytest.mark.parametrize("leave", ["aclose", "send_eof"])
async def test_end_of_the_connection_cancels_the_app_at_once(open_http2: Any, leave: str) -> None:
    app = Endless()
    client = await open_http2(app)
    client.credits = False
    await client.ask()
    await getattr(client.stream, leave)()
    await wait_all_tasks_blocked()
    assert app.cancelled


async def test_goaway_cancels_the_app_at_once(open_http2: Any) -> None:
    app = Endless()
    client = await open_http2(app)
    client.credits = False
    await client.ask()
    client.h2.close_connection()
    await client.flush()
    assert app.cancelled


async def test_app_that_has_answered_is_not_cancelled(open_http2: Any) -> None:
    done = trio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await hello_with_trailers(scope, receive, send)
        await trio.lowlevel.checkpoint()
        done.set()

    await (await open_http2(app)).ask()
    assert done.is_set()
