"""Hits: how many lines fall into each bucket of time, counted in many places and put together.

A bucket begins at a whole multiple of its step, counted from the epoch. The steps of the ladder nest: each is a whole
multiple of the one before, so that counts by a fine step become counts by a coarse one without another look at a line.

Counts travel as batches in which each line is one: `17 60000000000` says seventeen lines in a bucket of 60 s, which
begins at the line's time. So they are merged and sent as lines are. One bucket may come in several counts.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

from logagent.core.batch import Batch, Origin
from logagent.core.outcome import Failure, Status
from logagent.core.units import DAY, HOUR, MINUTE, SECOND, UNITS

LADDER = (
    *(seconds * SECOND for seconds in (1, 5, 10, 30)),
    *(minutes * MINUTE for minutes in (1, 5, 10, 30)),
    *(hours * HOUR for hours in (1, 3, 6, 12)),
    *(days * DAY for days in (1, 7, 28, 364)),
)
"""The sensible steps in nanoseconds, the last one for centuries."""
MOST_ROWS = 120
"""Buckets up to which a step is sensible: as many as a screen has columns, or as one cares to scroll through."""
WIDEST_GAP = MOST_ROWS // 4
"""Empty buckets between two others that count as rows: so that one stray time, years off, does not decide alone."""
SENT_BUCKETS = 3 * MOST_ROWS
"""Buckets that a file's counts hold at most where the step is ours to choose: some more than a sensible step makes, so
that the counts of many files can still be brought to one, and a kilobyte or two on the way."""
MAX_BUCKETS = 10_000
"""Buckets at most where the step was asked for: a week by the minute, in about a megabyte for each host."""

_COUNTS = re.compile(rb"(?:[0-9]{1,18} [1-9][0-9]{0,18}\n)*+")


def sensible_step(span: int, most: int = MOST_ROWS) -> int:
    """The finest step of the ladder that cuts so many nanoseconds into `most` buckets at most; else the coarsest."""
    return next((step for step in LADDER if span <= most * step), LADDER[-1])


def spelled_step(step: int) -> str:
    """A step as a client spells it: `90s`, `5m`, `1d`."""
    unit = next(unit for unit in ("d", "h", "m", "s", "ms") if step % UNITS[unit] == 0 or unit == "ms")
    return f"{step // UNITS[unit]}{unit}"


def too_many_buckets(step: int, span: int) -> Failure:
    """Why an answer by `step` is not whole. span: nanoseconds that a step which would do has to bear."""
    would_do = spelled_step(max(sensible_step(span), step + 1))
    return Failure(
        Status.RESOURCE_EXHAUSTED,
        f"step={spelled_step(step)} makes more than {MAX_BUCKETS} buckets; step={would_do} would do",
    )


def are_counts(batch: Batch) -> bool:
    """Whether each line of a batch is a count, and its times are there."""
    return _COUNTS.fullmatch(batch.body) is not None and batch.times is not None and bool(batch.origins)


class Count(NamedTuple):
    """So many lines of one file in the bucket that begins at `start`."""

    start: int
    step: int
    lines: int
    origin: Origin


def counts_of(batch: Batch) -> Iterator[Count]:
    """What a batch of counts tells."""
    for line, start, origin in zip(batch.lines(), batch.times or [], batch.origin_of_each(), strict=True):
        lines, step = line.split()
        yield Count(start, int(step), int(lines), batch.origins[origin])


def lines_in(batch: Batch) -> int:
    """How many lines a batch of counts tells of."""
    return sum(int(line.split()[0]) for line in batch.lines())


class Counts:
    """Counts times by buckets of `step` nanoseconds. Without a step it chooses one, and a coarser one where there come
    to be more than `SENT_BUCKETS`; with one, more than `MAX_BUCKETS` are a `Failure`.

    span: nanoseconds that are expected between the first time and the last, a guess from which a choice begins.
    """

    def __init__(self, step: int | None = None, *, span: int = 0) -> None:
        self.step = sensible_step(span, SENT_BUCKETS) if step is None else step
        self._is_asked_for = step is not None
        self._lines: dict[int, int] = {}
        self._seen: set[int] = set()

    def __len__(self) -> int:
        """The number of buckets since the last `take`."""
        return len(self._lines)

    def add(self, times: Iterable[int]) -> None:
        """Count each of these times."""
        step = self.step
        for number, lines in Counter([time // step for time in times]).items():
            self._put(number * step, lines)
        self._keep_within()

    def put(self, time: int, lines: int) -> None:
        """Count one time so many times."""
        self._put(time - time % self.step, lines)
        self._keep_within()

    def take(self) -> list[tuple[int, int]]:
        """Each bucket's beginning and its count since the last time, ascending."""
        taken = sorted(self._lines.items())
        self._lines = {}
        return taken

    def _put(self, start: int, lines: int) -> None:
        if self._is_asked_for:
            self._seen.add(start)
            if len(self._seen) > MAX_BUCKETS:
                raise too_many_buckets(self.step, max(self._seen) - min(self._seen))
        self._lines[start] = self._lines.get(start, 0) + lines

    def _keep_within(self) -> None:
        while not self._is_asked_for and len(self._lines) > SENT_BUCKETS and self.step < LADDER[-1]:
            self.step = _coarser(self.step)
            self._lines = _regrouped(self._lines, self.step)


class Row(NamedTuple):
    """One bucket: where it begins, None for lines of files that have no times, and its count for each host."""

    start: int | None
    hosts: dict[str, int]

    @property
    def lines(self) -> int:
        return sum(self.hosts.values())


class Histogram:
    """Puts the counts of many hosts and files together, which perhaps are by different steps of the ladder.

    step: as asked for; None: the finest that makes no more than `MOST_ROWS` rows and that all counts can be brought to.
    """

    def __init__(self, step: int | None = None) -> None:
        self._asked = step
        self._step = step or LADDER[0]
        self._hosts: dict[str, dict[int, int]] = {}
        self._untimed: dict[str, int] = {}

    def add(self, batch: Batch) -> None:
        """Take a batch of counts into account."""
        for count in counts_of(batch):
            host = count.origin.host
            if not count.origin.timed:
                self._untimed[host] = self._untimed.get(host, 0) + count.lines
                continue
            if count.step > self._step:
                self._coarsen(count.step)
            lines = self._hosts.setdefault(host, {})
            start = count.start - count.start % self._step
            lines[start] = lines.get(start, 0) + count.lines

    @property
    def step(self) -> int:
        """The step that all counts are by, as far as they have come."""
        while self._asked is None and self._step < LADDER[-1] and self._shown() > MOST_ROWS:
            self._coarsen(_coarser(self._step))
        return self._step

    @property
    def hosts(self) -> list[str]:
        """The hosts that have lines, by name."""
        return sorted(self._hosts.keys() | self._untimed.keys())

    def rows(self) -> list[Row]:
        """The buckets that hold lines, ascending; last the lines that have no times, if there are any."""
        rows = [Row(start, self._lines_at(start)) for start in self._starts(self.step)]
        return [*rows, Row(None, dict(sorted(self._untimed.items())))] if self._untimed else rows

    def _lines_at(self, start: int) -> dict[str, int]:
        return {host: lines[start] for host, lines in sorted(self._hosts.items()) if start in lines}

    def _starts(self, step: int) -> list[int]:
        return sorted({start - start % step for lines in self._hosts.values() for start in lines})

    def _shown(self) -> int:
        starts = self._starts(self._step)
        gaps = ((behind - before) // self._step - 1 for before, behind in pairwise(starts))
        return len(starts) + sum(min(gap, WIDEST_GAP) for gap in gaps)

    def _coarsen(self, step: int) -> None:
        self._step = step
        self._hosts = {host: _regrouped(lines, step) for host, lines in self._hosts.items()}


def _coarser(step: int) -> int:
    return next(coarser for coarser in LADDER if coarser > step)


def _regrouped(lines: dict[int, int], step: int) -> dict[int, int]:
    regrouped: dict[int, int] = {}
    for start, count in lines.items():
        start -= start % step
        regrouped[start] = regrouped.get(start, 0) + count
    return regrouped
