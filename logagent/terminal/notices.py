"""Notices of an answer under way, such as that a host was lost or is back, on standard error."""

from __future__ import annotations

from logagent.core.batch import Batch, Out
from logagent.core.notes import Note
from logagent.terminal.progress import Progress
from logagent.terminal.streams import Streams
from logagent.terminal.verdicts import notes_told, notices_told


class NoticePrinter:
    """Forwards batches, and prints their notices on standard error.

    Args:
        agent: the URL to print for notices without a host, which are about the agent itself.
        at_once: whether notes are printed too, as they change; else they are left to the end of the answer.

    Attributes:
        told: the notes that were printed last.
    """

    def __init__(self, out: Out, progress: Progress, streams: Streams, agent: str, *, at_once: bool = False) -> None:
        self.told: tuple[Note, ...] = ()
        self._at_once = at_once
        self._out = out
        self._progress = progress
        self._streams = streams
        self._agent = agent

    async def send(self, batch: Batch) -> None:
        """Print the notices and notes of a batch, then forward the batch."""
        for line in notices_told(batch.notices, self._agent):
            self._say(line)
        if self._at_once and batch.notes:
            for line in notes_told([note for note in batch.notes if note not in self.told], self._agent):
                self._say(line)
            self.told = batch.notes
        await self._out.send(batch)

    def _say(self, text: str) -> None:
        self._progress.erase()
        self._streams.say(text)
