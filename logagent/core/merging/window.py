"""The window of a follow: holds lines that are written to many logs at the same time, and emits them in order of time.

A followed log has no end, so a line waits for earlier lines of other logs for the query's patience at most. This is
pure bookkeeping: the caller passes the time, in seconds of any clock that does not run backwards.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from logagent.core.batch import Batch, Position
from logagent.core.columns import picked
from logagent.core.limits import Allowance
from logagent.core.merging.held_streams import HeldBatch
from logagent.core.merging.keys import keys_of, running_maximum
from logagent.core.merging.merge import merge_runs

_Log = tuple[int, str, str]
"""The number of a host, its name, and the log: the order that decides between equal times."""


@dataclass(slots=True)
class _Arrival:
    """A batch as a host sent it: its number among all, how many of its lines are held, each log's last position."""

    number: int
    held: int
    positions: dict[tuple[str, str], Position]


class _LogBatch(NamedTuple):
    """Lines of one log from one batch, when they must be emitted, and the batch that they came with."""

    held: HeldBatch
    due: float
    arrival: _Arrival


class Window:
    """Holds lines of several hosts for a while, and emits them in order of time.

    Lines of one log are never reordered: a line whose time runs backwards is merged by the latest time among the held
    lines before it in its log. Lines that were already emitted do not count, so that a clock that jumped ahead once has
    no lasting effect.

    Args:
        hosts: their names; lines of equal times come in this order, then by the name of the log, then by place in it.
        patience: seconds that a line is held at most.

    Attributes:
        size: bytes of the lines held.
        due: when the first of them must be emitted; infinity if none is held.
    """

    def __init__(self, hosts: Sequence[str], *, patience: float) -> None:
        self._numbers = {host: number for number, host in enumerate(hosts)}
        self._patience = patience
        self._logs: dict[_Log, deque[_LogBatch]] = {}
        self._arrivals: dict[str, deque[_Arrival]] = {host: deque() for host in hosts}
        self._arrived = 0
        self._progress = _Progress()
        self.size = 0
        self.due = math.inf

    def join(self, host: str) -> None:
        """Let a further host add lines, or one that had left; lines of equal times come after those of the others."""
        self._numbers.setdefault(host, len(self._numbers))
        self._arrivals.setdefault(host, deque())

    def add(self, host: str, batch: Batch, now: float) -> None:
        """Add the next lines of a host.

        Args:
            host: its name.
            batch: at least one line, with times and places. Its positions are how far the host's logs are read once all
                lines that the host added so far are emitted. `scanned`, `planned`, `notices`, `notes` and `live` are
                ignored.
            now: the time, in seconds.
        """
        assert batch.count > 0, "a batch without lines is to be noted"
        self._arrived += 1
        arrival = _Arrival(self._arrived, batch.count, _by_name(batch.positions))
        due = now + self._patience
        for log, lines in _by_log(batch):
            held = self._logs.setdefault((self._numbers[host], *log), deque())
            keys = running_maximum(keys_of(lines), held[-1].held.keys[-1] if held else None)
            held.append(_LogBatch(HeldBatch(lines, keys), due, arrival))
        self._arrivals[host].append(arrival)
        self.size += len(batch.body)
        self.due = min(self.due, due)

    def note(self, host: str, positions: Iterable[Position]) -> None:
        """Note the positions that a host's logs have reached after all lines that it added."""
        if self._arrivals[host]:
            self._arrivals[host][-1].positions |= _by_name(positions)
        else:
            self._progress.reach(self._arrived, positions)

    @property
    def positions(self) -> list[Position]:
        """How far each log was emitted so far; logs of which nothing is known are left out."""
        return self._progress.positions

    def take_positions(self) -> tuple[Position, ...]:
        """Take the positions that changed since they were last taken, here or with a batch."""
        return self._progress.take_changed()

    def take(self, now: float) -> Batch | None:
        """Take all lines that are due, and all other lines that sort before one of them; None if none is due.

        The batch may be large (see `columns.pieces`). It has the positions that changed. A follow that is resumed from
        the last position of each log repeats no line that was emitted, and loses no line that is held.

        Args:
            now: the time, in seconds.
        """
        if now < self.due:
            return None
        key, log = max((self._last_key_due(held, now), log) for log, held in self._logs.items() if held[0].due <= now)
        batch = self._give([*self._up_to(key, log)])
        self.due = min((held[0].due for held in self._logs.values()), default=math.inf)
        return batch

    def flush(self) -> Batch | None:
        """Take all lines that are held, as `take` does; None if there are none."""
        return self.take(math.inf) if self._logs else None

    def _last_key_due(self, held: deque[_LogBatch], now: float) -> int:
        last = held[0]
        for batch in held:
            if batch.due > now:
                break
            last = batch
        return last.held.keys[-1]

    def _up_to(self, key: int, last: _Log) -> Iterator[tuple[_Log, _LogBatch, int]]:
        """Yield the batches with lines up to those of a key in the log `last`, and the index before which they lie."""
        for log in sorted(self._logs):
            cut_behind = bisect_right if log <= last else bisect_left
            for batch in self._logs[log]:
                cut = cut_behind(batch.held.keys, key, batch.held.given)
                if cut > batch.held.given:
                    yield log, batch, cut
                if cut < len(batch.held.keys):
                    break

    def _give(self, batches: list[tuple[_Log, _LogBatch, int]]) -> Batch:
        runs = [(number, batch.held, cut) for number, (_, batch, cut) in enumerate(batches)]
        merged = merge_runs(runs, Allowance(None, None), times=True, places=True)
        assert merged is not None, "at least one line is due"
        for log, batch, cut in batches:
            self._pass(log, batch, cut)
        for host in self._arrivals:
            self._settle(host)
        self.size -= len(merged.batch.body)
        return replace(merged.batch, positions=self.take_positions())

    def _pass(self, log: _Log, batch: _LogBatch, cut: int) -> None:
        """Count the lines of a batch before `cut` as emitted."""
        batch.arrival.held -= cut - batch.held.given
        batch.held.given = cut
        behind = _behind(batch.held, cut - 1)
        if behind.fingerprint:  # else it is a late line of a rotated file, and the position stays in the newer file
            self._progress.reach(batch.arrival.number, [behind])
        if cut == len(batch.held.keys):
            self._logs[log].popleft()
            if not self._logs[log]:
                del self._logs[log]

    def _settle(self, host: str) -> None:
        """Apply the positions of the batches of which all lines were emitted."""
        arrivals = self._arrivals[host]
        while arrivals and not arrivals[0].held:
            settled = arrivals.popleft()
            self._progress.reach(settled.number, settled.positions.values())


class _Progress:
    """How far each log was emitted; a position of a batch is ignored once a later batch has set one for its log."""

    def __init__(self) -> None:
        self._reached: dict[tuple[str, str], tuple[int, Position]] = {}
        self._changed: dict[tuple[str, str], Position] = {}

    @property
    def positions(self) -> list[Position]:
        return [position for _, position in self._reached.values()]

    def reach(self, arrival: int, positions: Iterable[Position]) -> None:
        for position in positions:
            log = position.host, position.log
            latest, known = self._reached.get(log, (0, None))
            if latest <= arrival:
                self._reached[log] = arrival, position
                if position != known:
                    self._changed[log] = position

    def take_changed(self) -> tuple[Position, ...]:
        changed, self._changed = self._changed, {}
        return tuple(changed.values())


def _by_name(positions: Iterable[Position]) -> dict[tuple[str, str], Position]:
    return {(position.host, position.log): position for position in positions}


def _behind(held: HeldBatch, place: int) -> Position:
    """Return the position after a line."""
    batch = held.batch
    origin = batch.origins[0 if batch.origin is None else batch.origin[place]]
    return Position(*origin.log_id, origin.fingerprint, batch.offset_behind(place, held.lines[place]))


def _by_log(batch: Batch) -> list[tuple[tuple[str, str], Batch]]:
    """Split a batch by log, into batches without progress, positions, notices and notes."""
    batch = replace(batch, scanned=0, planned=0, positions=(), notices=(), live=False, notes=())
    logs = [origin.log_id for origin in batch.origins]
    if batch.origin is None or len(set(logs)) == 1:
        return [(logs[0], batch)]
    places: dict[tuple[str, str], list[int]] = {}
    for place, index in enumerate(batch.origin):
        places.setdefault(logs[index], []).append(place)
    lines = batch.lines()
    return [(log, picked(batch, lines, chosen)) for log, chosen in places.items()]
