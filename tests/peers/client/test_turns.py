"""Turns: how many connections are made at a time, and how many handshakes of TLS."""

from __future__ import annotations

import httpx
import pytest
import trio
import trio.testing
from trio.testing import MockClock

from logagent.peers.client.dialing import Background, Dialer
from logagent.peers.client.exchange import Away
from logagent.peers.client.turns import HANDSHAKE_TURN, Turns


class Counted:
    """Work that takes a while; how much of it was under way at a time, and how often it began."""

    def __init__(self, takes: float) -> None:
        self.takes = takes
        self.now = self.most = self.begun = 0

    async def work(self, *_: object) -> str:
        self.begun += 1
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await trio.sleep(self.takes)
        finally:
            self.now -= 1
        return "made"


async def test_so_many_handshakes_are_made_at_a_time(autojump_clock: MockClock) -> None:
    turns, counted = Turns(handshakes=3), Counted(0.1)
    async with trio.open_nursery() as nursery:
        for _ in range(10):
            nursery.start_soon(turns.handshake, counted.work)
    assert (counted.most, counted.begun) == (3, 10)
    assert trio.current_time() == pytest.approx(0.4)


async def test_a_handshake_that_stalls_gives_its_turn_to_the_next(autojump_clock: MockClock) -> None:
    turns = Turns(handshakes=1)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(turns.handshake, trio.sleep_forever)
        await trio.testing.wait_all_tasks_blocked()
        assert await turns.handshake(Counted(0.0).work) == "made"
        assert trio.current_time() == pytest.approx(HANDSHAKE_TURN)
        nursery.cancel_scope.cancel()


async def test_a_handshake_that_fails_or_is_cancelled_gives_its_turn_back(autojump_clock: MockClock) -> None:
    async def fail() -> None:
        raise httpx.ConnectError("no")

    turns = Turns(handshakes=1)
    with pytest.raises(httpx.ConnectError, match="no"):
        await turns.handshake(fail)
    with trio.move_on_after(HANDSHAKE_TURN / 2):
        await turns.handshake(trio.sleep_forever)
    started = trio.current_time()
    assert await turns.handshake(Counted(0.0).work) == "made"
    assert trio.current_time() == started


async def test_waiting_for_a_turn_is_no_time_of_the_agent(autojump_clock: MockClock) -> None:
    """Each attempt takes most of its patience, so that the last ones wait for longer than that."""
    turns, counted = Turns(attempts=1), Counted(0.9)

    async def ask() -> None:
        dialer = Dialer[str]("an agent", counted.work, lambda: None, None, turns)
        assert await dialer.connection(1.0) == "made"

    async with trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(ask)
    assert (counted.most, counted.begun) == (1, 5)


async def test_an_agent_that_was_not_tried_is_not_called_dead(autojump_clock: MockClock) -> None:
    turns, counted = Turns(attempts=1), Counted(100.0)
    async with trio.open_nursery() as nursery:
        background = Background(60.0, nursery)
        first = Dialer[str]("first", counted.work, lambda: None, background, turns)
        other = Dialer[str]("other", counted.work, lambda: None, background, turns)
        nursery.start_soon(first.connection, 200.0)
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(Away, match="was not tried yet: too many other connections are being made"):
            await other.connection(5.0)
        assert counted.begun == 1
        nursery.cancel_scope.cancel()
