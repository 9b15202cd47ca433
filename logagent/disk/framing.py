"""Framing: cutting the matching lines out of what was read, up to the query's limits, and putting batches together."""

from __future__ import annotations

from itertools import accumulate

from logagent.core.allowance import Allowance
from logagent.core.batch import Batch, Origin
from logagent.core.matching import Matcher
from logagent.core.query import Order, Query
from logagent.disk.reader import Block
from logagent.disk.stamping import Stamping


class Framing:
    """Collects the lines of an answer, block by block, in the order asked for.

    stamping: gives the lines their times; None where the query wants none. max_line: lines are cut to so many bytes.

    count, size: the lines collected since the last `take`, and their bytes. sent: the lines taken so far. cut: how many
    of all these were cut.
    """

    def __init__(
        self, query: Query, matcher: Matcher, origin: Origin, stamping: Stamping | None, max_line: int
    ) -> None:
        self._matcher = matcher
        self._stamping = stamping
        self._max_line = max_line
        self._newest = query.order is Order.NEWEST
        self._places = query.places
        self._origins = (origin,)
        self._allowance = Allowance(query.n, query.max_bytes)
        self.sent = self.cut = 0
        self._start_batch()

    @property
    def done(self) -> bool:
        """Whether no further line may be collected."""
        return self._allowance.used_up

    @property
    def refused(self) -> bool:
        """Whether a line was left out because it would have passed `max_bytes`."""
        return self._allowance.refused

    def add(self, block: Block) -> None:
        """Collect the matching lines of a block."""
        starts, lines = self._matching(block)
        if self._newest:
            starts.reverse()
            lines.reverse()
        self._collect(starts, lines, may_be_long=len(block.body) > self._max_line)

    def add_long(self, start: int, head: bytes) -> None:
        """Collect a matching line of which only the head is at hand, longer than `max_line`."""
        self._collect([start], [head], may_be_long=True)

    def take(self) -> Batch:
        """The lines collected since the last time."""
        times, offsets = self._times if self._stamping else None, self._offsets if self._places else None
        batch = Batch(b"".join(self._bodies), self.count, times, offsets, self._origins)
        self.sent += self.count
        self._start_batch()
        return batch

    def _start_batch(self) -> None:
        self._bodies: list[bytes] = []
        self._times: list[int] = []
        self._offsets: list[int] = []
        self.count = self.size = 0

    def _matching(self, block: Block) -> tuple[list[int], list[bytes]]:
        offset, body = block
        spans = self._matcher.some_spans(body)
        if spans is None:
            return self._everything(block)
        starts = [offset + start for start, _ in spans] if self._stamping is not None or self._places else []
        return starts, [body[start:end] for start, end in spans]

    def _everything(self, block: Block) -> tuple[list[int], list[bytes]]:
        lines = block.body.split(b"\n")
        if not lines[-1]:
            lines.pop()  # what follows the last line break is no line
        if self._stamping is None and not self._places:
            return [], lines
        starts = list(accumulate([len(line) + 1 for line in lines], initial=block.offset))
        return starts[:-1], lines

    def _collect(self, starts: list[int], lines: list[bytes], *, may_be_long: bool) -> None:
        sent = [line[: self._max_line] for line in lines] if may_be_long else lines
        count = self._allowance.admit(sent)
        if count == 0:
            return
        if may_be_long:
            self.cut += sum(len(line) > self._max_line for line in lines[:count])
        self._add_columns(starts[:count], lines[:count])
        body = b"\n".join([*sent[:count], b""])
        self._bodies.append(body)
        self.count += count
        self.size += len(body)

    def _add_columns(self, starts: list[int], lines: list[bytes]) -> None:
        if self._places:
            self._offsets += starts
        if self._stamping is None:
            return
        if self._newest:
            self._times += self._stamping.times(starts[::-1], lines[::-1])[::-1]
        else:
            self._times += self._stamping.times(starts, lines)
