"""The application in force, which may be replaced while requests are answered."""

from __future__ import annotations

from typing import Any

import trio

App = Any
"""An ASGI application."""


class _InUse:
    """One application, and how many requests it answers."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.requests = 0
        self.is_replaced = False
        self.unused = trio.Event()

    def settle(self) -> None:
        if self.is_replaced and not self.requests:
            self.unused.set()


class CurrentApp:
    """Gives each request to the application that is in force when it comes, which answers it to its end.

    The lifespan is the first application's.

    Args:
        app: the first application.
    """

    def __init__(self, app: App) -> None:
        self._now = _InUse(app)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Call the application in force."""
        used = self._now
        if scope["type"] == "lifespan":
            await used.app(scope, receive, send)
            return
        used.requests += 1
        try:
            await used.app(scope, receive, send)
        finally:
            used.requests -= 1
            used.settle()

    def replace(self, app: App) -> trio.Event:
        """Give further requests to another application.

        Returns:
            An event that is set once no request is answered by the former one any more.
        """
        before, self._now = self._now, _InUse(app)
        before.is_replaced = True
        before.settle()
        return before.unused
