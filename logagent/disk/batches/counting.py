"""Counting: in place of framing lines, how many of those that match fall into each bucket of time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate

from logagent.core.batch import Batch, LineFlag, Origin
from logagent.core.hits.counts import Counts
from logagent.core.hits.uniform_times import Alike, alike
from logagent.core.matching.matcher import Matcher
from logagent.core.query import Order, Query, Unit
from logagent.core.time_range import TimeRange
from logagent.disk.batches.lines import Selected
from logagent.disk.batches.records import selection
from logagent.disk.files.blocks import Block
from logagent.disk.files.reader import Reader
from logagent.disk.times.stamping import FileTimes

MOST_RUNS = 16
"""Runs of lines with one beginning that a block is taken apart into: with more, reading each time is as fast."""
LEAST_REACH = 16 * 1024
"""Bytes in which the end of a run is looked for at least, else in twice as many as the last run had: from behind, so
that a run is found whole as a rule, and not through all of a block for each."""
LONGEST_PAUSE = 64
"""Blocks that are not looked at for runs, at most, after blocks in which there were none: 16 MiB, two milliseconds'
work that is not wasted for each."""
PROBES = 17
"""Lines, evenly over a file, whose times tell roughly how long it reaches, before they are all counted."""
PROBE = 8 * 1024
"""Bytes that are read for each: a line or two, as a rule."""
SMALL = 1024 * 1024
"""Bytes of a file below which each line's time is read in a few milliseconds anyway."""
KNOWN = 4096
"""Beginnings of lines that are remembered: half a megabyte."""

_Place = float
"""The bucket that a time falls into: its beginning, or an infinity for a time before or after the range asked for."""


class Counting:
    """Counts the lines of an answer, block by block, in the place of `Framing`, from one file after the other.

    count: the counts made since the last `take`. size: 0, since they are few, and go out when it is time for a sign of
    life. sent: the counts taken so far. What raises `Failure`: a step that was asked for and makes too many buckets.
    """

    done = refused = False
    size = cut = 0

    def __init__(self, query: Query, matcher: Matcher) -> None:
        self._matcher = matcher
        self._newest = query.form.order is Order.NEWEST
        self._places = query.form.places
        self._step = query.form.step
        self._range = query.range
        self._counts = Counts(query.form.step)
        self._ready: list[Batch] = []
        # Events are put together as for an answer; it is their number that counts.
        events = query.form.unit is Unit.EVENT
        self._events = (
            selection(replace(query, form=replace(query.form, times=True)), matcher, starts=True) if events else None
        )
        self._entered = self.sent = 0

    def enter(self, origin: Origin, stamping: FileTimes, reader: Reader | None) -> None:
        """The lines to come are of another file. reader: None if it cannot be read at any place."""
        self._close()
        if self._events is not None:
            self._events.enter(self._entered, stamping)
        self._entered += 1
        self._origin = origin
        self._stamping = stamping
        if self._step is None and stamping.timed and reader is not None:
            self._counts = Counts(span=_rough_span(reader, stamping, self._range))
        self._runs = _Runs(stamping, self._range)

    @property
    def count(self) -> int:
        return len(self._counts) + sum(batch.count for batch in self._ready)

    def add(self, block: Block) -> None:
        """Count the matching lines, or events, of a block."""
        if self._events is not None:
            self._count_events(self._events.add(block))
        elif self._matcher.everything:
            self._count_all(block)
        else:
            offset, body = block
            spans = self._matcher.spans(body)
            self._count([offset + start for start, _ in spans], [body[start:end] for start, end in spans])

    def add_long(self, start: int, head: bytes, *, matches: bool = True) -> None:
        """Count a line, longer than is sent, of which only the head is at hand, if it matches."""
        if self._events is not None:
            self._count_events(self._events.add_long(start, head, matches))
        elif matches:
            self._count([start], [head])

    def finish(self) -> None:
        """Count what waited for more, of which there is none."""
        if self._events is not None:
            self._count_events(self._events.finish())

    def _count_events(self, selected: Selected) -> None:
        flags = selected.flags or b""
        times = [time for time, flag in zip(selected.times or [], flags, strict=True) if not flag & LineFlag.CONTINUES]
        self._counts.add(times)

    def take(self) -> Batch:
        """The counts since the last time: file by file, and in the order asked for in each."""
        self._close()
        batches, self._ready = self._ready, []
        whole = batches[0] if len(batches) == 1 else _joined(batches)
        self.sent += whole.count
        return whole

    def _close(self) -> None:
        """Make a batch of what is counted of a file."""
        step, rows = self._counts.step, self._counts.take()
        if not rows:
            return
        if self._newest:
            rows.reverse()
        body = b"".join(b"%d %d\n" % (lines, step) for _, lines in rows)
        offsets = [0] * len(rows) if self._places else None
        self._ready.append(Batch(body, len(rows), [start for start, _ in rows], offsets, (self._origin,)))

    def _count_all(self, block: Block) -> None:
        body = block.body if block.body.endswith(b"\n") else block.body + b"\n"
        if not self._stamping.timed:
            self._put(self._stamping.times([0], [b""])[0], body.count(b"\n"))
            return
        runs = self._runs.of(body, self._counts.step)
        if runs is None:
            lines = body[:-1].split(b"\n")
            self._count(list(accumulate([len(line) + 1 for line in lines[:-1]], initial=block.offset)), lines)
            return
        for place, number in runs:
            if math.isfinite(place):
                self._counts.put(int(place), number)

    def _count(self, starts: Sequence[int], lines: Sequence[bytes]) -> None:
        if lines:
            self._counts.add(self._range.among(self._stamping.times(starts, lines)))

    def _put(self, time: int, lines: int) -> None:
        if self._range.among([time]):
            self._counts.put(time, lines)


def _joined(batches: Sequence[Batch]) -> Batch:
    """One batch of several, each of one file."""
    return Batch(
        b"".join(batch.body for batch in batches),
        sum(batch.count for batch in batches),
        [time for batch in batches for time in batch.times or []],
        [offset for batch in batches for offset in batch.offsets or []] or None,
        tuple(origin for batch in batches for origin in batch.origins),
        [number for number, batch in enumerate(batches) for _ in range(batch.count)],
    )


def _bucket(time: int, step: int, asked: TimeRange) -> _Place:
    """Return where the bucket of a time begins, or on which side of the range the time lies.

    It never falls as times grow: where it is equal for two times, it is equal for all between them.
    """
    if asked.since is not None and time < asked.since:
        return -math.inf
    return math.inf if asked.until is not None and time >= asked.until else time - time % step


class _Runs:
    """Takes blocks apart into runs of lines that begin alike and fall into one bucket, without a look at each line."""

    def __init__(self, stamping: FileTimes, asked: TimeRange) -> None:
        self._stamping = stamping
        self._range = asked
        self._alike: Alike | None = None
        self._known: dict[bytes, _Place] = {}
        self._step = 0
        self._pause = self._left = 0
        self._reach = LEAST_REACH

    def of(self, body: bytes, step: int) -> list[tuple[_Place, int]] | None:
        """The runs of a block of whole lines: the bucket and the number of lines of each. None if it is not of such."""
        if self._left:
            self._left -= 1
            return None
        runs = self._found(body, step)
        self._pause = min(2 * self._pause + 1, LONGEST_PAUSE) if runs is None else 0
        self._left = self._pause
        return runs

    def _found(self, body: bytes, step: int) -> list[tuple[_Place, int]] | None:
        if step != self._step:
            self._step, self._known = step, {}
        if self._alike is None or not self._alike.are_all(body):
            self._alike, self._known = alike(body[: body.index(b"\n")]), {}
            if self._alike is None or not self._alike.are_all(body):
                return None
        return self._cut(body, self._alike)

    def _cut(self, body: bytes, lines_alike: Alike) -> list[tuple[_Place, int]] | None:
        runs: list[tuple[_Place, int]] = []
        begin = 0
        while begin < len(body):
            found = self._beginning(body[begin : body.index(b"\n", begin)], lines_alike)
            if found is None or len(runs) == MOST_RUNS:
                return None
            prefix, place = found
            last = body.rfind(b"\n" + prefix, begin, begin + self._reach) + 1
            end = body.index(b"\n", max(begin, last)) + 1
            lines = body.count(b"\n", begin, end)
            if body.count(b"\n" + prefix, begin, end) + 1 != lines:
                return None  # other lines stand between them
            runs.append((place, lines))
            self._reach = max(LEAST_REACH, 2 * (end - begin))
            begin = end
        return runs

    def _beginning(self, line: bytes, lines_alike: Alike) -> tuple[bytes, _Place] | None:
        """The shortest beginning of the line with which all lines of its shape fall into one bucket, and which one."""
        for prefix in lines_alike.prefixes(line):
            if prefix in self._known:
                return prefix, self._known[prefix]
        for stretch in lines_alike.stretches(line, self._stamping.stated):
            place = _bucket(stretch.earliest, self._step, self._range)
            if place == _bucket(stretch.latest, self._step, self._range):
                if len(self._known) >= KNOWN:
                    self._known.clear()
                self._known[stretch.prefix] = place
                return stretch.prefix, place
        return None


def _rough_span(reader: Reader, stamping: FileTimes, asked: TimeRange) -> int:
    """About how much time lies between the first line and the last that are asked for, a few wild ones aside."""
    if reader.size < SMALL:
        return 0
    places = (reader.size * number // PROBES for number in range(PROBES))
    times = [time for place in places if (time := _probed(reader, stamping, place)) is not None]
    times = sorted(asked.among(times))
    quarter = len(times) // 4
    return 2 * (times[-1 - quarter] - times[quarter]) if times else 0


def _probed(reader: Reader, stamping: FileTimes, place: int) -> int | None:
    """The time of the first line that begins behind a place, if that is near."""
    _, line_break, rest = reader.read(place, min(place + PROBE, reader.size)).partition(b"\n")
    return stamping.stated(rest.partition(b"\n")[0]) if line_break else None
