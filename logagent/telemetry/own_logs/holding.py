"""Holding back the first lines of a story: most stories end within milliseconds, and are told in one line then."""

from __future__ import annotations

from collections import deque
from typing import Protocol

import trio

HELD = 0.1
"""Seconds that lines are held back at most: longer than nearly all questions to one host take, and nobody who reads the
log meanwhile waits for it."""


class Holdable(Protocol):
    """What holds lines back."""

    def release(self) -> None:
        """Tell what is held back, if it is still to be told."""


class Holding:
    """Has held lines told after `HELD` seconds; its one task is `run`, which sleeps while nothing is held."""

    def __init__(self) -> None:
        self._held: deque[Holdable] = deque()
        self._filled = trio.Event()

    def hold(self, holdable: Holdable) -> None:
        """Have its lines told when their time is over."""
        self._held.append(holdable)
        if len(self._held) == 1:
            self._filled.set()

    async def run(self) -> None:
        """Release what was held for long enough, until cancelled; between one and two times `HELD` seconds."""
        while True:
            await self._filled.wait()
            count = len(self._held)
            await trio.sleep(HELD)
            for _ in range(count):
                self._held.popleft().release()
            if not self._held:
                self._filled = trio.Event()

    def release_all(self) -> None:
        """Release all that is held, since the agent ends."""
        while self._held:
            self._held.popleft().release()
