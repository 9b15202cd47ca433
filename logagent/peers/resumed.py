"""A follow that goes on when its source breaks: the source is asked again, from where it had come to."""

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

FIRST_WAIT = 0.25
"""Seconds before a source is asked again: what is started anew is often back by then."""
LONGEST_WAIT = 15.0
"""Seconds that the wait doubles up to: soon enough for people, and no load for a network of hundreds of hosts."""
MISSED_HEARTBEATS = 2
"""Heartbeats in which nothing at all is heard of a source that is dead: one may be late."""
GIVEN_UP = 3600.0
"""Seconds after which a source that does not come back is given up: who reads should know that nobody waits for it
any more, and a host that was taken away for good should not be asked for ever."""
LAST_WORDS = 1.0
"""Seconds that a source has beyond the timeout to say how it ended: it keeps that deadline itself."""

_OBVIOUS = ("cannot connect: ", "connection lost: ")
"""How reasons begin that say no more than the notice that they stand in."""


@dataclass(frozen=True, slots=True)
class Resumed:
    """The live lines of a source, over its breaks.

    host: whom its notices are about. source: what follows; every batch of it carries the positions behind which it may
    be asked to go on. spread: gives the part of each wait that is waited, so that many who lost the same source do not
    come back at once. waits: whether a source that breaks before anything was heard of it is waited for.

    A source breaks by ending UNAVAILABLE, or by its silence for two heartbeats; any other end is the end. The time in
    which the reader takes nothing is not the source's silence.
    """

    host: str
    source: Source
    spread: Callable[[], float] = lambda: random.uniform(0.5, 1)
    waits: bool = True

    async def pump(self, query: Query, out: Out) -> Outcome:
        """As `Source.pump`. The timeout and `max_bytes` hold for the whole, lines and bytes are those of all attempts,
        and the hosts are told of as the last attempt did. UNAVAILABLE after an hour without the source."""
        return await _Following(self, query, out).run()


class _Following:
    """One run of a `Resumed`: what was heard so far, and since when the source is away."""

    def __init__(self, resumed: Resumed, query: Query, out: Out) -> None:
        self._resumed = resumed
        self._query = query
        self._out = out
        self._deadline = trio.current_time() + (math.inf if query.limits.timeout is None else query.limits.timeout)
        self._positions = Positions(newest=False)
        self._positions.advance(query.positions)
        self._resumable = False
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
        """Ask once, until the source ends, breaks, or is silent for too long."""
        silence = MISSED_HEARTBEATS * self._query.follow_options.heartbeat
        with trio.move_on_at(self._deadline + LAST_WORDS) as whole, trio.move_on_after(silence) as self._listening:
            return await self._resumed.source.pump(self._question(), self)
        if whole.cancelled_caught:
            return self._out_of_time()
        return Outcome(Status.UNAVAILABLE, f"nothing was heard of it for {silence:g} s")

    async def send(self, batch: Batch) -> None:
        """What the source sends. Its silence is cut off before or after a batch is passed on, and never within: what
        was passed on is known to be, and nothing comes twice."""
        await trio.lowlevel.checkpoint_if_cancelled()
        self._listening.deadline = math.inf
        await self._out.send(self._told_as_back(batch))
        self._note(batch)
        self._listening.deadline = trio.current_time() + MISSED_HEARTBEATS * self._query.follow_options.heartbeat

    def _told_as_back(self, batch: Batch) -> Batch:
        """The batch, with the news that the source is back if it was away."""
        if self._away_since is None:
            return batch
        back = f"back after {trio.current_time() - self._away_since:.1f} s"
        return replace(batch, notices=(Notice(self._resumed.host, Status.OK, back), *batch.notices))

    def _note(self, batch: Batch) -> None:
        self._heard, self._away_since, self._wait = True, None, FIRST_WAIT
        self._positions.advance(batch.positions)
        self._resumable |= bool(batch.positions)
        self._lines += batch.count
        self._bytes += len(batch.body)
        self._scanned += batch.scanned

    def _question(self) -> Query:
        """What is still to be asked: all that was, until something is known of where to go on."""
        query = self._query
        if self._deadline < math.inf:
            query = replace(query, limits=replace(query.limits, timeout=max(self._deadline - trio.current_time(), 0.0)))
        if query.limits.max_bytes is not None:
            query = replace(query, limits=replace(query.limits, max_bytes=max(query.limits.max_bytes - self._bytes, 1)))
        if self._resumable:
            return replace(query, positions=tuple(self._positions.current()), limits=replace(query.limits, n=None))
        return (
            replace(query, limits=replace(query.limits, n=0), range=query.range._replace(since=None))
            if self._lines
            else query
        )

    def _broken(self, outcome: Outcome) -> str:
        reason = outcome.message or "no reason given"
        for beginning in _OBVIOUS:
            reason = reason.removeprefix(beginning)
        lacking = self._lines and not self._resumable
        meanwhile = "trying again; lines may be missing then" if lacking else "trying again"
        return f"{'lost' if self._heard else 'cannot be reached'}: {reason}; {meanwhile}"

    async def _has_waited(self) -> bool:
        """Wait before the next attempt, longer each time. Whether there is time left for it."""
        until = trio.current_time() + self._wait * self._resumed.spread()
        self._wait = min(2 * self._wait, LONGEST_WAIT)
        await trio.sleep_until(min(until, self._deadline))
        return until < self._deadline

    async def _tell(self, status: Status, message: str) -> None:
        await self._out.send(replace(SIGN_OF_LIFE, notices=(Notice(self._resumed.host, status, message),)))

    def _out_of_time(self) -> Outcome:
        return Outcome(Status.DEADLINE_EXCEEDED, f"timeout={self._query.limits.timeout:g} s reached")

    def _in_all(self, outcome: Outcome) -> Outcome:
        """The last attempt's outcome, with what all of them did. Where to go on is for who knows the whole question."""
        scanned = max(self._scanned, outcome.bytes_scanned)
        return replace(outcome, lines=self._lines, bytes_scanned=scanned, cursor="")
