"""The batches that a merge holds: which streams have lines whose order is certain, found without looking at all."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from heapq import heappop, heappush

from logagent.core.batch import Batch, Column
from logagent.core.columns import Run
from logagent.core.merging.positions import Border, borders_of

FEW_LEFT = 4
"""The part of a batch's lines that a stream holds at most when the next one is added to it."""


class HeldBatch:
    """A batch that waits to be merged.

    Args:
        batch: its lines.
        keys: for each line, the number by which it is merged; they never decrease.

    Attributes:
        given: how many of its lines were emitted.
        positions: how far logs are read once all its lines are emitted, by host and log.
    """

    __slots__ = ("_firsts", "_lasts", "_lines", "_seen", "batch", "given", "keys", "positions")

    def __init__(self, batch: Batch, keys: Column) -> None:
        self.batch = batch
        self.keys = keys
        self._lines: list[bytes] | None = None
        self._firsts: dict[int, int] | None = None
        self._lasts: dict[int, int] = {}
        self._seen = 0  # lines that `_lasts` knows
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

    def borders(self) -> dict[int, Border]:
        """Return where each origin is up to; looks at each line once, however often it is asked."""
        origin = self.batch.origin
        if origin is None:
            return borders_of(self.batch, self.given)
        if self._firsts is None:
            self._firsts = dict(zip(origin[::-1], range(self.batch.count - 1, -1, -1), strict=True))
        self._lasts.update(zip(origin[self._seen : self.given], range(self._seen, self.given), strict=True))
        self._seen = self.given
        return {index: (self._lasts.get(index), first) for index, first in self._firsts.items()}


class HeldStreams:
    """The batches of numbered streams that wait to be merged.

    Of a thousand streams, most have nothing to emit each time when one has brought its next batch. So the first key of
    each stream stands in a heap, and the last key of each in another.

    Args:
        streams: how many there are.

    Attributes:
        running: those that have not ended.
        waiting: those of them that hold nothing.
        short: those of them that hold so few lines that their next batch may be added.
        lines: how many lines are held.
    """

    def __init__(self, streams: int) -> None:
        self.running = set(range(streams))
        self.waiting = set(range(streams))
        self.short: set[int] = set()
        self.lines = 0
        self._batches: dict[int, list[HeldBatch]] = {}
        self._firsts: list[tuple[int, int]] = []  # for each stream that holds something its first key that is held
        self._lasts: list[tuple[int, int]] = []  # the last keys of streams; some may hold for a stream no more

    def __bool__(self) -> bool:
        return bool(self._batches)

    def add(self, stream: int, held: HeldBatch) -> None:
        """Hold the next batch of a stream."""
        batches = self._batches.setdefault(stream, [])
        batches.append(held)
        if len(batches) == 1:
            heappush(self._firsts, (held.keys[0], stream))
        heappush(self._lasts, (held.keys[-1], stream))
        self.waiting.discard(stream)
        self.short.discard(stream)
        self.lines += held.left

    def end(self, stream: int) -> None:
        """Note that a stream has ended; what it holds is kept."""
        self.running.discard(stream)
        self.waiting.discard(stream)
        self.short.discard(stream)

    def first(self, stream: int) -> HeldBatch | None:
        """Return the first batch of a stream; None if it holds none."""
        return next(iter(self._batches.get(stream, ())), None)

    def last(self, stream: int) -> HeldBatch | None:
        """Return the last batch of a stream; None if it holds none."""
        return next(reversed(self._batches.get(stream, ())), None)

    def firsts(self, streams: Iterable[int] | None = None) -> Iterator[HeldBatch]:
        """Yield the first batch of each stream that holds some.

        Args:
            streams: only of these; None: of all.
        """
        for stream in self._batches if streams is None else streams:
            if stream in self._batches:
                yield self._batches[stream][0]

    def take_certain(self) -> tuple[list[int], list[tuple[int, HeldBatch, int]]]:
        """Return which streams have lines whose order is certain; each must be given to `settle` afterwards.

        Returns:
            The streams; and by their numbers, each batch with such lines, and the index before which they stand.
        """
        limit = self._limit()
        streams: list[int] = []
        while self._firsts and (limit is None or self._firsts[0] <= limit):
            streams.append(heappop(self._firsts)[1])
        streams.sort()
        cuts = [(stream, held, _cut(stream, held, limit)) for stream in streams for held in self._batches[stream]]
        return streams, [(stream, held, cut) for stream, held, cut in cuts if cut > held.given]

    def _limit(self) -> tuple[int, int] | None:
        """Return the least last key of the streams that run, with its stream; None if none runs."""
        while self._lasts:
            key, stream = self._lasts[0]
            last = self.last(stream) if stream in self.running else None
            if last is not None and last.keys[-1] == key:
                return self._lasts[0]
            heappop(self._lasts)
        return None

    def settle(self, stream: int) -> Iterator[HeldBatch]:
        """Let go of the batches of a stream of which all lines were emitted, and yield them."""
        batches = self._batches[stream]
        while batches and not batches[0].left:
            yield batches.pop(0)
        if batches:
            first = batches[0]
            heappush(self._firsts, (first.keys[first.given], stream))
            if len(batches) == 1 and stream in self.running and first.left * FEW_LEFT <= len(first.keys):
                self.short.add(stream)
            return
        del self._batches[stream]
        self.short.discard(stream)
        if stream in self.running:
            self.waiting.add(stream)


def _cut(stream: int, held: HeldBatch, limit: tuple[int, int] | None) -> int:
    """Return the index in a batch before which the order of lines is certain."""
    if limit is None:
        return len(held.keys)
    last, limiting = limit
    return (bisect_right if stream <= limiting else bisect_left)(held.keys, last, held.given)
