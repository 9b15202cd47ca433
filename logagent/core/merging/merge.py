"""Merging streams of batches by time: pure bookkeeping, no tasks and no clock.

Each stream is in the order asked for, but for lines whose time runs backwards. Such a line keeps its place: for merging
it takes the time of the line before it in the stream. So the keys of a stream never fall, and with them a merge may
give out whatever lies before the last line that it holds of every stream that has not ended.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import accumulate
from operator import neg
from typing import NamedTuple, TypeVar

from logagent.core.batch import Batch, Origin, Position
from logagent.core.limits import Allowance
from logagent.core.merging.positions import Head, Positions

T = TypeVar("T")


class Merged(NamedTuple):
    """A batch ready to go out, and how many of its lines each stream gave, by the stream's number."""

    batch: Batch
    given: dict[int, int]


class Held:
    """A batch that waits, its lines cut, the keys that order them, which never fall, and how far it is given out."""

    __slots__ = ("at", "batch", "keys", "lines", "positions")

    def __init__(self, batch: Batch, keys: list[int]) -> None:
        self.batch = batch
        self.keys = keys
        self.lines = batch.lines()
        self.at = 0
        self.positions = list(batch.positions)


class Merge:
    """A stable k-way merge by time. Streams are numbered; equal times come by number, then by place in the stream.

    `newest` says that streams run from the newest to the oldest. `times` keeps their column of times, `places` the
    columns that tell where lines come from. A stream is added to batch by batch, and ended; `take` gives what is in
    order by then.
    """

    def __init__(self, streams: int, *, newest: bool, times: bool, places: bool) -> None:
        self._key: Callable[[list[int]], list[int]] = _negated if newest else list
        self._positions = Positions(newest=newest)
        self._times = times
        self._places = places
        self._heads: dict[int, Held] = {}
        self._running = set(range(streams))
        self._last: dict[int, int] = {}

    @property
    def waiting_for(self) -> set[int]:
        """The streams without which nothing more can be given out."""
        return self._running - self._heads.keys()

    def add(self, stream: int, batch: Batch) -> None:
        """The next batch of a stream, which must be one that is waited for, with its times and at least one line."""
        assert stream in self.waiting_for
        keys = levelled(self._key(keys_of(batch)), self._last.get(stream))
        self._last[stream] = keys[-1]
        self._heads[stream] = Held(batch, keys)

    def note(self, stream: int, positions: Iterable[Position]) -> None:
        """The stream has come so far behind all that was added of it."""
        if stream in self._heads:
            self._heads[stream].positions += positions
        else:
            self._positions.pass_by(positions)

    @property
    def positions(self) -> list[Position]:
        """How far each log is done by now, those of which nothing is known left out."""
        return self._positions.at(Head(head.batch, head.lines, head.at) for head in self._heads.values())

    def end(self, stream: int) -> None:
        """The stream gives no more; what it gave is kept."""
        self._running.discard(stream)

    @property
    def done(self) -> bool:
        """Whether every stream has ended and all is given out."""
        return not self._running and not self._heads

    def take(self, allowance: Allowance) -> Merged | None:
        """Everything that is in order by now, as far as it is allowed; None if that is nothing."""
        if self.waiting_for or not self._heads:
            return None
        runs = [(stream, self._heads[stream], cut) for stream, cut in self._cuts() if cut > self._heads[stream].at]
        merged = Picking(runs, times=self._times, places=self._places).merged(allowance)
        given = merged.given if merged is not None else {}
        for stream, head, _ in runs:
            head.at += given.get(stream, 0)
            if head.at == len(head.keys):
                self._positions.pass_by(head.positions)
                del self._heads[stream]
        return merged

    def _cuts(self) -> list[tuple[int, int]]:
        """For each stream that holds lines, in order of its number, up to where they may be given out."""
        limits = [(head.keys[-1], stream) for stream, head in self._heads.items() if stream in self._running]
        heads = sorted(self._heads.items())
        if not limits:
            return [(stream, len(head.keys)) for stream, head in heads]
        last, limiting = min(limits)
        return [
            (stream, (bisect_right if stream <= limiting else bisect_left)(head.keys, last, head.at))
            for stream, head in heads
        ]


def keys_of(batch: Batch) -> list[int]:
    """The times by which the lines of a batch are merged, all equal if nothing is known of them."""
    return batch.keys or batch.times or [0] * batch.count


def levelled(keys: list[int], least: int | None) -> list[int]:
    """Keys of lines that follow each other and keep their order: none less than the one before it, nor than `least`.
    The keys given may be changed by that."""
    if least is not None:
        keys[0] = max(keys[0], least)
    if sorted(keys) != keys:  # ten times as fast to find out as to level what is level already
        return list(accumulate(keys, max))
    return keys


class Relay:
    """A merge of one stream: its batches go on as they are. The stream itself keeps within its allowance."""

    def __init__(self) -> None:
        self._batch: Batch | None = None
        self._running = True
        self._positions = Positions(newest=True)

    @property
    def waiting_for(self) -> set[int]:
        return {0} if self._running and self._batch is None else set()

    def add(self, stream: int, batch: Batch) -> None:
        assert stream in self.waiting_for
        self._batch = batch

    def note(self, stream: int, positions: Iterable[Position]) -> None:
        self._positions.pass_by(positions)

    @property
    def positions(self) -> list[Position]:
        return self._positions.at()

    def end(self, stream: int) -> None:
        self._running = False

    @property
    def done(self) -> bool:
        return not self._running and self._batch is None

    def take(self, allowance: Allowance) -> Merged | None:
        batch, self._batch = self._batch, None
        self._positions.pass_by(batch.positions if batch else ())
        return Merged(batch, {0: batch.count}) if batch else None


class Picking:
    """Lines of several streams, each a run in order, brought into one order.

    runs: for each a number, what holds it, and up to which line it is wanted; equal keys come in the order of the runs.
    times, places: whether these columns are wanted.
    """

    def __init__(self, runs: list[tuple[int, Held, int]], *, times: bool, places: bool) -> None:
        self._runs = runs
        self._times = times
        self._places = places
        self._order: Sequence[int] = range(sum(cut - head.at for _, head, cut in runs))
        if len(runs) > 1:
            keys = _joined(head.keys[head.at : cut] for _, head, cut in runs)
            # Timsort finds the runs and merges them: some 10 million lines a second, stable, without a dependency.
            self._order = sorted(self._order, key=keys.__getitem__)

    def merged(self, allowance: Allowance) -> Merged | None:
        """The lines that are allowed, without positions unless they are a whole batch; None if that is nothing."""
        lines = self._ordered(_joined(head.lines[head.at : cut] for _, head, cut in self._runs))
        flags = self._flags()
        kept = allowance.admit(lines, flags)
        if not kept:
            return None
        whole = len(self._runs) == 1 and kept == self._runs[0][1].batch.count
        batch = self._runs[0][1].batch if whole else self._batch(lines[:kept], flags)
        return Merged(batch, self._given(kept))

    def _ordered(self, values: list[T]) -> list[T]:
        return list(map(values.__getitem__, self._order)) if len(self._runs) > 1 else values

    def _flags(self) -> bytes | None:
        """The flags of all lines in their order; None where each is a record."""
        if all(head.batch.flags is None for _, head, _ in self._runs):
            return None
        return bytes(self._column(len(self._order), lambda batch: list(batch.flags) if batch.flags else None))

    def _batch(self, lines: list[bytes], flags: bytes | None) -> Batch:
        kept = len(lines)
        body = b"\n".join(lines) + b"\n"
        batch = Batch(body, kept, self._column(kept, lambda batch: batch.times) if self._times else None)
        if flags is not None:
            keys = self._column(kept, lambda batch: batch.keys or batch.times) if self._times else None
            batch = replace(batch, flags=flags[:kept], keys=keys)
        if not self._places:
            return batch
        origins, origin = self._origins()
        offsets = self._column(kept, lambda batch: batch.offsets)
        return replace(batch, offsets=offsets, origins=origins, origin=self._ordered(origin)[:kept])

    def _column(self, kept: int, of: Callable[[Batch], list[int] | None]) -> list[int]:
        pieces = ((of(head.batch) or [0] * head.batch.count)[head.at : cut] for _, head, cut in self._runs)
        return self._ordered(_joined(pieces))[:kept]

    def _origins(self) -> tuple[tuple[Origin, ...], list[int]]:
        """The origins of all runs, and the index into them for each line as it comes in the runs."""
        numbers: dict[Origin, int] = {}
        origin: list[int] = []
        for _, head, cut in self._runs:
            numbered = [numbers.setdefault(known, len(numbers)) for known in head.batch.origins]
            if head.batch.origin is None:
                origin += numbered[:1] * (cut - head.at)
            else:
                origin += map(numbered.__getitem__, head.batch.origin[head.at : cut])
        return tuple(numbers), origin

    def _given(self, kept: int) -> dict[int, int]:
        sizes = [(stream, cut - head.at) for stream, head, cut in self._runs]
        if kept == len(self._order):
            return dict(sizes)
        ends = list(accumulate(size for _, size in sizes))
        given = {stream: 0 for stream, _ in sizes}
        for index in self._order[:kept]:
            given[sizes[bisect_right(ends, index)][0]] += 1
        return given


def _joined(pieces: Iterable[list[T]]) -> list[T]:
    joined: list[T] = []
    for piece in pieces:
        joined += piece
    return joined


def _negated(times: list[int]) -> list[int]:
    return list(map(neg, times))
