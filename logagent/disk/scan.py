"""The scan: reading a file, matching and framing its lines, up to one batch at a time. Runs in a thread."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import replace

from logagent.core.batch import BATCH_BYTES, SIGN_OF_LIFE, Batch
from logagent.core.matching import Matcher
from logagent.core.outcome import Failure, Status
from logagent.core.query import Order, Query
from logagent.disk.counting import Counting
from logagent.disk.framing import Framing
from logagent.disk.reader import Block, LongLine, Reader

ENOUGH = BATCH_BYTES // 2
"""Bytes of lines with which a batch is sent on: with what the last block adds it comes to 128 to 384 KiB."""
LIFE_BYTES = 32 * 1024 * 1024
"""Bytes read after which a batch is sent on even if it is empty (8 ms in the page cache, 300 ms on a slow disk): a sign
of life, and the moment for others who wait for a thread."""


class Scan:
    """Answers a query from one file, batch by batch.

    ended: whether the last batch was given. bytes_scanned: bytes of the file gone through.
    """

    def __init__(
        self,
        query: Query,
        reader: Reader,
        matcher: Matcher,
        framing: Framing | Counting,
        *,
        life_bytes: int = LIFE_BYTES,
    ) -> None:
        self._query = query
        self._reader = reader
        self._matcher = matcher
        self._framing = framing
        self._life_bytes = life_bytes
        self._steps = self._work()
        self._failure: Failure | None = None
        self._first = True
        self.ended = False
        self.bytes_scanned = 0
        self._told = 0

    def next_batch(self) -> Batch:
        """The next batch: the first as soon as there is a line for it, the last perhaps without any."""
        try:
            self.ended = not self._fill_batch()
        except Failure as failure:
            self._failure, self.ended = failure, True
        scanned, self._told = self.bytes_scanned - self._told, self.bytes_scanned
        if self._framing.count == 0:
            return replace(SIGN_OF_LIFE, scanned=scanned)
        self._first = False
        return replace(self._framing.take(), scanned=scanned)

    @property
    def failure(self) -> Failure | None:
        """Why the answer is not complete, once it has ended."""
        return self._failure or self._reader.loss or self._limit()

    def _fill_batch(self) -> bool:
        """Read until there is enough for a batch; false if there is nothing more to read for."""
        pause = self._reader.bytes_read + self._life_bytes
        enough = 1 if self._first else ENOUGH
        for _ in self._steps:
            if self._framing.done:
                return False
            if self._framing.size >= enough or self._reader.bytes_read >= pause:
                return True
        return False

    def _work(self) -> Iterator[None]:
        newest = self._query.order is Order.NEWEST
        for stretch in self._reader.backward() if newest else self._reader.forward():
            if isinstance(stretch, Block):
                self._framing.add(stretch)
                self.bytes_scanned += len(stretch.body)
            else:
                yield from self._inspect(stretch)
                self.bytes_scanned += min(stretch.end + 1, self._reader.size) - stretch.offset
            yield

    def _inspect(self, line: LongLine) -> Iterator[None]:
        if (yield from self._matches(line)):
            self._framing.add_long(line.offset, self._reader.head(line))

    def _matches(self, line: LongLine) -> Generator[None, None, bool]:
        if self._matcher.everything:
            return True
        inspection = self._matcher.inspect()
        matches = False
        try:
            for window in self._reader.windows(line, self._matcher.overlap):
                inspection.see(window)
                yield
        finally:
            matches = inspection.end()
        return matches

    def _limit(self) -> Failure | None:
        reached = []
        if self._framing.cut:
            lines = "1 line" if self._framing.cut == 1 else f"{self._framing.cut} lines"
            reached.append(f"{self._reader.name}: {lines} longer than {self._reader.max_line} bytes were cut")
        if self._framing.refused:
            reached.append(f"max_bytes={self._query.max_bytes} reached")
        return Failure(Status.RESOURCE_EXHAUSTED, "; ".join(reached)) if reached else None
