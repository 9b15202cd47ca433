"""A source under way: its slot, what it counts, and how it ends."""

from __future__ import annotations

from collections.abc import Callable

import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from logagent.core.batch import SIGN_OF_LIFE, Batch
from logagent.core.outcome import Outcome, Status
from logagent.core.query import Query
from logagent.fanout.feed import Feed
from testbed.sources import NEVER, ScriptedSource, lines, source

QUERY = Query.of(files=("a.log",))
LEFT = Outcome(Status.UNAVAILABLE, "left behind")


class Told:
    """How often a feed had something to tell."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> None:
        self.times += 1


def feed_of(scripted: ScriptedSource, told: Told, pass_by: Callable[[Batch], bool] = lambda batch: False) -> Feed:
    return Feed("a", scripted, told, pass_by=pass_by)


async def test_a_source_waits_until_its_batch_is_taken(autojump_clock: MockClock) -> None:
    scripted, told = source(lines(1), lines(2)), Told()
    feed = feed_of(scripted, told)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(feed.run, QUERY)
        for number, batch in enumerate([lines(1), lines(2)]):
            await wait_all_tasks_blocked()
            assert (scripted.sent, told.times) == (number, number + 1)
            assert feed.take() == batch
        await wait_all_tasks_blocked()
        assert (feed.slot, feed.outcome, told.times) == (None, Outcome(), 3)


async def test_nothing_is_taken_from_an_empty_slot(autojump_clock: MockClock) -> None:
    assert feed_of(source(), Told()).take() is None


async def test_a_batch_that_is_passed_by_does_not_wait_and_is_counted(autojump_clock: MockClock) -> None:
    told, seen = Told(), list[Batch]()

    def see(batch: Batch) -> bool:
        seen.append(batch)
        return not batch.count

    feed = feed_of(source(SIGN_OF_LIFE, Batch(b"", 0, scanned=5, planned=9), 2.0, lines(1, 2, scanned=3)), told, see)
    started = trio.current_time()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(feed.run, QUERY)
        await trio.sleep(1)
        assert (told.times, feed.slot, feed.heard - started) == (0, None, 0)
        await trio.sleep(2)
        assert (told.times, feed.records, feed.scanned, feed.planned, feed.heard - started) == (1, 2, 8, 9, 2)
        feed.take()
    assert len(seen) == 3


async def test_cancelling_its_scope_ends_the_source_alone(autojump_clock: MockClock) -> None:
    scripted, told = source(NEVER), Told()
    feed = feed_of(scripted, told)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(feed.run, QUERY)
        await wait_all_tasks_blocked()
        feed.outcome = LEFT
        feed.scope.cancel()
    assert (scripted.cancelled, feed.outcome, told.times) == (True, LEFT, 1)


async def test_an_outcome_that_was_set_stays_though_the_source_ends_well(autojump_clock: MockClock) -> None:
    feed = feed_of(ScriptedSource([NEVER], on_cancel=Outcome), Told())
    async with trio.open_nursery() as nursery:
        nursery.start_soon(feed.run, QUERY)
        await wait_all_tasks_blocked()
        feed.outcome = LEFT
        feed.scope.cancel()
    assert feed.outcome == LEFT
