"""Clients that are gone without a word are found, and those that only do not read are kept."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
import trio
from trio.testing import MockClock

from logagent.core.query import HEARTBEAT
from logagent.web.server.listening import KEEPALIVE
from logagent.web.server.liveness import CHECK_EVERY, MAX_SILENCE, LivenessMonitor
from logagent.web.server.tcp import TcpDelivery


class FakeConnection:
    """Owes an acknowledgement, or does not, since when a test says; notes when it is given up."""

    def __init__(self) -> None:
        self.acknowledged_at = trio.current_time()
        self.owes = False
        self.known = True
        self.looks = 0
        self.given_up_at: float | None = None

    def delivery(self) -> TcpDelivery | None:
        self.looks += 1
        return TcpDelivery(self.owes, trio.current_time() - self.acknowledged_at) if self.known else None

    def give_up(self) -> None:
        self.given_up_at = trio.current_time()


Watched = Callable[[], Awaitable[tuple[LivenessMonitor, FakeConnection]]]


@pytest.fixture
def watched(nursery: trio.Nursery) -> Watched:
    async def begin() -> tuple[LivenessMonitor, FakeConnection]:
        monitor, connection = LivenessMonitor(), FakeConnection()
        monitor.watch(connection)
        nursery.start_soon(monitor.run)
        return monitor, connection

    return begin


async def test_client_that_acknowledges_nothing_is_given_up(autojump_clock: MockClock, watched: Watched) -> None:
    _, connection = await watched()
    connection.owes = True
    await trio.sleep(60)
    assert connection.given_up_at == pytest.approx(CHECK_EVERY + MAX_SILENCE)


async def test_client_gone_right_behind_a_heartbeat_is_noticed_within_two(
    autojump_clock: MockClock, watched: Watched
) -> None:
    _, connection = await watched()
    await trio.sleep(HEARTBEAT)
    connection.owes = True
    await trio.sleep(60)
    assert connection.given_up_at is not None
    assert connection.given_up_at - connection.acknowledged_at < 2 * HEARTBEAT


def test_the_kernel_asks_a_silent_client_within_two_heartbeats() -> None:
    kernel = KEEPALIVE["TCP_KEEPIDLE"] + KEEPALIVE["TCP_KEEPINTVL"] * KEEPALIVE["TCP_KEEPCNT"]
    assert kernel <= 2 * HEARTBEAT


async def test_client_that_was_silent_for_long_is_given_time_to_acknowledge(
    autojump_clock: MockClock, watched: Watched
) -> None:
    _, connection = await watched()
    await trio.sleep(3600)
    connection.owes = True
    await trio.sleep(MAX_SILENCE - CHECK_EVERY)
    connection.owes, connection.acknowledged_at = False, trio.current_time()
    await trio.sleep(3600)
    assert connection.given_up_at is None


async def test_client_that_always_owes_the_newest_and_acknowledges_the_older_is_kept(
    autojump_clock: MockClock, watched: Watched
) -> None:
    _, connection = await watched()
    connection.owes = True
    for _ in range(1000):
        await trio.sleep(MAX_SILENCE / 2)
        connection.acknowledged_at = trio.current_time()
    assert connection.given_up_at is None


async def test_paused_client_whose_kernel_acknowledges_is_kept(autojump_clock: MockClock, watched: Watched) -> None:
    _, connection = await watched()
    await trio.sleep(24 * 3600)
    assert connection.given_up_at is None


async def test_what_nobody_knows_is_no_reason_to_give_up(autojump_clock: MockClock, watched: Watched) -> None:
    _, connection = await watched()
    connection.owes, connection.known = True, False
    await trio.sleep(3600)
    assert connection.given_up_at is None


async def test_connection_is_looked_at_only_while_an_answer_is_under_way(
    autojump_clock: MockClock, watched: Watched
) -> None:
    monitor, connection = await watched()
    await trio.sleep(10 * CHECK_EVERY + 0.5)
    monitor.unwatch(connection)
    monitor.unwatch(connection)
    looks = connection.looks
    assert looks == 10
    await trio.sleep(3600)
    assert connection.looks == looks
    monitor.watch(connection)
    monitor.watch(connection)
    await trio.sleep(CHECK_EVERY + 0.5)
    assert connection.looks == looks + 1
