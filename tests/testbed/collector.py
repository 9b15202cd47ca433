"""A collector in the test's own process: takes spans as OTLP over HTTP on loopback, and keeps them decoded."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from logagent.telemetry.hook import Telemetry
from logagent.telemetry.traces.collector import exporter_to
from logagent.telemetry.traces.pipeline import Pipeline
from logagent.telemetry.traces.tracer import RequestTracer


@dataclass(frozen=True)
class Got:
    """A span that the collector has got.

    Attributes:
        agent: the name of the agent that sent it.
        parent: the id of its parent; empty: it has none.
        kind: `server`, `client` or `internal`.
        error: its type; empty: there is none.
        began: nanoseconds since the epoch.
    """

    agent: str
    trace: str
    id: str
    parent: str
    name: str
    kind: str
    attributes: Mapping[str, Any]
    events: Sequence[str]
    failed: bool
    message: str
    state: str
    began: int
    ended: int
    resource: Mapping[str, Any]

    @property
    def error(self) -> str:
        return str(self.attributes.get("error.type", ""))


class Collector:
    """What the collector has got.

    Attributes:
        url: where it takes spans.
        requests: how many it has taken, whatever it answered.
        headers: those of the last one.
        raw: the bodies of all.
    """

    def __init__(self) -> None:
        self.url = ""
        self.requests = 0
        self.headers: Mapping[str, str] = {}
        self.raw = b""
        self.spans: list[Got] = []

    def take(self, body: bytes) -> None:
        self.raw += body
        for each in ExportTraceServiceRequest.FromString(body).resource_spans:
            resource = _values(each.resource.attributes)
            self.spans += [_got(resource, span) for scope in each.scope_spans for span in scope.spans]

    def tree(self, trace: str) -> list[str]:
        """The spans of a trace, each as `agent name` behind the spaces of its depth, children by name."""
        spans = [span for span in self.spans if span.trace == trace]
        ids = {span.id for span in spans}
        tops = [span for span in spans if span.parent not in ids]
        return [line for top in _sorted(tops) for line in self._branch(top, spans, 0)]

    def _branch(self, span: Got, spans: Sequence[Got], depth: int) -> Iterator[str]:
        yield f"{'  ' * depth}{span.agent} {span.name}"
        for child in _sorted([each for each in spans if each.parent == span.id]):
            yield from self._branch(child, spans, depth + 1)

    def named(self, name: str, agent: str = "") -> list[Got]:
        return [span for span in self.spans if span.name == name and agent in ("", span.agent)]


def _sorted(spans: Sequence[Got]) -> list[Got]:
    return sorted(spans, key=lambda span: (span.agent, span.name))


def _values(attributes: Any) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in attributes}


def _got(resource: Mapping[str, Any], span: Any) -> Got:
    return Got(
        agent=resource["service.instance.id"],
        trace=span.trace_id.hex(),
        id=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        name=span.name,
        kind={1: "internal", 2: "server", 3: "client"}[span.kind],
        attributes=_values(span.attributes),
        events=[event.name for event in span.events],
        failed=span.status.code == 2,
        message=span.status.message,
        state=span.trace_state,
        began=span.start_time_unix_nano,
        ended=span.end_time_unix_nano,
        resource=resource,
    )


Respond = Callable[[BaseHTTPRequestHandler], None]
"""Answers one request, whose body is read."""


def accept(handler: BaseHTTPRequestHandler) -> None:
    """Answer as a collector that has taken all."""
    body = ExportTraceServiceResponse().SerializeToString()
    handler.send_response(200)
    handler.send_header("content-type", "application/x-protobuf")
    handler.send_header("content-length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


@contextmanager
def collecting(respond: Respond = accept, tls: ssl.SSLContext | None = None) -> Iterator[Collector]:
    """Run a collector while the block runs."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            collector.headers = {name.lower(): value for name, value in self.headers.items()}
            collector.requests += 1
            collector.take(body)
            respond(self)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            pass  # The exporter has closed the connection.

    with Server(("127.0.0.1", 0), Handler) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        collector.url = f"{'http' if tls is None else 'https'}://127.0.0.1:{server.server_address[1]}/v1/traces"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield collector
        finally:
            server.shutdown()
            thread.join()


class Traced:
    """Agents of a cluster that send their traces to one collector.

    Attributes:
        telemetry: of each of them, as `start_cluster` takes it.
        tracers: by name.
    """

    def __init__(self, url: str, names: Sequence[str], headers: Mapping[str, str] | None = None) -> None:
        self._exporters = {name: exporter_to(url, headers or {}, None) for name in names}
        self._pipelines = {name: Pipeline(exporter, name) for name, exporter in self._exporters.items()}
        self.tracers = {name: RequestTracer(each.maker, each.ids, name) for name, each in self._pipelines.items()}
        self.telemetry = {name: Telemetry([tracer]) for name, tracer in self.tracers.items()}
        for tracer in self.tracers.values():
            tracer.peers = {name: f"http://{name}" for name in names}

    def fill(self, name: str, count: int) -> None:
        """Make spans that belong to no request."""
        for _ in range(count):
            self._pipelines[name].maker.start_span("filling").end()

    def dropped(self, name: str) -> int:
        """How many spans of an agent found no room."""
        return self._exporters[name].dropped

    def flush(self) -> None:
        for pipeline in self._pipelines.values():
            pipeline.flush()

    def close(self) -> None:
        for pipeline in self._pipelines.values():
            pipeline.close()


@contextmanager
def traced(url: str, *names: str) -> Iterator[Traced]:
    """The agents of these names send their traces to a collector; at the end of the block all are sent."""
    sending = Traced(url, names)
    try:
        yield sending
    finally:
        sending.close()
