"""The histogram: counts of many hosts and files, added up by one step.

The steps of the ladder nest: each is a whole multiple of the one before, so that counts by a fine step become counts by
a coarse one without another look at a line.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

from logagent.core.batch import Batch
from logagent.core.hits.counts import counts_of
from logagent.core.hits.steps import LADDER, MOST_ROWS, coarser, regrouped

WIDEST_GAP = MOST_ROWS // 4
"""Empty buckets between two others that count as rows: so that one stray time, years off, does not decide alone."""


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
            self._coarsen(coarser(self._step))
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
        self._hosts = {host: regrouped(lines, step) for host, lines in self._hosts.items()}
