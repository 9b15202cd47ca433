"""Turns for clients that send much, so that all of them together delay the others by one slice at a time."""

from __future__ import annotations

import trio


class Turnstile:
    """Lets one connection of a server pass at a time, in the order in which they came."""

    def __init__(self) -> None:
        self._turn = trio.Lock()

    async def passed(self) -> None:
        """Return when it is the caller's turn, after every other task that can run has run."""
        async with self._turn:
            await trio.lowlevel.checkpoint()
