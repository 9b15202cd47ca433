"""The newest lines of more logs than can be merged at a time: only logs that may have one of them are read.

What is known of each log is the latest time that a line of it may have. The newest lines of a few logs, those with the
latest such times, tell how late a line must be to belong to the answer; all logs that can have one are merged then. The
answer is that of all logs merged: of the others no line is late enough. Where it cannot be known, all are merged.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace

from logagent.core.batch import SIGN_OF_LIFE, Batch, Out
from logagent.core.merging.keys import keys_of
from logagent.core.notes import Note, NoteKind, add_up
from logagent.core.outcome import Outcome
from logagent.core.query import Order, Query, Source, Unit

NARROWED_FROM = 1500
"""Logs from which on not all are merged: more than a cursor has room for, so that an answer has none in any case; fewer
are merged in some seconds."""
FIRST = 64
"""Logs that are read first: as many as have their last lines within the same moment on a busy host."""
MOST_LINES = 1000
"""Lines at most that are wanted, since they are held until it is known whether all of them belong to the answer."""
MOST_BYTES = 8 * 1024 * 1024
"""Bytes of these lines that are held; the answer of larger ones is merged from all logs."""


def may_be_narrowed(query: Query, logs: int) -> bool:
    """Return whether the newest lines of so many logs are asked for, and no place from which to go on later."""
    form, n = query.form, query.limits.n
    plain = form.order is Order.NEWEST and form.unit is Unit.LINE and not (form.hits or form.whole or form.cursors)
    is_few = n is not None and n <= MOST_LINES and query.limits.n_per_file is None
    return logs > NARROWED_FROM and plain and is_few and not (query.match.has_context or query.positions)


@dataclass(frozen=True, slots=True)
class Narrowed:
    """Many logs as one source of their newest lines.

    Attributes:
        latest: for each log the latest time that a line of it may have, in nanoseconds since the epoch.
        merged: returns the source of some logs, by their numbers in ascending order.
        looked_into: returns that time of some logs after they were looked into.
        first: logs that are read first.
        most_bytes: of lines that are held.
    """

    latest: Sequence[int]
    merged: Callable[[Sequence[int]], Source]
    looked_into: Callable[[Sequence[int]], Awaitable[Sequence[int]]]
    first: int = FIRST
    most_bytes: int = MOST_BYTES

    async def pump(self, query: Query, out: Out) -> Outcome:
        """Send the newest lines; see `Source.pump`."""
        by_time = sorted(range(len(self.latest)), key=self.latest.__getitem__, reverse=True)
        first, others = sorted(by_time[: self.first]), by_time[self.first :]
        held = _Held(out, self.most_bytes)
        outcome = await self.merged(first).pump(_with_times(query), held)
        if not outcome.complete or held.is_too_large or held.records != query.limits.n:
            return await self.merged(range(len(self.latest))).pump(query, out)
        due = await self._due(others, held.least)
        if not due:
            await held.give(query)
        else:
            outcome = await self.merged(sorted([*first, *due])).pump(query, out)
        return replace(outcome, notes=add_up([*outcome.notes, Note(NoteKind.CURSOR, (), len(self.latest))]))

    async def _due(self, logs: Sequence[int], least: int) -> list[int]:
        """Return which of some logs may have a line at or after a time."""
        due = [log for log in logs if self.latest[log] >= least]
        latest = await self.looked_into(due) if due else []
        return [log for log, time in zip(due, latest, strict=True) if time >= least]


def _with_times(query: Query) -> Query:
    return replace(query, form=replace(query.form, times=True))


@dataclass(slots=True)
class _Held:
    """Holds lines until it is known whether they are the answer, and says meanwhile that work goes on."""

    out: Out
    most_bytes: int
    batches: list[Batch] = field(default_factory=list)
    size: int = 0
    records: int = 0
    least: int = 0

    @property
    def is_too_large(self) -> bool:
        """Whether there were too many bytes to be held."""
        return self.size > self.most_bytes

    async def send(self, batch: Batch) -> None:
        self.size += len(batch.body)
        if batch.count:
            lowest = min(keys_of(batch))
            self.least = min(self.least, lowest) if self.records else lowest
        self.records += batch.records
        self.batches = [] if self.is_too_large else [*self.batches, batch]
        await self.out.send(SIGN_OF_LIFE)

    async def give(self, query: Query) -> None:
        """Send what is held."""
        for batch in self.batches:
            await self.out.send(batch if query.form.times else replace(batch, times=None))
