"""The names of logs that have a line that matches, printed in place of lines."""

from __future__ import annotations

from logagent.core.batch import Batch
from logagent.core.escapes import in_line
from logagent.core.hits.by_file import CountsByFile
from logagent.core.hits.counts import lines_in
from logagent.core.outcome import Outcome
from logagent.terminal.streams import Write


class FileNamesPrinter:
    """Prints names of logs, by host and name, once all counts are there.

    Args:
        hosts: print the host's name before the log's.

    Attributes:
        lines: the number of lines counted so far.
    """

    def __init__(self, write: Write, *, hosts: bool) -> None:
        self._write = write
        self._hosts = hosts
        self._counts = CountsByFile()
        self.lines = 0

    async def send(self, batch: Batch) -> None:
        """Add a batch of counts."""
        if batch.count:
            self._counts.add(batch)
            self.lines += lines_in(batch)

    async def end(self, outcome: Outcome) -> None:
        """Print the names; they are escaped in a pipe too, since a name with a line feed would be two."""
        rows = [row for row in self._counts.rows() if row.lines]
        names = [f"{row.host} {row.log}" if self._hosts else row.log for row in rows]
        if names:
            await self._write("".join(f"{in_line(name)}\n" for name in names).encode())
