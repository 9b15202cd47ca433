"""Setting up the scan of an open file, plain or compressed: chooses its reader and the range of offsets to read."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial

from logagent.core.batch import Origin, Position
from logagent.core.code_units import tagged
from logagent.core.cursor import FINGERPRINT_BYTES
from logagent.core.matching.matcher import Matcher
from logagent.core.notes import NoteKind, Notes
from logagent.core.outcome import Failure, Status
from logagent.core.query import Order, Query, Unit
from logagent.core.units import SECOND
from logagent.disk.archives.archive import Archive
from logagent.disk.archives.compression import CONTAINERS, OF_PROGRAMS, Compression
from logagent.disk.archives.decoding import Decompression, head_behind_nuls, read_up_to
from logagent.disk.archives.file_form import damage_of_head, form_of
from logagent.disk.archives.file_places import FilePlaces
from logagent.disk.archives.text_source import in_utf8
from logagent.disk.batches.batching import BatchBuilder
from logagent.disk.batches.builders import Builder
from logagent.disk.batches.counting import HitCounter
from logagent.disk.batches.file_counting import FileCounter
from logagent.disk.batches.picking import LinePicker
from logagent.disk.catalog import losses
from logagent.disk.catalog.logs import Generation
from logagent.disk.files import line_breaks, overwritten
from logagent.disk.files.blocks import UNKNOWN
from logagent.disk.files.parallel_sweep import ParallelSweep, Search
from logagent.disk.files.reader import Reader
from logagent.disk.files.text_form import UNIT, aligned, hiding_lead, mark_at, nuls_before, without_lead
from logagent.disk.search.archive_lines import ArchiveLines
from logagent.disk.search.judged_times import JudgedFile, fingerprint_with_trust
from logagent.disk.search.options import COUNTED, ReadOptions
from logagent.disk.search.scan import Scan
from logagent.disk.search.timings import Timings
from logagent.disk.threads import Work
from logagent.disk.times.bisection import bounds
from logagent.disk.times.stamping import SAMPLE, FileTimes

FRESH = 60 * SECOND
"""Nanoseconds after the last write to an archive for which a follow does not take its missing end for a loss: a program
that writes it ends it only when it closes it."""


@dataclass(frozen=True, slots=True)
class FileScan:
    """A file that is being read.

    Attributes:
        scan: collects its lines.
        archive: the archive that the scan reads; None if the file is plain.
        trusted: whether the lines' times are trusted, or not asked for, or there is no line.
        resume: how far an earlier answer read the file; None: not at all.
        size: bytes of the file, if it is not compressed; None: those of the text, once they are known.
    """

    scan: Scan
    archive: ArchiveLines | None = None
    trusted: bool = True
    resume: Position | None = None
    size: int | None = None

    @property
    def loss(self) -> Failure | None:
        """Why some lines are missing; None as long as none are."""
        if self.scan.loss is not None or self.resume is None:
            return self.scan.loss
        size = self.scan.size if self.size is None else self.size
        # An earlier answer counted a line break, of up to `UNIT` bytes, behind a last line that had none.
        is_short = size + UNIT < self.resume.offset < UNKNOWN
        return losses.cut_short(self.scan.name, self.resume) if is_short else None

    @property
    def reached(self) -> int:
        """Offset in the file up to which lines are collected."""
        return self.scan.reached if self.archive is None else self.archive.place_of(self.scan.reached)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanSetup:
    """Sets up the scan of each file of a log for one query.

    Attributes:
        log: name of the log.
        check_cancelled: called before each read; what it raises ends the work.
        helped: lends further threads for a while, see `ParallelSweep`.
        named: whether the log was asked for by its exact name; else a glob met it, and what holds no text is a note.
        generations: of the log, newest first.
        remarks: sentences for the message of the answer's verdict; `begin` adds to them.
        notes: of the answer; whoever reads a file adds to them, for instance `notes.add(NoteKind.TIMES, file.name)`.
    """

    query: Query
    log: str
    options: ReadOptions
    matcher: Matcher
    builder: Builder
    timings: Timings
    check_cancelled: Callable[[], None]
    helped: Callable[[Work], AbstractContextManager[object]]
    named: bool = True
    generations: Sequence[Generation] = ()
    remarks: list[str] = field(default_factory=list)
    notes: Notes = field(default_factory=Notes)

    def begin(self, file: Generation, descriptor: int, fingerprint: int, resume: Position | None) -> FileScan | None:
        """Begin to read a file; None: a glob met it, and it holds no text.

        Args:
            descriptor: of the file, open for reading; stays the caller's.
            fingerprint: of its first bytes.
            resume: how far an earlier answer read it; None: not at all.

        Raises:
            Failure: when its text is damaged or cannot be decoded, or it was asked for by its name and holds none.
            OSError: when it cannot be read.
            Overwritten: when it is overwritten meanwhile.
        """
        form = form_of(descriptor, self.check_cancelled)
        if file.compressed and (damage := damage_of_head(form)) is not None:
            raise Failure(Status.DATA_LOSS, f"{file.name}: damaged: {damage}")
        if form.binary is not None and self.named:
            raise Failure(Status.DATA_LOSS, f"{file.name}: {form.binary}, and is not searched")
        of_program = form.kind in CONTAINERS and OF_PROGRAMS.search(file.name) is not None
        if form.binary is not None or (of_program and not self.named):
            self.notes.add(NoteKind.BINARY, file.name)
            return None
        if form.kind is not None or form.encoding is not None:
            return self._archive(file, descriptor, fingerprint, form.kind, form.encoding, resume)
        return self._plain(file, descriptor, fingerprint, form.nuls, resume)

    def _plain(
        self, file: Generation, descriptor: int, fingerprint: int, nuls: int, resume: Position | None
    ) -> FileScan:
        options, matcher = self.options, self.matcher
        head = os.pread(descriptor, FINGERPRINT_BYTES, nuls)
        lead = nuls + mark_at(head)
        reader = Reader(
            descriptor,
            file.name,
            sizes=_sizes(options, self.query, matcher),
            max_line=options.max_line,
            read=hiding_lead(overwritten.guarded(options.read, head, nuls), lead),
            before_read=self.check_cancelled,
            sweep=self._sweep(descriptor),
            announce=options.announce,
        )
        stamping = None
        if self.query.reads_times:
            judged, every = JudgedFile.of(descriptor, fingerprint), self.generations
            stamping = judged.times(file, reader, options, begin=nuls, resume=resume, generations=every)
        self._enter(file, fingerprint, stamping, reader)
        begin, end = self._limits_in(reader, descriptor, stamping, resume)
        begin = max(begin, lead)
        end = max(begin, end)
        scan = Scan(self.query, reader, matcher, self.builder, begin=begin, end=end, life_bytes=options.life_bytes)
        trusted = stamping is None or stamping.timed or not reader.size
        return FileScan(scan, trusted=trusted, resume=resume, size=reader.size)

    def _sweep(self, descriptor: int) -> ParallelSweep | None:
        if self.query.match.has_context or self.query.form.unit is Unit.EVENT:
            return None  # lines that do not match are needed too
        return ParallelSweep(
            descriptor,
            self.builder.examiner if isinstance(self.builder, HitCounter) else Search.by(self.matcher.scout),
            read=self.options.read,
            before_read=self.check_cancelled,
            helped=self.helped,
            announce=self.options.announce,
        )

    def _archive(
        self,
        file: Generation,
        descriptor: int,
        fingerprint: int,
        kind: Compression | None,
        encoding: str | None,
        resume: Position | None,
    ) -> FileScan:
        options, query = self.options, self.query
        offset = resume.offset if resume is not None else None
        held = offset - UNKNOWN if offset is not None and offset > UNKNOWN else None
        newest = query.form.order is Order.NEWEST
        if held is not None and kind is not None and not newest:
            offset = self._text_held(descriptor, kind, held)
        archive = Archive(
            descriptor,
            file.name,
            kind,
            encoding=encoding,
            sizes=options.sizes,
            max_line=options.max_line,
            kept=options.kept,
            read=options.read if held is None or not newest else read_up_to(held, options.read),
            before_read=self.check_cancelled,
        )
        stamping = None
        if self.query.reads_times:
            judged, every = JudgedFile.of(descriptor, fingerprint), (file, *self.generations)
            stamping = judged.times_in(archive, options, _beginning(descriptor, kind, encoding), resume, every)
        self._enter(file, tagged(fingerprint, archive.places.unit), stamping, places=archive.places)
        stamps = partial(stamping.stamps, 0) if stamping is not None and self._skips_by_time(stamping) else None
        grows, picker = held is not None and _is_fresh(descriptor), self._picker(archive, stamping)
        lines = ArchiveLines(archive, query, self.matcher, stamps, grows=grows, picker=picker)
        begin, end = (0, offset) if newest else (offset or 0, None)
        scan = Scan(query, lines, self.matcher, self.builder, begin=begin, end=end, life_bytes=options.life_bytes)
        trusted, size = stamping is None or stamping.timed, os.fstat(descriptor).st_size if kind is None else None
        # A place in an archive of UTF-16 cannot be compared with the bytes of its text.
        known = resume if kind is None or archive.places.unit == 1 else None
        return FileScan(scan, lines, trusted=trusted, resume=known, size=size)

    def _skips_by_time(self, stamping: FileTimes) -> bool:
        return self.query.range.is_bounded and stamping.timed and stamping.is_even

    def _picker(self, archive: Archive, stamping: FileTimes | None) -> LinePicker | None:
        """Return what picks an archive's lines; None if blocks are needed: lines have neighbours, or are counted."""
        form = self.query.form
        picks = form.unit is Unit.LINE and not self.query.match.has_context and archive.places.unit == 1
        return LinePicker(self.query, self.matcher, stamping) if picks and not form.hits else None

    def _text_held(self, descriptor: int, kind: Compression, held: int) -> int:
        """Return how many bytes of text the first bytes of an archive hold; see `GrowingArchive`."""
        if os.fstat(descriptor).st_size <= held:
            return UNKNOWN
        read = read_up_to(held, self.options.read)
        text = Decompression(descriptor, "", kind, read=read, before_read=self.check_cancelled)
        return sum(map(len, text.chunks()))

    def _enter(
        self,
        file: Generation,
        fingerprint: int,
        stamping: FileTimes | None,
        reader: Reader | None = None,
        places: FilePlaces | None = None,
    ) -> None:
        trusted, fingerprint = stamping is None or stamping.timed, fingerprint_with_trust(fingerprint, stamping)
        origin = Origin(self.options.host, file.name, trusted, self.log, fingerprint)
        if isinstance(self.builder, BatchBuilder):
            self.builder.enter(origin, stamping, None if places is None or places.unit == 1 else places.place_of)
        elif isinstance(self.builder, FileCounter):
            self.builder.enter(stamping)
        elif stamping is not None:
            self.builder.enter(origin, stamping, reader)

    def _limits_in(
        self, reader: Reader, descriptor: int, stamping: FileTimes | None, resume: Position | None
    ) -> tuple[int, int]:
        """Return the offsets from which and up to which a file is to be read."""
        begin, end = 0, reader.size
        if self.query.range.is_bounded and stamping is not None:
            with self.timings.timed("seek"):
                begin, end = self._range_in(reader, stamping)
        if resume is not None:
            start = self._start_at(resume.offset, reader)
            newest = self.query.form.order is Order.NEWEST
            begin, end = (begin, min(end, start)) if newest else (max(begin, start), end)
        if self.query.form.whole and reader.name == self.log:  # the last line of an older file gets no more bytes
            end = min(end, max(begin, line_breaks.whole_end(descriptor)))
        return min(begin, end), end

    def _start_at(self, offset: int, reader: Reader) -> int:
        """Return the offset to continue at: the position itself for a follow (`whole`), else a line's beginning."""
        return min(offset, reader.size) if self.query.form.whole else line_breaks.line_start(reader, offset)

    def _range_in(self, reader: Reader, stamping: FileTimes) -> tuple[int, int]:
        if not stamping.timed:
            return 0, reader.size  # all lines have one time: either all are in the range or none is
        found = bounds(reader, stamping, self.query.range.since, self.query.range.until, zone=self.options.zone)
        if found.jumped:
            self.remarks.append(f"{reader.name}: its times do not ascend, so all of it was scanned")
        return found.begin, found.end


def _sizes(options: ReadOptions, query: Query, matcher: Matcher) -> tuple[int, ...]:
    """Return the sizes of blocks; those whose matches are counted are larger, since nothing is made of them."""
    counts = query.form.hits and query.form.unit is Unit.LINE and not matcher.everything
    return (*options.sizes, COUNTED * options.sizes[-1]) if counts else options.sizes


def _is_fresh(descriptor: int) -> bool:
    """Return whether a file may be written to at the moment."""
    return os.fstat(descriptor).st_mtime_ns > time.time_ns() - FRESH


def _beginning(descriptor: int, kind: Compression | None, encoding: str | None) -> bytes:
    """Return the first lines of a text that is read as an archive."""
    if kind is None:
        head = os.pread(descriptor, SAMPLE, aligned(nuls_before(descriptor, os.fstat(descriptor).st_size)))
    else:
        head = head_behind_nuls(descriptor, kind, SAMPLE)
    return without_lead(in_utf8(head, encoding))
