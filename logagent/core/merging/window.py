"""The window of a follow: lines that many logs write at the same time, put in order of time before they are given out.

There is no end to wait for, so a line waits for earlier ones of other logs at most for the patience that was asked.
This is pure bookkeeping: the caller says what time it is, in seconds of any clock that does not run backwards.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from logagent.core.batch import Batch, Origin, Position
from logagent.core.limits import Allowance
from logagent.core.merging.merge import Held, Picking, keys_of, levelled

_Log = tuple[int, str, str]
"""The number of a host, its name, and the log: in the order that decides between equal times."""


@dataclass(slots=True)
class _Arrival:
    """A batch of a host: its number among all, how many of its lines are held, and what is known once none is."""

    number: int
    held: int
    positions: list[Position]


class _Run(NamedTuple):
    """Lines of one log that came together, and when they must be given out."""

    held: Held
    due: float
    arrival: _Arrival


class Window:
    """Holds lines of several hosts for a while, and gives them in order of time.

    hosts: in the order that decides between equal times; then come logs by name, and places in the log. patience:
    seconds that a line is held at most. Lines of one log are never reordered: each is as late as the latest line of its
    log that is held before it. Only of those, so that a clock which jumped ahead once has no effect for longer.

    size: bytes of the lines held. due: when the first of them must be given out, infinity if none is held.
    """

    def __init__(self, hosts: Sequence[str], *, patience: float) -> None:
        self._numbers = {host: number for number, host in enumerate(hosts)}
        self._patience = patience
        self._logs: dict[_Log, deque[_Run]] = {}
        self._arrivals: dict[str, deque[_Arrival]] = {host: deque() for host in hosts}
        self._arrived = 0
        self._progress = _Progress()
        self.size = 0
        self.due = math.inf

    def add(self, host: str, batch: Batch, now: float) -> None:
        """The next lines of a host, at least one, with times and places. The batch's `positions` are how far the host's
        logs are done once all its lines up to here are given out; `scanned` and the like are the caller's to count."""
        assert batch.count > 0, "a batch without lines is to be noted"
        self._arrived += 1
        arrival = _Arrival(self._arrived, batch.count, list(batch.positions))
        due = now + self._patience
        for log, lines in _by_log(batch):
            runs = self._logs.setdefault((self._numbers[host], *log), deque())
            keys = levelled(list(keys_of(lines)), runs[-1].held.keys[-1] if runs else None)
            runs.append(_Run(Held(lines, keys), due, arrival))
        self._arrivals[host].append(arrival)
        self.size += len(batch.body)
        self.due = min(self.due, due)

    def note(self, host: str, positions: Iterable[Position]) -> None:
        """The host's logs have come so far behind all that was added of it."""
        if self._arrivals[host]:
            self._arrivals[host][-1].positions += positions
        else:
            self._progress.reach(self._arrived, positions)

    @property
    def positions(self) -> list[Position]:
        """How far each log is done by now, those of which nothing is known left out."""
        return self._progress.positions

    def take_positions(self) -> tuple[Position, ...]:
        """Those that changed since they were told last, here or in a batch that was given."""
        return self._progress.take_news()

    def take(self, now: float) -> Batch | None:
        """What must be given out by now, and with it all that belongs before any of that; None if that is nothing.

        The batch may be large (see `pieces`). Its positions are the news of all logs: going on from the last one of
        each repeats nothing that was given, and loses nothing that is held.
        """
        if now < self.due:
            return None
        key, log = max((self._last_due(runs, now), log) for log, runs in self._logs.items() if runs[0].due <= now)
        batch = self._give([*self._up_to(key, log)])
        self.due = min((runs[0].due for runs in self._logs.values()), default=math.inf)
        return batch

    def flush(self) -> Batch | None:
        """All that is held, in order; None if that is nothing. Positions as of `take`."""
        return self.take(math.inf) if self._logs else None

    def _last_due(self, runs: deque[_Run], now: float) -> int:
        last = runs[0]
        for run in runs:
            if run.due > now:
                break
            last = run
        return last.held.keys[-1]

    def _up_to(self, key: int, last: _Log) -> Iterator[tuple[_Log, _Run, int]]:
        """All that goes before the lines with this key of that log, and these: runs, and how many lines of each."""
        for log in sorted(self._logs):
            cut_behind = bisect_right if log <= last else bisect_left
            for run in self._logs[log]:
                cut = cut_behind(run.held.keys, key, run.held.at)
                if cut > run.held.at:
                    yield log, run, cut
                if cut < len(run.held.keys):
                    break

    def _give(self, runs: list[tuple[_Log, _Run, int]]) -> Batch:
        numbered = [(number, run.held, cut) for number, (_, run, cut) in enumerate(runs)]
        merged = Picking(numbered, times=True, places=True).merged(Allowance(None, None))
        assert merged is not None, "what is due is something"
        for log, run, cut in runs:
            self._pass(log, run, cut)
        for host in self._arrivals:
            self._settle(host)
        self.size -= len(merged.batch.body)
        return replace(merged.batch, positions=self.take_positions())

    def _pass(self, log: _Log, run: _Run, cut: int) -> None:
        """The lines of a run before `cut` are given out."""
        run.arrival.held -= cut - run.held.at
        run.held.at = cut
        behind = _behind(run.held, cut - 1)
        if behind.fingerprint:  # else it came late, of a file before the one that the position is in
            self._progress.reach(run.arrival.number, [behind])
        if cut == len(run.held.keys):
            self._logs[log].popleft()
            if not self._logs[log]:
                del self._logs[log]

    def _settle(self, host: str) -> None:
        arrivals = self._arrivals[host]
        while arrivals and not arrivals[0].held:
            settled = arrivals.popleft()
            self._progress.reach(settled.number, settled.positions)


class _Progress:
    """How far each log is done. What a batch says of a log does not count once lines of a later one were given."""

    def __init__(self) -> None:
        self._reached: dict[tuple[str, str], tuple[int, Position]] = {}
        self._news: dict[tuple[str, str], Position] = {}

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
                    self._news[log] = position

    def take_news(self) -> tuple[Position, ...]:
        news, self._news = self._news, {}
        return tuple(news.values())


def log_of(origin: Origin) -> tuple[str, str]:
    """The host and the log of lines, by the names that positions have for them."""
    return origin.host, origin.log or origin.file


def _behind(held: Held, place: int) -> Position:
    """The position behind a line."""
    batch = held.batch
    origin = batch.origins[0 if batch.origin is None else batch.origin[place]]
    return Position(*log_of(origin), origin.fingerprint, batch.behind(place, held.lines[place]))


def _by_log(batch: Batch) -> list[tuple[tuple[str, str], Batch]]:
    """The lines of a batch for each log that occurs in it, as batches with the columns of lines alone."""
    batch = replace(batch, scanned=0, planned=0, positions=(), notices=(), live=False)
    logs = [log_of(origin) for origin in batch.origins]
    if batch.origin is None or len(set(logs)) == 1:
        return [(logs[0], batch)]
    places: dict[tuple[str, str], list[int]] = {}
    for place, index in enumerate(batch.origin):
        places.setdefault(logs[index], []).append(place)
    lines = batch.lines()
    return [(log, picked(batch, lines, chosen)) for log, chosen in places.items()]


def picked(batch: Batch, lines: Sequence[bytes], places: Sequence[int]) -> Batch:
    """A batch of the lines at these places, in the order of the places. lines: all lines of the batch."""
    index = batch.origin_of_each()
    origins = {number: at for at, number in enumerate(dict.fromkeys(index[place] for place in places))}
    return replace(
        batch,
        body=b"".join([lines[place] + b"\n" for place in places]),
        count=len(places),
        times=batch.times and [batch.times[place] for place in places],
        offsets=batch.offsets and [batch.offsets[place] for place in places],
        origins=tuple(batch.origins[number] for number in origins),
        origin=[origins[index[place]] for place in places] if len(origins) > 1 else None,
        flags=batch.flags and bytes([batch.flags[place] for place in places]),
        keys=batch.keys and [batch.keys[place] for place in places],
    )
