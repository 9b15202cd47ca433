"""The scan of one file of a log: reads it, matches its lines and collects them, in a thread, a batch at a time."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import suppress

from logagent.core.batch import BATCH_BYTES
from logagent.core.matching.matcher import Matcher
from logagent.core.outcome import Failure
from logagent.core.query import Order, Query
from logagent.disk.archives.picked_lines import PickedLines
from logagent.disk.batches.batching import BatchBuilder
from logagent.disk.batches.builders import Builder
from logagent.disk.batches.counting import HitCounter
from logagent.disk.files.blocks import Block, LongLine, Passed, Stretch
from logagent.disk.search.archive_lines import LineReader
from logagent.disk.search.options import LIFE_BYTES

ENOUGH = BATCH_BYTES // 2
"""Bytes of collected lines from which on a batch is sent: with the lines of its last block it has 128 to 384 KiB."""
MUCH = 3 * BATCH_BYTES // 2
"""The same for lines without columns, and for the only log of its host that is asked for: a batch costs some
hops between threads and a dozen steps of the event loop, hardly more where it is larger. Two blocks make one; between
them the turn of the thread is looked at. Where many logs are merged, each holds batches in memory."""


def enough_for(query: Query, *, alone: bool) -> int:
    """Return the bytes of collected lines from which on a batch is sent, once the answer has begun.

    Args:
        alone: whether the log is the only one of its host that is asked for.
    """
    form = query.form
    return MUCH if not form.hits and (alone or not (form.times or form.places)) else ENOUGH


class Scan:
    """Collects the lines of one file that a query asks for.

    Args:
        reader: of the file.
        builder: collects the lines.
        begin: offset of the first line to read.
        end: offset after the last line to read; None: the end of the file.
        life_bytes: bytes read after which `advance` returns even if there is no line.

    Attributes:
        ended: whether nothing is left to be read.
        scanned: bytes of the file scanned.
        reached: offset up to which lines are collected, coming from the end of the file if newest lines are first, else
            from its beginning.
    """

    def __init__(
        self,
        query: Query,
        reader: LineReader,
        matcher: Matcher,
        builder: Builder,
        *,
        begin: int = 0,
        end: int | None = None,
        life_bytes: int = LIFE_BYTES,
    ) -> None:
        self._reader = reader
        self._matcher = matcher
        self._builder = builder
        self._life_bytes = life_bytes
        self._wants_all = query.match.has_context
        self._newest = query.form.order is Order.NEWEST
        self._begin = begin
        self._steps = self._work(reader.backward(begin, end) if self._newest else reader.forward(begin, end))
        self.reached = (reader.size if end is None else end) if self._newest else begin
        self.ended = False
        self.scanned = 0

    @property
    def name(self) -> str:
        """The file's name, for messages."""
        return self._reader.name

    @property
    def size(self) -> int:
        """Bytes of the text, as far as they are known; see `LineReader`."""
        return self._reader.size

    @property
    def loss(self) -> Failure | None:
        """Why some lines are missing, None as long as none are."""
        return self._reader.loss

    def advance(self, enough: int, is_over: Callable[[], bool] = lambda: False) -> None:
        """Read until enough lines are collected, or it is time for a sign of life, or for others.

        Args:
            enough: bytes of lines.
            is_over: whether others are to have the thread.

        Raises:
            Failure: when the file cannot be read.
        """
        pause = self._reader.bytes_read + self._life_bytes
        for _ in self._steps:
            if self._builder.done:
                break
            if self._builder.size >= enough or self._reader.bytes_read >= pause or is_over():
                return
        self.ended = True
        self.close()
        if self._newest and not self._builder.done:
            self.reached = self._begin

    def close(self) -> None:
        """Let go of what is read ahead, unless a thread is still reading.

        The steps hold this scan, and it holds them: they and their block would stay until garbage is collected.
        """
        with suppress(ValueError):  # raised where they are being taken
            self._steps.close()

    def _work(self, stretches: Iterator[Stretch | PickedLines]) -> Generator[None, None, None]:
        for stretch in stretches:
            if isinstance(stretch, Block):
                if stretch.body:
                    self._builder.add(stretch)
                    self._pass(stretch.offset, stretch.offset + len(stretch.body))
            elif isinstance(stretch, PickedLines):
                self._add_picked(stretch)
                self._pass(stretch.offset, stretch.offset + stretch.size)
            elif isinstance(stretch, Passed):
                self._add_runs(stretch)
                self._pass(stretch.offset, stretch.offset + stretch.size)
            else:
                yield from self._inspect(stretch)
                self._pass(stretch.offset, min(stretch.end + 1, self._reader.size))
            yield

    def _add_picked(self, picked: PickedLines) -> None:
        if isinstance(self._builder, BatchBuilder):  # counts are made from blocks
            self._builder.add_picked(picked)

    def _add_runs(self, passed: Passed) -> None:
        if isinstance(self._builder, HitCounter):
            self._builder.add_runs(passed.runs)

    def _pass(self, begin: int, end: int) -> None:
        self.scanned += end - begin
        self.reached = begin if self._newest else end

    def _inspect(self, line: LongLine) -> Iterator[None]:
        matches = yield from self._matches(line)
        if matches or self._wants_all:
            self._builder.add_long(line.offset, self._reader.head(line), matches=matches)

    def _matches(self, line: LongLine) -> Generator[None, None, bool]:
        if self._matcher.everything:
            return True
        if (found := self._reader.found(line)) is not None:
            return found
        inspection = self._matcher.inspect()
        matches = False
        try:
            for window in self._reader.windows(line, self._matcher.overlap):
                inspection.see(window)
                yield
        finally:
            matches = inspection.end()
        return matches
