"""A follow goes over to where its agent is found now, and never in the midst of a batch."""

from __future__ import annotations

import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from logagent.core.batch import Out
from logagent.core.outcome import Outcome, Status
from logagent.core.query import Query
from logagent.peers.moving import Leaver, pump_until_it_moves
from testbed.sources import Reader, lines, source

QUERY = Query(files=("f",))


async def test_a_silent_question_ends_at_once(autojump_clock: MockClock) -> None:
    leavers: set[Leaver] = set()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_leave_after, 3.0, leavers)
        outcome = await pump_until_it_moves(source(lines(1), 100.0), QUERY, Reader(), leavers)
    assert (outcome.status, outcome.message) == (Status.UNAVAILABLE, "is found at another address now")
    assert trio.current_time() == 3.0
    assert not leavers


async def test_a_batch_that_is_being_passed_on_is_passed_on_to_its_end(autojump_clock: MockClock) -> None:
    leavers: set[Leaver] = set()
    reader = Reader(delay=5.0)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_leave_after, 3.0, leavers)
        outcome = await pump_until_it_moves(source(lines(1), lines(2), lines(3)), QUERY, reader, leavers)
    assert outcome.status is Status.UNAVAILABLE
    assert reader.times == [1]
    assert trio.current_time() == 5.0


async def test_an_end_that_comes_before_stays(autojump_clock: MockClock) -> None:
    leavers: set[Leaver] = set()
    outcome = await pump_until_it_moves(source(lines(1), outcome=Outcome(lines=1)), QUERY, Reader(), leavers)
    assert outcome == Outcome(lines=1)


async def test_cancelling_from_above_passes(autojump_clock: MockClock, nursery: trio.Nursery) -> None:
    over = trio.Event()

    async def pump(out: Out) -> None:
        with trio.CancelScope() as scope:
            nursery.start_soon(_cancel_after, 1.0, scope)
            await pump_until_it_moves(source(100.0), QUERY, out, set())
        assert scope.cancelled_caught
        over.set()

    nursery.start_soon(pump, Reader())
    await wait_all_tasks_blocked()
    await over.wait()


async def _leave_after(seconds: float, leavers: set[Leaver]) -> None:
    await trio.sleep(seconds)
    for leaver in tuple(leavers):
        leaver.leave()


async def _cancel_after(seconds: float, scope: trio.CancelScope) -> None:
    await trio.sleep(seconds)
    scope.cancel()
