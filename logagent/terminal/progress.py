"""The progress of a long scan: one line on a terminal, rewritten in place, and erased before other output."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TextIO

from logagent.core.batch import Batch
from logagent.terminal.amounts import counted, size
from logagent.terminal.printing import BatchPrinter
from logagent.terminal.streams import WIDTH, Streams, Write

QUIET = 1.0
"""Seconds at the beginning in which nothing is shown: most answers end within them."""
EVERY = 1.0
"""Seconds between two updates at least: as fast as people read."""


class Progress:
    """Shows how much of a scan is done, in bytes; its time begins when this is made.

    Args:
        stderr: the terminal to show it on; None: show nothing.
        shared: whether data are printed on that terminal, too.
        clock: tells the seconds.
    """

    def __init__(self, stderr: TextIO | None, *, shared: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._stderr = stderr
        self._shared = shared
        self._due = self._clock() + QUIET
        self._columns = 0
        self._scanned = self._planned = 0

    def note(self, batch: Batch, lines: int) -> None:
        """Add the bytes that a batch reports, and update the line if it is time.

        Args:
            lines: the number of lines printed so far.
        """
        self._scanned += batch.scanned
        self._planned += batch.planned
        if self._planned and (now := self._clock()) >= self._due:
            self._due = now + EVERY
            self._show(progress_line(self._scanned, self._planned, lines))

    def erase(self) -> None:
        """Overwrite the line with spaces, which works on any terminal, and move the cursor to its beginning."""
        if self._columns:
            self._write("\r" + " " * self._columns + "\r")
            self._columns = 0

    def before(self, write: Write) -> Write:
        """Return a function that erases the line, if it is on the same terminal, and then calls `write`."""

        async def write_alone(data: bytes) -> None:
            self.erase()
            await write(data)

        return write_alone if self._stderr is not None and self._shared else write

    def _show(self, text: str) -> None:
        if self._stderr is not None:
            text = text[: _width(self._stderr) - 1]  # in the last column some terminals begin another row
            self._write("\r" + text.ljust(self._columns))
            self._columns = len(text)

    def _write(self, text: str) -> None:
        with contextlib.suppress(OSError):
            print(text, end="", file=self._stderr, flush=True)


class Watched:
    """Passes batches to a printer, and notes its progress."""

    def __init__(self, printer: BatchPrinter, progress: Progress) -> None:
        self._printer = printer
        self._progress = progress

    async def send(self, batch: Batch) -> None:
        """Print a batch."""
        await self._printer.send(batch)
        self._progress.note(batch, self._printer.lines)


@contextlib.contextmanager
def progress_on(
    streams: Streams, environ: Mapping[str, str], clock: Callable[[], float] = time.monotonic
) -> Iterator[Progress]:
    """Show progress on standard error if that is a terminal that can rewrite a line; erase it at the end.

    Args:
        clock: tells the seconds.
    """
    shown = streams.stderr.isatty() and environ.get("TERM") != "dumb"
    progress = Progress(streams.stderr if shown else None, shared=streams.stdout.isatty(), clock=clock)
    try:
        yield progress
    finally:
        progress.erase()


def progress_line(scanned: int, planned: int, lines: int) -> str:
    """Write progress as text, such as `logagent: 43 % of 12 GiB read, 214 lines`.

    It never exceeds 99 %: the planned bytes may be a guess that was too low, and a finished scan ends instead.

    Args:
        scanned: bytes read so far.
        planned: bytes to read at most.
    """
    share = min(99, 100 * scanned // planned)
    return f"logagent: {share} % of {size(max(planned, scanned))} read, {counted(lines)}"


def _width(terminal: TextIO) -> int:
    """Return the columns that the terminal has now: it may have been resized."""
    try:
        return os.get_terminal_size(terminal.fileno()).columns or WIDTH
    except OSError:
        return WIDTH
