"""The observer that makes spans: one of each request, below it one of each host asked, and of each log read its stages.

The request's span hangs below the caller's, and a host's request below the span of its asking, so that all of a
question is one trace: from the client through the agent that it asks to the logs of every host.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from opentelemetry.sdk.trace.sampling import TraceIdRatioBased
from opentelemetry.trace import Span, SpanKind
from opentelemetry.trace import Tracer as SpanMaker

from logagent.core.batch import Batch
from logagent.telemetry.hook import Asking, LogRead, Observer, Story, asking_now
from logagent.telemetry.traces.span_attributes import (
    Ending,
    address_of,
    name_of,
    of_answer,
    of_asking,
    of_host,
    of_reading,
    of_request,
)
from logagent.telemetry.traces.span_contexts import (
    NO_PARENT,
    GivenTraceIds,
    below,
    is_sampled,
    parent_of,
    trace_of,
    traceparent_of,
)

MOST_LOGS = 16
"""Logs of one request whose reading has spans, those that took longest: a question about a thousand would leave no room
for others. These are counted."""
BEGINNING = 10.0
"""Seconds after which the spans of a follow end, at its next batch or sign of life: it has sent its earlier lines by
then, and who looks at a trace does not wait for days. What comes later is in no trace."""
PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
"""The routes that watch the agent every few seconds: they begin no trace."""

_SECOND = 1_000_000_000


@dataclass(slots=True)
class _Traced:
    """The spans of one request.

    Attributes:
        request: the request's own.
        hosts: of the hosts that are being asked.
        readings: those that took longest so far, the shortest of them first; each with how long it took and its number.
        read: how many logs were read.
    """

    request: Span
    hosts: dict[Asking, Span] = field(default_factory=dict)
    readings: list[tuple[int, int, LogRead, Span]] = field(default_factory=list)
    read: int = 0


class RequestTracer(Observer):
    """Makes spans of the stories of requests that are sampled, as fast as they are told.

    Args:
        maker: starts spans, all of which are kept.
        ids: gives them the ids of their traces.
        host: the agent's own name.

    Attributes:
        share: which part of the traces that begin here is kept, from 0 to 1.
        peers: URLs of other agents by name.
    """

    def __init__(self, maker: SpanMaker, ids: GivenTraceIds, host: str) -> None:
        self.share = 1.0
        self.peers: Mapping[str, str] = {}
        self._maker = maker
        self._ids = ids
        self._host = host

    def accepted(self, story: Story) -> None:
        """Begin the request's span, if the request is sampled."""
        if self._is_kept(story):
            self._ids.trace = trace_of(story.trace)
            parent = NO_PARENT if story.is_root else parent_of(story.trace, story.tracestate)
            span = self._maker.start_span(
                name_of(story), parent, SpanKind.SERVER, of_request(story), start_time=story.accepted_at
            )
            story.trace = traceparent_of(span)
            story.of[self] = _Traced(span)

    def _is_kept(self, story: Story) -> bool:
        if not story.is_root:
            return is_sampled(story.trace)
        low_bits = trace_of(story.trace) & TraceIdRatioBased.TRACE_ID_LIMIT
        return story.path not in PROBES and low_bits < TraceIdRatioBased.get_bound_for_rate(self.share)

    def asked(self, story: Story, asking: Asking) -> None:
        """Begin the span of a host, and have requests to it name that as their parent."""
        traced: _Traced | None = story.of.get(self)
        if traced is not None:
            is_own = asking.host == self._host
            address = {} if is_own else address_of(self.peers.get(asking.host, asking.host))
            span = self._maker.start_span(
                f"ask {asking.host}",
                below(traced.request),
                SpanKind.INTERNAL if is_own else SpanKind.CLIENT,
                of_asking(asking, address),
                start_time=_wall(story, asking.began),
            )
            asking.trace = traceparent_of(span)
            traced.hosts[asking] = span

    def first_batch(self, story: Story, asking: Asking) -> None:
        """Note it in the host's span."""
        if (span := self._of_host(story, asking)) is not None and asking.first is not None:
            span.add_event("first lines", timestamp=_wall(story, asking.first))

    def left_behind(self, story: Story, asking: Asking) -> None:
        """Note it in the host's span."""
        if (span := self._of_host(story, asking)) is not None:
            span.add_event("left behind", timestamp=_wall(story, time.perf_counter_ns()))

    def host_ended(self, story: Story, asking: Asking) -> None:
        """End the host's span."""
        if (span := self._of_host(story, asking)) is not None:
            del story.of[self].hosts[asking]
            _end(span, of_host(asking, story.query), _wall(story, asking.ended or time.perf_counter_ns()))

    def read(self, story: Story, reading: LogRead) -> None:
        """Keep the reading of a log, if it is among those that took longest."""
        traced: _Traced | None = story.of.get(self)
        if traced is None:
            return
        asking = asking_now()
        parent = traced.request if asking is None else traced.hosts.get(asking, traced.request)
        traced.read += 1
        kept = heapq.heappush if len(traced.readings) < MOST_LOGS else heapq.heappushpop
        kept(traced.readings, (_taken(reading), -traced.read, reading, parent))

    def sent(self, story: Story, batch: Batch, lines: int) -> None:
        """End the spans of a follow once its beginning is over."""
        if self in story.of and story.query is not None and story.query.follow:
            now = time.perf_counter_ns()
            if now - story.began > BEGINNING * _SECOND:
                self._end(story, now, goes_on=True)

    def ended(self, story: Story) -> None:
        """End all of the request's spans; the asking of itself, which nobody asked for, leaves none."""
        if story.asks_itself:
            story.of.pop(self, None)
        elif self in story.of:
            self._end(story, story.ended_at or time.perf_counter_ns())

    def _of_host(self, story: Story, asking: Asking) -> Span | None:
        traced: _Traced | None = story.of.get(self)
        return None if traced is None else traced.hosts.get(asking)

    def _end(self, story: Story, now: int, *, goes_on: bool = False) -> None:
        traced: _Traced = story.of.pop(self)
        end = _wall(story, now)
        for asking, span in traced.hosts.items():
            ending = of_host(asking, story.query)
            _end(span, Ending({"logagent.goes_on": True}) if goes_on else ending, end)
        for _, _, reading, parent in sorted(traced.readings, key=lambda kept: -kept[1]):
            self._show(story, reading, parent)
        attributes, status = of_answer(story)
        attributes |= {"logagent.logs": traced.read} if traced.read else {}
        if traced.read > MOST_LOGS:
            attributes["logagent.logs_without_spans"] = traced.read - MOST_LOGS
        if story.first_line is not None:
            traced.request.add_event("first line", timestamp=_wall(story, story.first_line))
        _end(traced.request, Ending({**attributes, "logagent.goes_on": True} if goes_on else attributes, status), end)

    def _show(self, story: Story, reading: LogRead, parent: Span) -> None:
        """Make the spans of the reading of a log, and of its stages."""
        stages = reading.stages.items()
        if not stages:
            return
        span = self._maker.start_span(
            "read", below(parent), start_time=_wall(story, min(stage.began for _, stage in stages))
        )
        for name, stage in stages:
            one = self._maker.start_span(name, below(span), start_time=_wall(story, stage.began))
            _end(one, Ending({"logagent.busy_seconds": stage.spent / _SECOND}), _wall(story, stage.ended))
        _end(span, of_reading(reading, story.query), _wall(story, max(stage.ended for _, stage in stages)))


def _wall(story: Story, moment: int) -> int:
    """Return a moment of a story, as `time.perf_counter_ns` counts, in nanoseconds since the epoch."""
    return story.accepted_at + moment - story.began


def _taken(reading: LogRead) -> int:
    return sum(stage.spent for stage in reading.stages.values())


def _end(span: Span, ending: Ending, moment: int) -> None:
    span.set_attributes(ending.attributes)
    if ending.status is not None:
        span.set_status(ending.status)
    span.end(moment)
