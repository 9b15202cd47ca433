"""Connecting to one agent: one attempt at a time, which all requests that need a connection share.

An agent that is down often takes no notice of an attempt, so that each takes its full time. No question is to pay that
twice in a while: after a failure, attempts go on in the background with each question, which only glances at them.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import httpx
import trio

from logagent.peers.client.exchange import Away, message_of
from logagent.peers.client.reasons import reason

GLANCE = 0.1
"""Seconds that a question waits for an attempt while the agent is known to be down: an agent that is back is connected
to within a few round trips, and this is too short to be noticed."""

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
    """One attempt; it has either a connection or an error once it has ended."""

    ended: trio.Event = field(default_factory=trio.Event)
    connection: Connection | None = None
    error: httpx.TransportError | None = None

    def take(self) -> Connection | None:
        """Return the connection, once: one that is not shared serves one request."""
        taken, self.connection = self.connection, None
        return taken


class Dialer(Generic[Connection]):
    """Connects to one agent.

    Args:
        agent: its address, for messages.
        dial: makes a connection; raises `httpx.TransportError`.
        free: returns a connection that is there and takes one more request.
        background: see there.
    """

    def __init__(
        self,
        agent: str,
        dial: Callable[[], Awaitable[Connection]],
        free: Callable[[], Connection | None],
        background: Background | None,
    ) -> None:
        self._agent = agent
        self._dial = dial
        self._free = free
        self._background = background
        self._one_at_a_time = trio.Lock()
        self._attempt: _Attempt[Connection] | None = None
        self._failure: tuple[httpx.TransportError, float] | None = None
        self._waited = 0.0

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
            with trio.move_on_after(patience + GLANCE if known is None else min(patience, GLANCE)):
                return await self._shared(patience, background.nursery)
            raise known or self._too_late()
        finally:
            if known is None:
                self._waited = trio.current_time()

    async def _in_line(self, patience: float) -> Connection:
        with trio.move_on_after(patience):
            async with self._one_at_a_time:
                return self._free() or await self._dial()
        raise self._too_late()

    async def _shared(self, patience: float, nursery: trio.Nursery) -> Connection:
        """Wait for an attempt, and begin one if none is under way."""
        while True:
            if (free := self._free()) is not None:
                return free
            attempt = self._attempt or self._begin(patience, nursery)
            await attempt.ended.wait()
            if attempt.error is not None:
                # A copy, since each of those who wait raises it.
                raise type(attempt.error)(str(attempt.error)) from attempt.error
            if (taken := attempt.take()) is not None:
                return taken

    async def _run(self, attempt: _Attempt[Connection], patience: float) -> None:
        try:
            with trio.move_on_after(patience) as in_time:
                attempt.connection = await self._dial()
            if in_time.cancelled_caught:
                attempt.error = self._too_late()
        except httpx.TransportError as error:
            attempt.error = error
        except Exception as error:
            _log.exception("connecting to %s failed", self._agent)
            attempt.error = httpx.ConnectError(message_of(error))
        finally:
            self._failure = None if attempt.error is None else (attempt.error, trio.current_time())
            self._attempt = None
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
        error, since = self._failure
        return Away(f"{reason(error)}, {now - since:.0f} s ago; it is being tried again")

    def _too_late(self) -> httpx.ConnectTimeout:
        return httpx.ConnectTimeout(f"{self._agent} did not answer in time")
