"""Merging streams of batches by time: pure bookkeeping, no tasks and no clock.

Each stream is in the order asked for, except for lines whose time runs backwards. Such a line keeps its place: it is
merged by the time of the line before it. So the keys of a stream never decrease. Each stream that has not ended holds
lines up to some last key; the merge may emit all lines up to the smallest of these last keys.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import NamedTuple

from logagent.core.batch import Batch, Position
from logagent.core.columns import Joined
from logagent.core.limits import Allowance
from logagent.core.merging.held_streams import HeldBatch, HeldStreams
from logagent.core.merging.keys import keys_of, order_of, reversed_keys, running_maximum
from logagent.core.merging.positions import Log, Positions


class Merged(NamedTuple):
    """A batch ready to be sent.

    Attributes:
        batch: the lines.
        given: how many of the lines came from each stream, by the stream's number.
    """

    batch: Batch
    given: dict[int, int]


class Merge:
    """A stable k-way merge by time.

    Streams are numbered; lines of equal times are ordered by the number of their stream, then by their place in it. A
    batch is added when its stream is waited for, or may be when it `runs_short`: streams of which each has lines of the
    same time have batches that end at nearly the same one, and the few lines behind that would be merged by themselves.
    `take` returns the lines whose order is certain.

    Args:
        streams: how many there are.
        newest: whether streams run from newer to older lines.
        times: whether merged batches have the column of times.
        places: whether they have the columns of offsets and origins.
    """

    def __init__(self, streams: int, *, newest: bool, times: bool, places: bool) -> None:
        self._newest = newest
        self._positions = Positions(newest=newest)
        self._times = times
        self._places = places
        self._held = HeldStreams(streams)
        self._last_key: dict[int, int] = {}
        self._moved: dict[Log, Position] = {}  # of logs that were read further since `news` was asked for
        self._touched: set[int] = set()  # the streams whose held lines changed since
        self._told: dict[Log, Position] = {}

    @property
    def waiting_for(self) -> set[int]:
        """The streams whose next batch or end is needed before more lines can be emitted."""
        return self._held.waiting

    @property
    def runs_short(self) -> set[int]:
        """The streams that hold so few lines that their next batch may be added, if it is there already."""
        return self._held.short

    def add(self, stream: int, batch: Batch) -> None:
        """Add the next batch of a stream that is waited for, or runs short; it has times, or keys, and some lines."""
        assert stream in self.waiting_for or stream in self.runs_short
        keys = keys_of(batch)
        keys = running_maximum(reversed_keys(keys) if self._newest else keys, self._last_key.get(stream))
        self._last_key[stream] = keys[-1]
        self._held.add(stream, HeldBatch(batch, keys))
        self._touched.add(stream)

    def note(self, stream: int, positions: Iterable[Position]) -> None:
        """Note the positions that a stream has reached after all lines that it added."""
        last = self._held.last(stream)
        if last is not None:
            last.positions |= {(position.host, position.log): position for position in positions}
        else:
            self._advance(positions)

    def _advance(self, positions: Iterable[Position]) -> None:
        reached = list(positions)
        self._positions.advance(reached)
        self._moved |= {(position.host, position.log): position for position in reached}

    @property
    def held_lines(self) -> int:
        """How many lines are held, of which the next call of `take` merges some or all."""
        return self._held.lines

    @property
    def positions(self) -> list[Position]:
        """How far each log was emitted so far; logs of which nothing is known are left out."""
        # Those of a stream's second batch hold once its first one is emitted.
        return self._positions.current(self._held.firsts())

    def news(self) -> list[Position]:
        """Return the positions that changed since the last call; looks only at streams that have moved."""
        now = self._moved | self._positions.within(self._held.firsts(sorted(self._touched)))
        self._moved, self._touched = {}, set()
        new = {log: position for log, position in now.items() if self._told.get(log) != position}
        self._told |= new
        return list(new.values())

    def end(self, stream: int) -> None:
        """Note that a stream has ended; the batch that it added is kept."""
        self._held.end(stream)

    @property
    def done(self) -> bool:
        """Whether every stream has ended and all lines were emitted."""
        return not self._held.running and not self._held

    def take(self, allowance: Allowance) -> Merged | None:
        """Take all lines whose order is certain, up to the allowance; None if there are none."""
        if self.waiting_for or not self._held:
            return None
        streams, ready = self._held.take_certain()
        merged = self._merged(ready, allowance) if ready else None
        for stream in streams:
            for held in self._held.settle(stream):
                self._advance(held.positions.values())
        self._touched.update(streams)
        return merged

    def _merged(self, ready: Sequence[tuple[int, HeldBatch, int]], allowance: Allowance) -> Merged | None:
        runs = [(number, held, cut) for number, (_, held, cut) in enumerate(ready)]
        merged = merge_runs(runs, allowance, times=self._times, places=self._places)
        if merged is None:
            return None
        given = Counter[int]()
        for number, lines in merged.given.items():
            stream, held, _ = ready[number]
            held.given += lines
            given[stream] += lines
        self._held.lines -= merged.batch.count
        return Merged(merged.batch, dict(given))


def merge_runs(
    runs: Sequence[tuple[int, HeldBatch, int]], allowance: Allowance, *, times: bool, places: bool
) -> Merged | None:
    """Merge lines of several streams.

    Args:
        runs: for each run a stream's number, a batch of it, and the index before which its lines are wanted; at least
            one run. Lines of equal keys come in the order of the runs.
        allowance: how many lines the answer may still hold.
        times: whether the merged batch has the column of times.
        places: whether it has the columns of offsets and origins.

    Returns:
        The allowed lines, without positions unless they are one whole batch; None if no line is allowed.
    """
    order = order_of([held.keys[held.given : cut] for _, held, cut in runs]) if len(runs) > 1 else None
    joined = Joined([held.run_to(cut) for _, held, cut in runs], order)
    count = allowance.admit(joined.lines, joined.flags, len(joined.body))
    if not count:
        return None
    first = runs[0][1].batch
    is_whole = len(runs) == 1 and count == first.count
    batch = first if is_whole else joined.batch(count, times=times, places=places)
    sizes = [(stream, cut - held.given) for stream, held, cut in runs]
    return Merged(batch, dict(sizes) if count == len(joined.lines) else _given(sizes, order, count))


def _given(sizes: Sequence[tuple[int, int]], order: Sequence[int] | None, count: int) -> dict[int, int]:
    """Return how many of the first `count` lines, in the given order, came from each stream."""
    ends = list(accumulate(size for _, size in sizes))
    given = {stream: 0 for stream, _ in sizes}
    for index in range(count) if order is None else order[:count]:
        given[sizes[bisect_right(ends, index)][0]] += 1
    return given
