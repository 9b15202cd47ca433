"""Selecting lines with context, and events of several lines, which may span several blocks and files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from logagent.core.batch import LineFlag, lines_of, starts_of
from logagent.core.matching.context import Contexts, Record
from logagent.core.matching.events import Events
from logagent.core.matching.matcher import Matcher
from logagent.core.query import Order, Query, Unit
from logagent.disk.batches.lines import NOTHING, LineSelector, SelectedLines
from logagent.disk.files.blocks import Block
from logagent.disk.times.stamping import Times


class RecordSelector:
    """Selects lines or events that match, with their context (see `Selector`)."""

    def __init__(self, query: Query, matcher: Matcher) -> None:
        self._newest = query.form.order is Order.NEWEST
        self._matcher = matcher
        self._range = query.range
        self._timed = self._range.is_bounded or query.form.times
        self._leading = query.match.after if self._newest else query.match.before
        self._contexts = Contexts(self._leading, query.trailing)
        self._context = query.match.has_context
        self._events = Events(newest=self._newest) if query.form.unit is Unit.EVENT else None
        self._stamping: Times | None = None
        self._stampings: dict[int, Times] = {}
        self._file = 0
        self._edge: int | None = None

    def enter(self, file: int, stamping: Times | None) -> None:
        """Begin with another file of the log."""
        self._file, self._stamping, self._edge = file, stamping, None
        if stamping is not None:
            self._stampings[file] = stamping
        if self._events is not None:
            self._events.file = file

    def add(self, block: Block) -> SelectedLines:
        """Select lines of a block."""
        self._notice_gap(block.offset, block.offset + len(block.body))
        return self._lines(block) if self._events is None else self._whole_events(block, self._events)

    def add_long(self, start: int, head: bytes, matches: bool) -> SelectedLines:
        """Select a line that is too long to be held; it ends the event before it."""
        self._edge = None
        kept = [] if self._events is None else self._events.finish()
        matching = {_place(record) for record in kept if self._matcher.matches(record.text)}
        long = Record(start, head, file=self._file)
        records = [long, *kept] if self._newest else [*kept, long]
        return self._picked(records, matching | {_place(long)} if matches else matching)

    def finish(self) -> SelectedLines:
        """Select the event that waits for further lines, since there are none, if it matches."""
        return NOTHING if self._events is None else self._picked_events(self._events.finish())

    @property
    def kept(self) -> Sequence[Record]:
        """Records that may still become context, and the event that waits, in the order of the answer."""
        waiting = self._contexts.recent
        if self._events is None or not self._events.kept:
            return waiting
        return [*waiting, self._events.head]

    @property
    def waits(self) -> bool:
        """Whether an event waits for its last lines."""
        return self._events is not None and bool(self._events.kept)

    def _notice_gap(self, begin: int, end: int) -> None:
        """Drop context and events at a gap: an archive leaves out blocks that hold neither matches nor context."""
        met, edge = (end, begin) if self._newest else (begin, end)
        if self._edge is not None and met != self._edge:
            self._contexts.skip()
            if self._events is not None:
                self._events.finish()
        self._edge = edge

    def _lines(self, block: Block) -> SelectedLines:
        spans = None if self._matcher.everything else self._matcher.spans(block.body)
        if spans == [] and self._contexts.idle and self._keep_edge(block):
            return NOTHING
        lines = lines_of(block.body)
        starts = starts_of(block.offset, lines)
        matching = starts if spans is None else [block.offset + start for start, _ in spans]
        places = {(self._file, start) for start in matching}
        return self._picked(_records(starts, lines, self._file), places)

    def _keep_edge(self, block: Block) -> bool:
        """Keep the lines of a block without matches that may be context later; return False if those are all lines."""
        cut = _first_lines if self._newest else _last_lines
        edge = cut(block, self._leading)
        if edge is not None:
            self._contexts.skip()
            self._picked(_records(*edge, self._file), set())
        return edge is not None

    def _whole_events(self, block: Block, events: Events) -> SelectedLines:
        stamps = _each_by_itself if self._stamping is None else self._stamping.stamps
        if not self._context and self._matcher.rules_out(events.kept + block.body):
            events.pass_over(block.offset, block.body, stamps)
            return NOTHING
        return self._picked_events(events.add(block.offset, block.body, stamps))

    def _picked_events(self, records: list[Record]) -> SelectedLines:
        matches = self._matcher.matches
        return self._picked(records, {_place(record) for record in records if matches(record.text)})

    def _picked(self, records: list[Record], matching: set[tuple[int, int]]) -> SelectedLines:
        """Pick matches and context from records in the order of the file; `matching` holds the places of matches."""
        if self._timed and self._stamping is not None:
            records = self._timely(records, self._stamping)
        if self._newest:
            records = records[::-1]
        matches = [place for place, record in enumerate(records) if _place(record) in matching]
        return _cut(*self._contexts.pick(records, matches), timed=self._timed)

    def _timely(self, records: list[Record], stamping: Times) -> list[Record]:
        """Return the records in the range, with their times."""
        here = [record for record in records if record.file == self._file]
        heads = [record.text.partition(b"\n")[0] for record in here]
        times = iter(stamping.times([record.start for record in here], heads))
        stamped = [
            record._replace(time=next(times) if record.file == self._file else self._time_elsewhere(record))
            for record in records
        ]
        asked = self._range.of_file(timed=stamping.timed)
        return [stamped[place] for place in asked.places([record.time for record in stamped])]

    def _time_elsewhere(self, record: Record) -> int:
        """Return the time of a record that began in an earlier file."""
        return self._stampings[record.file].alone(record.text.partition(b"\n")[0], record.start)


def _cut(records: list[Record], flags: bytearray, *, timed: bool) -> SelectedLines:
    """Cut records into lines; each line of an event but the first is flagged as continuing it."""
    starts: list[int] = []
    lines: list[bytes] = []
    times: list[int] = []
    files: list[int] = []
    line_flags = bytearray()
    for record, flag in zip(records, flags, strict=True):
        cut = record.text.split(b"\n")
        starts += starts_of(record.start, cut)
        lines += cut
        times += [record.time] * len(cut)
        files += [record.file] * len(cut)
        line_flags.append(flag)
        line_flags += bytes([LineFlag.CONTINUES]) * (len(cut) - 1)
    return SelectedLines(starts, lines, bytes(line_flags), times if timed else None, files)


def _place(record: Record) -> tuple[int, int]:
    """Return the file and the offset of a record."""
    return record.file, record.start


def _each_by_itself(_: int, lines: Sequence[bytes]) -> Sequence[int | None]:
    return [0] * len(lines)


def _records(starts: list[int], lines: list[bytes], file: int) -> list[Record]:
    return [Record(start, line, 0, file) for start, line in zip(starts, lines, strict=True)]


def _first_lines(block: Block, count: int) -> tuple[list[int], list[bytes]] | None:
    """Return the offsets and texts of the first `count` lines of a block; None if it has no more than these."""
    lines = block.body.split(b"\n", count)
    if len(lines) <= count or not lines.pop():
        return None
    return starts_of(block.offset, lines), lines


def _last_lines(block: Block, count: int) -> tuple[list[int], list[bytes]] | None:
    """Return the offsets and texts of the last `count` lines of a block; None if it has no more than these."""
    body = block.body.removesuffix(b"\n")
    lines = body.rsplit(b"\n", count)
    if len(lines) <= count:
        return None
    first = lines.pop(0)
    return starts_of(block.offset + len(first) + 1, lines), lines


class Selector(Protocol):
    """Selects lines for an answer from blocks that come in the order of the answer."""

    def enter(self, file: int, stamping: Times | None) -> None:
        """Begin with another file of the log.

        Args:
            file: its number, counted from 0.
            stamping: gives its lines their times; None: none are wanted.
        """

    def add(self, block: Block) -> SelectedLines:
        """Select lines of a block, and of earlier blocks if they are context or the beginning of an event."""

    def add_long(self, start: int, head: bytes, matches: bool) -> SelectedLines:
        """Select a line that is too long to be held.

        Args:
            start: its offset in the file.
            head: its first bytes.
            matches: whether the whole line matches.
        """

    def finish(self) -> SelectedLines:
        """Select the records that wait for further blocks, since there are none."""

    @property
    def waits(self) -> bool:
        """Whether an event waits for its last lines."""

    @property
    def kept(self) -> Sequence[Record]:
        """The records that were added and may still be selected, in the order of the answer."""


def selector_for(query: Query, matcher: Matcher, *, starts: bool) -> Selector:
    """Return the selector for a query.

    Args:
        starts: whether the offsets of lines are wanted.
    """
    if query.match.has_context or query.form.unit is Unit.EVENT:
        return RecordSelector(query, matcher)
    return LineSelector(query, matcher, starts=starts)
