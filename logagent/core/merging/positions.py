"""Positions: how far the logs of a merge are done, while some of their lines are given out and others are held."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from logagent.core.batch import Batch, Position

_Log = tuple[str, str]
"""Host and log."""


class Head(NamedTuple):
    """A batch of which the first `given` lines are given out."""

    batch: Batch
    lines: Sequence[bytes]
    given: int


class Positions:
    """Keeps the position of each log. newest: whether logs are read from their end to their beginning."""

    def __init__(self, *, newest: bool) -> None:
        self._newest = newest
        self._passed: dict[_Log, Position] = {}

    def pass_by(self, positions: Iterable[Position]) -> None:
        """Logs have come so far. The last position of a log is the one that counts."""
        for position in positions:
            self._passed[position.host, position.log] = position

    def at(self, heads: Iterable[Head] = ()) -> list[Position]:
        """The position of each log now, with batches of which some lines are given out and the rest is held."""
        now = dict(self._passed)
        for head in heads:
            for position in self._within(head, now):
                now[position.host, position.log] = position
        return list(now.values())

    def _within(self, head: Head, now: dict[_Log, Position]) -> Iterator[Position]:
        """Positions in a batch that is partly given out, in the order in which its files are read."""
        batch = head.batch
        if batch.offsets is None:
            return
        with_lines = _spread(batch, head.given)
        logs = {(batch.origins[index].host, batch.origins[index].log) for index in with_lines}
        for position in batch.positions:
            if (position.host, position.log) not in logs:
                yield position  # nothing of that log is in the batch: it is as far before as behind it
        for index, (last, first) in sorted(with_lines.items()):
            origin = batch.origins[index]
            log = origin.host, origin.log
            if last is not None:
                now[log] = Position(*log, origin.fingerprint, self._behind(head, batch.offsets, last))
                yield now[log]
            elif log not in now and first is not None:
                now[log] = Position(*log, origin.fingerprint, self._before(head, batch.offsets, first))
                yield now[log]

    def _behind(self, head: Head, offsets: list[int], place: int) -> int:
        """The position behind the line at `place`; newest first, all lines of an event lie behind its first."""
        if not self._newest:
            return head.batch.behind(place, head.lines[place])
        while place and head.batch.goes_on(place):
            place -= 1
        return offsets[place]

    def _before(self, head: Head, offsets: list[int], place: int) -> int:
        """The position before that line; newest first, all lines of an event lie before its last."""
        if not self._newest:
            return offsets[place]
        while place + 1 < head.batch.count and head.batch.goes_on(place + 1):
            place += 1
        return offsets[place] + len(head.lines[place]) + 1


def _spread(batch: Batch, given: int) -> dict[int, tuple[int | None, int | None]]:
    """For each origin with lines in the batch, the place of its last line given, and of its first one held."""
    if batch.origin is None:
        return {0: (given - 1 if given else None, given if given < batch.count else None)} if batch.origins else {}
    last = {index: place for place, index in enumerate(batch.origin[:given])}
    first: dict[int, int] = {}
    for place in range(given, batch.count):
        first.setdefault(batch.origin[place], place)
    return {index: (last.get(index), first.get(index)) for index in {*last, *first}}
