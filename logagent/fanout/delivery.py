"""Sending batches to the reader of a follow: enforces its limit of bytes, counts lines by host, tracks positions."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

import trio

from logagent.core.batch import SIGN_OF_LIFE, Batch, Notice, Out, Position
from logagent.core.columns import pieces
from logagent.core.merging.reversing import positions_behind
from logagent.core.notes import Note, unite
from logagent.core.outcome import Outcome, Status
from logagent.core.query import Query
from logagent.fanout.feed import Feed

AT_ONCE = 5
"""Times that notices are sent as they come within `TOGETHER` seconds: those of a few hosts that are lost."""
TOGETHER = 1.0
"""Seconds that further ones wait for each other: who lost a thousand hosts reads no thousand lines."""


class Delivery:
    """Sends batches to the reader of one follow.

    Args:
        query: the follow; its `max_bytes` holds for the whole follow.
        out: the reader; closed by whoever made it.
        feeds: the sources by name; `given` of each counts its lines that the reader got.

    Attributes:
        limit: the outcome that names the limit that ended the follow, after which nothing is sent; None: no limit was
            reached.
        lines: number of lines sent.
        scanned: bytes of log scanned for them.
        last_sent: Trio's time of the last batch.
        notes: of all hosts, as far as they were sent.
        given: lines of each host that the reader got.
    """

    def __init__(self, query: Query, out: Out, feeds: Mapping[str, Feed]) -> None:
        self.limit: Outcome | None = None
        self.lines = 0
        self.scanned = 0
        self.last_sent = trio.current_time()
        self.notes: tuple[Note, ...] = ()
        self.given = Counter[str]()
        self._out = out
        self._feeds = feeds
        self._max_bytes = query.limits.max_bytes
        self._bytes_left = math.inf if self._max_bytes is None else self._max_bytes
        self._untold_scanned = 0
        self._said_at: list[float] = []  # when notices were sent within the last second
        self._unsaid: tuple[Notice, ...] = ()
        self._reached: dict[tuple[str, str], Position] = {}

    @property
    def positions(self) -> tuple[Position, ...]:
        """The position that each log has reached."""
        return tuple(self._reached.values())

    def pass_by(self, positions: Iterable[Position]) -> None:
        """Note positions that logs have reached, without sending them."""
        for position in positions:
            self._reached[position.host, position.log] = position

    def count_scanned(self, scanned: int) -> None:
        """Count bytes of log that were scanned; the next batch with lines reports them to the reader."""
        self.scanned += scanned
        self._untold_scanned += scanned

    async def note(self, notes: Iterable[Note]) -> None:
        """Send all notes so far, if there are news among some notes of a host."""
        notes = tuple(notes)
        if not notes:
            return
        known, self.notes = self.notes, unite((*self.notes, *notes))
        if self.notes != known:
            await self.send(replace(SIGN_OF_LIFE, notes=self.notes))

    async def say(self, notices: Iterable[Notice]) -> None:
        """Send notices, if there are any; where many come one by one, as of a thousand hosts at once, some together.

        A notice of lost lines stands where they are lost, and is never kept for later.
        """
        said, now = tuple(notices), trio.current_time()
        self._said_at = [time for time in self._said_at if now < time + TOGETHER]
        self._unsaid += said
        is_at_once = len(self._said_at) < AT_ONCE or any(notice.status is Status.DATA_LOSS for notice in said)
        if said and is_at_once:
            await self.say_the_rest()

    @property
    def notices_due(self) -> float:
        """Trio's time at which notices are to be sent that wait for others."""
        return self._said_at[0] + TOGETHER if self._unsaid else math.inf

    async def say_the_rest(self) -> None:
        """Send the notices that wait for others."""
        if self._unsaid:
            said, self._unsaid = self._unsaid, ()
            self._said_at.append(trio.current_time())
            await self.send(replace(SIGN_OF_LIFE, notices=said))

    async def send(self, batch: Batch) -> None:
        """Send a batch, or only its first records that fit into `max_bytes`; nothing once a limit was reached."""
        self.scanned += batch.scanned
        if self.limit is not None:
            return
        batch = self._counted(self._within_limit(batch))
        self.pass_by(batch.positions)
        await self._out.send(batch)
        self.last_sent = trio.current_time()

    def _within_limit(self, batch: Batch) -> Batch:
        if len(batch.body) <= self._bytes_left:
            return batch
        self.limit = Outcome(Status.RESOURCE_EXHAUSTED, f"max_bytes={self._max_bytes} reached")
        return _beginning(batch, int(self._bytes_left))

    def _counted(self, batch: Batch) -> Batch:
        """Count the lines of a batch; if it has any, add the scanned bytes that were not reported yet."""
        if not batch.count:
            return batch
        self._bytes_left -= len(batch.body)
        self.lines += batch.count
        for host, lines in _lines_by_host(batch).items():
            self.given[host] += lines
            if (feed := self._feeds.get(host)) is not None:  # else it is behind a primary
                feed.given += lines
        untold, self._untold_scanned = self._untold_scanned, 0
        return replace(batch, scanned=batch.scanned + untold)


def _beginning(batch: Batch, most: int) -> Batch:
    """Return the first records of a batch, at most `most` bytes, with the batch's notices in any case."""
    first = next(pieces(batch, most))
    if len(first.body) > most:
        return replace(SIGN_OF_LIFE, notices=batch.notices, notes=batch.notes)
    return replace(first, positions=positions_behind(first))


def _lines_by_host(batch: Batch) -> Counter[str]:
    if not batch.origins:
        return Counter()
    if batch.origin is None:
        return Counter({batch.origins[0].host: batch.count})
    counts: Counter[str] = Counter()
    for index, lines in Counter(batch.origin).items():
        counts[batch.origins[index].host] += lines
    return counts
