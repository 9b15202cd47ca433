"""Starting: what reads an open file for a query, be it plain or an archive, and from where to where."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from logagent.core.batch import Origin, Position
from logagent.core.cursor import FINGERPRINT_BYTES
from logagent.core.matching.matcher import Matcher
from logagent.core.outcome import Failure, Status
from logagent.core.query import Order, Query, Unit
from logagent.core.times.stamper import Stamper
from logagent.disk.archives.archive import Archive
from logagent.disk.archives.compression import HEAD, Compression, compression_of
from logagent.disk.archives.decoding import head_of
from logagent.disk.batches.batching import Framing
from logagent.disk.batches.counting import Counting
from logagent.disk.catalog.logs import Generation
from logagent.disk.files import line_breaks, overwritten
from logagent.disk.files.parallel_sweep import ParallelSweep
from logagent.disk.files.reader import Reader
from logagent.disk.search.archive_lines import Unpacked
from logagent.disk.search.options import Ways
from logagent.disk.search.scan import Scan
from logagent.disk.search.timings import Stages
from logagent.disk.threads import Work
from logagent.disk.times.bisection import bounds
from logagent.disk.times.stamping import SAMPLE, ArchiveTimes, FileTimes


@dataclass(frozen=True, slots=True)
class Started:
    """A file that is being read. text: of an archive."""

    scan: Scan
    text: Unpacked | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Starting:
    """Starts to read one file of a log after the other for one query.

    log: its name. check_cancelled: called before each read. helped: see `ParallelSweep`. notes: takes what people
    should know.
    """

    query: Query
    log: str
    ways: Ways
    matcher: Matcher
    framing: Framing | Counting
    stages: Stages
    check_cancelled: Callable[[], None]
    helped: Callable[[Work], AbstractContextManager[object]]
    notes: list[str] = field(default_factory=list)

    def start(self, file: Generation, descriptor: int, fingerprint: int, resume: Position | None) -> Started:
        """Begin with a file that is open; `resume` says how far it was read before. Raises `OSError`, `Failure` and
        `Overwritten`."""
        kind = compression_of(os.pread(descriptor, HEAD, 0))
        if kind is not None:
            return self._archive(file, descriptor, fingerprint, kind, resume)
        if file.compressed and not _is_text(os.pread(descriptor, FINGERPRINT_BYTES, 0)):
            raise Failure(Status.DATA_LOSS, f"{file.name}: damaged: it is not the archive that its name says")
        return Started(self._plain(file, descriptor, fingerprint, resume))

    def _plain(self, file: Generation, descriptor: int, fingerprint: int, resume: Position | None) -> Scan:
        ways, matcher = self.ways, self.matcher
        reader = Reader(
            descriptor,
            file.name,
            # Where every line is sent, reading is the least of it: small blocks keep what is held at a time small.
            sizes=ways.sizes[:-1] or ways.sizes if matcher.everything and not self.query.form.hits else ways.sizes,
            max_line=ways.max_line,
            read=overwritten.guarded(ways.read, os.pread(descriptor, FINGERPRINT_BYTES, 0)),
            before_read=self.check_cancelled,
            sweep=self._sweep(descriptor),
        )
        stamping = FileTimes(reader, *self._stamper(descriptor)) if self._wants_times else None
        if stamping is not None and reader.loss is None:
            ways.spans.note(file, stamping.first, stamping.last)
        self._enter(file, fingerprint, stamping, reader)
        begin, end = self._limits_in(reader, descriptor, stamping, resume)
        return Scan(self.query, reader, matcher, self.framing, begin=begin, end=end, life_bytes=ways.life_bytes)

    def _sweep(self, descriptor: int) -> ParallelSweep | None:
        if self.query.match.has_context or self.query.form.unit is Unit.EVENT:
            return None  # lines that do not match are needed, too
        return ParallelSweep(
            descriptor,
            self.matcher.scout,
            read=self.ways.read,
            before_read=self.check_cancelled,
            helped=self.helped,
        )

    def _archive(
        self, file: Generation, descriptor: int, fingerprint: int, kind: Compression, resume: Position | None
    ) -> Started:
        ways, query = self.ways, self.query
        archive = Archive(
            descriptor,
            file.name,
            kind,
            sizes=ways.sizes,
            max_line=ways.max_line,
            kept=ways.kept,
            read=ways.read,
            before_read=self.check_cancelled,
        )
        beginning = head_of(descriptor, SAMPLE) if self._wants_times else b""
        stamping = ArchiveTimes(archive, *self._stamper(descriptor), beginning) if self._wants_times else None
        self._enter(file, fingerprint, stamping)
        ranged = query.range.is_bounded and stamping is not None and stamping.timed
        text = Unpacked(archive, query, self.matcher, stamping.stamps if ranged and stamping is not None else None)
        offset = resume.offset if resume is not None else None
        begin, end = (0, offset) if query.form.order is Order.NEWEST else (offset or 0, None)
        scan = Scan(query, text, self.matcher, self.framing, begin=begin, end=end, life_bytes=ways.life_bytes)
        return Started(scan, text)

    def _enter(
        self, file: Generation, fingerprint: int, stamping: FileTimes | None, reader: Reader | None = None
    ) -> None:
        origin = Origin(self.ways.host, file.name, stamping is None or stamping.timed, self.log, fingerprint)
        if isinstance(self.framing, Framing):
            self.framing.enter(origin, stamping)
        elif stamping is not None:
            self.framing.enter(origin, stamping, reader)

    def _stamper(self, descriptor: int) -> tuple[Stamper, int]:
        modified = os.fstat(descriptor).st_mtime_ns
        return Stamper(self.ways.zone, modified), modified

    @property
    def _wants_times(self) -> bool:
        query = self.query
        return query.form.times or query.form.hits or query.range.is_bounded or query.form.unit is Unit.EVENT

    def _limits_in(
        self, reader: Reader, descriptor: int, stamping: FileTimes | None, resume: Position | None
    ) -> tuple[int, int]:
        """From where to where a file is to be read."""
        begin, end = 0, reader.size
        if self.query.range.is_bounded and stamping is not None:
            with self.stages.timed("seek"):
                begin, end = self._range_in(reader, stamping)
        if resume is not None:
            start = self._start_at(resume.offset, reader)
            newest = self.query.form.order is Order.NEWEST
            begin, end = (begin, min(end, start)) if newest else (max(begin, start), end)
        if self.query.form.whole and reader.name == self.log:  # the other files have an end
            end = min(end, max(begin, line_breaks.whole_end(descriptor)))
        return min(begin, end), end

    def _start_at(self, offset: int, reader: Reader) -> int:
        """Where to go on. A follow may have given part of a line, and wants the rest of it."""
        return min(offset, reader.size) if self.query.form.whole else line_breaks.line_start(reader, offset)

    def _range_in(self, reader: Reader, stamping: FileTimes) -> tuple[int, int]:
        if not stamping.timed:
            return 0, reader.size  # all of it has one time, by which its lines are chosen or not
        found = bounds(reader, stamping, self.query.range.since, self.query.range.until, zone=self.ways.zone)
        if found.jumped:
            self.notes.append(f"{reader.name}: its times do not ascend, so all of it was looked through")
        return found.begin, found.end


def _is_text(head: bytes) -> bool:
    """Whether a file may be lines all the same, by its first bytes, the last of which may be half a character."""
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start > len(head) - 4
    return b"\0" not in head
