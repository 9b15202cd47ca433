"""Counting the lines of a block in runs that fall into one bucket of time, without reading the time of each line."""

from __future__ import annotations

import math

from logagent.core.hits.uniform_times import UniformLines, uniform_with
from logagent.core.time_range import TimeRange
from logagent.disk.times.stamping import FileTimes

MAX_RUNS = 16
"""Runs of a block at most: if there are more, reading the time of each line is as fast."""
LEAST_REACH = 16 * 1024
"""The end of a run is searched for backward, from twice the size of the last run on, but from at least this many bytes
on. So it is usually found at once, without searching the whole block for each run."""
LONGEST_PAUSE = 64
"""Blocks that are not searched for runs, at most, after blocks without runs: 16 MiB. A search in vain takes two
milliseconds."""
KNOWN_PREFIXES = 4096
"""Prefixes whose bucket is cached: half a megabyte."""

Bucket = float
"""A bucket of time: its first nanosecond, or minus or plus infinity for times before or after the range."""


def _bucket(time: int, step: int, asked: TimeRange) -> Bucket:
    """Return the bucket of a time.

    Later times never have smaller buckets; so if two times share a bucket, all times between them do.
    """
    if asked.since is not None and time < asked.since:
        return -math.inf
    return math.inf if asked.until is not None and time >= asked.until else time - time % step


class RunFinder:
    """Divides blocks of one file into runs of lines that share a prefix and fall into one bucket of time.

    Args:
        stamping: gives the file's lines their times.
        asked: the range of the query.
    """

    def __init__(self, stamping: FileTimes, asked: TimeRange) -> None:
        self._stamping = stamping
        self._range = asked
        self._uniform: UniformLines | None = None
        self._known: dict[bytes, Bucket] = {}
        self._step = 0
        self._pause = self._left = 0
        self._reach = LEAST_REACH

    def of(self, body: bytes, step: int) -> list[tuple[Bucket, int]] | None:
        """Return the runs of a block: the bucket and the number of lines of each.

        Args:
            body: whole lines, the last one with its line break.
            step: of the buckets, in nanoseconds.

        Returns:
            None if the block does not consist of a few runs.
        """
        if self._left:
            self._left -= 1
            return None
        runs = self._found(body, step)
        self._pause = min(2 * self._pause + 1, LONGEST_PAUSE) if runs is None else 0
        self._left = self._pause
        return runs

    def _found(self, body: bytes, step: int) -> list[tuple[Bucket, int]] | None:
        if step != self._step:
            self._step, self._known = step, {}
        if self._uniform is None or not self._uniform.are_all(body):
            self._uniform, self._known = uniform_with(body[: body.index(b"\n")]), {}
            if self._uniform is None or not self._uniform.are_all(body):
                return None
        return self._cut(body, self._uniform)

    def _cut(self, body: bytes, uniform: UniformLines) -> list[tuple[Bucket, int]] | None:
        runs: list[tuple[Bucket, int]] = []
        begin = 0
        while begin < len(body):
            found = self._beginning(body[begin : body.index(b"\n", begin)], uniform)
            if found is None or len(runs) == MAX_RUNS:
                return None
            prefix, place = found
            last = body.rfind(b"\n" + prefix, begin, begin + self._reach) + 1
            end = body.index(b"\n", max(begin, last)) + 1
            lines = body.count(b"\n", begin, end)
            if body.count(b"\n" + prefix, begin, end) + 1 != lines:
                return None  # lines with another prefix are among them
            runs.append((place, lines))
            self._reach = max(LEAST_REACH, 2 * (end - begin))
            begin = end
        return runs

    def _beginning(self, line: bytes, uniform: UniformLines) -> tuple[bytes, Bucket] | None:
        """Return the shortest prefix of a line such that all lines with it fall into one bucket, and that bucket."""
        for prefix in uniform.prefixes(line):
            if prefix in self._known:
                return prefix, self._known[prefix]
        for found in uniform.prefix_ranges(line, self._stamping.stated):
            place = _bucket(found.earliest, self._step, self._range)
            if place == _bucket(found.latest, self._step, self._range):
                if len(self._known) >= KNOWN_PREFIXES:
                    self._known.clear()
                self._known[found.prefix] = place
                return found.prefix, place
        return None
