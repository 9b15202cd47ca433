"""Handing batches from a source to the body of an answer: small ones in the source's own task, others in a task beside.

So a small answer takes no other task's turn, and of a large one the next batch is read while one is sent. Its bytes are
made before: a thread that makes them and one that reads would only take the interpreter lock from each other. To
compress them takes none. Bytes that need not be made go straight to the client's buffer, which holds them while they
are sent: a task beside would have one batch more wait.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import trio

from logagent.core.batch import Batch, Out
from logagent.core.outcome import Outcome

SMALL_BYTES = 16 * 1024
"""Bytes of a small batch: to render, encode and send it takes less than a millisecond."""
SMALL_LINES = 64
"""Lines of a small batch, each of which may become a record with a cursor, which takes 20 µs."""
STOPPING = 1.0
"""Seconds, at most, that a cancelled answer waits for the batch that is being rendered in a thread: a hundred times as
long as that takes."""


def is_small(batch: Batch) -> bool:
    """Return whether it costs the event loop little to render and send a batch."""
    return len(batch.body) <= SMALL_BYTES and batch.count <= SMALL_LINES


class Handover:
    """What the source of one answer sends its batches to; it holds one batch at most that was not taken yet.

    Args:
        nursery: runs the task that takes a large batch.
        make: makes the bytes of a batch.
        take: takes one batch with its bytes; returns once there is room for another.
        as_is: whether the bytes of a batch are its own.
        compresses: whether the bytes are compressed, which takes long and needs no interpreter lock: then the bytes of
            a large batch are made while the next is read.
    """

    def __init__(
        self,
        nursery: trio.Nursery,
        make: Callable[[Batch], Awaitable[bytes]],
        take: Callable[[Batch, bytes], Awaitable[None]],
        *,
        as_is: bool = False,
        compresses: bool = False,
    ) -> None:
        self._nursery = nursery
        self._make = make
        self._as_is = as_is
        self._compresses = compresses
        self._take = take
        self._pumping = trio.CancelScope()
        self._taking = trio.CancelScope()
        self._taken = trio.Event()
        self._taken.set()
        self._begun = False
        self._error: Exception | None = None

    async def pumped(self, pump: Callable[[Out], Awaitable[Outcome]]) -> Outcome:
        """Let a source pump its batches, and return its outcome once all are taken; what taking them raises is raised.

        Cancelling it cancels both.
        """
        try:
            with self._pumping:
                outcome = await pump(self)
                await self._all_taken()
                return outcome
        finally:
            await self._stop()  # noqa: ASYNC102 (shields itself, for a second at most)
        raise AssertionError if self._error is None else self._error

    async def send(self, batch: Batch) -> None:
        """Have a batch taken, once the one before it is; one task calls this at a time."""
        await self._all_taken()
        if not (self._as_is or is_small(batch)):
            made = None if self._compresses else await self._make(batch)
            self._taken, self._taking = trio.Event(), trio.CancelScope()
            self._nursery.start_soon(self._take_beside, batch, made)
        elif self._begun:
            await trio.lowlevel.checkpoint()
            await self._take(batch, await self._make(batch))
        else:  # No checkpoint: what a small source sends next is to go out in the same write.
            await self._take(batch, await self._make(batch))
        self._begun = True

    async def _all_taken(self) -> None:
        """Wait until no batch is being taken, and raise what taking one raised.

        It is raised here too, since a source that ends without another checkpoint does not notice that it is cancelled.
        """
        if not self._taken.is_set():
            await self._taken.wait()
        if self._error is not None:
            raise self._error

    async def _take_beside(self, batch: Batch, made: bytes | None) -> None:
        try:
            with self._taking:
                await self._take(batch, await self._make(batch) if made is None else made)
        except Exception as error:
            self._error = error
            self._pumping.cancel()
        finally:
            self._taken.set()

    async def _stop(self) -> None:
        """Let no task go on that takes a batch."""
        self._taking.cancel()
        with trio.move_on_after(STOPPING, shield=True):
            await self._taken.wait()
