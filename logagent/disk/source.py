"""A file as a source: hops into a thread for every batch, sends it, and waits for it to be taken before reading on."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from datetime import tzinfo
from functools import partial

from logagent.core.batch import SIGN_OF_LIFE, Batch, Origin, Out
from logagent.core.matching import Matcher
from logagent.core.outcome import Failure, Outcome, Status
from logagent.core.query import Query
from logagent.core.timestamps import Stamper
from logagent.disk.beneath import failure_of
from logagent.disk.counting import Counting
from logagent.disk.descriptor import Descriptor
from logagent.disk.framing import Framing
from logagent.disk.reader import BLOCK_SIZES, MAX_LINE, Read, Reader
from logagent.disk.scan import LIFE_BYTES, Scan
from logagent.disk.stamping import Stamping
from logagent.disk.threads import DiskThreads

logger = logging.getLogger(__name__)


class FileSource:
    """The lines of one file.

    opener: gives a descriptor of a regular file, open for reading, which the source closes; it is called in a thread
    when the first batch is wanted, and may raise `Failure`. host, name: where the lines come from. zone: of times that
    state none. max_line: longer lines are matched whole, but sent cut to so many bytes. sizes, life_bytes, read: see
    `Reader` and `Scan`.
    """

    def __init__(
        self,
        opener: Callable[[], int],
        *,
        host: str,
        name: str,
        threads: DiskThreads,
        zone: tzinfo,
        max_line: int = MAX_LINE,
        sizes: tuple[int, ...] = BLOCK_SIZES,
        life_bytes: int = LIFE_BYTES,
        read: Read = os.pread,
    ) -> None:
        self._opener = opener
        self._host = host
        self._name = name
        self._threads = threads
        self._zone = zone
        self._max_line = max_line
        self._sizes = sizes
        self._life_bytes = life_bytes
        self._read = read

    async def pump(self, query: Query, out: Out) -> Outcome:
        """Send the lines that `query` asks for, in its order, then say how it ended.

        Cancelling ends the reading before its next read. A read that hangs is left to its thread, which then closes the
        file. What `out` raises passes through.
        """
        session = _Session(self._opener, partial(self._begin, query), self._name, self._threads.check_cancelled)
        lines = 0
        try:
            while not session.ended:
                async with self._threads.turn(partial(out.send, SIGN_OF_LIFE)):
                    batch = await self._next_batch(session)
                if batch.count or not session.ended:
                    await out.send(batch)
                lines += batch.count
        finally:
            session.close()
        return session.outcome(lines)

    async def _next_batch(self, session: _Session) -> Batch:
        try:
            return await self._threads.work(session.next_batch)
        except Exception:  # a source ends here, and with it a bug; whoever asked learns that there is one
            logger.exception("reading %s", self._name)
            session.fail(Failure(Status.INTERNAL, f"{self._name}: internal error"))
            return SIGN_OF_LIFE

    def _begin(self, query: Query, descriptor: int) -> Scan:
        matcher = Matcher(
            query.keywords,
            query.exclude,
            query.ignore_case,
            regex=query.regex,
            exclude_regex=query.exclude_regex,
        )
        reader = Reader(
            descriptor,
            self._name,
            # Where every line is sent, reading is the least of it: small blocks keep what is held at a time small.
            sizes=self._sizes[:-1] or self._sizes if matcher.everything and not query.hits else self._sizes,
            max_line=self._max_line,
            read=self._read,
            before_read=self._threads.check_cancelled,
        )
        if query.hits:
            return Scan(
                query, reader, matcher, self._counting(query, matcher, descriptor, reader), life_bytes=self._life_bytes
            )
        stamping = self._stamping(descriptor, reader) if query.times else None
        origin = Origin(self._host, self._name, stamping is None or stamping.timed)
        framing = Framing(query, matcher, origin, stamping, self._max_line)
        return Scan(query, reader, matcher, framing, life_bytes=self._life_bytes)

    def _counting(self, query: Query, matcher: Matcher, descriptor: int, reader: Reader) -> Counting:
        stamping = self._stamping(descriptor, reader)
        counting = Counting(query, matcher)
        counting.enter(Origin(self._host, self._name, stamping.timed), stamping, reader)
        return counting

    def _stamping(self, descriptor: int, reader: Reader) -> Stamping:
        modified = os.fstat(descriptor).st_mtime_ns
        return Stamping(reader, Stamper(self._zone, modified), modified)


class _Session:
    """One query over the file: what the threads that work on it, one after the other, have in common.

    A thread that was given up may still be at work in here: after a cancelled call, only `close` may be called.
    """

    def __init__(
        self, opener: Callable[[], int], begin: Callable[[int], Scan], name: str, check_cancelled: Callable[[], None]
    ) -> None:
        self._descriptor = Descriptor(opener)
        self._begin = begin
        self._name = name
        self._check_cancelled = check_cancelled
        self._scan: Scan | None = None
        self._failure: Failure | None = None
        self._timings = {"open": 0, "scan": 0}
        self.ended = False

    def next_batch(self) -> Batch:
        """In a thread: the next batch. The last one may be empty."""
        self._check_cancelled()
        began = time.perf_counter_ns()
        try:
            with self._descriptor.use() as descriptor:
                if self._scan is None:
                    self._scan = self._begin(descriptor)
                    began = self._spend("open", began)
                return self._advance(self._scan)
        except Failure as failure:
            self.fail(failure)
        except OSError as error:
            self.fail(failure_of(error, self._name))
        finally:
            self._spend("scan" if self._scan else "open", began)
        return SIGN_OF_LIFE

    def _advance(self, scan: Scan) -> Batch:
        batch = scan.next_batch()
        if scan.ended:
            self.ended = True
            self._descriptor.give_up()  # closes in this thread: closing a deleted file frees it, which may take long
        return batch

    def _spend(self, stage: str, began: int) -> int:
        now = time.perf_counter_ns()
        self._timings[stage] += now - began
        return now

    def fail(self, failure: Failure) -> None:
        """End with this failure."""
        self._failure, self.ended = failure, True

    def outcome(self, lines: int) -> Outcome:
        """How it ended, with so many lines sent."""
        failure = self._failure or (self._scan.failure if self._scan else None)
        bytes_scanned = self._scan.bytes_scanned if self._scan else 0
        if failure is None:
            return Outcome(Status.OK, "", lines, bytes_scanned, timings=self._timings)
        return Outcome(failure.status, failure.message, lines, bytes_scanned, timings=self._timings)

    def close(self) -> None:
        """Have the file closed, now or by the thread that still reads it."""
        self._descriptor.give_up()
