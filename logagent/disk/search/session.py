"""One query over the files of one log: what the threads that work on it, one after the other, have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

from logagent.core.batch import SIGN_OF_LIFE, Batch, Position
from logagent.core.matching.matcher import Matcher
from logagent.core.outcome import Failure, Outcome, Status
from logagent.core.query import Query
from logagent.disk.batches.batching import Framing
from logagent.disk.batches.counting import Counting
from logagent.disk.catalog import identity, losses
from logagent.disk.catalog.logs import Generation
from logagent.disk.files.beneath import failure_of
from logagent.disk.files.overwritten import Overwritten
from logagent.disk.files.shared_descriptor import SharedDescriptor
from logagent.disk.search.file_plan import Itinerary
from logagent.disk.search.options import Ways, expected
from logagent.disk.search.scan import ENOUGH
from logagent.disk.search.scan_setup import Started, Starting
from logagent.disk.search.timings import Stages
from logagent.disk.threads import Work


class _Prepared:
    """What a query needs before the first file is opened: made in a thread, since it compiles expressions and reads."""

    def __init__(self, query: Query, itinerary: Itinerary, matcher: Matcher, max_line: int) -> None:
        self.itinerary = itinerary
        self.matcher = matcher
        self.framing = Counting(query, matcher) if query.form.hits else Framing(query, matcher, max_line)
        self.finished = False

    def finish(self) -> None:
        """Collect what waited for more, of which there is none."""
        if not self.finished and not self.framing.done:
            self.finished = True
            self.framing.finish()


class Session:
    """One query over files, newest first, of which one is open at a time. name: the log's.

    again: gives the files as they are by then. check_cancelled: called before each read; what it raises ends the work.
    helped: see `ParallelSweep`. A thread that was given up may still be at work in here: after a cancelled call, only
    `close` may be called.

    ended: whether the last batch was given.
    """

    def __init__(
        self,
        query: Query,
        name: str,
        files: Sequence[Generation],
        ways: Ways,
        *,
        again: Callable[[], Sequence[Generation]],
        check_cancelled: Callable[[], None],
        helped: Callable[[Work], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        self._query = query
        self._name = name
        self._files = files
        self._ways = ways
        self._again = again
        self._check_cancelled = check_cancelled
        self._helped = helped
        self._stages = Stages()
        self._prepared: _Prepared | None = None
        self._starting: Starting | None = None
        self._under_way: _Opened | None = None
        self._reached: int | None = None
        self._left = 0, 0  # fingerprint of the file that was left last, and how far it was read
        self._position: Position | None = None
        self._told_position: Position | None = None
        self._failures: list[Failure] = []
        self._planned = self._scanned = self._told = self._unpacking = 0
        self.ended = False

    def next_batch(self) -> Batch:
        """In a thread: the next batch, the first as soon as there is a line for it. It may be empty."""
        self._check_cancelled()
        try:
            prepared, starting = self._prepare()
            self._go_on(prepared, starting)
            if not self._under_way and (prepared.framing.done or prepared.itinerary.done):
                prepared.finish()
                self.ended = True
            self._note_position(prepared.framing)
        except Failure as failure:
            self.fail(failure)
        except OSError as error:  # what waited is of a file that is closed by now, and cannot be timed
            self.fail(failure_of(error, self._name))
        return self._batch()

    def _prepare(self) -> tuple[_Prepared, Starting]:
        if self._prepared is None or self._starting is None:
            with self._stages.timed("open"):
                self._prepared = self._made()
                self._starting = self._made_starting(self._prepared)
        return self._prepared, self._starting

    def _made(self) -> _Prepared:
        query, ways = self._query, self._ways
        matcher = Matcher.of(query)
        itinerary = Itinerary(query, self._name, self._files, self._again, ways.spans)
        self._planned += itinerary.planned
        return _Prepared(query, itinerary, matcher, ways.max_line)

    def _made_starting(self, prepared: _Prepared) -> Starting:
        return Starting(
            query=self._query,
            log=self._name,
            ways=self._ways,
            matcher=prepared.matcher,
            framing=prepared.framing,
            stages=self._stages,
            check_cancelled=self._check_cancelled,
            helped=self._helped,
        )

    def _go_on(self, prepared: _Prepared, starting: Starting) -> None:
        """Work on the file that is open, or on the next one; where it fails, the next ones are still worth it."""
        itinerary = prepared.itinerary
        if self._under_way is None and (file := itinerary.next()) is not None:
            self._under_way = _Opened(file)
        opened = self._under_way
        if opened is None:
            return
        try:
            self._work(opened, prepared, starting)
        except Overwritten:
            self._go_on_in_copy(opened, itinerary)
        except Failure as failure:
            if failure.status is Status.NOT_FOUND and opened.started is None and itinerary.begun:
                self._plan_anew(opened, itinerary)
                return
            self._failures.append(failure)
            self._leave(opened)
        except OSError as error:
            self._failures.append(failure_of(error, opened.file.name))
            self._leave(opened)

    def _work(self, opened: _Opened, prepared: _Prepared, starting: Starting) -> None:
        framing, itinerary = prepared.framing, prepared.itinerary
        with opened.descriptor.use() as descriptor:
            if opened.started is None:
                if itinerary.was_rotated(opened.file, descriptor):
                    self._plan_anew(opened, itinerary)
                    return
                with self._stages.timed("open"):
                    opened.fingerprint = identity.fingerprint_of(descriptor)
                    opened.started = starting.start(
                        opened.file, descriptor, opened.fingerprint, itinerary.take_resume()
                    )
                    itinerary.note(opened.fingerprint)
            scan = opened.started.scan
            with self._stages.timed("scan"):
                scan.advance(ENOUGH if framing.sent else 1)
            self._reached = scan.reached
            if scan.ended and itinerary.done:
                prepared.finish()  # while the file is open, as it may tell the time of what waited
            if scan.ended or framing.done:
                self._leave(opened)

    def _plan_anew(self, opened: _Opened, itinerary: Itinerary) -> None:
        """The files were rotated meanwhile."""
        opened.descriptor.give_up()
        self._under_way = None
        lost = itinerary.plan_anew(opened.file.name)
        if lost is not None:
            self.fail(lost)

    def _go_on_in_copy(self, opened: _Opened, itinerary: Itinerary) -> None:
        """The file was written over: the rest of what it held may be in a copy."""
        if opened.started is None:
            self._plan_anew(opened, itinerary)
            return
        reached = Position(self._ways.host, self._name, opened.fingerprint, opened.started.scan.reached)
        self._leave(opened)
        if not itinerary.go_on_from(reached):
            self._failures.append(losses.written_over(opened.file.name))

    def _leave(self, opened: _Opened) -> None:
        """Done with a file, which is closed in this thread: closing a deleted one frees it, which may take long."""
        opened.descriptor.give_up()
        self._under_way = None
        self._scanned += opened.scanned
        self._unpacking += opened.unpacking_ns
        self._planned += max(0, opened.scanned - expected(opened.file))
        if opened.started is None:
            return
        if opened.fingerprint >> 32:
            self._left = opened.fingerprint, opened.started.scan.reached
        text, loss = opened.started.text, opened.started.scan.loss
        if loss is not None:
            self._failures.append(loss)
        elif text is not None and text.is_whole:
            self._ways.spans.note(opened.file, text.first_time, text.last_time)

    def _note_position(self, framing: Framing | Counting) -> None:
        """How far the log is done once all that is framed is given out."""
        if self._reached is not None and isinstance(framing, Framing):
            fingerprint, offset = framing.reached(self._reached)
            if not fingerprint >> 32:  # an empty file cannot be told from others
                fingerprint, offset = self._left
            if fingerprint >> 32 or self._query.form.whole:
                self._position = Position(self._ways.host, self._name, fingerprint, offset)

    def _batch(self) -> Batch:
        scanned = self._all_scanned()
        told, self._told = self._told, scanned
        planned, self._planned = self._planned, 0
        framing = self._prepared.framing if self._prepared is not None else None
        batch = framing.take() if framing is not None and framing.count else SIGN_OF_LIFE
        told_position, self._told_position = self._told_position, self._position
        news = self._position is not None and self._position != told_position
        positions = (self._position,) if news and self._position is not None else ()
        return replace(batch, scanned=scanned - told, planned=planned, positions=positions)

    def _all_scanned(self) -> int:
        return self._scanned + (self._under_way.scanned if self._under_way is not None else 0)

    def fail(self, failure: Failure) -> None:
        """End with this failure."""
        self._failures.append(failure)
        self.ended = True

    def outcome(self, lines: int) -> Outcome:
        """How it ended, with so many lines sent."""
        losses = self._prepared.itinerary.losses if self._prepared is not None else []
        failures = [*losses, *self._failures, *self._limits()]
        notes = self._starting.notes if self._starting is not None else []
        status = failures[0].status if failures else Status.OK
        message = "; ".join(dict.fromkeys([*(failure.message for failure in failures), *notes]))
        unpacking = self._unpacking + (self._under_way.unpacking_ns if self._under_way is not None else 0)
        return Outcome(status, message, lines, self._all_scanned(), timings=self._stages.told(unpacking))

    def _limits(self) -> list[Failure]:
        if self._prepared is None:
            return []
        framing, reached = self._prepared.framing, []
        if framing.cut:
            lines = "1 line" if framing.cut == 1 else f"{framing.cut} lines"
            reached.append(f"{self._name}: {lines} longer than {self._ways.max_line} bytes were cut")
        if framing.refused:
            reached.append(f"max_bytes={self._query.limits.max_bytes} reached")
        return [Failure(Status.RESOURCE_EXHAUSTED, message) for message in reached]

    def close(self) -> None:
        """Have the file closed, now or by the thread that still reads it."""
        if self._under_way is not None:
            self._under_way.descriptor.give_up()


class _Opened:
    """A file under way: its descriptor, and what reads it once it is open."""

    def __init__(self, file: Generation) -> None:
        self.file = file
        self.descriptor = SharedDescriptor(file.open)
        self.started: Started | None = None
        self.fingerprint = 0

    @property
    def scanned(self) -> int:
        """Bytes of its text gone through; of an archive also those that nothing was asked of."""
        if self.started is None:
            return 0
        return self.started.scan.scanned if self.started.text is None else self.started.text.bytes_read

    @property
    def unpacking_ns(self) -> int:
        return 0 if self.started is None or self.started.text is None else self.started.text.unpacking_ns
