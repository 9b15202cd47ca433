"""Disk work runs in a bounded number of threads and never holds a cancelled caller."""

from __future__ import annotations

import threading

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from logagent.disk.threads import DiskThreads


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


async def test_turn_ends_with_its_context_whatever_happens_inside() -> None:
    threads = DiskThreads(working=1)
    with pytest.raises(ZeroDivisionError):
        async with threads.turn():
            raise ZeroDivisionError
    assert await threads.in_thread(lambda: "next") == "next"
