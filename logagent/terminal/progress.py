"""How far a long scan is: one line on a terminal, written over and over, and gone before anything else is written."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from typing import TextIO

import trio

from logagent.core.batch import Batch
from logagent.terminal.chart import WIDTH
from logagent.terminal.files import size
from logagent.terminal.printing import Printer, Streams, Write
from logagent.terminal.verdicts import counted

QUIET = 1.0
"""Seconds in which nothing is said: most answers are there by then, and nobody reads a line that flashes by."""
EVERY = 1.0
"""Seconds between two lines at least: as fast as people read, and it costs nothing."""


class Progress:
    """Says how much of the bytes that are to be read at most was read. Time is Trio's, from when it is made.

    stderr: the terminal to say it on, None to say nothing. shared: whether data are printed on it, too.
    """

    def __init__(self, stderr: TextIO | None, *, shared: bool) -> None:
        self._stderr = stderr
        self._shared = shared
        self._due = trio.current_time() + QUIET
        self._columns = 0
        self._scanned = self._planned = 0

    def note(self, batch: Batch, lines: int) -> None:
        """What a batch tells, with so many lines found by then; shown if it is time for it."""
        self._scanned += batch.scanned
        self._planned += batch.planned
        if self._planned and (now := trio.current_time()) >= self._due:
            self._due = now + EVERY
            self._show(said(self._scanned, self._planned, lines))

    def erase(self) -> None:
        """Leave nothing of the line, and the cursor where it begins. By spaces, which any terminal knows."""
        if self._columns:
            self._write("\r" + " " * self._columns + "\r")
            self._columns = 0

    def before(self, write: Write) -> Write:
        """The same `write`, but that the line is erased before, where it would be in the way."""

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
    """A printer whose progress is noted."""

    def __init__(self, printer: Printer, progress: Progress) -> None:
        self._printer = printer
        self._progress = progress

    async def send(self, batch: Batch) -> None:
        await self._printer.send(batch)
        self._progress.note(batch, self._printer.lines)


@contextlib.contextmanager
def progress_on(streams: Streams, environ: Mapping[str, str]) -> Iterator[Progress]:
    """Progress on standard error if that is a terminal which can go back in a line; erased at the end, however it
    comes."""
    shown = streams.stderr.isatty() and environ.get("TERM") != "dumb"
    progress = Progress(streams.stderr if shown else None, shared=streams.stdout.isatty())
    try:
        yield progress
    finally:
        progress.erase()


def said(scanned: int, planned: int, lines: int) -> str:
    """`logagent: 43 % of 12 GiB read, 214 lines`. What is planned may be a guess that was too low, and a scan that is
    done says so by ending: there are 99 % at most."""
    share = min(99, 100 * scanned // planned)
    return f"logagent: {share} % of {size(max(planned, scanned))} read, {counted(lines)}"


def _width(terminal: TextIO) -> int:
    """Columns by now: people change them."""
    try:
        return os.get_terminal_size(terminal.fileno()).columns or WIDTH
    except OSError:
        return WIDTH
