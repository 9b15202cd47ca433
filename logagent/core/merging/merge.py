"""Merging streams of batches by time: pure bookkeeping, no tasks and no clock.

Each stream is in the order asked for, except for lines whose time runs backwards. Such a line keeps its place: it is
merged by the time of the line before it. So the keys of a stream never decrease. Each stream that has not ended holds
lines up to some last key; the merge may emit all lines up to the smallest of these last keys.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import NamedTuple

from logagent.core.batch import Batch, Column, Position
from logagent.core.columns import Joined, Run
from logagent.core.limits import Allowance
from logagent.core.merging.keys import keys_of, order_of, reversed_keys, running_maximum
from logagent.core.merging.positions import Positions

FEW_LEFT = 4
"""The part of a batch's lines that a stream holds at most when the next one is added to it."""
FEW_STREAMS = 8
"""Streams up to which each may hold the rest of a batch and the next one: of many, these would take much memory."""


class Merged(NamedTuple):
    """A batch ready to be sent.

    Attributes:
        batch: the lines.
        given: how many of the lines came from each stream, by the stream's number.
    """

    batch: Batch
    given: dict[int, int]


class HeldBatch:
    """A batch that waits to be merged.

    Args:
        batch: its lines.
        keys: for each line, the number by which it is merged; they never decrease.

    Attributes:
        given: how many of its lines were emitted.
        positions: how far logs are read once all its lines are emitted, by host and log.
    """

    __slots__ = ("_lines", "batch", "given", "keys", "positions")

    def __init__(self, batch: Batch, keys: Column) -> None:
        self.batch = batch
        self.keys = keys
        self._lines: list[bytes] | None = None
        self.given = 0
        self.positions = {(position.host, position.log): position for position in batch.positions}

    @property
    def left(self) -> int:
        """How many of its lines are held."""
        return len(self.keys) - self.given

    @property
    def lines(self) -> list[bytes]:
        """All its lines, split when they are asked for first: where many are merged, that is in a thread."""
        if self._lines is None:
            self._lines = self.batch.lines()
        return self._lines

    def run_to(self, behind: int) -> Run:
        """Return the lines that are not emitted yet, up to the one before an index."""
        return Run(self.batch, self.lines, self.given, behind)


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
        self._held: dict[int, list[HeldBatch]] = {}
        self._running = set(range(streams))
        self._holds_two = streams <= FEW_STREAMS
        self._last_key: dict[int, int] = {}

    @property
    def waiting_for(self) -> set[int]:
        """The streams whose next batch or end is needed before more lines can be emitted."""
        return self._running - self._held.keys()

    @property
    def runs_short(self) -> set[int]:
        """The streams that hold so few lines that their next batch may be added, if it is there already."""
        held = ((stream, batches[0]) for stream, batches in self._held.items() if len(batches) == 1)
        short = {stream for stream, batch in held if batch.left * FEW_LEFT <= len(batch.keys)}
        return short & self._running if self._holds_two else set()

    def add(self, stream: int, batch: Batch) -> None:
        """Add the next batch of a stream that is waited for, or runs short; it has times, or keys, and some lines."""
        assert stream in self.waiting_for | self.runs_short
        keys = keys_of(batch)
        keys = running_maximum(reversed_keys(keys) if self._newest else keys, self._last_key.get(stream))
        self._last_key[stream] = keys[-1]
        self._held.setdefault(stream, []).append(HeldBatch(batch, keys))

    def note(self, stream: int, positions: Iterable[Position]) -> None:
        """Note the positions that a stream has reached after all lines that it added."""
        if stream in self._held:
            self._held[stream][-1].positions |= {(position.host, position.log): position for position in positions}
        else:
            self._positions.advance(positions)

    @property
    def held_lines(self) -> int:
        """How many lines are held, of which the next call of `take` merges some or all."""
        return sum(held.left for batches in self._held.values() for held in batches)

    @property
    def positions(self) -> list[Position]:
        """How far each log was emitted so far; logs of which nothing is known are left out."""
        # Those of a stream's second batch hold once its first one is emitted.
        return self._positions.current(batches[0] for batches in self._held.values())

    def end(self, stream: int) -> None:
        """Note that a stream has ended; the batch that it added is kept."""
        self._running.discard(stream)

    @property
    def done(self) -> bool:
        """Whether every stream has ended and all lines were emitted."""
        return not self._running and not self._held

    def take(self, allowance: Allowance) -> Merged | None:
        """Take all lines whose order is certain, up to the allowance; None if there are none."""
        if self.waiting_for or not self._held:
            return None
        ready = [(stream, held, cut) for stream, held, cut in self._cuts() if cut > held.given]
        runs = [(number, held, cut) for number, (_, held, cut) in enumerate(ready)]
        merged = merge_runs(runs, allowance, times=self._times, places=self._places)
        if merged is None:
            return None
        given = Counter[int]()
        for number, lines in merged.given.items():
            stream, held, _ = ready[number]
            held.given += lines
            given[stream] += lines
            if not held.left:
                self._let_go(stream)
        return Merged(merged.batch, dict(given))

    def _let_go(self, stream: int) -> None:
        """Let go of the first batch of a stream, all lines of which were emitted."""
        self._positions.advance(self._held[stream].pop(0).positions.values())
        if not self._held[stream]:
            del self._held[stream]

    def _cuts(self) -> list[tuple[int, HeldBatch, int]]:
        """Return, by number of the stream, what it holds, and the index before which the order of lines is certain."""
        limits = [(batches[-1].keys[-1], stream) for stream, batches in self._held.items() if stream in self._running]
        by_number = [(stream, held) for stream, batches in sorted(self._held.items()) for held in batches]
        if not limits:
            return [(stream, held, len(held.keys)) for stream, held in by_number]
        last, limiting = min(limits)
        return [
            (stream, held, (bisect_right if stream <= limiting else bisect_left)(held.keys, last, held.given))
            for stream, held in by_number
        ]


class Relay:
    """A merge of one stream: forwards its batches unchanged, since the stream itself keeps within the allowance.

    It has the methods and properties of `Merge`.
    """

    def __init__(self) -> None:
        self._batch: Batch | None = None
        self._running = True
        self._positions = Positions(newest=True)

    @property
    def waiting_for(self) -> set[int]:
        """The one stream if its next batch or end is needed, else nothing."""
        return {0} if self._running and self._batch is None else set()

    def add(self, stream: int, batch: Batch) -> None:
        """Add the next batch."""
        assert stream in self.waiting_for
        self._batch = batch

    def note(self, stream: int, positions: Iterable[Position]) -> None:
        """Note the positions that the stream has reached."""
        self._positions.advance(positions)

    @property
    def runs_short(self) -> set[int]:
        """Nothing: it is waited for, or has what is forwarded."""
        return set()

    @property
    def held_lines(self) -> int:
        """None that are merged: they are forwarded."""
        return 0

    @property
    def positions(self) -> list[Position]:
        """How far each log was emitted so far."""
        return self._positions.current()

    def end(self, stream: int) -> None:
        """Note that the stream has ended; a batch that it added is kept."""
        self._running = False

    @property
    def done(self) -> bool:
        """Whether the stream has ended and all its lines were emitted."""
        return not self._running and self._batch is None

    def take(self, allowance: Allowance) -> Merged | None:
        """Take the batch that was added last; None if there is none."""
        batch, self._batch = self._batch, None
        self._positions.advance(batch.positions if batch else ())
        return Merged(batch, {0: batch.count}) if batch else None


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
