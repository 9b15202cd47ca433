"""The threads for work that blocks on the disk: only this module hires any."""

from __future__ import annotations

import os
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from queue import SimpleQueue
from typing import TypeVar, TypeVarTuple

import trio

WORKING = 2
"""Calls of disk work that run at a time. Threads share the interpreter lock: two of them do four scans as fast as four
would, and the event loop waits half as long. Worth raising where most of the work is done without the lock."""
TURN = 1.0
"""Seconds between two signs of life while waiting for a turn: fewer than anybody waits without a sign."""
HUNG = 64
"""Threads, at most, including those that the kernel still holds (a dead network file system) for callers that are gone.
These no longer count as working, or a few of them would keep everyone from the disk; but each costs a stack. A helper
is not counted: it ends with the thread that it helps."""

Work = Callable[[Callable[[], bool]], object]
"""Work in steps: before each step it calls its argument, and ends where that returns false."""

Args = TypeVarTuple("Args")
Result = TypeVar("Result")


class DiskThreads:
    """The threads that disk work may use.

    Args:
        working: calls that run at a time.
        hired: threads, at most, including those that hang.
        inline: run calls in the caller's thread. Tests need it, since Trio's virtual clock takes a task that waits for
            a thread for idle.
    """

    def __init__(self, working: int = WORKING, hired: int = HUNG, *, inline: bool = False) -> None:
        self._working = trio.CapacityLimiter(working)
        self._hired = trio.CapacityLimiter(hired)
        self._inline = inline
        self._can_help = working > 1 and not inline and len(os.sched_getaffinity(0)) > 1
        self._turns = 0  # held or waited for; threads only read it

    async def in_thread(self, function: Callable[[*Args], Result], *args: *Args) -> Result:
        """Call `function` in a thread, and return or raise as it does.

        Cancellation returns at once. The thread then goes on until it calls `check_cancelled` or ends: everything that
        it uses must outlive the caller, and its return value or exception is dropped.
        """
        async with self.turn():
            return await self.work(function, *args)

    @asynccontextmanager
    async def turn(self, still_waiting: Callable[[], Awaitable[object]] | None = None) -> AsyncIterator[None]:
        """Wait for a turn to `work`, and hold it until the block ends.

        Args:
            still_waiting: called after each `TURN` seconds of waiting, so that a caller who waits behind reads that
                hang can give a sign of life. An exception that it raises passes through.
        """
        if self._inline:
            yield
            return
        self._turns += 1
        try:
            while not await self._begin_turn():
                if still_waiting is not None:
                    await still_waiting()
            try:
                yield
            finally:
                self._working.release()
        finally:
            self._turns -= 1

    async def _begin_turn(self) -> bool:
        with trio.move_on_after(TURN) as waiting:
            await self._working.acquire()
        return not waiting.cancelled_caught

    async def work(self, function: Callable[[*Args], Result], *args: *Args) -> Result:
        """Call `function` in a thread, as `in_thread` does, for a caller that holds a turn."""
        if self._inline:
            await trio.lowlevel.checkpoint()
            return function(*args)
        return await trio.to_thread.run_sync(function, *args, abandon_on_cancel=True, limiter=self._hired)

    @contextmanager
    def helped(self, work: Work) -> Iterator[None]:
        """In a thread that holds the only turn: have a second thread do `work` too, until the block ends.

        The helper must stop once anybody else wants a turn, or the block ends; the end of the block waits for it, and
        passes on the exception that it raised. Nobody helps where another caller holds or wants a turn, or where there
        is only one processor.
        """
        if not self._can_help or self._turns > 1:
            yield
            return
        helper = _Help(work, lambda: self._turns == 1)
        try:
            yield
        finally:
            helper.end()

    def check_cancelled(self) -> None:
        """In a thread: stop if the caller of `in_thread` was cancelled.

        Raises:
            trio.Cancelled: when it was.
        """
        if not self._inline:
            trio.from_thread.check_cancelled()


class _Help:
    """Work by a second thread, until it is ended or may not go on."""

    def __init__(self, work: Work, may_go_on: Callable[[], bool]) -> None:
        self._work = work
        self._may_go_on = may_go_on
        self._begun = threading.Lock()
        self._ending = False
        self._ends = SimpleQueue[Callable[[], None]]()
        trio.lowlevel.start_thread_soon(self._help, lambda end: self._ends.put(end.unwrap), "helper of a disk thread")

    def end(self) -> None:
        """Have the work stop, and wait for that; work that has not begun never begins."""
        self._ending = True
        if not self._begun.acquire(blocking=False):
            self._ends.get()()

    def _help(self) -> None:
        if self._begun.acquire(blocking=False):
            self._work(lambda: not self._ending and self._may_go_on())
