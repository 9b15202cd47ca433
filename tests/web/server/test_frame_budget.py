"""Who is cut off for frames that ask for nothing, and who is not."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
import trio
from h2.errors import ErrorCodes
from h2.settings import SettingCodes
from trio.testing import MockClock

from logagent.web.server.frame_budget import LEAST_DATA, FrameBudget
from logagent.web.server.limits import ConnectionLimits
from testbed.asgi import Follow, body, follow, silent, start
from testbed.floods import GET, HTTP2, PREFACE, frame, pieces


class Lines:
    """Answers with the lines that a test writes."""

    def __init__(self) -> None:
        self._lines, self._written = trio.open_memory_channel[bytes](0)

    async def write(self, line: bytes) -> None:
        await self._lines.send(line)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await start(send)
        async for line in self._written:
            await body(send, line)


LIMITS = ConnectionLimits(idle_frames=100, idle_frames_per_second=1.0)
FEW = ConnectionLimits(idle_frames=40, idle_frames_per_second=0.0, resets=50)


async def test_frames_are_spent_and_come_back_with_time(mock_clock: MockClock) -> None:
    budget = FrameBudget(LIMITS)
    assert (budget.spend(100), budget.spend(1), budget.spend(0)) == (True, False, True)
    mock_clock.jump(10)
    assert budget.spend(9)


async def test_answers_and_their_data_earn_frames(mock_clock: MockClock) -> None:
    budget = FrameBudget(LIMITS)
    for _ in range(1000):
        budget.data_sent([16 * 1024], waiting=1)
        assert budget.spend(18)
    for _ in range(1000):
        budget.answer_sent()
        assert budget.spend(8)


async def test_window_that_opens_byte_by_byte_earns_nothing(mock_clock: MockClock) -> None:
    budget = FrameBudget(LIMITS)
    for _ in range(100):
        budget.data_sent([LEAST_DATA - 1], waiting=1)
        assert budget.spend(1)
    assert not budget.spend(1)


@pytest.mark.parametrize("kind", HTTP2)
async def test_each_kind_of_flood_is_cut_off(
    open_http1: Any, mock_clock: MockClock, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    client, flood = open_http1(silent, limits=FEW), pieces(kind)
    await client.send(next(flood))
    with suppress(trio.BrokenResourceError):
        for _ in range(30):
            await client.send(next(flood)[: 8 * 1024])
    reasons = [reason for reason in (b"too many frames", b"too many requests") if reason in client.received]
    assert len(reasons) == caplog.text.count("the connection is ended: too many") == 1
    assert client.ended


async def test_answers_of_a_client_that_is_cut_off_are_cancelled(open_http2: Any, mock_clock: MockClock) -> None:
    app = Follow()
    client = await open_http2(app, limits=FEW)
    await client.ask()
    for _ in range(50):
        client.h2.ping(bytes(8))
    await client.flush()
    assert (client.goaway, app.cancelled) == (ErrorCodes.ENHANCE_YOUR_CALM, True)


@pytest.mark.parametrize("window", [LEAST_DATA, 1024, 65_535])
async def test_client_that_reads_with_a_small_window_is_not_cut_off(
    open_http2: Any, mock_clock: MockClock, window: int
) -> None:
    text = bytes(1024 * window // 8)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await start(send)
        await body(send, text, more=False)

    client = await open_http2(app, limits=FEW)
    client.h2.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: window})
    await client.flush()
    answer = await client.ask()
    assert (answer.ended, len(answer.body), client.goaway) == (True, len(text), None)


async def test_client_of_a_follow_that_opens_its_window_for_each_line_is_not_cut_off(
    open_http2: Any, mock_clock: MockClock
) -> None:
    app = Lines()
    client = await open_http2(app, limits=FEW)
    client.credits = False
    answer = await client.ask()
    for _ in range(500):
        await app.write(b"line\n")
        client.h2.increment_flow_control_window(5)
        client.h2.increment_flow_control_window(5, answer.stream_id)
        await client.flush()
    assert (bytes(answer.body), client.goaway) == (b"line\n" * 500, None)


async def test_thousands_of_requests_are_not_cut_off(open_http2: Any, mock_clock: MockClock) -> None:
    client = await open_http2(follow, limits=FEW)
    for _ in range(100):
        answers = [client.start() for _ in range(10)]
        await client.flush()
        assert all(answer.ended for answer in answers)
    assert client.goaway is None


async def test_pings_that_keep_alive_are_not_cut_off(open_http2: Any, mock_clock: MockClock) -> None:
    client = await open_http2(Follow())
    await client.ask()
    for _ in range(2000):
        client.h2.ping(bytes(8))
        mock_clock.jump(1)
        await client.flush()
    assert client.goaway is None


async def test_head_that_has_no_end_is_not_decoded(open_http1: Any, mock_clock: MockClock) -> None:
    client = open_http1(silent)
    await client.send(PREFACE + frame(0x1, 0, 1, GET))
    with suppress(trio.BrokenResourceError):
        for _ in range(17):
            await client.send(frame(0x9, 0, 1, bytes(16 * 1024)))
    assert b"too many bytes of one request's head, 262144 at most" in client.received
    assert client.ended


async def test_large_requests_that_are_refused_weigh_more(open_http2: Any, mock_clock: MockClock) -> None:
    client = await open_http2(follow)
    first = await client.ask(b"/" + b"x" * 110 * 1024)
    assert (first.status, client.goaway) == (414, None)
    await client.ask(b"/" + b"x" * 110 * 1024)
    assert client.goaway == ErrorCodes.ENHANCE_YOUR_CALM
