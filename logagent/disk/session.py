"""One query over the files of one log: what the threads that work on it, one after the other, have in common."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from typing import Protocol

from logagent.core.batch import SIGN_OF_LIFE, Batch, Origin, Position
from logagent.core.calendar import DAY
from logagent.core.cursor import of_log
from logagent.core.matching import Matcher
from logagent.core.outcome import Failure, Outcome, Status
from logagent.core.query import Order, Query, Unit
from logagent.core.timestamps import Stamper
from logagent.disk import resuming
from logagent.disk.archive import Archive
from logagent.disk.beneath import failure_of
from logagent.disk.counting import Counting
from logagent.disk.descriptor import Descriptor
from logagent.disk.framing import Framing
from logagent.disk.opening import Unpacked
from logagent.disk.ranges import bounds
from logagent.disk.reader import BLOCK_SIZES, MAX_LINE, Read, Reader
from logagent.disk.scan import ENOUGH, LIFE_BYTES, Scan
from logagent.disk.selection import is_ranged
from logagent.disk.spans import Spans
from logagent.disk.stamping import SAMPLE, Stamping, StampingAtHand
from logagent.disk.sweep import Sweep
from logagent.disk.threads import Work
from logagent.disk.unpacking import HEAD, Kind, head_of, kind_of

MAX_PLANS = 100
"""How often one query looks anew which files there are, because they were rotated: then it takes what it meets."""

PACKED_RATIO = 8
"""Bytes of text for each byte of an archive: a guess, to plan by. Logs are packed to a fifth (gzip) or a fifteenth (xz,
zstd); how much it is shows only once all of it is unpacked."""


class File(Protocol):
    """A file of a log.

    name: below its root. size, modified, identity: bytes, nanoseconds since the epoch, and device and inode (None: not
    known), as they were when it was found. packed: compressed, to judge by its name.
    open: gives a descriptor of a regular file, open for reading, which the caller closes; may raise `Failure`.
    """

    @property
    def name(self) -> str: ...

    @property
    def size(self) -> int: ...

    @property
    def modified(self) -> int: ...

    @property
    def open(self) -> Callable[[], int]: ...

    @property
    def packed(self) -> bool: ...

    @property
    def identity(self) -> tuple[int, int] | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """How the files of one log are read.

    host: which the lines come from. zone: of times that state none. max_line: longer lines are matched whole, but sent
    cut to so many bytes. sizes, life_bytes, read: see `Reader` and `Scan`. spans: what is known of files from before.
    """

    host: str
    zone: tzinfo
    max_line: int = MAX_LINE
    sizes: tuple[int, ...] = BLOCK_SIZES
    life_bytes: int = LIFE_BYTES
    read: Read = os.pread
    spans: Spans = field(default_factory=Spans)


class Session:
    """One query over files, newest first, of which one is open at a time. name: the log's.

    again: gives the files as they are by then. check_cancelled: called before each read; what it raises ends the work.
    helped: see `Sweep`.
    A thread that was given up may still be at work in here: after a cancelled call, only `close` may be called.

    ended: whether the last batch was given.
    """

    def __init__(
        self,
        query: Query,
        name: str,
        files: Sequence[File],
        ways: Ways,
        *,
        again: Callable[[], Sequence[File]],
        check_cancelled: Callable[[], None],
        helped: Callable[[Work], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        self._helped = helped
        self._query = query
        self._name = name
        self._newest = query.order is Order.NEWEST
        self._ways = ways
        self._again = again
        self._check_cancelled = check_cancelled
        self._files = files
        self._ahead: list[File] = []
        self._resume: Position | None = None
        self._last_mark = self._plans = 0
        self._reached: int | None = None
        self._position: Position | None = None
        self._told_position: Position | None = None
        self._planned = 0
        self._under_way: _Opened | None = None
        self._framing: Framing | Counting | None = None
        self._failures: list[Failure] = []
        self._notes: list[str] = []
        self._timings = {"open": 0, "scan": 0}
        self._timed_within = 0
        self._scanned = self._told = self._unpacking = 0
        self._finished = False
        self.ended = False

    def next_batch(self) -> Batch:
        """In a thread: the next batch, the first as soon as there is a line for it. It may be empty."""
        self._check_cancelled()
        try:
            framing, matcher = self._prepared()
            self._go_on(framing, matcher)
            if not self._under_way and (framing.done or not self._ahead):
                self._finish(framing)
                self.ended = True
            self._note_position(framing)
        except Failure as failure:
            self.fail(failure)
        except OSError as error:  # what waited is of a file that is closed by now, and cannot be timed
            self.fail(failure_of(error, self._name))
        return self._batch()

    def _prepared(self) -> tuple[Framing | Counting, Matcher]:
        if self._framing is None:
            with self._timed("open"):
                query = self._query
                self._matcher = Matcher(
                    query.keywords,
                    query.exclude,
                    query.ignore_case,
                    regex=query.regex,
                    exclude_regex=query.exclude_regex,
                    across=query.unit is Unit.EVENT,
                )
                framing = Framing(query, self._matcher, self._ways.max_line)
                self._framing = Counting(query, self._matcher) if query.hits else framing
                self._plan()
        return self._framing, self._matcher

    def _plan(self) -> None:
        """Which files are to be read: those that an earlier answer has not gone through, if it goes on."""
        newest = self._newest
        files = self._files
        position = of_log(self._query.positions, self._name)
        if position is not None:
            place = resuming.place_of(files, position.mark)
            self._resume = position if place is not None else None
            if place is not None:
                files = files[place:] if newest else files[: place + 1]
            elif not newest or position.offset:
                self._failures.append(resuming.gone(self._name, position))
            if place is None and newest:
                files = []
        files = [file for file in files if not self._is_out_of_range(file)]
        self._ahead = list(reversed(files)) if newest else list(files)
        self._planned = sum(map(_expected, files))

    def _is_out_of_range(self, file: File) -> bool:
        """Whether no line of a file can be asked for: it was last written to so long before the range that even times
        in another zone than is thought do not reach it, or its times are known from before."""
        query = self._query
        too_old = query.since is not None and file.modified + DAY < query.since
        return too_old or self._ways.spans.exclude(file, query)

    def _go_on(self, framing: Framing | Counting, matcher: Matcher) -> None:
        """Work on the file that is open, or on the next one; where it fails, the next ones are still worth it."""
        if self._under_way is None and self._ahead:
            self._under_way = _Opened(self._ahead.pop())
        opened = self._under_way
        if opened is None:
            return
        try:
            with opened.descriptor.use() as descriptor:
                if opened.scan is None and self._was_rotated(opened.file, descriptor):
                    self._plan_anew(opened)
                    return
                if opened.scan is None:
                    with self._timed("open"):
                        opened.mark = resuming.mark_of(descriptor)
                        self._last_mark = opened.mark if opened.mark >> 32 else self._last_mark
                        opened.scan = self._begin(opened, descriptor, framing, matcher)
                with self._timed("scan"):
                    opened.scan.advance(ENOUGH if framing.sent else 1)
                self._reached = opened.scan.reached
                if opened.scan.ended and not self._ahead:
                    self._finish(framing)  # while the file is open, as it may tell the time of what waited
                if opened.scan.ended or framing.done:
                    self._leave(opened)
        except Failure as failure:
            if failure.status is Status.NOT_FOUND and opened.scan is None and self._last_mark:
                self._plan_anew(opened)
                return
            self._failures.append(failure)
            self._leave(opened)
        except OSError as error:
            self._failures.append(failure_of(error, opened.file.name))
            self._leave(opened)

    def _note_position(self, framing: Framing | Counting) -> None:
        """How far the log is done once all that is framed is given out."""
        if self._reached is not None and isinstance(framing, Framing):
            mark, offset = framing.reached(self._reached)
            if mark >> 32:  # an empty file cannot be told from others
                self._position = Position(self._ways.host, self._name, mark, offset)

    def _finish(self, framing: Framing | Counting) -> None:
        if not self._finished:
            self._finished = True
            framing.finish()

    def _was_rotated(self, file: File, descriptor: int) -> bool:
        """Whether the name of a file stands for another one by now."""
        status = os.fstat(descriptor)
        return file.identity not in (None, (status.st_dev, status.st_ino)) and self._plans < MAX_PLANS

    def _plan_anew(self, opened: _Opened) -> None:
        """The files were rotated meanwhile: go on with the one that is now next to the one read last."""
        opened.descriptor.give_up()
        self._under_way = None
        self._plans += 1
        files = self._again()
        place = resuming.place_of(files, self._last_mark) if self._last_mark else None
        if place is not None:
            files = files[place + 1 :] if self._newest else files[:place]
        elif self._last_mark:
            files = ()
            self.fail(resuming.lost(self._name, opened.file.name))
        self._ahead = list(reversed(files)) if self._newest else list(files)

    def _leave(self, opened: _Opened) -> None:
        """Done with a file, which is closed in this thread: closing a deleted one frees it, which may take long."""
        opened.descriptor.give_up()
        self._under_way = None
        self._scanned += opened.scanned
        self._unpacking += opened.unpacking_ns
        self._planned += max(0, opened.scanned - _expected(opened.file))
        if opened.scan is not None:
            if opened.scan.loss is not None:
                self._failures.append(opened.scan.loss)
            elif opened.text is not None and opened.text.is_whole:
                self._ways.spans.note(opened.file, opened.text.first_time, opened.text.last_time)

    def _begin(self, opened: _Opened, descriptor: int, framing: Framing | Counting, matcher: Matcher) -> Scan:
        kind = kind_of(os.pread(descriptor, HEAD, 0))
        if kind is not None:
            return self._begin_archive(opened, descriptor, kind, framing, matcher)
        ways, file = self._ways, opened.file
        reader = Reader(
            descriptor,
            file.name,
            # Where every line is sent, reading is the least of it: small blocks keep what is held at a time small.
            sizes=ways.sizes[:-1] or ways.sizes if matcher.everything and not self._query.hits else ways.sizes,
            max_line=ways.max_line,
            read=ways.read,
            before_read=self._check_cancelled,
            sweep=self._sweep(descriptor, matcher),
        )
        stamping = Stamping(reader, *self._stamper(descriptor)) if self._wants_times else None
        if stamping is not None and reader.loss is None:
            self._ways.spans.note(file, stamping.first, stamping.last)
        self._enter(opened, framing, stamping, reader)
        begin, end = self._limits_in(reader, stamping)
        return Scan(self._query, reader, matcher, framing, begin=begin, end=end, life_bytes=ways.life_bytes)

    def _sweep(self, descriptor: int, matcher: Matcher) -> Sweep | None:
        if self._query.context or self._query.unit is Unit.EVENT:
            return None  # lines that do not match are needed, too
        return Sweep(
            descriptor,
            matcher.scout,
            read=self._ways.read,
            before_read=self._check_cancelled,
            helped=self._helped,
        )

    def _begin_archive(
        self, opened: _Opened, descriptor: int, kind: Kind, framing: Framing | Counting, matcher: Matcher
    ) -> Scan:
        ways, query = self._ways, self._query
        archive = Archive(
            descriptor,
            opened.file.name,
            kind,
            sizes=ways.sizes,
            max_line=ways.max_line,
            read=ways.read,
            before_read=self._check_cancelled,
        )
        beginning = head_of(descriptor, SAMPLE) if self._wants_times else b""
        stamping = StampingAtHand(archive, *self._stamper(descriptor), beginning) if self._wants_times else None
        self._enter(opened, framing, stamping)
        ranged = is_ranged(query) and stamping is not None and stamping.timed
        text = Unpacked(archive, query, matcher, stamping.stamps if ranged and stamping is not None else None)
        opened.text = text
        resume, self._resume = self._resume, None
        offset = resume.offset if resume is not None else None
        begin, end = (0, offset) if self._newest else (offset or 0, None)
        return Scan(query, text, matcher, framing, begin=begin, end=end, life_bytes=ways.life_bytes)

    def _enter(
        self, opened: _Opened, framing: Framing | Counting, stamping: Stamping | None, reader: Reader | None = None
    ) -> None:
        timed = stamping is None or stamping.timed
        origin = Origin(self._ways.host, opened.file.name, timed, self._name, opened.mark)
        if isinstance(framing, Framing):
            framing.enter(origin, stamping)
        elif stamping is not None:
            framing.enter(origin, stamping, reader)

    def _stamper(self, descriptor: int) -> tuple[Stamper, int]:
        modified = os.fstat(descriptor).st_mtime_ns
        return Stamper(self._ways.zone, modified), modified

    def _limits_in(self, reader: Reader, stamping: Stamping | None) -> tuple[int, int]:
        """From where to where a file is to be read."""
        begin, end = 0, reader.size
        if is_ranged(self._query) and stamping is not None:
            with self._timed("seek"):
                begin, end = self._range_in(reader, stamping)
        resume, self._resume = self._resume, None
        if resume is not None:
            start = resuming.line_start(reader, resume.offset)
            begin, end = (begin, min(end, start)) if self._newest else (max(begin, start), end)
        return min(begin, end), end

    def _range_in(self, reader: Reader, stamping: Stamping) -> tuple[int, int]:
        since, until = self._query.since, self._query.until
        if not stamping.timed:
            return 0, reader.size  # all of it has one time, by which its lines are chosen or not
        found = bounds(reader, stamping, since, until, zone=self._ways.zone)
        if found.jumped:
            self._notes.append(f"{reader.name}: its times do not ascend, so all of it was looked through")
        return found.begin, found.end

    @property
    def _wants_times(self) -> bool:
        query = self._query
        return query.times or query.hits or is_ranged(query) or query.unit is Unit.EVENT

    def _batch(self) -> Batch:
        scanned = self._all_scanned()
        told, self._told = self._told, scanned
        planned, self._planned = self._planned, 0
        batch = self._framing.take() if self._framing is not None and self._framing.count else SIGN_OF_LIFE
        told_position, self._told_position = self._told_position, self._position
        news = self._position is not None and self._position != told_position
        positions = (self._position,) if news and self._position is not None else ()
        return replace(batch, scanned=scanned - told, planned=planned, positions=positions)

    def _all_scanned(self) -> int:
        return self._scanned + (self._under_way.scanned if self._under_way is not None else 0)

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        """The time of a stage within another one is not the outer one's."""
        began, within, self._timed_within = time.perf_counter_ns(), self._timed_within, 0
        try:
            yield
        finally:
            spent = time.perf_counter_ns() - began
            self._timings[stage] = self._timings.get(stage, 0) + spent - self._timed_within
            self._timed_within = within + spent

    def _stages(self) -> dict[str, int]:
        """Nanoseconds spent in each stage; what the decoders took is known apart, but was spent while scanning."""
        unpacking = self._unpacking + (self._under_way.unpacking_ns if self._under_way is not None else 0)
        decompress = {"decompress": unpacking} if unpacking else {}
        return self._timings | {"scan": self._timings["scan"] - unpacking} | decompress

    def fail(self, failure: Failure) -> None:
        """End with this failure."""
        self._failures.append(failure)
        self.ended = True

    def outcome(self, lines: int) -> Outcome:
        """How it ended, with so many lines sent."""
        failures = [*self._failures, *self._limits()]
        status = failures[0].status if failures else Status.OK
        message = "; ".join(dict.fromkeys([*(failure.message for failure in failures), *self._notes]))
        return Outcome(status, message, lines, self._all_scanned(), timings=self._stages())

    def _limits(self) -> list[Failure]:
        framing = self._framing
        if framing is None:
            return []
        reached = []
        if framing.cut:
            lines = "1 line" if framing.cut == 1 else f"{framing.cut} lines"
            reached.append(f"{self._name}: {lines} longer than {self._ways.max_line} bytes were cut")
        if framing.refused:
            reached.append(f"max_bytes={self._query.max_bytes} reached")
        return [Failure(Status.RESOURCE_EXHAUSTED, message) for message in reached]

    def close(self) -> None:
        """Have the file closed, now or by the thread that still reads it."""
        if self._under_way is not None:
            self._under_way.descriptor.give_up()


class _Opened:
    """A file under way: its descriptor, and the scan once it is open."""

    def __init__(self, file: File) -> None:
        self.file = file
        self.descriptor = Descriptor(file.open)
        self.scan: Scan | None = None
        self.text: Unpacked | None = None
        self.mark = 0

    @property
    def scanned(self) -> int:
        """Bytes of its text gone through; of an archive also those that nothing was asked of."""
        if self.text is not None:
            return self.text.bytes_read
        return self.scan.scanned if self.scan is not None else 0

    @property
    def unpacking_ns(self) -> int:
        return self.text.unpacking_ns if self.text is not None else 0


def _expected(file: File) -> int:
    """Bytes of a file's text, as far as can be told beforehand."""
    return file.size * PACKED_RATIO if file.packed else file.size
