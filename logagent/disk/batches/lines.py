"""Selecting the lines of a block that match, each by itself, in the order of the answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

from logagent.core.batch import LineFlag, lines_of, starts_of
from logagent.core.matching.context import Record
from logagent.core.matching.matcher import Matcher
from logagent.core.query import Order, Query
from logagent.disk.files.blocks import Block
from logagent.disk.times.stamping import Times

T = TypeVar("T")


class SelectedLines(NamedTuple):
    """Lines that were selected for an answer.

    Attributes:
        starts: offsets of the lines in their files; empty if not wanted.
        lines: without line breaks.
        flags: one `LineFlag` byte for each line, as in a batch; None: none is set.
        times: nanoseconds since the epoch for each line; None: they were not needed to select the lines.
        files: number of the file of each line; None: all are of the current file.
        begin: offset of the block's first line, from which offsets are counted if `starts` is empty.
    """

    starts: list[int]
    lines: list[bytes]
    flags: bytes | None = None
    times: list[int] | None = None
    files: list[int] | None = None
    begin: int = 0

    def start(self, place: int, *, newest: bool) -> int:
        """Return the offset of the line at an index; if `starts` is empty, `lines` must be all lines of the block."""
        if self.starts:
            return self.starts[place]
        before = self.lines[place + 1 :] if newest else self.lines[:place]
        return self.begin + sum(map(len, before)) + len(before)

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


NOTHING = SelectedLines([], [])


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
        starts, lines = self._matching(block)
        times: list[int] | None = None
        if self._range.is_bounded and self._stamping is not None:
            times = self._stamping.times(starts, lines)
            inside = self._range.of_file(timed=self._stamping.timed).places(times)
            if len(inside) < len(lines):
                starts, lines, times = (_at(inside, starts), _at(inside, lines), _at(inside, times))
        if self._newest:
            starts.reverse()
            lines.reverse()
            times = times and times[::-1]
        return SelectedLines(starts, lines, None, times, begin=block.offset)

    def add_long(self, start: int, head: bytes, matches: bool) -> SelectedLines:
        """Select a line that is too long to be held, if it matches."""
        if not matches or not self._is_inside(start, head):
            return NOTHING
        return SelectedLines([start], [head])

    def finish(self) -> SelectedLines:
        """Select nothing, since no line waits for another one."""
        return NOTHING

    def _is_inside(self, start: int, line: bytes) -> bool:
        if not self._range.is_bounded or self._stamping is None:
            return True
        asked = self._range.of_file(timed=self._stamping.timed)
        return bool(asked.places(self._stamping.times([start], [line])))

    def _matching(self, block: Block) -> tuple[list[int], list[bytes]]:
        offset, body = block
        spans = self._matcher.some_spans(body)
        if spans is None:
            return self._everything(block)
        starts = [offset + start for start, _ in spans]
        return starts, [body[start:end] for start, end in spans]

    def _everything(self, block: Block) -> tuple[list[int], list[bytes]]:
        lines = lines_of(block.body)
        return (starts_of(block.offset, lines) if self._starts else []), lines


def _at(places: Sequence[int], values: Sequence[T]) -> list[T]:
    return [values[place] for place in places]
