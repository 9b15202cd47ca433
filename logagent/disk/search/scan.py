"""The scan: reading one file of a log, matching and framing its lines, up to one batch at a time. Runs in a thread."""

from __future__ import annotations

from collections.abc import Generator, Iterator

from logagent.core.batch import BATCH_BYTES
from logagent.core.matching.matcher import Matcher
from logagent.core.outcome import Failure
from logagent.core.query import Order, Query
from logagent.disk.batches.batching import Framing
from logagent.disk.batches.counting import Counting
from logagent.disk.files.blocks import Block, LongLine, NonMatching, Stretch
from logagent.disk.search.archive_lines import Text
from logagent.disk.search.options import LIFE_BYTES

ENOUGH = BATCH_BYTES // 2
"""Bytes of lines with which a batch is sent on: with what the last block adds it comes to 128 to 384 KiB."""


class Scan:
    """Has the lines of one file that a query asks for framed.

    begin, end: offsets of lines: only what begins from `begin` on and before `end` is read.

    ended: whether there is nothing more to read for. scanned: bytes of the file gone through. reached: the offset up to
    which lines are framed, from the end or from the beginning. loss: why the lines are
    not all there, None as long as they are.
    """

    def __init__(
        self,
        query: Query,
        reader: Text,
        matcher: Matcher,
        framing: Framing | Counting,
        *,
        begin: int = 0,
        end: int | None = None,
        life_bytes: int = LIFE_BYTES,
    ) -> None:
        self._reader = reader
        self._matcher = matcher
        self._framing = framing
        self._life_bytes = life_bytes
        self._wants_all = query.match.has_context
        self._newest = query.form.order is Order.NEWEST
        self._begin = begin
        self._steps = self._work(reader.backward(begin, end) if self._newest else reader.forward(begin, end))
        self.reached = (reader.size if end is None else end) if self._newest else begin
        self.ended = False
        self.scanned = 0

    @property
    def loss(self) -> Failure | None:
        return self._reader.loss

    def advance(self, enough: int) -> None:
        """Read until so many bytes of lines are framed, or it is time for a sign of life. Raises `Failure` where the
        file cannot be read."""
        pause = self._reader.bytes_read + self._life_bytes
        for _ in self._steps:
            if self._framing.done:
                break
            if self._framing.size >= enough or self._reader.bytes_read >= pause:
                return
        self.ended = True
        if self._newest and not self._framing.done:
            self.reached = self._begin

    def _work(self, stretches: Iterator[Stretch]) -> Iterator[None]:
        for stretch in stretches:
            if isinstance(stretch, Block):
                if stretch.body:
                    self._framing.add(stretch)
                    self._pass(stretch.offset, stretch.offset + len(stretch.body))
            elif isinstance(stretch, NonMatching):
                self._pass(stretch.offset, stretch.offset + stretch.size)
            else:
                yield from self._inspect(stretch)
                self._pass(stretch.offset, min(stretch.end + 1, self._reader.size))
            yield

    def _pass(self, begin: int, end: int) -> None:
        self.scanned += end - begin
        self.reached = begin if self._newest else end

    def _inspect(self, line: LongLine) -> Iterator[None]:
        matches = yield from self._matches(line)
        if matches or self._wants_all:
            self._framing.add_long(line.offset, self._reader.head(line), matches=matches)

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
