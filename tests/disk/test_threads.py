"""Disk work runs in a bounded number of threads and never holds a cancelled caller."""

from __future__ import annotations

import gc
import os
import threading
import time
import weakref
from collections.abc import Callable, Generator
from typing import TypeVar, TypeVarTuple

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from logagent.disk.fair_turns import EACH_OLDEST, SHORTEST
from logagent.disk.threads import SLICE, DiskThreads

Args = TypeVarTuple("Args")
Result = TypeVar("Result")

PATIENT = 20
"""Real seconds after which a test that waits for a thread is given up."""


@pytest.fixture(autouse=True)
def _two_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})


async def test_a_call_runs_in_another_thread_and_returns_or_raises() -> None:
    threads = DiskThreads()
    assert await threads.in_thread(threading.get_ident) != threading.get_ident()
    assert await threads.in_thread(divmod, 7, 2) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        await threads.in_thread(divmod, 7, 0)


async def test_inline_a_call_runs_where_it_stands_and_is_never_cancelled_inside() -> None:
    threads = DiskThreads(inline=True)
    assert await threads.in_thread(threading.get_ident) == threading.get_ident()
    await threads.in_thread(threads.check_cancelled)


def wait_for(event: threading.Event) -> None:
    event.wait()


async def test_a_hanging_call_neither_holds_its_cancelled_caller_nor_counts_as_working() -> None:
    threads, release = DiskThreads(working=1), threading.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(threads.in_thread, wait_for, release)
        await wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert await threads.in_thread(lambda: "done") == "done"
    release.set()


class Worked:
    """What a call works on."""


async def test_what_a_cancelled_call_works_on_ends_with_it() -> None:
    threads, begun, release = DiskThreads(), trio.Event(), threading.Event()
    worked = Worked()
    left = weakref.ref(worked)

    def work(_: Worked) -> None:
        trio.from_thread.run_sync(begun.set)
        release.wait()
        threads.check_cancelled()
        pytest.fail("the caller was cancelled")

    gc.disable()
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(threads.in_thread, work, worked)
            await begun.wait()
            nursery.cancel_scope.cancel()
        del worked
        release.set()
        with trio.fail_after(PATIENT):
            while left() is not None:
                await trio.lowlevel.checkpoint()
    finally:
        gc.enable()


async def test_no_more_calls_run_at_a_time_than_allowed() -> None:
    threads, release = DiskThreads(working=1), threading.Event()
    released_before: list[bool] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(threads.in_thread, wait_for, release)
        await wait_all_tasks_blocked()
        nursery.start_soon(threads.in_thread, lambda: released_before.append(release.is_set()))
        await wait_all_tasks_blocked()
        release.set()
    assert released_before == [True]


async def test_the_thread_of_a_cancelled_call_learns_of_it() -> None:
    threads, release, ended = DiskThreads(), threading.Event(), threading.Event()
    told: list[BaseException] = []

    def work() -> None:
        release.wait()
        try:
            threads.check_cancelled()
        except BaseException as error:  # noqa: ASYNC103 (in a thread, which ends here: the caller is gone)
            told.append(error)
        ended.set()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(threads.in_thread, work)
        await wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    release.set()
    await trio.to_thread.run_sync(ended.wait)
    assert [type(error) for error in told] == [trio.Cancelled]


async def test_whoever_waits_behind_a_call_that_hangs_says_that_it_is_there(autojump_clock: MockClock) -> None:
    threads, waited = DiskThreads(working=1), 0

    async def still_waiting() -> None:
        nonlocal waited
        waited += 1

    async with trio.open_nursery() as nursery:
        hung = trio.Event()

        async def hang() -> None:
            async with threads.turn():
                await hung.wait()

        nursery.start_soon(hang)
        await wait_all_tasks_blocked()
        with trio.move_on_after(3.5):
            async with threads.turn(still_waiting):
                raise AssertionError("it was not its turn")
        hung.set()
    assert waited == 3


def compute() -> None:
    until = time.thread_time() + 2 * SHORTEST
    while time.thread_time() < until:
        pass


async def test_the_work_of_a_query_is_charged_to_it() -> None:
    threads, order = DiskThreads(working=1), list[str]()
    scan, small = threads.for_query(), threads.for_query()

    async def work(name: str, own: DiskThreads) -> None:
        async with own.turn():
            order.append(name)

    await scan.in_thread(compute)
    for _ in range(EACH_OLDEST - 2):
        await threads.in_thread(bool)
    async with trio.open_nursery() as nursery, threads.turn():  # the next is not given to the oldest
        nursery.start_soon(work, "scan", scan)
        await wait_all_tasks_blocked()
        nursery.start_soon(work, "small", small)
        await wait_all_tasks_blocked()
    assert order == ["small", "scan"]


async def test_a_turn_should_end_once_it_was_long_enough_and_others_wait(autojump_clock: MockClock) -> None:
    threads = DiskThreads(working=1)
    async with threads.turn() as is_over:
        assert not is_over()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(threads.in_thread, bool)
            await wait_all_tasks_blocked()
            await trio.to_thread.run_sync(wait_until, is_over)
            nursery.cancel_scope.cancel()


def wait_until(is_over: Callable[[], bool]) -> None:
    while not is_over():
        pass


async def test_inline_a_turn_never_should_end() -> None:
    async with DiskThreads(inline=True).turn() as is_over:
        assert not is_over()


async def test_turn_ends_with_its_context_whatever_happens_inside() -> None:
    threads = DiskThreads(working=1)
    with pytest.raises(ZeroDivisionError):
        async with threads.turn():
            raise ZeroDivisionError
    assert await threads.in_thread(lambda: "next") == "next"


class Helpers:
    """Threads that Trio would start for helpers: noted, and begun only when a test does so."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.waiting: list[Callable[[], object]] = []
        monkeypatch.setattr(trio.lowlevel, "start_thread_soon", lambda work, *_: self.waiting.append(work))


def helped_in_vain(threads: DiskThreads) -> None:
    """In a thread: ask for a helper, and be done before one comes."""
    with threads.helped(lambda may_go_on: None):
        pass


def helped(threads: DiskThreads) -> tuple[int, int]:
    """In a thread: wait for a helper; its thread, and this one."""
    whom: list[int] = []
    helping = threading.Event()

    def work(may_go_on: Callable[[], bool]) -> None:
        whom.append(threading.get_ident())
        helping.set()
        while may_go_on():
            pass

    with threads.helped(work):
        assert helping.wait(PATIENT)
    return whom[0], threading.get_ident()


async def test_whoever_is_alone_is_helped_by_another_thread_until_it_has_done() -> None:
    alone = DiskThreads()
    helper, ours = await alone.in_thread(helped, alone)
    assert len({helper, ours, threading.get_ident()}) == 3


async def test_nobody_helps_with_one_thread_or_one_processor_or_inline(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        helpers = Helpers(patch)
        for threads in (DiskThreads(working=1), DiskThreads(inline=True)):
            helped_in_vain(threads)
        patch.setattr(os, "sched_getaffinity", lambda _: {0})
        helped_in_vain(DiskThreads())
        assert helpers.waiting == []
        patch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
        helped_in_vain(DiskThreads())
        assert len(helpers.waiting) == 1


async def test_nobody_helps_while_another_has_a_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    threads, release, helpers = DiskThreads(), threading.Event(), Helpers(monkeypatch)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(threads.in_thread, wait_for, release)
        await wait_all_tasks_blocked()
        await threads.in_thread(helped_in_vain, threads)
        assert helpers.waiting == []
        release.set()
    await threads.in_thread(helped_in_vain, threads)
    assert len(helpers.waiting) == 1


async def test_a_helper_goes_once_another_wants_a_turn() -> None:
    threads, helping, gone = DiskThreads(), threading.Event(), threading.Event()

    def help_until_told(may_go_on: Callable[[], bool]) -> None:
        helping.set()
        while may_go_on():
            pass
        gone.set()

    def be_helped() -> None:
        with threads.helped(help_until_told):
            gone.wait()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(threads.in_thread, be_helped)
        await trio.to_thread.run_sync(helping.wait)
        assert not gone.is_set()
        await threads.in_thread(gone.wait)


async def test_what_a_helper_raises_comes_out_where_it_helped() -> None:
    threads, helping = DiskThreads(), threading.Event()

    def fail(_may_go_on: Callable[[], bool]) -> None:
        helping.set()
        raise ZeroDivisionError

    def be_helped() -> None:
        with threads.helped(fail):
            helping.wait()

    with pytest.raises(ZeroDivisionError):
        await threads.in_thread(be_helped)


async def test_a_helper_that_comes_late_does_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    worked: list[bool] = []
    with monkeypatch.context() as patch:
        helpers = Helpers(patch)
        with DiskThreads().helped(lambda may_go_on: worked.append(may_go_on())):
            pass
    [late] = helpers.waiting
    late()
    assert worked == []


def steps_of(count: int, done: list[int]) -> Generator[None, None, str]:
    try:
        for number in range(count):
            done.append(number)
            yield
        return "all"
    finally:
        done.append(-1)


async def test_work_in_steps_is_done_to_its_end() -> None:
    for threads in (DiskThreads(), DiskThreads(inline=True)):
        done: list[int] = []
        assert await threads.in_slices(steps_of(1000, done)) == "all"
        assert done == [*range(1000), -1]


async def test_work_in_steps_lets_others_have_their_turn_and_is_said_to_be_alive(autojump_clock: MockClock) -> None:
    class Slow(DiskThreads):
        async def work(self, function: Callable[[*Args], Result], *args: *Args) -> Result:
            await trio.sleep(0.4)
            return await super().work(function, *args)

    alive: list[float] = []

    async def tell() -> None:
        alive.append(trio.current_time())

    def endless() -> Generator[None, None, None]:
        while True:
            until = time.monotonic() + SLICE
            while time.monotonic() < until:
                pass
            yield

    with trio.move_on_after(5):
        await Slow(inline=True).in_slices(endless(), tell)
    assert len(alive) == 4


async def test_what_work_in_steps_makes_is_no_matter_of_the_garbage_collector_until_it_ends() -> None:
    frozen: list[int] = []

    def steps() -> Generator[None, None, None]:
        until = time.monotonic() + 3 * SLICE
        while time.monotonic() < until:
            yield
        frozen.append(gc.get_freeze_count())

    await DiskThreads(inline=True).in_slices(steps())
    assert frozen[0] > 0
    assert gc.get_freeze_count() == 0


async def test_work_that_ends_in_its_first_slice_leaves_to_the_garbage_collector_what_was_left_to_it() -> None:
    def steps() -> Generator[None, None, None]:
        yield

    gc.freeze()
    try:
        before = gc.get_freeze_count()
        await DiskThreads(inline=True).in_slices(steps())
        assert gc.get_freeze_count() >= before / 2  # those that end meanwhile are not counted any more
    finally:
        gc.unfreeze()


async def test_work_in_steps_raises_as_it_does() -> None:
    def broken() -> Generator[None, None, None]:
        yield
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await DiskThreads().in_slices(broken())


async def test_work_in_steps_that_is_given_up_is_closed_by_its_thread() -> None:
    closed = threading.Event()

    def endless() -> Generator[None, None, None]:
        try:
            while True:
                yield
        finally:
            closed.set()

    threads = DiskThreads(working=1)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(threads.in_slices, endless())
        await wait_all_tasks_blocked()
        assert await threads.in_thread(lambda: "between two slices") == "between two slices"
        nursery.cancel_scope.cancel()
    assert await threads.in_thread(closed.wait, 5)
