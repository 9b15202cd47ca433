"""The threads for work that blocks on the disk: only this module starts them."""

from __future__ import annotations

import copy
import gc
import os
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from queue import SimpleQueue
from typing import NamedTuple, TypeVar, TypeVarTuple, cast

import trio

from logagent.disk.fair_turns import FairTurns, Share

WORKING = 2
"""Calls of disk work that run at a time. Threads share the interpreter lock: two of them do four scans as fast as four
would, and the event loop waits half as long. More threads help if most of the work is done without the lock."""
TURN = 1.0
"""Seconds between two signs of life while waiting for a turn: less than any patience."""
HUNG = 64
"""Threads at most, including those that hang in the kernel (on a dead network file system) after their callers were
cancelled. Hanging threads do not count as working, or a few of them would block all disk work; but each costs a stack.
A helper is not counted: it ends with the thread that it helps."""

SLICE = 0.02
"""Seconds of a turn that work in steps takes: others wait hardly longer for theirs, and a turn costs 0.1 ms."""

Work = Callable[[Callable[[], bool]], object]
"""Work in steps: it calls its argument before each step, and ends when that returns false."""

Args = TypeVarTuple("Args")
Result = TypeVar("Result")


class DiskLoad(NamedTuple):
    """How busy the disk threads are.

    Attributes:
        held: turns at work.
        most_held: turns that may be held at a time.
        waiting: turns that are waited for.
        hired: threads, those included that hang.
        most_hired: threads at most.
    """

    held: int
    most_held: int
    waiting: int
    hired: int
    most_hired: int


class DiskThreads:
    """The threads that disk work may use.

    Args:
        working: calls that run at a time.
        hired: threads, at most, including those that hang.
        inline: run calls in the caller's thread. Tests need it, since Trio's virtual clock treats a task that waits for
            a thread as idle.
    """

    def __init__(self, working: int = WORKING, hired: int = HUNG, *, inline: bool = False) -> None:
        self._turns = FairTurns(working)
        self._share: Share | None = None
        self._hired = trio.CapacityLimiter(hired)
        self._inline = inline
        self._can_help = working > 1 and not inline and len(os.sched_getaffinity(0)) > 1

    def for_query(self, beside: int = 0) -> DiskThreads:
        """Return the same threads for one query: the more it was served, the later its next turn comes.

        Whatever does not say for which query it works is served as a query of its own, each time.

        Args:
            beside: the other questions that its client was waiting for when it came.
        """
        threads = copy.copy(self)
        threads._share = Share(beside=beside)
        return threads

    @property
    def load(self) -> DiskLoad:
        """How busy they are; any thread may ask."""
        turns, hired = self._turns, self._hired
        waiting = max(0, turns.wanted - turns.held)
        return DiskLoad(turns.held, turns.most, waiting, hired.borrowed_tokens, int(hired.total_tokens))

    async def in_thread(self, function: Callable[[*Args], Result], *args: *Args) -> Result:
        """Call `function` in a thread, and return or raise as it does.

        Cancellation returns at once. The thread then runs until it calls `check_cancelled` or ends: everything that it
        uses must outlive the caller, and its return value or exception is dropped.
        """
        async with self.turn():
            return await self.work(function, *args)

    @asynccontextmanager
    async def turn(
        self, still_waiting: Callable[[], Awaitable[object]] | None = None
    ) -> AsyncIterator[Callable[[], bool]]:
        """Wait for a turn to `work`, and hold it until the block ends.

        It gives a function that says, in any thread, whether the turn should end soon, so that others get theirs.

        Args:
            still_waiting: called after each `TURN` seconds of waiting, so that the caller can send a sign of life even
                if reads of others hang. An exception that it raises propagates.
        """
        if self._inline:
            yield _never
            return
        turn = self._turns.ask(Share() if self._share is None else self._share)
        try:
            while not await turn.begin(TURN):
                if still_waiting is not None:
                    with self._turns.kept_waiting(turn):
                        await still_waiting()
            yield turn.is_over
        finally:
            self._turns.end(turn)

    async def work(self, function: Callable[[*Args], Result], *args: *Args) -> Result:
        """Call `function` in a thread, as `in_thread` does, for a caller that holds a turn."""
        if self._inline:
            await trio.lowlevel.checkpoint()
            return function(*args)
        charged = partial(_charged, self._share, function, *args)
        return await trio.to_thread.run_sync(charged, abandon_on_cancel=True, limiter=self._hired)

    async def in_slices(
        self,
        steps: Generator[None, None, Result],
        still_working: Callable[[], Awaitable[object]] | None = None,
    ) -> Result:
        """Do work that yields every now and then, for `SLICE` seconds in each turn, and return or raise as it does.

        Cancellation returns at once, and the thread stops at the next step; it then closes the generator.

        Args:
            steps: the work; it is used by one thread at a time.
            still_working: called after each `TURN` seconds, as in `turn`.
        """
        told = trio.current_time()
        with _collector_spared() as spare:
            while True:
                async with self.turn(still_working):
                    ended = await self.work(self._slice, steps)
                if ended:
                    return ended[0]
                spare()
                if still_working is not None and trio.current_time() >= told + TURN:
                    told = trio.current_time()
                    await still_working()

    def _slice(self, steps: Generator[None, None, Result]) -> tuple[Result] | tuple[()]:
        """Do some steps; return what the work returns, if it has ended."""
        until = time.monotonic() + SLICE
        try:
            while time.monotonic() < until:
                self.check_cancelled()
                next(steps)
        except StopIteration as end:
            return (end.value,)
        return ()

    @contextmanager
    def helped(self, work: Work) -> Iterator[None]:
        """Run `work` in a second thread too until the block ends; called in a thread that holds the only turn.

        The helper stops once another caller wants a turn, or the block ends; the end of the block waits for it, and
        raises the exception that it raised. There is no helper if another caller holds or wants a turn, or if there is
        only one processor.
        """
        if not self._can_help or self._turns.wanted > 1:
            yield
            return
        helper = _Help(work, lambda: self._turns.wanted == 1)
        try:
            yield
        finally:
            helper.end()

    def check_cancelled(self) -> None:
        """Stop the work if the caller of `in_thread` was cancelled; called in the thread.

        Raises:
            trio.Cancelled: when it was.
        """
        if not self._inline:
            trio.from_thread.check_cancelled()


def _charged(share: Share | None, function: Callable[[*Args], Result], *args: *Args) -> Result:
    began = time.thread_time()
    try:
        return function(*args)
    except trio.Cancelled:  # noqa: ASYNC103  # in a thread it says that the caller has gone, who drops what is returned
        # The exception would lie in a circle with the frames that it has passed, which have all that was read.
        return cast("Result", None)  # noqa: ASYNC104  # as above
    finally:
        if share is not None:
            share.seconds += time.thread_time() - began


def _never() -> bool:
    return False


@contextmanager
def _collector_spared() -> Iterator[Callable[[], None]]:
    """Yield a function that keeps the garbage collector away from what was made so far, until the block ends.

    A search may make a million objects without a cycle. To look through them takes the collector a tenth of a second,
    again and again, in which nothing else runs. Afterwards it looks through all there is again, until the agent rests
    (see `running/garbage`); so nothing is undone where nothing was kept away.
    """
    spared = False

    def spare() -> None:
        nonlocal spared
        spared = True
        gc.freeze()

    try:
        yield spare
    finally:
        if spared:
            gc.unfreeze()


class _Help:
    """Work by a second thread, until it is ended or may not continue."""

    def __init__(self, work: Work, may_go_on: Callable[[], bool]) -> None:
        self._work = work
        self._may_go_on = may_go_on
        self._begun = threading.Lock()
        self._ending = False
        self._ends = SimpleQueue[Callable[[], None]]()
        trio.lowlevel.start_thread_soon(self._help, lambda end: self._ends.put(end.unwrap), "helper of a disk thread")

    def end(self) -> None:
        """Stop the work and wait until it has stopped; work that has not begun never begins."""
        self._ending = True
        if not self._begun.acquire(blocking=False):
            self._ends.get()()

    def _help(self) -> None:
        if self._begun.acquire(blocking=False):
            self._work(lambda: not self._ending and self._may_go_on())
