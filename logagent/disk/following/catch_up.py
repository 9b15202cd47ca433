"""Where a follow begins in a log, and the lines that it reads before it waits at the log's end."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from logagent.core.batch import SIGN_OF_LIFE, Batch, Notice, Out, Position
from logagent.core.cursor import of_log
from logagent.core.notes import Notes
from logagent.core.outcome import Failure, Status
from logagent.core.query import Query
from logagent.disk.catalog import identity
from logagent.disk.catalog.logs import Generation, Log
from logagent.disk.files.blocks import UNKNOWN
from logagent.disk.following.tail import Tail
from logagent.disk.rotation.decompressed_copy import MAX_DECOMPRESSED
from logagent.disk.search.aged import aged
from logagent.disk.search.options import ReadOptions
from logagent.disk.search.source import LogSource
from logagent.disk.threads import DiskThreads

LAG = 1_000_000_000
"""Nanoseconds by which a file's time of modification may lag behind this host's clock: the kernel's clock is coarser,
and a file server has its own."""

_PACKED = "turned up as an archive; what it held then is not sent, ask for it without a follow"

Again = Callable[[Log], Sequence[Generation]]
"""Lists the generations of a log as they are now, newest first; reads the disk."""


class CatchUp:
    """Brings one follow to the place in each log from which it waits for new lines.

    Args:
        query: what is followed.
        out: takes the lines that are already written.
        host: this host's name.
        threads: that read the disk.
        options: how a log is read.
        again: lists the files of a log; called in a thread.

    Attributes:
        notes: of the lines that were sent.
    """

    def __init__(
        self,
        query: Query,
        out: Out,
        *,
        host: str,
        threads: DiskThreads,
        options: Callable[[Log], ReadOptions],
        again: Again,
    ) -> None:
        self.notes = Notes()
        self._query = query
        self._out = out
        self._host = host
        self._threads = threads
        self._options = options
        self._again = again
        self._began = time.time_ns() - LAG

    async def place_in(self, log: Log, tail: Tail, *, first: bool, only_known: bool = False) -> tuple[int, int]:
        """Send the lines that the follow has missed so far, and return a file's number and the offset to continue from.

        The follow begins after the query's position in the log. Without positions it begins at the end of a log that
        existed when the follow began, and at the first line written since then in a log that appeared later. If the
        query has positions, but none in this log, it begins at the log's beginning.

        Args:
            first: whether the follow begins now.
            only_known: whether a log that the query's positions do not name is followed from its end on, since it may
                have been left out before.

        Raises:
            Failure: when the log cannot be read any more.
        """
        files, position = tail.chain.files, of_log(self._query.positions, log.name)
        if first and (not self._query.positions or (only_known and position is None)):
            return files.end()
        if first and position is not None:
            return files.place_of(position) or await self._catch_up(log, tail, position)
        since = 0 if first else self._began
        generations = await self._threads.in_thread(self._generations, log, since)
        if len(generations) < 2:
            place = files.beginning()
            if place[1] >= UNKNOWN and not first and not files.newest.passed:
                await self._out.send(notice_of(self._host, Failure(Status.OK, f"{log.name}: {_PACKED}")))
            return place
        return await self._catch_up(log, tail, Position(self._host, log.name, 0, 0), since)

    def _generations(self, log: Log, since: int) -> Sequence[Generation]:
        """Return the newest file of a log and those that were written to since a time; reads the disk."""
        found = identity.listed(partial(self._again, log))
        return [one for place, one in enumerate(found) if place == 0 or one.modified >= since]

    async def _catch_up(self, log: Log, tail: Tail, position: Position, since: int = 0) -> tuple[int, int]:
        """Send the lines from a position to the end, of files written to since a time; return the place reached."""
        query = replace(
            aged(self._query, log),
            follow=None,
            positions=(position,),
            form=replace(self._query.form, whole=True),
            limits=replace(self._query.limits.uncounted(), max_bytes=MAX_DECOMPRESSED if since else None),
        )
        again = partial(self._generations, log, since)
        found = await self._threads.in_thread(again)
        source = LogSource(log.name, found, self._threads, self._options(log), again, named=log.named)
        reached = _Reached(self._out, position)
        outcome = await source.pump(query, reached)
        self.notes.include(outcome.notes)
        if not outcome.complete:
            await self._out.send(notice_of(self._host, Failure(outcome.status, outcome.message)))
        place = tail.chain.files.place_of(reached.position)
        if place is None:
            await tail.see_all()  # the position lies in text that the tail has not looked at yet
            place = tail.chain.files.place_of(reached.position)
        return place or tail.chain.files.beginning()


class _Reached:
    """Forwards batches without their notes, and keeps the last position in them."""

    def __init__(self, out: Out, position: Position) -> None:
        self._out = out
        self.position = position

    async def send(self, batch: Batch) -> None:
        await self._out.send(replace(batch, notes=()))
        for position in batch.positions:
            self.position = position


def notice_of(host: str, failure: Failure) -> Batch:
    """Return a batch without lines that reports a failure."""
    return replace(SIGN_OF_LIFE, notices=(Notice(host, failure.status, failure.message),))


def there_again(host: str, name: str) -> Batch:
    """Return a batch without lines that reports that a log or a root is there that was not."""
    return replace(SIGN_OF_LIFE, notices=(Notice(host, Status.OK, f"{name} is there again"),))
