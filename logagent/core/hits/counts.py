"""Counts: how many lines of one file fall into each bucket of time, and their form in a batch.

A bucket begins at a whole multiple of its step, counted from the epoch. Counts are sent as batches with one line each:
the line `17 60000000000` stands for 17 lines in a bucket of 60 s that begins at the line's time. So counts are merged
and sent like lines. A bucket may be sent in several counts, which are to be added.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from logagent.core.batch import Batch, Origin
from logagent.core.hits.steps import (
    LADDER,
    MAX_BUCKETS,
    SENT_BUCKETS,
    coarser,
    regrouped,
    sensible_step,
    too_many_buckets,
)

_COUNTS = rb"(?:[0-9]{1,18} [1-9][0-9]{0,18}\n)*+"


def are_counts(batch: Batch) -> bool:
    """Return whether all lines of a batch are counts, with times and origins."""
    return re.fullmatch(_COUNTS, batch.body) is not None and batch.times is not None and bool(batch.origins)


class BucketCount(NamedTuple):
    """How many lines of one file are in one bucket.

    Attributes:
        start: where the bucket begins, in nanoseconds since the epoch.
        step: its length in nanoseconds.
        lines: how many lines.
        origin: their file.
    """

    start: int
    step: int
    lines: int
    origin: Origin


def counts_of(batch: Batch) -> Iterator[BucketCount]:
    """Yield the counts in a batch of counts."""
    for line, start, origin in zip(batch.lines(), batch.times or [], batch.origin_of_each(), strict=True):
        lines, step = line.split()
        yield BucketCount(start, int(step), int(lines), batch.origins[origin])


def lines_in(batch: Batch) -> int:
    """Return how many lines were counted in a batch of counts."""
    return sum(int(line.split()[0]) for line in batch.lines())


class Counts:
    """Counts the lines of one file by buckets of time.

    Without a step it chooses one, and a coarser one as soon as there are more than `SENT_BUCKETS`.

    Args:
        step: the length of a bucket in nanoseconds, as asked for; None: choose one.
        span: nanoseconds expected between the first time and the last, from which the first step is chosen.

    Attributes:
        step: the length of a bucket in nanoseconds now.
    """

    def __init__(self, step: int | None = None, *, span: int = 0) -> None:
        self.step = sensible_step(span, SENT_BUCKETS) if step is None else step
        self._is_asked_for = step is not None
        self._lines: dict[int, int] = {}
        self._seen: set[int] = set()

    def __len__(self) -> int:
        """Return the number of buckets since the last `take`."""
        return len(self._lines)

    def add(self, times: Iterable[int]) -> None:
        """Count each of these times, in nanoseconds since the epoch.

        Raises:
            Failure: when the step was asked for and there are more than `MAX_BUCKETS`.
        """
        step = self.step
        for number, lines in Counter([time // step for time in times]).items():
            self._put(number * step, lines)
        self._keep_within()

    def put(self, time: int, lines: int) -> None:
        """Count lines that all have one time, in nanoseconds since the epoch.

        Raises:
            Failure: when the step was asked for and there are more than `MAX_BUCKETS`.
        """
        self._put(time - time % self.step, lines)
        self._keep_within()

    def take(self) -> list[tuple[int, int]]:
        """Return each bucket's beginning and its lines since the last `take`, ascending."""
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
            self.step = coarser(self.step)
            self._lines = regrouped(self._lines, self.step)
