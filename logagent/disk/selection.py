"""Selection: what a query asks for of the blocks of one log, in the order of the answer.

Lines by themselves come straight from the matcher. Where there is context, or events are asked for, every line of a
block with a match is looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple, Protocol, TypeVar

from logagent.core.batch import Mark
from logagent.core.contexts import Contexts, Record
from logagent.core.events import Events
from logagent.core.matching import Matcher
from logagent.core.query import Order, Query, Unit
from logagent.disk.reader import Block
from logagent.disk.stamping import Stamping

T = TypeVar("T")


class Selected(NamedTuple):
    """Lines for an answer. starts: where they begin in their file, empty where nobody asks. marks: as in a batch.
    times: likewise, where they were needed for selecting, else None. files: the number of the file of each, where not
    all are of the one entered last."""

    starts: list[int]
    lines: list[bytes]
    marks: bytes | None = None
    times: list[int] | None = None
    files: list[int] | None = None
    begin: int = 0

    def start(self, place: int, *, newest: bool) -> int:
        """Where the line at a place begins."""
        if self.starts:
            return self.starts[place]
        before = self.lines[place + 1 :] if newest else self.lines[:place]
        return self.begin + sum(map(len, before)) + len(before)

    def first_of_record(self, place: int) -> int:
        """The place of the first line of the record that the line at a place belongs to."""
        while place and self.marks is not None and self.marks[place] & Mark.CONTINUES:
            place -= 1
        return place

    def last_of_record(self, place: int) -> int:
        """The place of the last line, likewise."""
        while self.marks is not None and place + 1 < len(self.lines) and self.marks[place + 1] & Mark.CONTINUES:
            place += 1
        return place


NOTHING = Selected([], [])


class Selection(Protocol):
    """Picks lines out of blocks that come in the order of the answer."""

    def enter(self, file: int, stamping: Stamping | None) -> None:
        """The blocks to come are of another file of the log: its number, and what gives its lines their times."""

    def add(self, block: Block) -> Selected: ...

    def add_long(self, start: int, head: bytes, matches: bool) -> Selected:
        """Of a line that is too long to be held; only its head is at hand."""

    def finish(self) -> Selected:
        """What waited for further blocks, of which there are none."""

    @property
    def kept(self) -> Sequence[Record]:
        """What is kept in mind of what was added and not given, in the order of the answer."""


def selection(query: Query, matcher: Matcher, *, starts: bool) -> Selection:
    """What selects for a query. starts: whether the places of lines are wanted."""
    if query.context or query.unit is Unit.EVENT:
        return Records(query, matcher)
    return Lines(query, matcher, starts=starts)


def is_ranged(query: Query) -> bool:
    """Whether a query asks for a range of time."""
    return query.since is not None or query.until is not None


class Lines:
    """Matching lines, each by itself."""

    def __init__(self, query: Query, matcher: Matcher, *, starts: bool) -> None:
        self._newest = query.order is Order.NEWEST
        self._matcher = matcher
        self._range = _Range(query)
        self._starts = starts or self._range.bounded
        self._stamping: Stamping | None = None

    def enter(self, file: int, stamping: Stamping | None) -> None:
        self._stamping = stamping

    @property
    def kept(self) -> Sequence[Record]:
        return ()

    def add(self, block: Block) -> Selected:
        starts, lines = self._matching(block)
        times: list[int] | None = None
        if self._range.bounded and self._stamping is not None:
            times = self._stamping.times(starts, lines)
            inside = self._range.inside(times)
            if len(inside) < len(lines):
                starts, lines, times = (_at(inside, starts), _at(inside, lines), _at(inside, times))
        if self._newest:
            starts.reverse()
            lines.reverse()
            times = times and times[::-1]
        return Selected(starts, lines, None, times, begin=block.offset)

    def add_long(self, start: int, head: bytes, matches: bool) -> Selected:
        if not matches or not self._is_inside(start, head):
            return NOTHING
        return Selected([start], [head])

    def finish(self) -> Selected:
        return NOTHING

    def _is_inside(self, start: int, line: bytes) -> bool:
        if not self._range.bounded or self._stamping is None:
            return True
        return bool(self._range.inside(self._stamping.times([start], [line])))

    def _matching(self, block: Block) -> tuple[list[int], list[bytes]]:
        offset, body = block
        spans = self._matcher.some_spans(body)
        if spans is None:
            return self._everything(block)
        starts = [offset + start for start, _ in spans]
        return starts, [body[start:end] for start, end in spans]

    def _everything(self, block: Block) -> tuple[list[int], list[bytes]]:
        lines = _lines_of(block.body)
        return (_starts_of(block.offset, lines) if self._starts else []), lines


class Records:
    """Lines or events with what is beside them."""

    def __init__(self, query: Query, matcher: Matcher) -> None:
        self._newest = query.order is Order.NEWEST
        self._matcher = matcher
        self._range = _Range(query)
        self._timed = self._range.bounded or query.times
        self._leading = query.after if self._newest else query.before
        self._contexts = Contexts(self._leading, query.trailing)
        self._context = query.context
        self._events = Events(newest=self._newest) if query.unit is Unit.EVENT else None
        self._stamping: Stamping | None = None
        self._file = 0
        self._edge: int | None = None

    def enter(self, file: int, stamping: Stamping | None) -> None:
        self._file, self._stamping, self._edge = file, stamping, None
        if self._events is not None:
            self._events.file = file

    def add(self, block: Block) -> Selected:
        self._notice_gap(block.offset, block.offset + len(block.body))
        return self._lines(block) if self._events is None else self._whole_events(block, self._events)

    def add_long(self, start: int, head: bytes, matches: bool) -> Selected:
        self._edge = None
        kept = [] if self._events is None else self._events.finish()
        matching = {_place(record) for record in kept if self._matcher.matches(record.text)}
        long = Record(start, head, file=self._file)
        records = [long, *kept] if self._newest else [*kept, long]
        return self._picked(records, matching | {_place(long)} if matches else matching)

    def finish(self) -> Selected:
        return NOTHING if self._events is None else self._picked_events(self._events.finish())

    @property
    def kept(self) -> Sequence[Record]:
        waiting = self._contexts.recent
        if self._events is None or not self._events.kept:
            return waiting
        return [*waiting, self._events.head]

    def _notice_gap(self, begin: int, end: int) -> None:
        """An archive leaves out what can hold no match, nor anything beside one."""
        met, edge = (end, begin) if self._newest else (begin, end)
        if self._edge is not None and met != self._edge:
            self._contexts.skip()
            if self._events is not None:
                self._events.finish()
        self._edge = edge

    def _lines(self, block: Block) -> Selected:
        spans = None if self._matcher.everything else self._matcher.spans(block.body)
        if spans == [] and self._contexts.idle and self._keep_edge(block):
            return NOTHING
        lines = _lines_of(block.body)
        starts = _starts_of(block.offset, lines)
        matching = starts if spans is None else [block.offset + start for start, _ in spans]
        places = {(self._file, start) for start in matching}
        return self._picked(_records(starts, lines, self._file), places)

    def _keep_edge(self, block: Block) -> bool:
        """Have the lines of a block without a match kept in mind that can still be context; false if all can."""
        cut = _first_lines if self._newest else _last_lines
        edge = cut(block, self._leading)
        if edge is not None:
            self._contexts.skip()
            self._picked(_records(*edge, self._file), set())
        return edge is not None

    def _whole_events(self, block: Block, events: Events) -> Selected:
        stamps = _each_by_itself if self._stamping is None else self._stamping.stamps
        if not self._context and self._matcher.rules_out(events.kept + block.body):
            events.pass_over(block.offset, block.body, stamps)
            return NOTHING
        return self._picked_events(events.add(block.offset, block.body, stamps))

    def _picked_events(self, records: list[Record]) -> Selected:
        matches = self._matcher.matches
        return self._picked(records, {_place(record) for record in records if matches(record.text)})

    def _picked(self, records: list[Record], matching: set[tuple[int, int]]) -> Selected:
        """Of some records, in the order of the file, those for the answer. matching: the places of those that match."""
        if self._timed and self._stamping is not None:
            records = self._timely(records, self._stamping)
        if self._newest:
            records = records[::-1]
        matches = [place for place, record in enumerate(records) if _place(record) in matching]
        return _cut(*self._contexts.pick(records, matches), timed=self._timed)

    def _timely(self, records: list[Record], stamping: Stamping) -> list[Record]:
        """The records in the range, with their times."""
        heads = [record.text.partition(b"\n")[0] for record in records]
        times = stamping.times([record.start for record in records], heads)
        return [records[place]._replace(time=times[place]) for place in self._range.inside(times)]


class _Range:
    """The range of time that a query asks for."""

    def __init__(self, query: Query) -> None:
        self._since, self._until = query.since, query.until
        self.bounded = is_ranged(query)

    def inside(self, times: Sequence[int]) -> Sequence[int]:
        """The places of the times that lie in it."""
        since, until = self._since, self._until
        if since is None and until is None:
            return range(len(times))
        return [
            place
            for place, time in enumerate(times)
            if (since is None or since <= time) and (until is None or time < until)
        ]


def _cut(records: list[Record], marks: bytearray, *, timed: bool) -> Selected:
    """Records as lines: an event of several has a line for each, marked as going on with it."""
    starts: list[int] = []
    lines: list[bytes] = []
    times: list[int] = []
    files: list[int] = []
    marked = bytearray()
    for record, mark in zip(records, marks, strict=True):
        cut = record.text.split(b"\n")
        starts += _starts_of(record.start, cut)
        lines += cut
        times += [record.time] * len(cut)
        files += [record.file] * len(cut)
        marked.append(mark)
        marked += bytes([Mark.CONTINUES]) * (len(cut) - 1)
    return Selected(starts, lines, bytes(marked), times if timed else None, files)


def _place(record: Record) -> tuple[int, int]:
    """Where a record is among the files of its log."""
    return record.file, record.start


def _each_by_itself(lines: Sequence[bytes]) -> Sequence[int | None]:
    return [0] * len(lines)


def _at(places: Sequence[int], values: Sequence[T]) -> list[T]:
    return [values[place] for place in places]


def _lines_of(body: bytes) -> list[bytes]:
    lines = body.split(b"\n")
    if not lines[-1]:
        lines.pop()  # what follows the last line break is no line
    return lines


def _starts_of(offset: int, lines: list[bytes]) -> list[int]:
    starts = list(accumulate([len(line) + 1 for line in lines], initial=offset))
    starts.pop()
    return starts


def _records(starts: list[int], lines: list[bytes], file: int) -> list[Record]:
    return [Record(start, line, 0, file) for start, line in zip(starts, lines, strict=True)]


def _first_lines(block: Block, count: int) -> tuple[list[int], list[bytes]] | None:
    """The first lines of a block; None if it has no more than that."""
    lines = block.body.split(b"\n", count)
    if len(lines) <= count or not lines.pop():
        return None
    return _starts_of(block.offset, lines), lines


def _last_lines(block: Block, count: int) -> tuple[list[int], list[bytes]] | None:
    """The last lines of a block; None if it has no more than that."""
    body = block.body.removesuffix(b"\n")
    lines = body.rsplit(b"\n", count)
    if len(lines) <= count:
        return None
    first = lines.pop(0)
    return _starts_of(block.offset + len(first) + 1, lines), lines
