"""Selecting the lines of a block that match, each by itself, in the order of the answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from logagent.core.arrays import MANY, as_values, is_loaded, line_starts
from logagent.core.batch import Column, LineFlag, as_column, lines_of, starts_of
from logagent.core.columns import taken
from logagent.core.matching.context import Record
from logagent.core.matching.matcher import Matcher
from logagent.core.matching.spans import Span
from logagent.core.query import Order, Query
from logagent.disk.files.blocks import Block
from logagent.disk.times.stamping import Times

LARGE = 8 * 1024
"""Bytes of a block from which on numpy finds its lines: below, cutting it is as fast."""


class SelectedLines(NamedTuple):
    """Lines that were selected for an answer.

    Attributes:
        starts: offsets of the lines in their files; empty if not wanted.
        lines: without line breaks.
        flags: one `LineFlag` byte for each line, as in a batch; None: none is set.
        times: nanoseconds since the epoch for each line; None: they were not needed to select the lines.
        files: number of the file of each line; None: all are of the current file.
        begin: offset of the block's first line, from which offsets are counted if `starts` is empty.
        body: the block, if all lines lie in it; empty: that is not known.
    """

    starts: Column
    lines: list[bytes]
    flags: bytes | None = None
    times: Column | None = None
    files: list[int] | None = None
    begin: int = 0
    body: bytes = b""

    def start(self, place: int, *, newest: bool) -> int:
        """Return the offset of the line at an index; if `starts` is empty, `lines` must be all lines of the block."""
        if self.starts:
            return self.starts[place]
        before = self.lines[place + 1 :] if newest else self.lines[:place]
        return self.begin + sum(map(len, before)) + len(before)

    def times_of_first(self, count: int, stamping: Times | None, *, newest: bool) -> Column:
        """Return the times of the first lines, read now if they are not known yet.

        Args:
            count: how many lines.
            stamping: of their file; None: no times are wanted.
            newest: whether the lines go from the end of the file to its beginning.
        """
        if self.times is not None:
            return self.times[:count]
        if stamping is None:
            return [0] * count
        starts, lines = self.starts[:count], self.lines[:count]
        times = times_at_once(stamping, Block(self.begin, self.body), starts) if self.body else None
        if times is not None:
            return times
        return stamping.times(starts[::-1], lines[::-1])[::-1] if newest else stamping.times(starts, lines)

    def with_flag_on_last(self, flag: LineFlag) -> SelectedLines:
        """Return these lines with one more flag on the last line."""
        flags = bytearray(self.flags or bytes(len(self.lines)))
        flags[-1] |= flag
        return self._replace(flags=bytes(flags))

    def first_of_record(self, place: int) -> int:
        """Return the place of the first line of the record to which the line at a place belongs."""
        while place and self.flags is not None and self.flags[place] & LineFlag.CONTINUES:
            place -= 1
        return place

    def last_of_record(self, place: int) -> int:
        """Return the place of the last line of the record to which the line at a place belongs."""
        while self.flags is not None and place + 1 < len(self.lines) and self.flags[place + 1] & LineFlag.CONTINUES:
            place += 1
        return place


NOTHING = SelectedLines(as_column([]), [])


class LineSelector:
    """Selects the lines that match and lie in the range of time (see `records.Selector`).

    Args:
        starts: whether the offsets of lines are wanted.
    """

    def __init__(self, query: Query, matcher: Matcher, *, starts: bool) -> None:
        self._newest = query.form.order is Order.NEWEST
        self._matcher = matcher
        self._range = query.range
        self._starts = starts or self._range.is_bounded
        self._stamping: Times | None = None

    def enter(self, file: int, stamping: Times | None) -> None:
        """Begin with another file, whose lines get their times from `stamping`."""
        self._stamping = stamping

    @property
    def kept(self) -> Sequence[Record]:
        """Nothing, since no line waits for another one."""
        return ()

    @property
    def waits(self) -> bool:
        """False, since no line waits for another one."""
        return False

    def add(self, block: Block) -> SelectedLines:
        """Select lines of a block."""
        spans = self._matcher.some_spans(block.body)
        if self._range.is_bounded and self._stamping is not None:
            return self._timely(block, spans, self._stamping)
        starts = starts_in(block, spans) if self._starts or spans is not None else as_column([])
        return self._selected(block, starts, _texts(block, spans), None)

    def _timely(self, block: Block, spans: list[Span] | None, stamping: Times) -> SelectedLines:
        """Return the lines that lie in the range; no text is cut into lines if none does."""
        starts = starts_in(block, spans)
        times = times_at_once(stamping, block, starts)
        lines = _texts(block, spans) if times is None else []
        times = stamping.times(starts, lines) if times is None else times
        inside = self._range.of_file(timed=stamping.timed).places(times)
        if not inside:
            return NOTHING
        lines = lines or _texts(block, spans)
        if len(inside) < len(lines):
            starts, lines, times = taken(starts, inside), [lines[place] for place in inside], taken(times, inside)
        return self._selected(block, starts, lines, times)

    def _selected(self, block: Block, starts: Column, lines: list[bytes], times: Column | None) -> SelectedLines:
        if self._newest:
            starts, times = starts[::-1], None if times is None else times[::-1]
            lines.reverse()
        return SelectedLines(starts, lines, None, times, begin=block.offset, body=block.body)

    def add_long(self, start: int, head: bytes, matches: bool) -> SelectedLines:
        """Select a line that is too long to be held, if it matches."""
        if not matches or not self._is_inside(start, head):
            return NOTHING
        return SelectedLines(as_column([start]), [head])

    def finish(self) -> SelectedLines:
        """Select nothing, since no line waits for another one."""
        return NOTHING

    def _is_inside(self, start: int, line: bytes) -> bool:
        if not self._range.is_bounded or self._stamping is None:
            return True
        asked = self._range.of_file(timed=self._stamping.timed)
        return bool(asked.places(self._stamping.times([start], [line])))


def starts_in(block: Block, spans: list[Span] | None) -> Column:
    """Return the offsets in the file of some lines of a block.

    Args:
        spans: of these lines in the block; None: all its lines.
    """
    if spans is not None:
        return as_column([block.offset + start for start, _ in spans])
    if len(block.body) < LARGE or not is_loaded():
        return as_column(starts_of(block.offset, lines_of(block.body)))
    return as_values(line_starts(block.body) + block.offset)


def times_at_once(stamping: Times, block: Block, starts: Column) -> Column | None:
    """Return the times of many lines of a block, None if they have to be read one by one.

    Args:
        stamping: of their file.
        starts: the offsets of the lines in the file.
    """
    return stamping.of_block(block.body, block.offset, starts) if len(starts) >= MANY else None


def _texts(block: Block, spans: list[Span] | None) -> list[bytes]:
    return lines_of(block.body) if spans is None else [block.body[start:end] for start, end in spans]
