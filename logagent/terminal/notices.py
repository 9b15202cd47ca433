"""Notices of an answer under way, such as that a host was lost or is back, on standard error."""

from __future__ import annotations

from logagent.core.batch import Batch, Out
from logagent.terminal.progress import Progress
from logagent.terminal.streams import Streams


class NoticePrinter:
    """Forwards batches, and prints their notices on standard error.

    Args:
        agent: the URL to print for notices without a host, which are about the agent itself.
    """

    def __init__(self, out: Out, progress: Progress, streams: Streams, agent: str) -> None:
        self._out = out
        self._progress = progress
        self._streams = streams
        self._agent = agent

    async def send(self, batch: Batch) -> None:
        """Print the notices of a batch, then forward the batch."""
        for notice in batch.notices:
            self._progress.erase()
            self._streams.say(f"{notice.host or self._agent}: {notice.message}")
        await self._out.send(batch)
