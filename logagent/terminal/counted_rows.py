"""Counts that are not by time as columns: by log, or by a label of hosts."""

from __future__ import annotations

from logagent.core.batch import Batch
from logagent.core.hits.counts import lines_in
from logagent.core.outcome import Outcome
from logagent.core.rendering.hits import HitsText, Table
from logagent.terminal.streams import Write


class RowsPrinter:
    """Prints counts as columns, once all of them are there.

    Args:
        table: adds them up.

    Attributes:
        lines: the number of lines counted so far.
    """

    def __init__(self, write: Write, table: Table) -> None:
        self._write = write
        self._rendering = HitsText(table)
        self.lines = 0

    async def send(self, batch: Batch) -> None:
        """Add a batch of counts."""
        self._rendering.batch(batch)
        self.lines += lines_in(batch) if batch.count else 0

    async def end(self, outcome: Outcome) -> None:
        """Print the rows; names are escaped in a pipe too, since one with a line feed would be two."""
        await self._write(self._rendering.end(outcome))
