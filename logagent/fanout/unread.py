"""An answer for which not all logs are read, since there are too many: whether lines of the others belong to it.

What is known of the others is the latest time that a line of them may have. With `n` lines wanted, newest first, the
answer is complete if all n are later. With `since`, it is complete if that is later.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from logagent.core.batch import Batch, Out
from logagent.core.columns import cut_before
from logagent.core.merging.keys import keys_of
from logagent.core.notes import Note, NoteKind, add_up
from logagent.core.outcome import Failure, Outcome, joined_causes
from logagent.core.query import Query


@dataclass(frozen=True, slots=True)
class Unread:
    """The logs that are not read.

    Attributes:
        failure: to be reported if their lines may belong to the answer.
        count: how many logs there are in all.
        latest: the latest time that any of their lines may have, in nanoseconds since the epoch, as far as that is
            known without looking into them.
        least: the least that it may turn out to be when some of them are looked into.
        looked_into: returns that time after some of them were looked into.
    """

    failure: Failure
    count: int
    latest: int
    least: int
    looked_into: Callable[[], Awaitable[int]]


class UnreadGuard:
    """Forwards the batches of an answer, and judges whether lines of unread logs belong to it.

    As soon as they may, a note says so, since the source may be stopped before it has an outcome.

    Args:
        query: what is answered.
        unread: the logs that are not read; None: all are.
    """

    def __init__(self, query: Query, out: Out, unread: Unread | None) -> None:
        self._query = query
        self._out = out
        self._unread = unread
        self._latest = 0 if unread is None else unread.latest
        self._is_looked_into = self._told = False
        self._records = 0
        self._by_time = query.is_newest_first and query.limits.n is not None and not query.form.hits

    @property
    def question(self) -> Query:
        """The query with the column of times, if these are needed to judge."""
        needs = self._unread is not None and self._by_time
        return replace(self._query, form=replace(self._query.form, times=True)) if needs else self._query

    async def begin(self) -> None:
        """Judge what is known before the first line; looks into unread logs if that may decide."""
        since = self._query.range.since
        if self._unread is None:
            return
        if since is not None and self._latest >= since:
            await self._look(since)
        if since is not None and self._latest < since:
            self._unread = None

    async def send(self, batch: Batch) -> None:
        """Forward a batch, in two parts if unread logs may have lines from somewhere within it on."""
        if self._unread is None or self._told:
            await self._out.send(self._without_times(batch))
            return
        certain = await self._certain(batch)
        self._told = certain < batch.count or not self._by_time
        first, rest = [*cut_before(batch, [certain]), None][:2] if 0 < certain < batch.count else (batch, None)
        for part in (first, rest):
            if part is not None:
                is_told = self._told and (part is rest or rest is None)
                await self._out.send(self._without_times(_noted(part, self._unread) if is_told else part))
                self._records += part.records

    async def _certain(self, batch: Batch) -> int:
        """Return how many of the batch's lines are later than all lines of unread logs."""
        if not self._by_time or not batch.count:
            return batch.count
        keys = keys_of(batch)
        if min(keys) <= self._latest:
            await self._look(max(keys))
        return next((place for place, key in enumerate(keys) if key <= self._latest), batch.count)

    async def _look(self, time: int) -> None:
        """Look into unread logs, once, if it may turn out that all their lines are earlier than a time."""
        if self._unread is not None and not self._is_looked_into and self._unread.least < time:
            self._is_looked_into = True
            self._latest = min(self._latest, await self._unread.looked_into())

    def _without_times(self, batch: Batch) -> Batch:
        return batch if self._query.form.times or batch.times is None else replace(batch, times=None)

    def judged(self, outcome: Outcome) -> Outcome:
        """Return the outcome of the logs that were read, with the failure to read the others if it matters."""
        unread, n = self._unread, self._query.limits.n
        if unread is None or (self._by_time and not self._told and n is not None and self._records >= n):
            return outcome
        status = unread.failure.status if outcome.complete else outcome.status
        message = joined_causes(filter(None, [unread.failure.message, outcome.message]))
        return replace(outcome, status=status, message=message, notes=add_up([*outcome.notes, _note(unread)]))


def _note(unread: Unread) -> Note:
    return Note(NoteKind.UNREAD, (), unread.count)


def _noted(batch: Batch, unread: Unread) -> Batch:
    return replace(batch, notes=add_up([*batch.notes, _note(unread)]))
