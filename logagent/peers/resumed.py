"""A source that is asked again where it breaks, and goes on where it came to."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import replace

import trio

from logagent.core.batch import SIGN_OF_LIFE, Batch, Notice, Out
from logagent.core.outcome import Outcome, Status
from logagent.core.positions import Positions
from logagent.core.query import Query, Source

BEATS = 2
"""Heartbeats without a word after which a source is taken for dead."""
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 15.0
"""Seconds between two attempts: each pause is twice the one before it, up to a limit that a host which comes back does
not have to wait for long, and forty of them do not notice."""
GIVEN_UP = 3600.0
"""Seconds after which a source that is away is given up: what is gone for an hour does not come back by itself."""


class Resumed:
    """A followed source that survives its breaking: it is asked again, from behind what it gave.

    host: for notices. waits: whether one that cannot even be asked at first is waited for. spread: gives the part of
    each pause that is waited, so that many do not come back at once.
    """

    def __init__(
        self,
        host: str,
        source: Source,
        spread: Callable[[], float] = lambda: random.uniform(0.5, 1),
        *,
        waits: bool = True,
    ) -> None:
        self._host = host
        self._source = source
        self._waits = waits
        self._spread = spread

    async def pump(self, query: Query, out: Out) -> Outcome:
        """As `Source.pump`. It ends where the source ends for a reason that another attempt would meet again, or is
        away for an hour."""
        attempts = _Attempts(self._host, query, out)
        pause = FIRST_PAUSE
        while True:
            outcome = await attempts.ask(self._source)
            if outcome.status is not Status.UNAVAILABLE or not (self._waits or attempts.ever_heard):
                return replace(outcome, lines=attempts.lines)
            if attempts.heard:
                pause = FIRST_PAUSE
            await attempts.lose(outcome)
            if attempts.away >= GIVEN_UP:
                return replace(outcome, lines=attempts.lines, message=f"away for an hour: {outcome.message}")
            await trio.sleep(pause * self._spread())
            pause = min(2 * pause, LONGEST_PAUSE)


class _Attempts:
    """How far a source has come over all attempts, and since when it is away.

    heard, ever_heard: whether the last attempt brought anything, or any. lines: so many in all.
    """

    def __init__(self, host: str, query: Query, out: Out) -> None:
        self._host = host
        self._query = query
        self._out = out
        self._positions = Positions(newest=False)
        self._positions.pass_by(query.positions)
        self._scope = trio.CancelScope()
        self._lost: float | None = None
        self.heard = self.ever_heard = False
        self.lines = 0

    @property
    def away(self) -> float:
        """Seconds since it was lost."""
        return 0.0 if self._lost is None else trio.current_time() - self._lost

    async def ask(self, source: Source) -> Outcome:
        """One attempt. Silence ends it."""
        self.heard = False
        with trio.CancelScope() as self._scope:
            self._await_word()
            return await source.pump(self._share(), self)
        silence = BEATS * self._query.heartbeat
        return Outcome(Status.UNAVAILABLE, f"nothing was heard of it for {silence:g} s")

    def _share(self) -> Query:
        positions = tuple(self._positions.at())
        return replace(self._query, positions=positions, n=None) if positions else self._query

    def _await_word(self) -> None:
        self._scope.deadline = trio.current_time() + BEATS * self._query.heartbeat

    async def send(self, batch: Batch) -> None:
        """Pass a batch on. How long its reader takes for it is no silence of the source."""
        self._scope.deadline = math.inf
        if self._lost is not None:
            back = Notice(self._host, Status.OK, f"back after {self.away:.1f} s")
            self._lost = None
            await self._out.send(replace(SIGN_OF_LIFE, notices=(back,)))
        self.heard = self.ever_heard = True
        await self._out.send(batch)
        self.lines += batch.count
        self._positions.pass_by(batch.positions)
        self._await_word()

    async def lose(self, outcome: Outcome) -> None:
        """The source broke. Said once, until it is back."""
        if self._lost is None:
            self._lost = trio.current_time()
            notice = Notice(self._host, Status.UNAVAILABLE, f"lost: {outcome.message}; trying again")
            await self._out.send(replace(SIGN_OF_LIFE, notices=(notice,)))
