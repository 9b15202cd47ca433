"""What people are told while an answer goes on: of a host that is lost, or back, on standard error."""

from __future__ import annotations

from logagent.core.batch import Batch, Out
from logagent.terminal.printing import Streams
from logagent.terminal.progress import Progress


class Telling:
    """Passes batches on, and says on standard error what their notices tell. agent: whom notices without a host are
    about."""

    def __init__(self, out: Out, progress: Progress, streams: Streams, agent: str) -> None:
        self._out = out
        self._progress = progress
        self._streams = streams
        self._agent = agent

    async def send(self, batch: Batch) -> None:
        for notice in batch.notices:
            self._progress.erase()
            self._streams.say(f"{notice.host or self._agent}: {notice.message}")
        await self._out.send(batch)
