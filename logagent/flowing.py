"""Answers about streams, such as pipes, given as these come: a follow that ends where they end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import trio

from logagent.core.batch import Batch, Out
from logagent.core.notes import Note
from logagent.core.outcome import Failure, Outcome, Status
from logagent.core.query import FollowOptions, Query, Source
from logagent.disk.catalog.streams import Stream
from logagent.disk.threads import DiskThreads

HEARTBEAT = 0.2
"""Seconds after which it is told how far a stream was read of which no line matches: by that its end is known."""


@dataclass(frozen=True, slots=True)
class Flow:
    """A follow of streams, as a source.

    Attributes:
        follow: follows their copies, and whatever else is asked for.
        streams: that are copied.
        threads: in which they are read.
        ends: whether nothing else is followed, so that it ends with them.
    """

    follow: Source
    streams: Sequence[Stream]
    threads: DiskThreads
    ends: bool

    async def pump(self, query: Query, out: Out) -> Outcome:
        """Send lines as they come; see `Source.pump`."""
        assert query.follow is not None
        reached = _Reached(out, self.streams)
        quick = FollowOptions(patience=query.follow.patience, heartbeat=HEARTBEAT)
        async with trio.open_nursery() as nursery:
            for stream in self.streams:
                nursery.start_soon(self._copy, stream, reached)
            with trio.CancelScope() as scope:
                if self.ends:
                    nursery.start_soon(self._end, reached, scope)
                outcome = await self.follow.pump(replace(query, follow=quick), reached)
            nursery.cancel_scope.cancel()
        return reached.outcome(query) if scope.cancelled_caught else outcome

    async def _copy(self, stream: Stream, reached: _Reached) -> None:
        """Copy a stream, once the follow has begun at the beginning of its copy."""
        await reached.begun.wait()
        try:
            while await self.threads.work(stream.read_on):
                pass
        except Failure as failure:
            reached.failures.append(failure)
        stream.end_line()
        reached.whole.add(stream.name)
        reached.look()

    async def _end(self, reached: _Reached, scope: trio.CancelScope) -> None:
        await reached.over.wait()
        scope.cancel()


class _Reached:
    """Forwards batches, and notes how far streams were read.

    Attributes:
        begun: set once the follow has begun.
        over: set once all lines of all streams were sent.
        whole: the names of the streams that have ended.
        failures: why some could not be read to their ends.
    """

    def __init__(self, out: Out, streams: Sequence[Stream]) -> None:
        self.begun, self.over = trio.Event(), trio.Event()
        self.whole: set[str] = set()
        self.failures: list[Failure] = []
        self._out = out
        self._streams = streams
        self._offsets: dict[str, int] = {}
        self._lines = self._scanned = 0
        self._host = ""
        self._notes: tuple[Note, ...] = ()

    async def send(self, batch: Batch) -> None:
        """Forward a batch."""
        await self._out.send(batch)
        self._lines += batch.count
        self._scanned += batch.scanned
        self._notes = batch.notes or self._notes
        for position in batch.positions:
            self._host = position.host
            self._offsets[position.log] = position.offset
        if batch.live:
            self.begun.set()
        self.look()

    def look(self) -> None:
        """Look whether all is sent."""
        if all(each.name in self.whole and self._offsets.get(each.name, 0) >= each.size for each in self._streams):
            self.over.set()

    def outcome(self, query: Query) -> Outcome:
        """Return how it ended."""
        failure = self.failures[0] if self.failures else Failure(Status.OK, "")
        outcome = Outcome(failure.status, failure.message, self._lines, self._scanned).of_host(self._host)
        return replace(outcome, notes=self._notes)
