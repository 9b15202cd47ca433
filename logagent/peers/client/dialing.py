"""Connecting to one agent: all requests that need a connection share an attempt, if it is a fresh one.

An agent that is down often takes no notice of an attempt, so that each takes its full time. No question is to pay that
twice in a while: after a failure, attempts go on in the background with each question, which only glances at them.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeVar

import httpx
import trio

from logagent.peers.client.downtime import Downtime
from logagent.peers.client.exchange import Away, message_of
from logagent.peers.client.reasons import reason
from logagent.peers.client.turns import Turns

GLANCE = 0.25
"""Seconds that a question waits for a first sign of an agent that is known to be down: a machine that is back answers
within a round trip or two, and this is too short to be noticed."""
FRESH = 1.0
"""Seconds after which an attempt under way is not waited for any more by a new question, which begins another: to a
machine that was not there the kernel tries again only after 1, 3 and 7 s, though it may be back by now."""

_log = logging.getLogger(__name__)
Connection = TypeVar("Connection")


@dataclass(slots=True)
class Background:
    """Where attempts go on when no question waits for them any more.

    Attributes:
        pause: seconds after a failure in which no further question waits longer than a glance.
        nursery: runs the attempts; None: there is none, so that each request makes and awaits its own.
    """

    pause: float
    nursery: trio.Nursery | None = None


@dataclass(slots=True)
class _Attempt(Generic[Connection]):
    """One attempt; it has either a connection or an error once it has ended.

    Attributes:
        began: when it began, in seconds of Trio's clock.
        queued: whether it waits for its turn, since too many others are under way.
        answered: set when the machine has answered, though the agent may not have, or the attempt has ended.
        ended: set when it has ended.
        connection: what it made, until that is taken.
        error: why there is none.
    """

    began: float = field(default_factory=trio.current_time)
    queued: bool = True
    answered: trio.Event = field(default_factory=trio.Event)
    ended: trio.Event = field(default_factory=trio.Event)
    connection: Connection | None = None
    error: httpx.TransportError | None = None

    def take(self) -> Connection | None:
        """Return the connection, once: one that is not shared serves one request."""
        taken, self.connection = self.connection, None
        return taken


class _Failure(NamedTuple):
    """Why the agent is known to be down.

    Attributes:
        error: of the last attempt.
        since: when that ended, in seconds of Trio's clock.
        first: when the first of the attempts ended that have failed in a row.
        mute: whether its machine had answered: then that it answers does not mean that the agent is back.
    """

    error: httpx.TransportError
    since: float
    first: float
    mute: bool


class Dialer(Generic[Connection]):
    """Connects to one agent.

    Args:
        agent: its address, for messages.
        dial: makes a connection, and calls its argument when the agent's machine has answered; raises
            `httpx.TransportError`.
        free: returns a connection that is there and takes one more request.
        background: see there.
        turns: of all connections; see there.
    """

    def __init__(
        self,
        agent: str,
        dial: Callable[[Callable[[], None]], Awaitable[Connection]],
        free: Callable[[], Connection | None],
        background: Background | None,
        turns: Turns | None = None,
    ) -> None:
        self._agent = agent
        self._dial = dial
        self._free = free
        self._background = background
        self._turns = turns or Turns()
        self._one_at_a_time = trio.Lock()
        self._attempt: _Attempt[Connection] | None = None
        self._failure: _Failure | None = None
        self._waited = 0.0

    @property
    def downtime(self) -> Downtime | None:
        """How long the agent has been down; None: it is not known to be."""
        if self._failure is None or self._background is None:
            return None
        return Downtime(self._failure.first, self._failure.since, self._waited + self._background.pause)

    async def connection(self, patience: float) -> Connection:
        """Return a connection that takes one more request: a free one, or a new one.

        Args:
            patience: seconds that the request waits at most.

        Raises:
            TransportError: of httpx, if there is none in time.
        """
        background = self._background
        if background is None or background.nursery is None:
            return await self._in_line(patience)
        known = self._known_failure(background.pause)
        try:
            # A moment longer than an attempt that begins now, which says itself that it took too long.
            with trio.move_on_after(patience + GLANCE):
                return await self._shared(patience, background.nursery, known)
            raise known or self._not_tried() or self._too_late()
        finally:
            if known is None:
                self._waited = trio.current_time()

    async def _in_line(self, patience: float) -> Connection:
        with trio.move_on_after(patience) as in_time:
            async with self._one_at_a_time:
                if (free := self._free()) is not None:
                    return free
                left, in_time.deadline = in_time.deadline - trio.current_time(), math.inf
                async with self._turns.attempts:
                    in_time.deadline = trio.current_time() + left
                    return await self._dial(trio.Event().set)
        raise self._too_late()

    async def _shared(self, patience: float, nursery: trio.Nursery, known: Away | None) -> Connection:
        """Wait for a fresh attempt, and begin one if none is under way, or if one fails that began before."""
        asked = trio.current_time()
        while True:
            if (free := self._free()) is not None:
                return free
            attempt = self._fresh_attempt() or self._begin(patience, nursery)
            if known is not None:
                await self._first_sign(attempt, known)
            await attempt.ended.wait()
            if attempt.error is not None:
                if attempt.began < asked:
                    continue
                # A copy, since each of those who wait raises it.
                raise type(attempt.error)(str(attempt.error)) from attempt.error
            if (taken := attempt.take()) is not None:
                return taken

    async def _first_sign(self, attempt: _Attempt[Connection], known: Away) -> None:
        """Wait a moment for a sign that the agent is back, and raise why it is known to be down if none comes."""
        is_mute = self._failure is not None and self._failure.mute
        sign = attempt.ended if is_mute else attempt.answered
        with trio.move_on_after(GLANCE):
            await sign.wait()
        if not sign.is_set():
            raise known

    def _fresh_attempt(self) -> _Attempt[Connection] | None:
        one = self._attempt
        return one if one is not None and (one.queued or trio.current_time() < one.began + FRESH) else None

    async def _run(self, attempt: _Attempt[Connection], patience: float) -> None:
        try:
            async with self._turns.attempts:
                attempt.queued, attempt.began = False, trio.current_time()
                with trio.move_on_after(patience) as in_time:
                    attempt.connection = await self._dial(attempt.answered.set)
            if in_time.cancelled_caught:
                attempt.error = self._too_late()
        except httpx.TransportError as error:
            attempt.error = error.with_traceback(None)  # which holds the attempt; kept as long as the agent is down
        except Exception as error:
            _log.exception("connecting to %s failed", self._agent)
            attempt.error = httpx.ConnectError(message_of(error))
        finally:
            if attempt.error is None:
                self._failure = None
            elif self._attempt is attempt:
                now = trio.current_time()
                first = now if self._failure is None else self._failure.first
                self._failure = _Failure(attempt.error, now, first, attempt.answered.is_set())
            if self._attempt is attempt:
                self._attempt = None
            attempt.answered.set()
            attempt.ended.set()

    def redial(self, patience: float) -> None:
        """Begin an attempt in the background, since an agent has fallen silent for which a question waited just now."""
        if self._background is not None and self._background.nursery is not None and self._attempt is None:
            self._waited = trio.current_time()
            self._begin(patience, self._background.nursery)

    def _begin(self, patience: float, nursery: trio.Nursery) -> _Attempt[Connection]:
        self._attempt = attempt = _Attempt[Connection]()
        nursery.start_soon(self._run, attempt, patience)
        return attempt

    def _known_failure(self, pause: float) -> Away | None:
        """Return the error for a question that does not wait, if the agent is down and was waited for not long ago."""
        now = trio.current_time()
        if self._failure is None or now >= self._waited + pause:
            return None
        ago = now - self._failure.since
        return Away(f"{reason(self._failure.error)}, {ago:.0f} s ago; it is being tried again")

    def _not_tried(self) -> Away | None:
        """Return what is to be said of an agent that was not tried in time, of which nothing bad is known."""
        if self._attempt is None or not self._attempt.queued:
            return None
        return Away("was not tried yet: too many other connections are being made")

    def _too_late(self) -> httpx.ConnectTimeout:
        return httpx.ConnectTimeout(f"{self._agent} did not answer in time")
