"""One log of this host as a source: reads each batch in a thread, and sends it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from functools import partial

from logagent.core.batch import SIGN_OF_LIFE, Batch, Out
from logagent.core.outcome import Failure, Outcome, Status
from logagent.core.query import Query
from logagent.disk.catalog.logs import Generation
from logagent.disk.search.options import ReadOptions
from logagent.disk.search.session import Session
from logagent.disk.threads import DiskThreads
from logagent.telemetry import hook
from logagent.telemetry.hook import LogRead, StageTimes

logger = logging.getLogger(__name__)


class LogSource:
    """The lines of all files of one log, as one source.

    A file is opened in a thread when its first line is wanted, and closed before the next one is opened.

    Args:
        name: name of the log.
        files: newest first.
        threads: that read the disk.
        options: how the files are read.
        again: lists the files as they are now, in case they are rotated meanwhile; called in a thread.
        named: whether the log was asked for by its exact name; else a glob met it.
    """

    def __init__(
        self,
        name: str,
        files: Sequence[Generation],
        threads: DiskThreads,
        options: ReadOptions,
        again: Callable[[], Sequence[Generation]] = tuple,
        *,
        named: bool = True,
    ) -> None:
        self._named = named
        self._again = again
        self._name = name
        self._files = files
        self._threads = threads
        self._options = options

    async def pump(self, query: Query, out: Out) -> Outcome:
        """Send the lines that a query asks for, in its order.

        Cancelling takes effect before the next read. A read that hangs is abandoned: its thread closes the file when
        the read returns. Exceptions of `out` propagate.

        Returns:
            How it ended.
        """
        session = Session(
            query,
            self._name,
            self._files,
            self._options,
            again=self._again,
            check_cancelled=self._threads.check_cancelled,
            helped=self._threads.helped,
            named=self._named,
        )
        lines, sending, outcome = 0, _Sending(out), None
        try:
            while True:
                async with self._threads.turn(partial(out.send, SIGN_OF_LIFE)) as is_over:
                    batch = await self._next_batch(session, is_over)
                lines += batch.count
                if session.ended:
                    break
                await sending.send(batch)
            if batch != SIGN_OF_LIFE:  # else the outcome says all
                await sending.send(batch)
            outcome = session.outcome(lines)
            return outcome
        finally:
            session.close()
            story = hook.current()
            if story.listeners.get("read"):
                story.tell("read", LogRead(self._name, session.timings.stages() | sending.stages(), outcome))

    async def _next_batch(self, session: Session, is_over: Callable[[], bool]) -> Batch:
        try:
            return await self._threads.work(session.next_batch, is_over)
        except MemoryError:
            session.fail(Failure(Status.RESOURCE_EXHAUSTED, f"{self._name}: the system gave no memory to read it"))
            return SIGN_OF_LIFE
        except Exception:  # a bug ends at the edge of its source; the client learns that there is one
            logger.exception("reading %s", self._name)
            session.fail(Failure(Status.INTERNAL, f"{self._name}: internal error"))
            return SIGN_OF_LIFE


class _Sending:
    """Sends batches, and measures how long that takes: as long as the reader makes the source wait."""

    def __init__(self, out: Out) -> None:
        self._out = out
        self._spent = 0
        self._between: tuple[int, int] | None = None

    async def send(self, batch: Batch) -> None:
        began = time.perf_counter_ns()
        await self._out.send(batch)
        ended = time.perf_counter_ns()
        self._spent += ended - began
        self._between = (self._between or (began,))[0], ended

    def stages(self) -> dict[str, StageTimes]:
        return {} if self._between is None else {"send": StageTimes(*self._between, self._spent)}
