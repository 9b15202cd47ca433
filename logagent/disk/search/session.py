"""One query over the files of one log, worked on by one thread at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext

from logagent.core.batch import SIGN_OF_LIFE, Batch, Origin, Position
from logagent.core.matching.matcher import Matcher
from logagent.core.notes import NoteKind, Notes
from logagent.core.outcome import Failure, Outcome, Status, joined_causes
from logagent.core.query import Query
from logagent.disk.batches.batching import BatchBuilder
from logagent.disk.batches.builders import builder_for
from logagent.disk.catalog import identity, losses
from logagent.disk.catalog.logs import Generation
from logagent.disk.files.beneath import failure_of
from logagent.disk.files.overwritten import Overwritten
from logagent.disk.search.file_plan import FilePlan
from logagent.disk.search.open_file import OpenFile
from logagent.disk.search.options import ReadOptions
from logagent.disk.search.scan import enough_for
from logagent.disk.search.scan_setup import ScanSetup
from logagent.disk.search.search_progress import SearchProgress
from logagent.disk.search.timings import Timings
from logagent.disk.threads import Work


class _Prepared:
    """What a query needs before its first file is opened; made in a thread, since it compiles expressions and reads."""

    def __init__(self, plan: FilePlan, setup: ScanSetup) -> None:
        self.plan = plan
        self.setup = setup
        self.builder = setup.builder
        self._finished = False

    def take(self) -> Batch:
        """Return what was collected since the last call."""
        return self.builder.take() if self.builder.count else SIGN_OF_LIFE

    def told(self) -> tuple[list[Failure], list[Failure], list[str]]:
        """Return the losses met, the limits reached, and what else is to be said."""
        return self.plan.losses, _limits_reached(self.setup), self.setup.remarks

    def finish(self) -> None:
        """Collect the event or context that waits for more lines, since there are none."""
        if not self._finished and not self.builder.done:
            self._finished = True
            self.builder.finish()


def _never() -> bool:
    return False


class Session:
    """One query over the files of one log, of which one is open at a time.

    After a call was cancelled, an abandoned thread may still be running it: then only `close` may be called.

    Args:
        name: name of the log.
        files: newest first.
        options: how they are read.
        again: lists the files as they are now, in case they are rotated meanwhile; called in a thread.
        check_cancelled: called before each read; what it raises ends the work.
        helped: lends further threads for a while, see `ParallelSweep`.
        named: whether the log was asked for by its exact name; else a glob met it.

    Attributes:
        ended: whether the last batch was returned.
        timings: of its stages so far.
    """

    def __init__(
        self,
        query: Query,
        name: str,
        files: Sequence[Generation],
        options: ReadOptions,
        *,
        again: Callable[[], Sequence[Generation]],
        check_cancelled: Callable[[], None],
        helped: Callable[[Work], AbstractContextManager[object]] = nullcontext,
        named: bool = True,
    ) -> None:
        self._named = named
        self._query = query
        self._name = name
        self._files = files
        self._options = options.for_files(files)
        self._again = again
        self._check_cancelled, self._helped = check_cancelled, helped
        self.timings, self._is_over, self._enough = Timings(), _never, enough_for(query, alone=options.alone)
        self._progress = SearchProgress(options.host, name, whole=query.form.whole)
        self._prepared: _Prepared | None = None
        self._under_way: OpenFile | None = None
        self._failures, self._notes = list[Failure](), Notes()
        self.ended = False

    def next_batch(self, is_over: Callable[[], bool] = _never) -> Batch:
        """Return the next batch, which may be empty; blocks, in a thread.

        The first batch is returned as soon as it has a line; any batch soon once it `is_over`, since others wait.
        """
        self._check_cancelled()
        self._is_over = is_over
        try:
            prepared = self._prepare()
            self._advance(prepared)
            if not self._under_way and (prepared.builder.done or prepared.plan.done):
                prepared.finish()
                self.ended = True
            if isinstance(prepared.builder, BatchBuilder):
                self._progress.note_position(prepared.builder)
        except Failure as failure:
            self.fail(failure)
        except OSError as error:  # timing the event that waits needs its file, which is already closed
            self.fail(failure_of(error, self._name))
        batch = SIGN_OF_LIFE if self._prepared is None else self._prepared.take()
        return self._progress.tell(batch, self._under_way, self._notes.told())

    def _prepare(self) -> _Prepared:
        if self._prepared is None:
            with self.timings.timed("open"):
                matcher = Matcher.of(self._query)
                plan = FilePlan(self._query, self._name, self._files, self._again, self._options.known_times)
                self._progress.plan(plan.planned)
                self._prepared = _Prepared(plan, self._made_setup(matcher, plan))
        return self._prepared

    def _made_setup(self, matcher: Matcher, plan: FilePlan) -> ScanSetup:
        query, log = self._query, Origin(self._options.host, self._name, log=self._name)
        return ScanSetup(
            query=query,
            log=self._name,
            options=self._options,
            matcher=matcher,
            builder=builder_for(query, matcher, log, self._options.max_line, is_unread=plan.done),
            timings=self.timings,
            check_cancelled=self._check_cancelled,
            helped=self._helped,
            notes=self._notes,
            named=self._named,
            generations=self._files,
        )

    def _advance(self, prepared: _Prepared) -> None:
        """Read on in the open file or the next one; a failure ends only that file, and the next one is tried."""
        plan = prepared.plan
        if self._under_way is None and (file := plan.next()) is not None:
            self._under_way = OpenFile(file, self._options.begin)
        if (opened := self._under_way) is None:
            return
        try:
            self._work(opened, prepared)
        except Overwritten:
            self._go_on_in_copy(opened, plan)
        except Failure as failure:
            if failure.status is Status.NOT_FOUND and opened.begun is None and plan.may_be_renamed(opened.file):
                self._plan_anew(opened, plan)
                if plan.begun or not plan.done:
                    return
            self._note(opened, failure)
            self._leave(opened)
        except OSError as error:
            self._failures.append(failure_of(error, opened.file.name))
            self._leave(opened)

    def _note(self, opened: OpenFile, failure: Failure) -> None:
        """Note a failure; a file that a glob met and that may not be read is none."""
        if failure.status is Status.PERMISSION_DENIED and opened.begun is None and not self._named:
            self._notes.add(NoteKind.UNREADABLE, opened.file.name)
        else:
            self._failures.append(failure)

    def _work(self, opened: OpenFile, prepared: _Prepared) -> None:
        builder, plan = prepared.builder, prepared.plan
        with opened.descriptor.use() as descriptor:
            if opened.begun is None:
                if plan.was_rotated(opened.file, descriptor):
                    self._plan_anew(opened, plan)
                    return
                with self.timings.timed("open"):
                    opened.fingerprint = identity.fingerprint_of(descriptor)
                    opened.begun = prepared.setup.begin(opened.file, descriptor, opened.fingerprint, plan.take_resume())
                    plan.note(opened.fingerprint)
            if opened.begun is None:
                self._leave(opened)  # it holds no text
                return
            scan, before = opened.begun.scan, builder.count + builder.sent
            with self.timings.timed("scan"):
                scan.advance(self._enough if builder.sent else 1, self._is_over)
            self._progress.reach(scan.reached)
            if not opened.begun.trusted and (self._query.form.hits or builder.count + builder.sent > before):
                self._notes.add(NoteKind.TIMES, opened.file.name)
            if scan.ended and plan.done:
                prepared.finish()  # while the file is open, since timing the event that waits may read it
            if scan.ended or builder.done:
                self._options.finish(descriptor)
                self._leave(opened)

    def _plan_anew(self, opened: OpenFile, plan: FilePlan) -> None:
        """Continue with the files as they are now, after a rotation."""
        opened.descriptor.give_up()
        self._under_way = None
        if (lost := plan.plan_anew(opened.file.name)) is not None:
            self.fail(lost)

    def _go_on_in_copy(self, opened: OpenFile, plan: FilePlan) -> None:
        """Continue in the copy of a file that was overwritten, if there is one."""
        if opened.begun is None:
            self._plan_anew(opened, plan)
            return
        reached = Position(self._options.host, self._name, opened.fingerprint, opened.begun.scan.reached)
        self._leave(opened)
        if not plan.go_on_from(reached):
            self._failures.append(losses.written_over(opened.file.name))

    def _leave(self, opened: OpenFile) -> None:
        """Close a file in this thread, not on the event loop: freeing the space of a deleted file may take long."""
        opened.descriptor.give_up()
        self._under_way = None
        self._progress.leave(opened)
        if opened.begun is None:
            return
        archive, loss = opened.begun.archive, opened.begun.loss
        if loss is not None:
            self._failures.append(loss)
        elif archive is not None and archive.is_whole:
            self._options.known_times.note(opened.file, archive.first_time, archive.last_time)

    def fail(self, failure: Failure) -> None:
        """End with a failure."""
        self._failures.append(failure)
        self.ended = True

    def outcome(self, lines: int) -> Outcome:
        """Return how the query ended.

        Args:
            lines: number of lines that were sent.
        """
        losses, limits, remarks = ([], [], []) if self._prepared is None else self._prepared.told()
        failures = [*losses, *self._failures, *limits]
        status = failures[0].status if failures else Status.OK
        message = joined_causes([*(failure.message for failure in failures), *remarks])
        timings = self.timings.with_decompressing(self._progress.decompressing_ns(self._under_way))
        scanned = self._progress.scanned(self._under_way)
        return Outcome(status, message, lines, scanned, timings=timings, notes=self._notes.told())

    def close(self) -> None:
        """Close the file that is open: now, or when the thread that still reads it is done."""
        if self._under_way is not None:
            self._under_way.give_up()


def _limits_reached(setup: ScanSetup) -> list[Failure]:
    builder, reached = setup.builder, []
    if builder.cut:
        lines = "1 line" if builder.cut == 1 else f"{builder.cut} lines"
        reached.append(f"{setup.log}: {lines} longer than {setup.options.max_line} bytes were cut")
    if builder.refused:
        reached.append(f"max_bytes={setup.query.limits.max_bytes} reached")
    return [Failure(Status.RESOURCE_EXHAUSTED, message) for message in reached]
