"""Clients that take their time for what is written to them, or take nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import trio
from trio.testing import MockClock, lockstep_stream_pair, wait_all_tasks_blocked

from logagent.web.server.connections import serve_connection
from logagent.web.server.limits import ConnectionLimits
from testbed.asgi import WIDE, Endless, Follow, body
from testbed.raw_http import (
    GET,
    Deaf,
    Http1Client,
)

LIMITS = ConnectionLimits()
Open = Callable[..., Http1Client]


async def test_client_that_takes_nothing_is_dropped_after_a_while(open_http2: Any, mock_clock: MockClock) -> None:
    app = Endless()
    theirs, ours = lockstep_stream_pair()
    client = await open_http2(app, window=WIDE, pair=lambda: (Deaf(theirs), ours))
    client.start()
    await client.flush()
    assert not app.cancelled
    mock_clock.jump(LIMITS.write_timeout)
    await wait_all_tasks_blocked()
    assert app.cancelled


async def test_client_of_an_unhurried_answer_may_take_nothing_for_as_long_as_it_likes(
    open_http2: Any, mock_clock: MockClock
) -> None:
    app = Endless(unhurried=True)
    client = await open_http2(app, window=WIDE, pair=lockstep_stream_pair)
    client.reading = trio.Event()
    await client.ask()
    taken = app.taken
    assert taken
    mock_clock.jump(100 * LIMITS.write_timeout)
    await wait_all_tasks_blocked()
    assert (app.cancelled, app.taken) == (False, taken)


async def test_client_that_takes_nothing_over_http1_is_dropped_after_a_while(
    nursery: trio.Nursery, mock_clock: MockClock
) -> None:
    app = Follow()
    theirs, ours = lockstep_stream_pair()
    nursery.start_soon(serve_connection, app, ours)
    await theirs.send_all(GET)
    await wait_all_tasks_blocked()
    mock_clock.jump(LIMITS.write_timeout)
    await wait_all_tasks_blocked()
    with pytest.raises(trio.ClosedResourceError):
        await ours.receive_some()


async def test_client_that_takes_a_large_chunk_slowly_is_not_dropped(
    nursery: trio.Nursery, mock_clock: MockClock
) -> None:
    chunk, received = bytes(1024 * 1024), 0
    app = Follow(chunk)
    theirs, ours = lockstep_stream_pair()
    nursery.start_soon(serve_connection, app, ours)
    await theirs.send_all(GET)
    while received < len(chunk):
        received += len(await theirs.receive_some(LIMITS.burst))
        mock_clock.jump(LIMITS.write_timeout / 3)
        await wait_all_tasks_blocked()
    assert not app.cancelled


@pytest.mark.parametrize("unhurried", [False, True])
async def test_client_over_http1_that_takes_nothing_is_dropped_unless_its_answer_is_unhurried(
    nursery: trio.Nursery, mock_clock: MockClock, unhurried: bool
) -> None:
    cancelled = trio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        try:
            await send({"type": "http.response.start", "status": 200, "headers": [], "unhurried": unhurried})
            while True:
                await body(send, b"line")
        finally:
            cancelled.set()

    theirs, ours = lockstep_stream_pair()
    nursery.start_soon(serve_connection, app, ours)
    await theirs.send_all(GET)
    await wait_all_tasks_blocked()
    while not cancelled.is_set() and mock_clock.current_time() < 100 * LIMITS.write_timeout:
        mock_clock.jump(LIMITS.write_timeout)
        await wait_all_tasks_blocked()
    assert cancelled.is_set() is not unhurried
