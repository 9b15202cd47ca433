"""Threads for work that blocks on the disk: the one module that hires them."""

from __future__ import annotations

import os
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from queue import SimpleQueue
from typing import TypeVar, TypeVarTuple

import trio

WORKING = 2
"""Disk work done at a time. Threads share the interpreter lock: four scans through two of them are as fast as through
four, and keep the event loop waiting half as long. Worth raising where most of the work is done without the lock."""
TURN = 1.0
"""Seconds of waiting for one's turn after which one says that one is still there: less than anybody's patience."""
HUNG = 64
"""Threads at most, those included whose callers gave them up while the kernel held them (a dead network file system).
They no longer count as working, or a few of them would keep everyone from the disk; but each costs a stack. One that
helps is not counted: it goes when the one that it helps does."""

Work = Callable[[Callable[[], bool]], object]
"""Work that asks what it is given, again and again, whether it may go on."""

Args = TypeVarTuple("Args")
Result = TypeVar("Result")


class DiskThreads:
    """The threads that disk work may use.

    working, hired: how many calls run at a time, and how many threads there may be, hung ones included. With `inline`
    a call runs where it stands: Trio's virtual clock takes a task that waits for a thread for an idle one.
    """

    def __init__(self, working: int = WORKING, hired: int = HUNG, *, inline: bool = False) -> None:
        self._working = trio.CapacityLimiter(working)
        self._hired = trio.CapacityLimiter(hired)
        self._inline = inline
        self._can_help = working > 1 and not inline and len(os.sched_getaffinity(0)) > 1
        self._turns = 0  # had or waited for; threads only look at it

    async def in_thread(self, function: Callable[[*Args], Result], *args: *Args) -> Result:
        """Call `function` in a thread and return what it returns, or raise what it raises.

        Cancelling returns at once. The thread then goes on until it calls `check_cancelled` or ends, so what it uses
        must outlive the caller, and what it returns or raises is dropped.
        """
        async with self.turn():
            return await self.work(function, *args)

    @asynccontextmanager
    async def turn(self, still_waiting: Callable[[], Awaitable[object]] | None = None) -> AsyncIterator[None]:
        """Wait for one's turn to `work`, and have it while inside.

        still_waiting: called whenever another `TURN` seconds of waiting have passed. Whoever waits behind reads that
        hang is alive all the same, and can say so. What it raises passes through.
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
        """`in_thread` for whoever has the turn already."""
        if self._inline:
            await trio.lowlevel.checkpoint()
            return function(*args)
        return await trio.to_thread.run_sync(function, *args, abandon_on_cancel=True, limiter=self._hired)

    @contextmanager
    def helped(self, work: Work) -> Iterator[None]:
        """In a thread that has the only turn: while inside, have another thread do `work`, too.

        It may not go on once anybody else wants a turn, or the context is left, which waits for it and raises what it
        raises. Nobody helps where another has or wants a turn already, and where there is only one processor.
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
        """In a thread: raise `trio.Cancelled` if the caller of `in_thread` was cancelled."""
        if not self._inline:
            trio.from_thread.check_cancelled()


class _Help:
    """Work by a second thread, from now on until it is ended or may not go on."""

    def __init__(self, work: Work, may_go_on: Callable[[], bool]) -> None:
        self._work = work
        self._may_go_on = may_go_on
        self._begun = threading.Lock()
        self._ending = False
        self._ends = SimpleQueue[Callable[[], None]]()
        trio.lowlevel.start_thread_soon(self._help, lambda end: self._ends.put(end.unwrap), "helper of a disk thread")

    def end(self) -> None:
        """Wait for its end, unless it has not begun: then it never will."""
        self._ending = True
        if not self._begun.acquire(blocking=False):
            self._ends.get()()

    def _help(self) -> None:
        if self._begun.acquire(blocking=False):
            self._work(lambda: not self._ending and self._may_go_on())
