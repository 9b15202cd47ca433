"""Targets that vanish are kept for the grace, and all that changes is told at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import trio
from trio.testing import MockClock

from logagent.peers.discovery.discovering import FIRST_LOOK, GATHERED, Discovery
from logagent.peers.discovery.sources import SourceState
from logagent.peers.target import Target

GRACE = 300.0
EPOCH = 1_800_000_000.0


def target(url: str, name: str = "", by: str = "one") -> Target:
    return Target(urls=(url,), name=name, found_by=by)


class Scripted:
    """A source that finds what a test says."""

    kind = "file"

    def __init__(self, state: SourceState) -> None:
        self.states, self.setting = (state,), f"{state.name}.yml"

    async def run(self) -> None:
        await trio.sleep_forever()

    def find(self, *targets: Target) -> None:
        self.states[0].succeed(targets)


class Found:
    """A discovery over two sources, and each list of targets that it told."""

    def __init__(self) -> None:
        self.told: list[tuple[Target, ...]] = []
        self.discovery = Discovery(self._make, grace=GRACE, wall_clock=lambda: EPOCH + trio.current_time())
        self.discovery.tell_to(self._hear)

    def _make(self, make_state: Callable[[str], SourceState]) -> Sequence[Scripted]:
        self.one, self.two = Scripted(make_state("one")), Scripted(make_state("two"))
        return self.one, self.two

    def _hear(self, targets: Sequence[Target]) -> None:
        self.told.append(tuple(targets))

    async def settle(self, seconds: float = 2 * GATHERED) -> list[tuple[str, float | None]]:
        await trio.sleep(seconds)
        return [(each.urls[0], each.stale_since) for each in self.told[-1]]


async def test_what_all_sources_find_is_told_together(autojump_clock: MockClock, nursery: trio.Nursery) -> None:
    it = Found()
    nursery.start_soon(it.discovery.run)
    it.one.find(target("a"))
    it.two.find(target("b", by="two"))
    assert await it.settle() == [("a", None), ("b", None)]
    assert len(it.told) == 1
    it.one.find(target("a"))
    await it.settle()
    assert len(it.told) == 1


async def test_a_target_that_vanishes_is_stale_for_the_grace_and_then_gone(
    autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    it = Found()
    nursery.start_soon(it.discovery.run)
    it.one.find(target("a"), target("b"))
    await it.settle(100)
    it.one.find(target("b"))
    (b, none), (a, since) = await it.settle()
    assert (b, none, a) == ("b", None, "a")
    assert since is not None
    assert abs(since - EPOCH - 100) < 1
    assert len(await it.settle(GRACE - 1)) == 2
    assert await it.settle(2) == [("b", None)]


async def test_a_target_that_comes_back_within_the_grace_is_as_before(
    autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    it = Found()
    nursery.start_soon(it.discovery.run)
    it.one.find(target("a"))
    await it.settle()
    it.one.find()
    await it.settle(GRACE - 1)
    it.one.find(target("a"))
    assert await it.settle() == [("a", None)]
    assert await it.settle(GRACE * 2) == [("a", None)]


async def test_a_named_target_that_moves_to_another_port_leaves_nothing_stale(
    autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    it = Found()
    nursery.start_soon(it.discovery.run)
    it.one.find(target("web:1", "web"))
    await it.settle()
    it.one.find(target("web:2", "web"))
    assert await it.settle() == [("web:2", None)]


async def test_a_target_that_another_source_finds_is_not_stale(
    autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    it = Found()
    nursery.start_soon(it.discovery.run)
    it.one.find(target("a"))
    it.two.find(target("a", by="two"))
    await it.settle()
    it.one.find()
    assert await it.settle() == [("a", None)]


async def test_one_that_goes_on_from_another_tells_nothing_before_each_source_was_looked_at(
    autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    it = Found()
    stale = replace(target("c"), stale_since=EPOCH - GRACE + 50)
    it.discovery.begin_with([target("a"), target("b", by="two"), stale])
    it.discovery.tell_to(it._hear)
    assert len(it.told[0]) == 3
    nursery.start_soon(it.discovery.run)
    it.one.find(target("a"))
    await it.settle(1)
    assert len(it.told) == 1
    it.two.find()
    assert [url for url, _ in await it.settle()] == ["a", "c", "b"]
    assert [url for url, _ in await it.settle(50)] == ["a", "b"]


async def test_each_source_is_told_of_as_its_setting_is_spelled(
    autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    it = Found()
    assert [(one.name, one.kind, one.found_by, one.is_unread) for one in it.discovery.told()] == [
        ("one.yml", "file", "one", True),
        ("two.yml", "file", "two", True),
    ]
    it.discovery.begin_with([target("a")])
    assert not any(one.is_unread for one in it.discovery.told()), "what was found before a reload counts"
    it.two.states[0].fail("broken")
    assert [one.is_unread for one in it.discovery.told()] == [False, True]


async def test_a_source_that_says_nothing_holds_up_the_others_for_a_bounded_time(
    autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    it = Found()
    it.discovery.begin_with([target("a")])
    it.discovery.tell_to(it._hear)
    nursery.start_soon(it.discovery.run)
    it.one.find(target("b"))
    assert [url for url, _ in await it.settle(FIRST_LOOK + 1)] == ["b", "a"]
