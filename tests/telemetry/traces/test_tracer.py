"""The spans of requests, as a collector gets them from a cluster: their tree, what they say, and what they do not."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from trio.testing import MockClock

from logagent.core.outcome import Outcome
from logagent.core.wire.trace import TRACE_HEADER
from logagent.telemetry.hook import LogRead, StageTimes, Story, Telemetry
from logagent.telemetry.traces import tracer
from logagent.telemetry.traces.span_contexts import GivenTraceIds
from logagent.telemetry.traces.tracer import BEGINNING, MOST_LOGS, RequestTracer
from testbed.broken import Broken
from testbed.cluster import Cluster
from testbed.collector import Collector, Traced, collecting, traced

Start = Callable[..., AbstractAsyncContextManager[Cluster]]

LINES = [b"2026-11-23T10:00:00Z one", b"2026-11-23T10:00:01Z two"]
TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
SPAN_ID = "b7ad6b7169203331"
SAMPLED = f"00-{TRACE_ID}-{SPAN_ID}-01"
UNSAMPLED = f"00-{TRACE_ID}-{SPAN_ID}-00"
HOSTS = ("web0", "web1", "web2")


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as running:
        yield running


@pytest.fixture
def sending(collector: Collector) -> Iterator[Traced]:
    with traced(collector.url, *HOSTS) as agents:
        yield agents


READ = ["open", "scan", "seek", "send"]


def read(agent: str, depth: int, *stages: str) -> list[str]:
    return [f"{'  ' * depth}{agent} read", *(f"{'  ' * (depth + 1)}{agent} {stage}" for stage in stages or READ)]


async def test_one_trace_spans_the_primary_and_every_secondary(
    autojump_clock: MockClock, cluster: Start, collector: Collector, sending: Traced
) -> None:
    async with cluster({"telemetry": sending.telemetry}, web0=LINES, web1=LINES, web2=LINES) as it:
        reply = await it.ask("filename=app.log&since=2026-11-23T10:00:00Z", traceparent=SAMPLED)
    sending.flush()
    assert reply.headers[TRACE_HEADER] == TRACE_ID
    assert {span.trace for span in collector.spans} == {TRACE_ID}
    assert collector.tree(TRACE_ID) == [
        "web0 GET /logs",
        "  web0 ask web0",
        *read("web0", 2),
        "  web0 ask web1",
        "    web1 GET /logs",
        *read("web1", 3),
        "  web0 ask web2",
        "    web2 GET /logs",
        *read("web2", 3),
    ]
    (top,) = collector.named("GET /logs", "web0")
    assert (top.parent, top.kind, top.failed) == (SPAN_ID, "server", False)
    assert {span.kind for span in collector.named("ask web1")} == {"client"}
    assert {span.kind for span in collector.named("ask web0")} == {"internal"}
    assert all(span.events == ["first lines"] for host in HOSTS for span in collector.named(f"ask {host}"))
    assert top.events == ["first line"]
    for span in collector.spans:
        assert top.began <= span.began <= span.ended <= top.ended, span


async def test_an_agent_that_asks_itself_leaves_no_span_of_that(
    autojump_clock: MockClock, cluster: Start, collector: Collector, sending: Traced
) -> None:
    options = {"telemetry": sending.telemetry, "listed": {"web0": "web0"}}
    async with cluster(options, web0=LINES, web1=LINES) as it:
        await it.ask("filename=app.log&since=2026-11-23T10:00:00Z", traceparent=SAMPLED)
    sending.flush()
    assert collector.tree(TRACE_ID) == [
        "web0 GET /logs",
        "  web0 ask web0",
        *read("web0", 2),
        "  web0 ask web1",
        "    web1 GET /logs",
        *read("web1", 3),
    ]
    assert len(collector.named("GET /logs")) == 2


async def test_what_the_span_of_a_request_says(
    autojump_clock: MockClock, cluster: Start, collector: Collector, sending: Traced
) -> None:
    async with cluster({"telemetry": sending.telemetry}, web0=LINES, web1=LINES) as it:
        await it.ask("filename=app.log", traceparent=SAMPLED, tracestate="vendor=1,other=2")
    sending.flush()
    (top,) = collector.named("GET /logs", "web0")
    scanned = 2 * sum(len(line) + 1 for line in LINES)
    assert dict(top.attributes) == {
        "http.request.method": "GET",
        "http.route": "/logs",
        "url.path": "/logs",
        "url.scheme": "http",
        "network.protocol.version": "2",
        "http.response.status_code": 200,
        "http.response.body.size": scanned,
        "logagent.lines": 4,
        "logagent.bytes_scanned": scanned,
        "logagent.hosts": 2,
        "logagent.logs": 1,
        "logagent.delivered": True,
        "logagent.status": "OK",
        "logagent.complete": True,
    }
    assert top.state == "vendor=1,other=2"
    (asked,) = collector.named("ask web1")
    assert dict(asked.attributes) == {
        "logagent.host": "web1",
        "server.address": "web1",
        "server.port": 80,
        "logagent.status": "OK",
        "logagent.lines": 2,
        "logagent.bytes_scanned": scanned // 2,
    }
    (reading,) = collector.named("read", "web1")
    assert (reading.attributes["logagent.log"], reading.attributes["logagent.lines"]) == ("app.log", 2)
    (scan,) = collector.named("scan", "web1")
    assert 0 <= scan.attributes["logagent.busy_seconds"] * 1e9 <= scan.ended - scan.began + 1
    assert top.resource["service.name"] == "logagent"
    assert top.resource["service.instance.id"] == "web0"
    assert {"service.version", "host.name", "telemetry.sdk.version"} <= top.resource.keys()


async def test_a_trace_that_begins_here_is_named_in_the_answer_and_sampled_everywhere(
    autojump_clock: MockClock, cluster: Start, collector: Collector, sending: Traced
) -> None:
    async with cluster({"telemetry": sending.telemetry}, web0=LINES, web1=LINES) as it:
        reply = await it.ask("filename=app.log", accept="application/x-ndjson")
    sending.flush()
    trace = reply.headers[TRACE_HEADER]
    assert json.loads(reply.lines[-1])["end"]["trace_id"] == trace
    assert {span.trace for span in collector.spans} == {trace}
    (top,) = collector.named("GET /logs", "web0")
    assert top.parent == ""
    assert [line.strip() for line in collector.tree(trace)][:2] == ["web0 GET /logs", "web0 ask web0"]


async def test_requests_to_peers_say_that_the_trace_is_sampled_and_random(
    autojump_clock: MockClock, cluster: Start, sending: Traced
) -> None:
    peer = Broken("verdict")
    async with cluster({"telemetry": sending.telemetry}, web0=LINES, web1=peer) as it:
        await it.ask("filename=app.log")
        sending.tracers["web0"].share = 0
        await it.ask("filename=app.log")
    sent = [dict(asked["headers"])[b"traceparent"].decode() for asked in peer.asked]
    assert [each[-2:] for each in sent] == ["03", "02"]


async def test_what_the_caller_does_not_sample_has_no_spans(
    autojump_clock: MockClock, cluster: Start, collector: Collector, sending: Traced
) -> None:
    async with cluster({"telemetry": sending.telemetry}, web0=LINES, web1=LINES) as it:
        reply = await it.ask("filename=app.log", traceparent=UNSAMPLED)
    sending.flush()
    assert reply.headers[TRACE_HEADER] == TRACE_ID
    assert not collector.spans


@pytest.mark.parametrize(("share", "least", "most"), [(0.0, 0, 0), (0.5, 1, 39), (1.0, 40, 40)])
async def test_a_part_of_the_traces_that_begin_here_is_kept(
    share: float,
    least: int,
    most: int,
    autojump_clock: MockClock,
    cluster: Start,
    collector: Collector,
    sending: Traced,
) -> None:
    sending.tracers["web0"].share = share
    async with cluster({"telemetry": sending.telemetry}, web0=LINES) as it:
        ids = {(await it.ask("", route="/nowhere")).headers[TRACE_HEADER] for _ in range(40)}
    sending.flush()
    assert least <= len(collector.spans) <= most  # 40 throws of a coin are alike once in 10**12
    assert {span.trace for span in collector.spans} <= ids


@pytest.mark.parametrize("route", ["/healthz", "/readyz"])
async def test_what_watches_the_agent_begins_no_trace_but_belongs_to_one(
    route: str, autojump_clock: MockClock, cluster: Start, collector: Collector, sending: Traced
) -> None:
    async with cluster({"telemetry": sending.telemetry}, web0=LINES) as it:
        await it.ask("", route=route)
        sending.flush()
        assert not collector.spans
        await it.ask("", route=route, traceparent=SAMPLED)
    sending.flush()
    assert collector.tree(TRACE_ID) == [f"web0 GET {route}"]


async def test_a_host_that_is_left_behind_has_its_spans_too(
    autojump_clock: MockClock, cluster: Start, collector: Collector, sending: Traced
) -> None:
    async with cluster({"telemetry": sending.telemetry}, web0=LINES, web1=LINES, web2=Broken("silence")) as it:
        await it.ask("filename=app.log", traceparent=SAMPLED)
    sending.flush()
    (left,) = collector.named("ask web2")
    assert (left.failed, left.error, left.events) == (True, "left_behind", ["left behind"])
    assert "left behind" in left.message
    (top,) = collector.named("GET /logs", "web0")
    assert left.parent == top.id
    assert (top.failed, top.attributes["logagent.complete"]) == (True, False)
    assert top.error == top.attributes["logagent.status"] == "UNAVAILABLE"
    assert "web2" in top.message
    assert "  web0 ask web1" in collector.tree(TRACE_ID)


async def test_a_host_that_refuses_has_an_error(
    autojump_clock: MockClock, cluster: Start, collector: Collector, sending: Traced
) -> None:
    async with cluster({"telemetry": sending.telemetry}, web0=LINES, web1=Broken("refused")) as it:
        await it.ask("filename=app.log", traceparent=SAMPLED)
    sending.flush()
    (asked,) = collector.named("ask web1")
    assert (asked.failed, asked.error, asked.kind) == (True, "UNAVAILABLE", "client")
    (top,) = collector.named("GET /logs", "web0")
    assert (top.failed, top.error) == (True, "UNAVAILABLE")


async def test_a_host_without_the_log_has_no_error(
    autojump_clock: MockClock, cluster: Start, collector: Collector, sending: Traced
) -> None:
    async with cluster({"telemetry": sending.telemetry}, web0={"mine.log": LINES[0]}, web1=LINES) as it:
        await it.ask("filename=mine.log", traceparent=SAMPLED)
    sending.flush()
    (asked,) = collector.named("ask web1")
    assert (asked.failed, asked.attributes["logagent.status"]) == (False, "NOT_FOUND")
    (below,) = collector.named("GET /logs", "web1")
    assert (below.parent, below.failed, below.attributes["http.response.status_code"]) == (asked.id, False, 404)


@pytest.mark.parametrize("route", ["/files", "/hosts"])
async def test_lists_of_all_hosts_are_one_trace(
    route: str, autojump_clock: MockClock, cluster: Start, collector: Collector, sending: Traced
) -> None:
    async with cluster({"telemetry": sending.telemetry}, web0=LINES, web1=LINES, web2=Broken("refused")) as it:
        await it.ask("", route=route, traceparent=SAMPLED)
    sending.flush()
    asks = {"/files": "web1 GET /files", "/hosts": "web1 GET /healthz"}[route]
    tree = [line for line in collector.tree(TRACE_ID) if not line.endswith(("ask web0", "      web1 ask web1"))]
    assert tree == [f"web0 GET {route}", "  web0 ask web1", f"    {asks}", "  web0 ask web2"]
    (refused,) = collector.named("ask web2")
    assert (refused.failed, refused.error) == (True, "UNAVAILABLE")


async def test_a_client_that_leaves_ends_all_spans(
    autojump_clock: MockClock, cluster: Start, collector: Collector, sending: Traced
) -> None:
    async with cluster({"telemetry": sending.telemetry}, web0=LINES, web1=LINES, web2=Broken("silence")) as it:
        with trio.move_on_after(1):
            await it.ask("filename=app.log", traceparent=SAMPLED)
        await trio.sleep(1)
        sending.flush()
        (top,) = collector.named("GET /logs", "web0")
        (asked,) = collector.named("ask web2")
    assert (top.failed, top.attributes["logagent.delivered"]) == (False, False)
    assert (asked.failed, asked.attributes["logagent.cancelled"]) == (False, True)


@pytest.mark.parametrize(
    ("query", "route", "name", "status"),
    [
        ("filename=app.log&n=x", "/logs", "GET /logs", 400),
        ("filename=none.log", "/logs", "GET /logs", 404),
        ("", "/secret-of-somebody", "GET", 404),
    ],
)
async def test_refusals_are_the_clients_errors(
    query: str,
    route: str,
    name: str,
    status: int,
    autojump_clock: MockClock,
    cluster: Start,
    collector: Collector,
    sending: Traced,
) -> None:
    async with cluster({"telemetry": sending.telemetry}, web0=LINES) as it:
        await it.ask(query, route=route, traceparent=SAMPLED)
    sending.flush()
    (top,) = [span for span in collector.spans if span.kind == "server"]
    assert (top.name, top.failed, top.error) == (name, False, "")
    assert top.attributes["http.response.status_code"] == status
    assert ("http.route" in top.attributes) is (name != "GET")


async def test_of_many_logs_those_that_took_longest_have_spans_and_the_others_are_counted(
    autojump_clock: MockClock, cluster: Start, collector: Collector, sending: Traced
) -> None:
    logs = {f"app-{letter}.log": LINES[0] + b"\n" for letter in "abcdefghijklmnopqrst"}
    assert len(logs) > MOST_LOGS
    async with cluster({"telemetry": sending.telemetry}, web0=logs) as it:
        await it.ask("filename=*.log", traceparent=SAMPLED)
    sending.flush()
    assert len(collector.named("read")) == MOST_LOGS
    (top,) = collector.named("GET /logs")
    assert top.attributes["logagent.logs"] == len(logs)
    assert top.attributes["logagent.logs_without_spans"] == len(logs) - MOST_LOGS


_FOLLOW = [
    "web0 GET /logs",
    *["  web0 ask web0", "  web0 ask web1", "    web1 GET /logs"] * 2,  # the lines before, and those to come
    "      web1 ask web1",
]


async def test_the_spans_of_a_follow_end_after_its_beginning(
    autojump_clock: MockClock, cluster: Start, collector: Collector, sending: Traced, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with cluster({"telemetry": sending.telemetry}, web0=LINES, web1=LINES) as it:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_asked, it, "filename=app.log&follow=true&n=1&heartbeat=3")
            await trio.sleep(BEGINNING)  # virtual, while spans have the times of the machine
            sending.flush()
            assert not collector.named("GET /logs", "web0")
            monkeypatch.setattr(tracer, "BEGINNING", 0)
            await trio.sleep(4)
            sending.flush()
            tree = collector.tree(TRACE_ID)
            nursery.cancel_scope.cancel()
    sending.flush()
    assert collector.tree(TRACE_ID) == tree
    requests = [line for line in tree if "GET" in line or "ask" in line]
    assert sorted(requests) == sorted(_FOLLOW), requests
    (top,) = collector.named("GET /logs", "web0")
    assert (top.attributes["logagent.follow"], top.attributes["logagent.goes_on"], top.failed) == (True, True, False)
    live = [span for span in collector.named("ask web1", "web0") if "logagent.goes_on" in span.attributes]
    assert len(live) == 1


async def _asked(it: Cluster, query: str) -> None:
    await it.ask(query, traceparent=SAMPLED)


WORDS = ("Wombat-7", "Quokka-8", "Numbat-9", "Bilby-10")


@pytest.mark.parametrize(
    "hosts", [{"web1": LINES}, {"web1": Broken("refused")}, {"web1": Broken("silence")}, {"web1": Broken("reset")}]
)
async def test_no_span_holds_what_was_searched_for(
    hosts: dict[str, Any], autojump_clock: MockClock, cluster: Start, collector: Collector, sending: Traced
) -> None:
    keyword, regex, exclude, exclude_regex = WORDS
    searched = f"keyword={keyword}&regex={regex}&exclude={exclude}&exclude_regex={exclude_regex}"
    async with cluster({"telemetry": sending.telemetry}, web0=LINES, **hosts) as it:
        for query in (searched, f"{searched}&regex=({regex}", f"{keyword}={regex}", f"{searched}&n=1"):
            await it.ask(f"filename=app.log&{query}", traceparent=SAMPLED)
        await it.ask("", route=f"/logs&keyword={keyword}", traceparent=SAMPLED)
    sending.flush()
    assert len(collector.named("GET /logs", "web0")) == 4
    assert not [word for word in WORDS if word.encode() in collector.raw]


def _reading(log: str, took: int) -> LogRead:
    now = time.perf_counter_ns()
    return LogRead(log, {"scan": StageTimes(now - took, now, took)}, Outcome())


def _told(telemetry: Telemetry, trace: str, *readings: LogRead, **story: Any) -> Story:
    """Tell of a request in the course of which logs are read."""
    told = Story(trace=trace, method="GET", path="/logs", scheme="http", version="2", **story)
    telemetry.begin(told)
    for reading in readings:
        told.tell("read", reading)
    told.end()
    return told


@given(took=st.lists(st.integers(1, 10**6), min_size=1, max_size=3 * MOST_LOGS))
def test_the_logs_that_took_longest_are_those_that_have_spans(took: list[int]) -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    telemetry = Telemetry([RequestTracer(provider.get_tracer("test"), GivenTraceIds(), "web0")])
    _told(telemetry, SAMPLED, *(_reading(f"{number}.log", each) for number, each in enumerate(took)))
    shown = [span for span in exporter.get_finished_spans() if span.name == "read"]
    times = sorted((took[int(str((span.attributes or {})["logagent.log"])[:-4])] for span in shown), reverse=True)
    assert times == sorted(took, reverse=True)[:MOST_LOGS]


def _agent(name: str) -> RequestTracer:
    provider = TracerProvider(shutdown_on_exit=False, id_generator=(ids := GivenTraceIds()))
    return RequestTracer(provider.get_tracer("test"), ids, name)


AGENTS = [_agent("web0"), _agent("web1")]


@given(st.integers(1, 2**128 - 1), st.floats(0, 1))
def test_all_agents_of_a_fleet_keep_the_same_traces(trace: int, share: float) -> None:
    kept = []
    for each in AGENTS:
        each.share = share
        begun = _told(Telemetry([each]), f"00-{trace:032x}-{SPAN_ID}-02", is_root=True)
        assert begun.trace[3:35] == f"{trace:032x}"
        kept.append(begun.trace[53:])
    assert kept in (["02", "02"], ["03", "03"])
    assert kept[0] == ("03" if trace % 2**64 < round(share * 2**64) else "02")
