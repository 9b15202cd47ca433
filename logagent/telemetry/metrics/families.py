"""The figures of an agent as the metric families of `prometheus-client`: their names, labels and meanings.

Loaded with the first question for them. Names and units follow https://prometheus.io/docs/practices/naming/.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, InfoMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.samples import Exemplar
from prometheus_client.utils import floatToGoString

from logagent.core.wire.trace import trace_id
from logagent.telemetry.metrics.counting import Counting
from logagent.telemetry.metrics.figures import Figures, SourceFigures, Usage
from logagent.telemetry.metrics.limits import LIMITS
from logagent.telemetry.metrics.peers import STATES, PeersSeen
from logagent.telemetry.metrics.tallies import Example, Spread


def of_requests(counting: Counting) -> Iterator[Metric]:
    """Yield what is counted of requests."""
    yield _counter(
        "queries",
        "Questions that have ended, by route, scope (all: the hosts asked for; own: this one's, as agents ask), class "
        "of the status code of HTTP, and status of the verdict.",
        ("route", "scope", "code", "status"),
        counting.queries,
    )
    yield _counter("probes", "Requests to /healthz, /readyz and /metrics.", ("route", "code"), counting.probes)
    yield _counter("refusals", "Requests refused, by status code of HTTP, tls or flood.", ("code",), counting.refusals)
    limits = {limit: counting.limits[limit] for limit in LIMITS}
    yield _counter("limits_hit", "Requests that ran into a limit, here or at a peer.", ("limit",), limits)
    scanned = "Bytes of logs scanned for answers; with scope all, those at peers too."
    yield _counter("scanned_bytes", scanned, ("scope",), counting.scanned)
    yield _counter("sent_bytes", "Bytes of bodies of answers given to clients.", ("scope",), counting.sent_bytes)
    yield _counter("sent_lines", "Lines given to clients.", ("scope",), counting.sent_lines)
    yield _histogram("query_duration_seconds", "Time that answers took, without follows.", counting.durations)
    yield _histogram(
        "first_line_seconds", "Time until an answer's first line was sent, without follows.", counting.first_lines
    )


def of_peers(seen: PeersSeen) -> Iterator[Metric]:
    """Yield what questions have met at peers."""
    state = _gauge("peer_state", "1 for what questions have last found a peer to be.", ("peer", "state"))
    ends = _counter("peer_answers", "Answers of peers, by status, or LEFT_BEHIND.", ("peer", "status"), {})
    asked = _gauge("peer_asked_timestamp_seconds", "When a question to a peer last ended.", ("peer",))
    answered = _gauge("peer_answered_timestamp_seconds", "When a peer last answered.", ("peer",))
    for name, peer in list(seen.peers.items()):
        for each in STATES:
            state.add_metric((name, each), float(peer.state == each))
        for status, count in list(peer.ends.items()):
            ends.add_metric((name, status), count)
        for family, moment in ((asked, peer.asked), (answered, peer.answered)):
            if moment is not None:
                family.add_metric((name,), moment)
    yield from (state, ends, asked, answered)


def of_state(figures: Figures, follow_lag: float) -> Iterator[Metric]:
    """Yield what an agent does at the moment."""
    yield from _usage("answers", "Answers under way, without follows", figures.answers)
    yield from _usage("follows", "Follows under way", figures.follows)
    yield _gauge("follow_lag_seconds", "How long the oldest batch of a follow waits for its client.", value=follow_lag)
    yield from _usage("disk_turns", "Turns at work with the disk that are held", figures.turns)
    yield _gauge("disk_turns_waiting", "Turns that are waited for.", value=figures.turns_waiting)
    yield from _usage("disk_threads", "Threads hired for the disk, hanging ones too", figures.threads)
    memory = _gauge("archive_memory_bytes", "Memory that archives being read take.", ("use",))
    most = _gauge("archive_memory_limit_bytes", "Memory that all archives being read may take.", ("use",))
    for use, usage in figures.archives.items():
        memory.add_metric((use,), usage.now)
        most.add_metric((use,), usage.most)
    yield from (memory, most)
    ends = _gauge("certificate_expiry_timestamp_seconds", "When a certificate of the agent's ends.", ("certificate",))
    for name, end in figures.certificates.items():
        ends.add_metric((name,), end)
    yield ends
    dropped = "Lines of the agent's own log that could not be written, by each target for itself."
    yield _counter("own_log_dropped_lines", dropped, (), {(): figures.dropped_lines})
    lost = "Spans of traces that were not sent to the collector."
    yield _counter("trace_lost_spans", lost, (), {(): figures.lost_spans})


def of_target_sources(sources: Mapping[str, SourceFigures]) -> Iterator[Metric]:
    """Yield how the sources of targets fare."""
    targets = _gauge("targets", "Agents that a source has found.", ("source",))
    stale = _gauge("stale_targets", "Agents that have vanished from a source and are kept for a while.", ("source",))
    works = _gauge("target_source_up", "1 if a source of targets could last be used.", ("source",))
    told = "When a source of targets could last be used."
    succeeded = _gauge("target_source_success_timestamp_seconds", told, ("source",))
    for name, source in sources.items():
        for family, value in ((targets, source.targets), (stale, source.stale), (works, float(source.works))):
            family.add_metric((name,), value)
        if source.succeeded is not None:
            succeeded.add_metric((name,), source.succeeded)
    yield from (targets, stale, works, succeeded)


def of_process(lags: Spread, threads: int, versions: Mapping[str, str], started: float) -> Iterator[Metric]:
    """Yield what is known of the program and its event loop."""
    yield _histogram("event_loop_lag_seconds", "How late the event loop came to a task, looked at each second.", lags)
    yield _gauge("threads", "Threads of the process, waiting ones too.", value=threads)
    yield InfoMetricFamily("logagent_build", "The versions of the agent and of Python.", dict(versions))
    yield _gauge("start_timestamp_seconds", "When the agent started.", value=started)


def of_reloads(reloads: Mapping[str, int], last: float) -> Iterator[Metric]:
    """Yield what became of reloads."""
    yield _counter("reloads", "Reloads, by result.", ("result",), reloads)
    last_help = "When settings were last put in force, at the start or by a reload."
    yield _gauge("last_reload_success_timestamp_seconds", last_help, value=last)


def _counter(name: str, told: str, labels: tuple[str, ...], values: Mapping[Any, float]) -> CounterMetricFamily:
    family = CounterMetricFamily(f"logagent_{name}", told, labels=labels)
    for key, value in list(values.items()):
        family.add_metric((key,) if isinstance(key, str) else key, value)
    return family


def _gauge(
    name: str, told: str, labels: tuple[str, ...] | None = None, value: float | None = None
) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"logagent_{name}", told, value=value, labels=labels)


def _usage(name: str, told: str, usage: Usage) -> Iterator[Metric]:
    yield _gauge(name, f"{told}.", value=usage.now)
    yield _gauge(f"{name}_limit", f"{told}, at most.", value=usage.most)


def _histogram(name: str, told: str, spreads: Spread | Mapping[str, Spread]) -> HistogramMetricFamily:
    labels = () if isinstance(spreads, Spread) else ("route",)
    family = HistogramMetricFamily(f"logagent_{name}", told, labels=labels)
    for route, spread in [("", spreads)] if isinstance(spreads, Spread) else spreads.items():
        family.add_metric([route] if labels else [], _buckets(spread), spread.total)
    return family


def _buckets(spread: Spread) -> list[Any]:
    bounds = [*map(floatToGoString, spread.bounds), "+Inf"]
    rows = zip(bounds, accumulate(spread.counts), spread.examples, strict=True)
    return [(bound, count, *_exemplar(example)) for bound, count, example in rows]


def _exemplar(example: Example | None) -> tuple[Exemplar, ...]:
    if example is None:
        return ()
    return (Exemplar({"trace_id": trace_id(example.trace)}, example.value, example.at),)
