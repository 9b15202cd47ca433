"""A follow that survives lost connections: its source is asked again, from the positions that it had reached."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, replace

import trio

from logagent.core.batch import SIGN_OF_LIFE, Batch, Notice, Out
from logagent.core.merging.positions import Positions
from logagent.core.outcome import Outcome, Status
from logagent.core.query import Query, Source
from logagent.peers.retrying import (
    FIRST_WAIT,
    GIVEN_UP,
    LAST_WORDS,
    LONGEST_WAIT,
    MISSED_HEARTBEATS,
    without_the_obvious,
)

_LEFT_OUT = "what it wrote before it could be reached is left out; ask for it without a follow"
"""What is told of a source that is reached for the first time after the follow began, with no place to go on from."""


@dataclass(frozen=True, slots=True)
class Resumed:
    """The live lines of a source, across lost connections.

    A source is lost when it ends UNAVAILABLE, or is silent for two heartbeats; any other end is final. Time in which
    the reader takes nothing does not count as the source's silence.

    Attributes:
        host: the host that the notices name.
        source: the live lines; each batch has the positions from which the source can be resumed.
        spread: returns a random factor for each wait, so that many agents that lost the same source do not come back at
            the same time.
        waits: whether to wait for a source that is lost before it sent anything.
    """

    host: str
    source: Source
    spread: Callable[[], float] = lambda: random.uniform(0.5, 1)
    waits: bool = True

    async def pump(self, query: Query, out: Out) -> Outcome:
        """Ask the source, again each time it is lost, and forward its batches; see `Source.pump`.

        Returns:
            The last attempt's outcome, with the lines and bytes of all attempts; UNAVAILABLE after an hour without the
            source. The timeout and `max_bytes` hold for all attempts together.
        """
        return await _Attempts(self, query, out).run()


class _Attempts:
    """One run of a `Resumed`: the positions reached in all attempts, and since when the source is away."""

    def __init__(self, resumed: Resumed, query: Query, out: Out) -> None:
        self._resumed = resumed
        self._query = query
        self._out = out
        self._deadline = trio.current_time() + (math.inf if query.limits.timeout is None else query.limits.timeout)
        self._positions = Positions(newest=False)
        self._positions.advance(query.positions)
        self._resumable = False  # whether the source sent positions to resume from
        self._heard = False
        self._away_since: float | None = None
        self._wait = FIRST_WAIT
        self._lines = self._bytes = self._scanned = 0
        self._listening = trio.CancelScope()

    async def run(self) -> Outcome:
        while True:
            outcome = await self._attempt()
            if outcome.status is not Status.UNAVAILABLE or not (self._resumed.waits or self._heard):
                return self._in_all(outcome)
            now = trio.current_time()
            if self._away_since is None:
                self._away_since = now
                await self._tell(Status.UNAVAILABLE, self._broken(outcome))
            if now >= self._away_since + GIVEN_UP:
                return self._in_all(replace(outcome, message=f"away for an hour: {outcome.message}"))
            if not await self._has_waited():
                return self._in_all(self._out_of_time())

    async def _attempt(self) -> Outcome:
        """Ask once, until the source ends, is lost, or is silent for too long."""
        silence = MISSED_HEARTBEATS * self._query.follow_options.heartbeat
        with trio.move_on_at(self._deadline + LAST_WORDS) as whole, trio.move_on_after(silence) as self._listening:
            return await self._resumed.source.pump(self._question(), self)
        if whole.cancelled_caught:
            return self._out_of_time()
        return Outcome(Status.UNAVAILABLE, f"nothing was heard of it for {silence:g} s")

    async def send(self, batch: Batch) -> None:
        """Forward a batch of the source.

        An attempt may be cancelled for silence before or after forwarding a batch, but never within. So it is always
        known whether a batch was forwarded, and no line comes twice.
        """
        await trio.lowlevel.checkpoint_if_cancelled()
        self._listening.deadline = math.inf
        await self._out.send(self._told_as_back(batch))
        self._note(batch)
        self._listening.deadline = trio.current_time() + MISSED_HEARTBEATS * self._query.follow_options.heartbeat

    def _told_as_back(self, batch: Batch) -> Batch:
        """Return the batch, with a notice that the source is back if it was away."""
        if self._away_since is None:
            return batch
        host, away = self._resumed.host, trio.current_time() - self._away_since
        told = [Notice(host, Status.OK, f"back after {away:.1f} s")]
        if not self._heard and not self._query.positions and self._query.range.since is None:
            told.append(Notice(host, Status.DATA_LOSS, _LEFT_OUT))
        return replace(batch, notices=(*told, *batch.notices))

    def _note(self, batch: Batch) -> None:
        self._heard, self._away_since, self._wait = True, None, FIRST_WAIT
        self._positions.advance(batch.positions)
        self._resumable |= bool(batch.positions)
        self._lines += batch.count
        self._bytes += len(batch.body)
        self._scanned += batch.scanned

    def _question(self) -> Query:
        """Return the query for the next attempt: from the positions reached, or the whole query if none is known."""
        query = self._query
        if self._deadline < math.inf:
            query = replace(query, limits=replace(query.limits, timeout=max(self._deadline - trio.current_time(), 0.0)))
        if query.limits.max_bytes is not None:
            query = replace(query, limits=replace(query.limits, max_bytes=max(query.limits.max_bytes - self._bytes, 1)))
        if self._resumable:
            return replace(query, positions=tuple(self._positions.current()), limits=query.limits.uncounted())
        if self._lines:  # lines without positions are not asked for again
            return replace(query, limits=replace(query.limits, n=0), range=query.range._replace(since=None))
        return query

    def _broken(self, outcome: Outcome) -> str:
        reason = without_the_obvious(outcome.message)
        lacking = self._lines and not self._resumable
        meanwhile = "trying again; lines may be missing then" if lacking else "trying again"
        return f"{'lost' if self._heard else 'cannot be reached'}: {reason}; {meanwhile}"

    async def _has_waited(self) -> bool:
        """Wait before the next attempt, longer each time; return whether there is time left for it."""
        until = trio.current_time() + self._wait * self._resumed.spread()
        self._wait = min(2 * self._wait, LONGEST_WAIT)
        await trio.sleep_until(min(until, self._deadline))
        return until < self._deadline

    async def _tell(self, status: Status, message: str) -> None:
        await self._out.send(replace(SIGN_OF_LIFE, notices=(Notice(self._resumed.host, status, message),)))

    def _out_of_time(self) -> Outcome:
        return Outcome(Status.DEADLINE_EXCEEDED, f"timeout={self._query.limits.timeout:g} s reached")

    def _in_all(self, outcome: Outcome) -> Outcome:
        """Return the last attempt's outcome with the counts of all attempts, without its cursor.

        The cursor belongs to the query of the last attempt.
        """
        scanned = max(self._scanned, outcome.bytes_scanned)
        return replace(outcome, lines=self._lines, bytes_scanned=scanned, cursor="")
