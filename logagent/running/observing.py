"""What an agent tells of itself: its observers, made of its settings, and changed with them by a reload."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

from logagent.config.settings import Settings
from logagent.telemetry.hook import Observer, Telemetry


class Observing:
    """The observers of one agent.

    Args:
        settings: of the agent.
        warn: called with what is wrong, for people, where the agent can work all the same.

    Attributes:
        telemetry: tells them of its requests.
    """

    def __init__(self, settings: Settings, warn: Callable[[str], None] = lambda text: None) -> None:
        observers: list[Observer] = []
        self.telemetry = Telemetry(observers)

    def renew(self, settings: Settings) -> None:
        """Take other settings, after a reload."""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Let run what the observers need beside the agent, while the block runs."""
        async with AsyncExitStack():
            yield
