"""Counting the matching lines or events in each bucket of time, in place of collecting them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from logagent.core.arrays import as_array, line_starts
from logagent.core.batch import Batch, LineFlag, Origin, as_column, lines_of, starts_of
from logagent.core.hits.counts import Counts
from logagent.core.matching.matcher import Matcher
from logagent.core.query import Order, Query, Unit
from logagent.core.time_range import TimeRange
from logagent.disk.batches.line_counting import counters
from logagent.disk.batches.lines import LARGE, SelectedLines
from logagent.disk.batches.records import selector_for
from logagent.disk.batches.runs import RunFinder
from logagent.disk.files.blocks import Block, Run
from logagent.disk.files.parallel_sweep import Examiner, Search
from logagent.disk.files.reader import Reader
from logagent.disk.times.stamping import FileTimes

PROBES = 17
"""Lines, evenly spaced over a file, whose times give an estimate of the span of time that it covers."""
PROBE_BYTES = 8 * 1024
"""Bytes that are read for each probe: usually more than a line."""
SMALL_FILE = 1024 * 1024
"""Bytes of a file below which no estimate is made: the times of all its lines are read in a few milliseconds."""
LONGEST_PAUSE = 64
"""Blocks whose lines are stamped one by one, at most, after blocks whose lines have no common shape: to look for one in
vain takes as long as stamping a tenth of the lines."""


class HitCounter:
    """Counts the lines or events of an answer, file by file, as `BatchBuilder` collects them.

    Each method may raise `Failure`, when the step that the query asks for makes too many buckets.

    Args:
        large: bytes of a block from which on its lines are counted by runs, for which numpy is loaded; see `LARGE`.

    Attributes:
        done: false, since counts have no limit.
        refused: false, since counts have no limit.
        size: 0: counts are few, and are sent when a sign of life is due.
        cut: 0: no line is sent.
        sent: counts taken so far.
    """

    done = refused = False
    size = cut = 0

    def __init__(self, query: Query, matcher: Matcher, *, large: int = LARGE) -> None:
        self._query = query
        self._matcher = matcher
        self._large = large
        self._newest = query.form.order is Order.NEWEST
        self._places = query.form.places
        self._step = query.form.step
        self._range = query.range
        self._counts = Counts(query.form.step)
        self._ready: list[Batch] = []
        # Events are selected as for an answer of lines, and then counted.
        events = query.form.unit is Unit.EVENT
        self._events = (
            selector_for(replace(query, form=replace(query.form, times=True)), matcher, starts=True) if events else None
        )
        self._entered = self.sent = 0
        self._is_whole = False

    def enter(self, origin: Origin, stamping: FileTimes, reader: Reader | None) -> None:
        """Begin with another file.

        Args:
            stamping: gives its lines their times.
            reader: reads the file; None: it is an archive.
        """
        self._close()
        if self._events is not None:
            self._events.enter(self._entered, stamping)
        self._entered += 1
        self._is_whole = self._newest and self._events is None and reader is None
        self._origin = origin
        self._stamping = stamping
        if self._step is None and stamping.timed and reader is not None:
            self._counts = Counts(span=_rough_span(reader, stamping, self._range))
        self._runs = RunFinder(stamping.stated, self._range)
        self._pause = self._left = 0
        query, counts = self._query, self._counts
        self._counters = counters(lambda: Matcher.of(query), stamping, self._range, lambda: counts.step)

    def examiner(self) -> Examiner | None:
        """Return what counts lines of the current file in a sweep, or finds where there is none; None: nothing can."""
        if self._events is not None:
            return None
        return self._counters() or Search.by(self._matcher.scout)()

    @property
    def count(self) -> int:
        """Counts made since the last `take`; newest first, those of an archive's lines only once all are counted."""
        return (0 if self._is_whole else len(self._counts)) + sum(batch.count for batch in self._ready)

    def add(self, block: Block) -> None:
        """Count the matching lines, or events, of a block."""
        if self._events is not None:
            self._count_events(self._events.add(block))
        elif self._matcher.everything:
            self._count_all(block)
        else:
            spans = self._matcher.spans(block.body)
            starts = [start for start, _ in spans]
            if not (starts and self._count_runs(block.body, lambda: as_array(as_column(starts)))):
                lines = [block.body[start:end] for start, end in spans]
                self._count([block.offset + start for start in starts], lines)

    def add_long(self, start: int, head: bytes, *, matches: bool = True) -> None:
        """Count a line that is too long to be held, if it matches."""
        if self._events is not None:
            self._count_events(self._events.add_long(start, head, matches))
        elif matches:
            self._count([start], [head])

    def finish(self) -> None:
        """Count the event that waits for further lines, since there are none."""
        self._is_whole = False
        if self._events is not None:
            self._count_events(self._events.finish())

    def _count_events(self, selected: SelectedLines) -> None:
        flags = selected.flags or b""
        times = [time for time, flag in zip(selected.times or [], flags, strict=True) if not flag & LineFlag.CONTINUES]
        self._counts.add(times)

    def take(self) -> Batch:
        """Return the counts made since the last call, file by file, in the order of the answer within each."""
        if not self._is_whole:
            self._close()
        batches, self._ready = self._ready, []
        whole = batches[0] if len(batches) == 1 else _joined(batches)
        self.sent += whole.count
        return whole

    def _close(self) -> None:
        """Make a batch of the counts of the current file."""
        step, rows = self._counts.step, self._counts.take()
        if not rows:
            return
        if self._newest:
            rows.reverse()
        body = b"".join(b"%d %d\n" % (lines, step) for _, lines in rows)
        offsets = [0] * len(rows) if self._places else None
        self._ready.append(Batch(body, len(rows), [start for start, _ in rows], offsets, (self._origin,)))

    def _count_all(self, block: Block) -> None:
        body = block.body
        if not self._stamping.timed:
            self._put(self._stamping.times([0], [b""])[0], body.count(b"\n") + (not body.endswith(b"\n")))
        elif not self._count_runs(body, lambda: line_starts(body)):
            lines = lines_of(body)
            self._count(starts_of(block.offset, lines), lines)

    def _count_runs(self, body: bytes, starts: Callable[[], Any]) -> bool:
        """Count lines of a block by their runs, if that is fast; return whether they were counted."""
        if not (self._stamping.timed and self._stamping.is_by_clock) or len(body) < self._large:
            return False
        if self._left:
            self._left -= 1
            return False
        runs = self._runs.of(body, starts(), self._counts.step)
        self._left = self._pause = 0 if runs is not None else min(2 * self._pause + 1, LONGEST_PAUSE)
        self.add_runs(runs or [])
        return runs is not None

    def add_runs(self, runs: Sequence[Run]) -> None:
        """Take counts that a sweep made."""
        for time, lines in runs:
            self._counts.put(time, lines)

    def _count(self, starts: Sequence[int], lines: Sequence[bytes]) -> None:
        if lines:
            self._counts.add(self._range.among(self._stamping.times(starts, lines)))

    def _put(self, time: int, lines: int) -> None:
        if self._range.among([time]):
            self._counts.put(time, lines)


def _joined(batches: Sequence[Batch]) -> Batch:
    """Join batches, each of one file."""
    return Batch(
        b"".join(batch.body for batch in batches),
        sum(batch.count for batch in batches),
        [time for batch in batches for time in batch.times or []],
        [offset for batch in batches for offset in batch.offsets or []] or None,
        tuple(origin for batch in batches for origin in batch.origins),
        [number for number, batch in enumerate(batches) for _ in range(batch.count)],
    )


def _rough_span(reader: Reader, stamping: FileTimes, asked: TimeRange) -> int:
    """Estimate the span of time between the first and the last line in the range, in nanoseconds, outliers left out."""
    if reader.size < SMALL_FILE:
        return 0
    places = (reader.size * number // PROBES for number in range(PROBES))
    times = [time for place in places if (time := _probed(reader, stamping, place)) is not None]
    times = sorted(asked.among(times))
    quarter = len(times) // 4
    return 2 * (times[-1 - quarter] - times[quarter]) if times else 0


def _probed(reader: Reader, stamping: FileTimes, place: int) -> int | None:
    """Return the time of the first line that begins after an offset; None if no line begins within `PROBE_BYTES`."""
    _, line_break, rest = reader.read(place, min(place + PROBE_BYTES, reader.size)).partition(b"\n")
    return stamping.stated(rest.partition(b"\n")[0]) if line_break else None
