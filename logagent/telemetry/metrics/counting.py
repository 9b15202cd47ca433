"""Counting what is told of requests: once for each batch and each end, never for each line."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from http import HTTPStatus

from logagent.core.batch import Batch
from logagent.core.outcome import Status
from logagent.telemetry.hook import Asking, Observer, Story
from logagent.telemetry.metrics.limits import limits_of
from logagent.telemetry.metrics.peers import PeersSeen
from logagent.telemetry.metrics.tallies import Spread

FOLLOW, OTHER = "follow", "other"
"""Routes that are no path: a follow of `/logs`, and whatever is asked for at a path that is none of the agent's."""
ROUTES = {"/logs": "logs", "/hits": "hits", "/files": "files", "/hosts": "hosts", "/openapi.json": "openapi"}
"""The routes that answer questions, by path; called as rules call them."""
PROBES = {"/healthz": "healthz", "/readyz": "readyz", "/metrics": "metrics"}
"""The routes that programs ask again and again to watch the agent, counted apart: a scrape is no question."""
ALL, OWN = "all", "own"
"""Scopes of a question: the hosts that it names, or, as agents ask each other, the agent's own logs only."""
NONE = "none"
"""The status of what has no verdict, as a document or a refusal, and the code of what has no response."""
CANCELLED = "CANCELLED"
"""The status of an answer whose client went before its end."""

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
"""Bounds of the durations of answers: from a small one on this host to a scan of everything."""

_NANO = 1e-9
_EXPECTED = {(route, ALL, "2xx", status.name): 0 for route in (*list(ROUTES.values())[:2], FOLLOW) for status in Status}
"""Figures that are there from the start: Prometheus sees no rise in one that begins with 1, so the first bug would not
ring."""
_CLASSES = {code: f"{code}xx" for code in range(1, 6)}
_REFUSALS = frozenset(str(status.value) for status in HTTPStatus if status >= HTTPStatus.BAD_REQUEST)


class Counting(Observer):
    """Counts requests, what was sent for them, and what they ran into.

    Args:
        peers: the names of those that are configured.
        clock: seconds from any beginning.
        wall_clock: seconds since the epoch.

    Attributes:
        queries: by route, scope, class of HTTP's status code, and status of the verdict.
        probes: requests for what watches the agent, by route and class of the status code.
        scanned: bytes, by scope.
        sent_bytes: of bodies, by scope.
        sent_lines: by scope.
        durations: seconds of answers, by route; without follows, refusals, and what its client left.
        first_lines: seconds until the first line of an answer was about to be sent, by route; without follows.
        limits: how many requests ran into each.
        refusals: by HTTP's status code.
        peers: what was met at each.
    """

    def __init__(
        self,
        peers: Iterable[str] = (),
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._clock = clock
        self.queries = Counter(_EXPECTED)
        self.probes: Counter[tuple[str, str]] = Counter()
        self.scanned, self.sent_bytes, self.sent_lines = (dict.fromkeys((ALL, OWN), 0) for _ in range(3))
        self.durations = {route: Spread(SECONDS, wall_clock) for route in ROUTES.values()}
        self.first_lines = {"logs": Spread(SECONDS, wall_clock)}
        self.limits: Counter[str] = Counter()
        self.refusals: Counter[str] = Counter({"401": 0, "403": 0, "503": 0})
        self.peers = PeersSeen(peers, wall_clock)
        self._bytes: dict[Story, int] = {}
        self._waiting: dict[Story, float] = {}

    @property
    def follow_lag(self) -> float:
        """Seconds that a batch of a follow waits now for its client to take it, at most."""
        now = self._clock()
        return max((now - since for since in list(self._waiting.values())), default=0.0)

    def refuse(self, status: int | str) -> None:
        """Count a refusal, by HTTP's status code, or by a word for what is none of HTTP."""
        self.refusals[str(status)] += 1

    def sent(self, story: Story, batch: Batch, lines: int) -> None:
        """Count a batch that is about to be sent."""
        scope = _scope(story)
        self.scanned[scope] += batch.scanned
        self.sent_lines[scope] += lines
        if story.query is not None and story.query.follow:
            self._waiting[story] = self._clock()

    def taken(self, story: Story) -> None:
        """Count the bytes of a batch that the client's connection has taken."""
        self._waiting.pop(story, None)
        self._count_bytes(story)
        self._bytes[story] = story.bytes_sent

    def first_batch(self, story: Story, asking: Asking) -> None:
        """Note that a peer answers."""
        self.peers.heard(asking)

    def host_ended(self, story: Story, asking: Asking) -> None:
        """Note how a peer has answered."""
        self.peers.ended(asking)

    def ended(self, story: Story) -> None:
        """Count a request that has ended."""
        self._waiting.pop(story, None)
        if story.asks_itself:  # once for each question of an agent that is on its own list: nothing that anybody asked
            return
        if story.status >= HTTPStatus.BAD_REQUEST:
            code = str(story.status)
            self.refuse(code if code in _REFUSALS else OTHER)
        if probe := PROBES.get(story.path):
            self.probes[probe, _class(story)] += 1
            return
        self._count_bytes(story)
        self._bytes.pop(story, None)
        route, outcome = _route(story), story.outcome
        status = outcome.status.name if outcome is not None else NONE if story.delivered else CANCELLED
        self.queries[route, _scope(story), _class(story), status] += 1
        if route in self.durations and story.status < HTTPStatus.BAD_REQUEST:
            self._time(route, story)
        if outcome is None or not outcome.complete or outcome.notes or outcome.hosts:
            self.limits.update(limits_of(story))

    def _count_bytes(self, story: Story) -> None:
        self.sent_bytes[_scope(story)] += story.bytes_sent - self._bytes.get(story, 0)

    def _time(self, route: str, story: Story) -> None:
        if story.ended_at is not None and story.delivered:
            self.durations[route].add((story.ended_at - story.began) * _NANO, story.trace)
        if story.first_line is not None and route in self.first_lines:
            self.first_lines[route].add((story.first_line - story.began) * _NANO, story.trace)


def _route(story: Story) -> str:
    return FOLLOW if story.query is not None and story.query.follow else ROUTES.get(story.path, OTHER)


def _scope(story: Story) -> str:
    return OWN if story.query is not None and story.query.own else ALL


def _class(story: Story) -> str:
    return _CLASSES.get(story.status // 100, NONE)
