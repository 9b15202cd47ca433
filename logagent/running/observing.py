"""What an agent tells of itself: its observers, made of its settings, and changed with them by a reload."""

from __future__ import annotations

import logging
import os
import platform
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import trio

from logagent import __version__
from logagent.config.log_words import SHOWN
from logagent.config.settings import Settings
from logagent.telemetry.hook import Observer, Telemetry
from logagent.telemetry.metrics.early_refusals import counted_early
from logagent.telemetry.metrics.loop_lag import watch_lag
from logagent.telemetry.metrics.metrics import Metrics
from logagent.telemetry.own_logs.own_log import OwnLog
from logagent.telemetry.own_logs.peers_seen import PeerLog
from logagent.telemetry.own_logs.requests import StoryLog
from logagent.telemetry.own_logs.searched_for import LEAST_KEY, SearchedFor
from logagent.telemetry.traces.configured import Tracing

STDERR = 2
"""The descriptor of standard error."""

_log = logging.getLogger(__name__)

_OF_PROCESS = {"version": __version__, "python": platform.python_version()}


class Observing:
    """The observers of one agent.

    Args:
        settings: of the agent.
        warn: called with what is wrong, for people, where the agent can work all the same.

    Attributes:
        own_log: the agent's own log, which what is told of requests goes into, too.
        telemetry: tells them of its requests.
        metrics: its figures.
        tracing: sends its traces.
    """

    def __init__(self, settings: Settings, warn: Callable[[str], None] = lambda text: None) -> None:
        self.own_log = OwnLog(settings, STDERR, is_terminal=os.isatty(STDERR))
        observers: list[Observer] = []
        self.tracing = Tracing(settings)
        observers.extend(self.tracing.observers)
        self._key = os.urandom(LEAST_KEY)
        self._stories = StoryLog(self.own_log.queue, self._searched_for(settings))
        observers += [self._stories, PeerLog(self.own_log.queue, settings.name)]
        self.metrics = Metrics(settings.known_agents)
        observers.append(self.metrics.counting)
        self.telemetry = Telemetry(observers)

    def renew(self, settings: Settings) -> None:
        """Take other settings, after a reload."""
        self.metrics.counting.peers.renew(settings.known_agents)
        self.own_log.renew(settings)
        self.tracing.renew(settings)
        self._stories.searched_for = self._searched_for(settings)

    def _searched_for(self, settings: Settings) -> SearchedFor:
        key = self._key if settings.log_words_key is None else settings.log_words_key
        return SearchedFor(key, shown=settings.log_words == SHOWN)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Let run what the observers need beside the agent, while the block runs."""
        async with AsyncExitStack() as stack, self.tracing.running(self.telemetry), trio.open_nursery() as nursery:
            self.own_log.start()
            stack.callback(self.own_log.close)
            _log.info("starts", extra={"fields": _OF_PROCESS | {"pid": os.getpid()}})
            stack.callback(_log.info, "ends")
            stack.callback(self._stories.holding.release_all)
            nursery.start_soon(self._stories.holding.run)
            stack.enter_context(counted_early(self.metrics.counting.refuse))
            nursery.start_soon(watch_lag, self.metrics.lags)
            yield
            nursery.cancel_scope.cancel()
