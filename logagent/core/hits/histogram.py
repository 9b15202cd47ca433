"""The histogram: counts of many hosts and files, added up by one step.

Each step of the ladder is a whole multiple of the step before it. So counts by a fine step can be added up to counts by
a coarser step, without counting lines again.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

from logagent.core.batch import Batch
from logagent.core.hits.counts import counts_of
from logagent.core.hits.steps import LADDER, MAX_BUCKETS, MOST_ROWS, coarser, regrouped

WIDEST_GAP = MOST_ROWS // 4
"""Empty buckets between two others that count as rows at most, so that a single stray time, years off, does not decide
the step."""


class Row(NamedTuple):
    """One bucket of a histogram.

    Attributes:
        start: where it begins, in nanoseconds since the epoch; None: it holds the lines of files without times.
        hosts: the number of lines on each host that has any.
    """

    start: int | None
    hosts: dict[str, int]

    @property
    def lines(self) -> int:
        """How many lines it holds, on all hosts."""
        return sum(self.hosts.values())


class Histogram:
    """Adds up the counts of many hosts and files, even if they are by different steps of the ladder.

    Args:
        step: the length of a bucket in nanoseconds, as asked for; None: the finest that makes at most `MOST_ROWS` rows
            and is not finer than the step of any count.
    """

    def __init__(self, step: int | None = None) -> None:
        self._asked = step
        self._step = step or LADDER[0]
        self._hosts: dict[str, dict[int, int]] = {}
        self._untimed: dict[str, int] = {}

    def add(self, batch: Batch) -> None:
        """Add a batch of counts."""
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
            if len(lines) > MAX_BUCKETS and self._asked is None:
                self._coarsen(coarser(self._step))

    @property
    def held(self) -> int:
        """The number of buckets that are held in memory, of all hosts."""
        return sum(map(len, self._hosts.values()))

    @property
    def step(self) -> int:
        """The length of a bucket in nanoseconds, for all counts added so far."""
        self._choose_step()
        return self._step

    @property
    def hosts(self) -> list[str]:
        """The names of the hosts that have lines, sorted."""
        return sorted(self._hosts.keys() | self._untimed.keys())

    def rows(self) -> list[Row]:
        """Return the buckets that hold lines, ascending, and then a row for lines without times, if there are any."""
        self._choose_step()
        rows = [Row(start, self._lines_at(start)) for start in self._starts()]
        return [*rows, Row(None, dict(sorted(self._untimed.items())))] if self._untimed else rows

    def _choose_step(self) -> None:
        while self._asked is None and self._step < LADDER[-1] and self._rows_shown() > MOST_ROWS:
            self._coarsen(coarser(self._step))

    def _lines_at(self, start: int) -> dict[str, int]:
        return {host: lines[start] for host, lines in sorted(self._hosts.items()) if start in lines}

    def _starts(self) -> list[int]:
        return sorted({start for lines in self._hosts.values() for start in lines})

    def _rows_shown(self) -> int:
        starts = self._starts()
        gaps = ((behind - before) // self._step - 1 for before, behind in pairwise(starts))
        return len(starts) + sum(min(gap, WIDEST_GAP) for gap in gaps)

    def _coarsen(self, step: int) -> None:
        self._step = step
        self._hosts = {host: regrouped(lines, step) for host, lines in self._hosts.items()}
