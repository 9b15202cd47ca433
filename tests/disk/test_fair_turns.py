"""Who was served least goes first, nobody waits for ever, and whoever goes away holds nothing."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from logagent.disk.fair_turns import EACH_OLDEST, LONGEST, SHORTEST, SPARE, FairTurns, Share, Turn

LONG = 1e9
"""Virtual seconds that are never waited for."""


class Queries:
    """Queries that take turns of some seconds each, and in which order they got them."""

    def __init__(self, nursery: trio.Nursery, most: int = 1) -> None:
        self.turns = FairTurns(most)
        self.order: list[str] = []
        self._nursery = nursery

    async def ask(self, name: str, turns: int, seconds: float, share: Share | None = None) -> None:
        """Have a query wait for its first turn."""
        self._nursery.start_soon(self.take, name, turns, seconds, share or Share())
        await wait_all_tasks_blocked()

    async def take(self, name: str, turns: int, seconds: float, share: Share) -> None:
        for _ in range(turns):
            turn = self.turns.ask(share)
            assert await turn.begin(LONG)
            self.order.append(name)
            await trio.sleep(seconds)
            share.seconds += seconds
            self.turns.end(turn)
            await trio.lowlevel.checkpoint()


async def test_a_small_query_does_not_wait_behind_those_that_were_served(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery:
        queries = Queries(nursery)
        for number in range(100):
            await queries.ask(f"scan {number}", 50, 0.01)
        await trio.sleep(2)  # each was served by now
        begun = len(queries.order)
        await queries.ask("small", 5, 0.001)
        await trio.sleep(0.2)
        nursery.cancel_scope.cancel()
    places = [place for place, name in enumerate(queries.order[begun:]) if name == "small"]
    assert len(places) == 5
    assert places[-1] < 5 * 3, "at most the turn under way and one of the oldest come before each"


async def test_a_turn_that_is_free_costs_no_pass_of_the_event_loop() -> None:
    turns = FairTurns(1)
    turn = turns.ask(Share())
    with trio.CancelScope() as scope:
        scope.cancel()  # whoever waits would be cancelled
        assert await turn.begin(LONG)
    assert not scope.cancelled_caught
    turns.end(turn)


async def test_a_small_query_that_begins_behind_hundreds_is_done_before_most_of_them(
    autojump_clock: MockClock,
) -> None:
    async with trio.open_nursery() as nursery:
        queries = Queries(nursery)
        for number in range(300):
            await queries.ask(f"scan {number}", 3, 0.005)
        await queries.ask("small", 3, 0.0005)
        await trio.sleep(0.1)
        nursery.cancel_scope.cancel()
    assert queries.order.index("small") <= 2
    assert queries.order.count("small") == 3


async def test_a_small_query_that_begins_before_hundreds_is_not_the_last(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery:
        queries = Queries(nursery)
        await queries.ask("first", 1, 0.005)
        await queries.ask("small", 3, 0.0005)
        for number in range(300):
            await queries.ask(f"scan {number}", 3, 0.005)
        await trio.sleep(0.1)
        nursery.cancel_scope.cancel()
    assert queries.order.index("small") <= EACH_OLDEST
    assert queries.order.count("small") == 3


async def test_of_scans_that_had_as_much_who_asked_first_goes_first(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery:
        queries = Queries(nursery)
        for name in "abcde":
            await queries.ask(name, 1, 1.0, Share(5.0))
    assert queries.order == [*"abcde"]


async def test_of_scans_that_had_about_as_much_who_asked_first_goes_first(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery:
        queries = Queries(nursery)
        for name, seconds in (("a", 7.5), ("b", 5.0), ("c", 6.0), ("much less", 0.5), ("d", 5.5)):
            await queries.ask(name, 1, 1.0, Share(seconds))
    assert queries.order == ["a", "much less", "b", "c", "d"]


async def test_whoever_asks_one_thing_goes_before_a_client_that_asks_hundreds(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery:
        queries = Queries(nursery)
        for number in range(300):
            await queries.ask(f"of many {number}", 3, SHORTEST / 2, Share(beside=number))
        begun = len(queries.order)
        await queries.ask("larger than small", 3, 1.5 * SHORTEST)
        await trio.sleep(0.1)
        nursery.cancel_scope.cancel()
    places = [place for place, name in enumerate(queries.order[begun:]) if name == "larger than small"]
    assert len(places) == 3
    assert places[-1] <= 12, "others than the oldest come before it only if they came beside hardly any"


async def test_a_scan_goes_on_beside_small_queries_without_end(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery:
        queries = Queries(nursery)

        async def small_ones() -> None:
            while True:
                await queries.take("small", 1, 0.001, Share())

        for _ in range(20):
            nursery.start_soon(small_ones)
        await queries.ask("scan", 1000, 0.02, Share(seconds=60.0))
        await trio.sleep(10)
        nursery.cancel_scope.cancel()
    assert queries.order.count("scan") * 25 * EACH_OLDEST >= len(queries.order) > 1000


async def test_the_parts_of_one_query_share_what_it_gets(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery:
        queries = Queries(nursery)
        many = Share()
        for _ in range(50):
            await queries.ask("many", 20, 0.01, many)
        await queries.ask("one", 20, 0.01)
        await trio.sleep(0.41)
        nursery.cancel_scope.cancel()
    assert queries.order.count("one") >= 12


@pytest.mark.parametrize("most", [1, 2])
async def test_no_more_turns_are_held_than_may_be(autojump_clock: MockClock, most: int) -> None:
    turns, held = FairTurns(most), 0
    highest = 0

    async def take() -> None:
        nonlocal held, highest
        turn = turns.ask(Share())
        await turn.begin(LONG)
        held += 1
        highest = max(highest, held)
        await trio.sleep(1)
        held -= 1
        turns.end(turn)

    async with trio.open_nursery() as nursery:
        for _ in range(7):
            nursery.start_soon(take)
    assert (highest, turns.wanted) == (most, 0)


async def test_who_goes_away_while_waiting_or_when_it_is_his_turn_holds_nothing(autojump_clock: MockClock) -> None:
    turns = FairTurns(1)
    held, waiting, last = turns.ask(Share()), turns.ask(Share()), turns.ask(Share())
    assert await held.begin(LONG)
    assert not await waiting.begin(1)
    turns.end(waiting)
    turns.end(held)
    assert last.is_held  # given, but its caller does not come
    turns.end(last)
    assert turns.ask(Share()).is_held


async def test_a_turn_that_is_kept_waiting_keeps_its_place_and_is_not_given(autojump_clock: MockClock) -> None:
    turns, share = FairTurns(1), Share()
    held = turns.ask(share)
    first, second = turns.ask(share), turns.ask(share)
    with turns.kept_waiting(first):
        turns.end(held)
        assert (first.is_held, second.is_held) == (False, True)
        third = turns.ask(share)
    turns.end(second)
    assert (first.is_held, third.is_held) == (True, False)


@pytest.mark.parametrize(("served", "length"), [(0.0, SHORTEST), (SHORTEST, LONGEST), (5.0, LONGEST)])
async def test_a_turn_is_over_once_it_was_long_enough_and_others_wait(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch, served: float, length: float
) -> None:
    now = 0.0
    monkeypatch.setattr("logagent.disk.fair_turns.time.perf_counter", lambda: now)
    turns = FairTurns(1)
    turn: Turn = turns.ask(Share(served))
    now += length * 0.9
    other = turns.ask(Share())
    assert not turn.is_over()
    now += length * 0.2
    assert turn.is_over()
    turns.end(other)
    assert not turn.is_over(), "nobody waits"


async def test_what_waits_is_found_however_many_went_away(autojump_clock: MockClock) -> None:
    turns = FairTurns(1)
    held, first = turns.ask(Share()), turns.ask(Share(1.0))
    for _ in range(10 * SPARE):
        turns.end(turns.ask(Share(2.0)))
    last = turns.ask(Share(3.0))
    turns.end(held)
    assert first.is_held
    turns.end(first)
    assert last.is_held


async def test_a_query_that_is_served_while_it_waits_comes_later(autojump_clock: MockClock) -> None:
    turns, served = FairTurns(1), Share(1.0)
    held = turns.ask(Share())
    first, second = turns.ask(served), turns.ask(Share(2.0))
    served.seconds = 3.0
    turns.end(held)
    assert (first.is_held, second.is_held) == (False, True)
