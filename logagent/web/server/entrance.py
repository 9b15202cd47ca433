"""Where requests enter the application: one in each pass of the event loop, those of the least demanding client first.

Hundreds of requests that come together would each take a step in every pass, and a small one, which takes some twenty
passes, would wait in each of them for a step of all others.
"""

from __future__ import annotations

from itertools import count
from typing import Any, NamedTuple

import trio

from logagent.web.server.abandoned import tell_abandoned_scope

EACH_OLDEST = 3
"""Of so many requests one is the oldest that waits, so that none waits for ever."""


class _Waiting(NamedTuple):
    beside: int
    called: trio.Event


class Entrance:
    """Lets one task enter in each pass of the event loop."""

    def __init__(self) -> None:
        self._is_taken = False
        self._came, self._called = count(), 0
        self._waiting: dict[int, _Waiting] = {}  # by a number that rises, so the oldest first

    async def passed(self, beside: int) -> None:
        """Return when it is the caller's turn, after every other task that can run has run.

        Args:
            beside: the other requests that its client waited for when it came.
        """
        if self._is_taken:
            await self._called_in(beside)
        self._is_taken = True
        try:
            await trio.lowlevel.checkpoint()
        finally:
            self._call_next()

    async def _called_in(self, beside: int) -> None:
        called, number = trio.Event(), next(self._came)
        self._waiting[number] = _Waiting(beside, called)
        try:
            await called.wait()
        except trio.Cancelled:
            if self._waiting.pop(number, None) is None:  # it was called, and leaves
                self._call_next()
            raise

    def _call_next(self) -> None:
        self._is_taken = bool(self._waiting)
        if self._waiting:
            self._called += 1
            number = self._least_demanding() if self._called % EACH_OLDEST else next(iter(self._waiting))
            self._waiting.pop(number).called.set()

    def _least_demanding(self) -> int:
        """Return the number of the oldest of those that wait beside the fewest."""
        return min(self._waiting, key=lambda number: self._waiting[number].beside)


class EnteredApp:
    """An application, as Hypercorn wraps it, whose requests pass an entrance; its lifespan does not.

    Args:
        app: the application.
    """

    def __init__(self, app: Any) -> None:
        self._app = app
        self._entrance = Entrance()

    async def __call__(self, scope: Any, receive: Any, send: Any, sync_spawn: Any, call_soon: Any) -> None:
        """Call the application once the request has entered."""
        if scope["type"] != "lifespan":
            await self._passed(scope)
        try:
            await self._app(scope, receive, send, sync_spawn, call_soon)
        except BaseExceptionGroup as group:
            if group.split(trio.Cancelled)[1] is not None:
                raise
        # Cancelled, it raises anew. Hypercorn would keep a group in a variable of the frame that the group's traceback
        # holds, and with it all that the request had read, until the garbage collector comes.
        await trio.lowlevel.checkpoint_if_cancelled()

    async def _passed(self, scope: Any) -> None:
        try:
            await self._entrance.passed(scope["beside"])
        except trio.Cancelled:
            tell_abandoned_scope(scope)
            raise
