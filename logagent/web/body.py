"""The bytes of one body: batches rendered and put into its content coding, in a thread where that takes long."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

import trio

from logagent.core.batch import Batch
from logagent.core.outcome import Outcome
from logagent.core.wire.coding import IDENTITY, encoder
from logagent.web.handover import is_small

RENDERING = 2
"""Batches that are rendered at a time: more threads would only wait for the interpreter lock, each with its batch."""

Made = TypeVar("Made")


class BodyRendering(Protocol):
    """Makes the text of a body."""

    def batch(self, batch: Batch) -> bytes:
        """Render one batch."""
        ...

    def end(self, outcome: Outcome) -> bytes:
        """Render the outcome, after the last batch."""
        ...


class BodyThreads:
    """The threads in which bodies are made, so that the event loop does not wait for it.

    Args:
        most: batches at a time.
        inline: make them on the event loop. Tests need it, since Trio's virtual clock treats a task that waits for a
            thread as idle.
    """

    def __init__(self, most: int = RENDERING, *, inline: bool = False) -> None:
        self._limiter = trio.CapacityLimiter(most)
        self._inline = inline

    async def call(self, function: Callable[[], Made]) -> Made:
        """Call a function in a thread, and return or raise as it does; cancelling waits for its end."""
        if self._inline:
            return function()
        return await trio.to_thread.run_sync(function, limiter=self._limiter, thread_name="body")


class Body:
    """Makes one body, piece by piece, in order.

    Args:
        rendering: makes its text.
        coding: the content coding.
        threads: where large pieces are made.
        as_is: whether the text of a batch is its own bytes.

    Attributes:
        compresses: whether the coding is another than identity.
        as_is: whether the bytes of a batch are its own, in no other coding.
    """

    def __init__(self, rendering: BodyRendering, coding: str, threads: BodyThreads, *, as_is: bool) -> None:
        self._rendering = rendering
        self._encoder = encoder(coding)
        self._threads = threads
        self.compresses = coding != IDENTITY
        self.as_is = as_is and not self.compresses

    async def batch(self, batch: Batch) -> bytes:
        """Return the bytes of a batch; they may be none."""
        if self.as_is or is_small(batch):
            return self._encoded(self._rendering.batch(batch))
        return await self._threads.call(lambda: self._encoded(self._rendering.batch(batch)))

    async def end(self, outcome: Outcome, *, large: bool) -> bytes:
        """Return the bytes of the outcome.

        Args:
            large: whether the rendering has kept more for the end than the outcome.
        """
        if not large:
            return self._encoded(self._rendering.end(outcome))
        return await self._threads.call(lambda: self._encoded(self._rendering.end(outcome)))

    def finish(self) -> bytes:
        """Return the bytes that end the content coding, after the last piece."""
        return self._encoder.finish()

    def _encoded(self, rendered: bytes) -> bytes:
        return self._encoder.encode(rendered) if rendered else b""
