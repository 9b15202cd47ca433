"""What an agent tells of itself: its observers, made of its settings, and changed with them by a reload."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import trio

from logagent.config.settings import Settings
from logagent.telemetry.hook import Observer, Telemetry
from logagent.telemetry.metrics.early_refusals import counted_early
from logagent.telemetry.metrics.loop_lag import watch_lag
from logagent.telemetry.metrics.metrics import Metrics


class Observing:
    """The observers of one agent.

    Args:
        settings: of the agent.
        warn: called with what is wrong, for people, where the agent can work all the same.

    Attributes:
        telemetry: tells them of its requests.
        metrics: its figures.
    """

    def __init__(self, settings: Settings, warn: Callable[[str], None] = lambda text: None) -> None:
        observers: list[Observer] = []
        self.metrics = Metrics(settings.peer)
        observers.append(self.metrics.counting)
        self.telemetry = Telemetry(observers)

    def renew(self, settings: Settings) -> None:
        """Take other settings, after a reload."""
        self.metrics.counting.peers.renew(settings.peer)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Let run what the observers need beside the agent, while the block runs."""
        async with AsyncExitStack() as stack, trio.open_nursery() as nursery:
            stack.enter_context(counted_early(self.metrics.counting.refuse))
            nursery.start_soon(watch_lag, self.metrics.lags)
            yield
            nursery.cancel_scope.cancel()
