"""What HTTP/2 clients can rely on, and what they cannot do to us."""

from __future__ import annotations

import logging
from typing import Any

import pytest
import trio
from h2.errors import ErrorCodes
from h2.settings import SettingCodes
from hyperframe.frame import PriorityFrame
from trio.testing import MockClock, wait_all_tasks_blocked

from logagent.web.server.limits import ConnectionLimits
from testbed.asgi import body, follow, hello_with_trailers, silent, start
from testbed.raw_http import (
    http2,
)

LIMITS = ConnectionLimits()
KIB = 1024
FRAME = 16 * KIB


async def test_two_thousand_requests_leave_a_stream_in_flight_alone(open_http2: Any) -> None:
    client = await open_http2(follow)
    following = await client.ask(b"/follow")
    for _ in range(40):
        answers = [client.start() for _ in range(50)]
        await client.flush()
        assert all(answer.ended for answer in answers)
    assert (following.reset, client.goaway) == (None, None)


async def test_one_stream_too_many_is_refused_and_harms_no_other(open_http2: Any) -> None:
    client = await open_http2(follow, limits=ConnectionLimits(max_streams=2))
    client.h2.remote_settings.update({SettingCodes.MAX_CONCURRENT_STREAMS: 100})
    client.h2.remote_settings.acknowledge()
    held = [await client.ask(b"/follow") for _ in range(2)]
    refused = await client.ask()
    assert refused.reset == ErrorCodes.REFUSED_STREAM
    assert [answer.reset for answer in held] == [None, None]
    assert client.goaway is None


async def test_client_is_told_how_many_streams_it_may_open(open_http2: Any) -> None:
    client = await open_http2(hello_with_trailers, limits=ConnectionLimits(max_streams=7))
    assert client.h2.remote_settings.max_concurrent_streams == 7


async def test_flood_of_resets_ends_the_connection(open_http2: Any, mock_clock: MockClock) -> None:
    client = await open_http2(silent, limits=ConnectionLimits(resets=10))
    for _ in range(11):
        answer = await client.ask()
        client.h2.reset_stream(answer.stream_id)
    await client.flush()
    assert client.goaway == ErrorCodes.ENHANCE_YOUR_CALM


async def test_flood_of_resets_within_one_read_is_answered_with_one_goodbye(open_http2: Any) -> None:
    client = await open_http2(silent, limits=ConnectionLimits(resets=10))
    answers = [client.start() for _ in range(50)]
    await client.flush()
    for answer in answers:
        client.h2.reset_stream(answer.stream_id)
    await client.flush()
    assert client.goaways == [ErrorCodes.ENHANCE_YOUR_CALM]


async def test_requests_that_are_abandoned_in_their_answers_are_no_flood(
    open_http2: Any, mock_clock: MockClock
) -> None:
    client = await open_http2(follow, limits=ConnectionLimits(resets=10))
    for _ in range(30):
        answer = await client.ask(b"/follow")
        client.h2.reset_stream(answer.stream_id)
    await client.flush()
    assert client.goaway is None


async def test_flood_of_requests_that_are_refused_ends_the_connection(open_http2: Any, mock_clock: MockClock) -> None:
    client = await open_http2(follow, limits=ConnectionLimits(max_streams=1, resets=10))
    client.h2.remote_settings.update({SettingCodes.MAX_CONCURRENT_STREAMS: 100})
    client.h2.remote_settings.acknowledge()
    held = await client.ask(b"/follow")
    refused = [await client.ask() for _ in range(10)]
    assert ({answer.reset for answer in refused}, client.goaway) == ({ErrorCodes.REFUSED_STREAM}, None)
    await client.ask()
    assert client.goaway == ErrorCodes.ENHANCE_YOUR_CALM
    assert not held.ended


async def test_resets_spread_over_time_are_fine(open_http2: Any, mock_clock: MockClock) -> None:
    client = await open_http2(silent, limits=ConnectionLimits(resets=10, resets_per_second=1))
    for _ in range(30):
        answer = await client.ask()
        client.h2.reset_stream(answer.stream_id)
        mock_clock.jump(1)
    await client.flush()
    assert client.goaway is None


async def test_requests_that_are_reset_at_once_never_reach_the_app(open_http2: Any) -> None:
    asked: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        asked.append(scope["path"])
        await hello_with_trailers(scope, receive, send)

    client = await open_http2(app)
    for _ in range(20):
        client.h2.reset_stream(client.start(b"/never").stream_id)
    await client.flush()
    assert asked == []


async def test_requests_of_a_trace_that_are_reset_at_once_leave_a_line(
    open_http2: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "logagent")
    trace_id = "0af7651916cd43dd8448eb211c80319c"
    client = await open_http2(hello_with_trailers)
    traced = (b"traceparent", f"00-{trace_id}-b7ad6b7169203331-01".encode())
    for path, fields in ((b"/logs?keyword=secret", [traced]), (b"/logs?keyword=other", None)):
        client.h2.reset_stream(client.start(path, fields).stream_id)
    await client.flush()
    [record] = [record for record in caplog.records if record.name == "logagent.requests"]
    assert record.getMessage() == "ended: GET /logs: the client had left before this agent looked at it"
    assert vars(record)["fields"]["trace_id"] == trace_id
    assert "secret" not in str(vars(record))


async def test_hundreds_of_priority_frames_change_nothing(open_http2: Any) -> None:
    client = await open_http2(follow)
    bystander = await client.ask(b"/follow")
    frames = [PriorityFrame(stream_id, depends_on=0, stream_weight=3) for stream_id in range(101, 1901, 2)]
    await client.raw(b"".join(frame.serialize() for frame in frames))
    assert (await client.ask()).ended
    assert bystander.reset is None


async def test_garbage_ends_the_connection_with_a_reason(open_http2: Any) -> None:
    client = await open_http2(follow)
    await client.ask(b"/follow")
    await client.raw(b"\x00\x00\x04\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00")
    assert client.goaway == ErrorCodes.PROTOCOL_ERROR
    assert http2(client).streams.in_flight == {}


async def test_huge_header_list_ends_the_connection_with_a_reason(open_http2: Any) -> None:
    client = await open_http2(hello_with_trailers)
    await client.ask(b"/", [(b"x-%d" % n, bytes(b"y" * 4000)) for n in range(80)])
    assert client.goaway == ErrorCodes.ENHANCE_YOUR_CALM


async def test_answer_in_flight_outlives_1500_requests_on_its_connection(open_http2: Any) -> None:
    followed = trio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await start(send)
        if scope["path"] == "/follow":
            await followed.wait()
        await body(send, b"told", more=False)

    client = await open_http2(app)
    follow = await client.ask(b"/follow")
    for _ in range(1500):
        client.start()
        if len(client.answers) % 50 == 0:
            await client.flush()
    await client.flush()
    assert sum(answer.ended for answer in client.answers.values()) == 1500
    followed.set()
    await wait_all_tasks_blocked()
    assert (bytes(follow.body), follow.ended, client.goaway) == (b"told", True, None)
