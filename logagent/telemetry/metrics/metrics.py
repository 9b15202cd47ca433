"""All figures of one agent: counted by what it is told, and made into text when somebody asks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from platform import python_version
from typing import TYPE_CHECKING

from logagent import __version__
from logagent.telemetry.metrics.counting import Counting
from logagent.telemetry.metrics.figures import Figures
from logagent.telemetry.metrics.loop_lag import LAGS
from logagent.telemetry.metrics.negotiation import prefers_openmetrics
from logagent.telemetry.metrics.tallies import Spread

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client.metrics_core import Metric


class Metrics:
    """The figures of one agent.

    Args:
        peers: the names of those that are configured.
        clock: seconds from any beginning.
        wall_clock: seconds since the epoch.

    Attributes:
        counting: hears of the agent's requests.
        lags: how late its event loop came to its work.
        figures: looks up the state of its parts.
    """

    def __init__(
        self,
        peers: Iterable[str] = (),
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self.counting = Counting(peers, clock, wall_clock)
        self.lags = Spread(LAGS, wall_clock)
        self.figures: Callable[[], Figures] = Figures
        self._wall_clock = wall_clock
        self._started = self._reloaded = wall_clock()
        self._reloads = {"ok": 0, "failed": 0}
        self._versions = {"version": __version__, "python": python_version()}
        self._one_at_a_time = threading.Lock()
        self._registry: CollectorRegistry | None = None

    @contextmanager
    def reloading(self) -> Iterator[None]:
        """Count a reload, which the block does; it has failed if the block raises."""
        try:
            yield
        except BaseException:
            self._reloads["failed"] += 1
            raise
        self._reloads["ok"] += 1
        self._reloaded = self._wall_clock()

    def exposed(self, accept: str) -> tuple[bytes, str]:
        """Return all figures as text; any thread may ask.

        Args:
            accept: the request's header of that name.

        Returns:
            The text, and its media type: OpenMetrics, with the traces of some values, for who prefers that; else
            Prometheus' own.
        """
        from prometheus_client import exposition
        from prometheus_client.openmetrics import exposition as openmetrics

        with self._one_at_a_time:
            registry = self._registry = self._registry or _registry(self)
        if prefers_openmetrics(accept):
            text: bytes = openmetrics.generate_latest(registry)  # type: ignore[no-untyped-call]
            return text, openmetrics.CONTENT_TYPE_LATEST
        return exposition.generate_latest(registry), exposition.CONTENT_TYPE_PLAIN_0_0_4

    def collect(self) -> Iterator[Metric]:
        """Yield all families but those of the process, as a collector of `prometheus-client` does."""
        from logagent.telemetry.metrics import families

        figures = self.figures()
        yield from families.of_requests(self.counting)
        yield from families.of_peers(self.counting.peers)
        yield from families.of_state(figures, self.counting.follow_lag)
        yield from families.of_target_sources(figures.target_sources)
        yield from families.of_reloads(self._reloads, self._reloaded)
        yield from families.of_process(self.lags, threading.active_count(), self._versions, self._started)


def _registry(metrics: Metrics) -> CollectorRegistry:
    """Return a registry of an agent's own, with what the library knows of a process beside it."""
    from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector

    registry = CollectorRegistry()
    registry.register(metrics)
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    return registry
