"""A collector that is down, hangs, refuses, talks nonsense or redirects: what is told of it, and that nothing leaks."""

from __future__ import annotations

import logging
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from logagent.authority import certs
from logagent.telemetry.traces import collector as module
from logagent.telemetry.traces import pipeline as pipelines
from logagent.telemetry.traces.collector import (
    QUIET,
    CollectorSession,
    CountedExporter,
    exporter_to,
    own_words_only,
)
from logagent.telemetry.traces.pipeline import BATCH, QUEUE, Pipeline, resource_of
from testbed.collector import Respond, accept, collecting


@pytest.fixture(autouse=True)
def _unhurried(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Spans are sent when a test says so, however slow the machine."""
    monkeypatch.setattr(pipelines, "DELAY", 3600.0)
    monkeypatch.setattr(pipelines, "LAST", 60.0)
    with own_words_only():
        yield


def make_spans(pipeline: Pipeline, count: int = 1) -> None:
    for _ in range(count):
        pipeline.maker.start_span("one").end()


def answering(status: int, body: bytes = b"", **headers: str) -> Respond:
    def respond(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("content-length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return respond


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the agent's own log says: caplog also hears of what is kept from it."""
    return [record.getMessage() for record in caplog.records if record.name.startswith("logagent.")]


def test_spans_come_with_the_headers_that_were_given() -> None:
    with collecting() as it:
        pipeline = Pipeline(exporter_to(it.url, {"authorization": "Bearer t0ken"}, None), "web-1")
        make_spans(pipeline, 3)
        pipeline.close()
    assert (len(it.spans), it.requests) == (3, 1)
    assert it.headers["authorization"] == "Bearer t0ken"
    assert it.headers["content-type"] == "application/x-protobuf"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirects_are_not_followed_and_are_failures(status: int, caplog: pytest.LogCaptureFixture) -> None:
    with collecting() as other:
        with collecting(answering(status, location=other.url)) as it:
            pipeline = Pipeline(exporter_to(it.url, {"authorization": "Bearer t0ken"}, None), "web-1")
            make_spans(pipeline)
            pipeline.close()
            assert told(caplog) == [
                f"the collector at {it.url} did not take all traces: it answers {status}, a redirect, which is not "
                "followed; 1 span was lost"
            ]
        assert other.requests == 0


def test_the_environment_names_no_proxy_and_no_password(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    passwords = tmp_path / "netrc"
    passwords.write_text("default login somebody password secret\n")
    with collecting() as it, collecting() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url.removesuffix("/v1/traces"))
        monkeypatch.setenv("NETRC", str(passwords))
        pipeline = Pipeline(exporter_to(it.url, {}, None), "web-1")
        make_spans(pipeline)
        pipeline.close()
        assert (it.requests, proxy.requests) == (1, 0)
    assert "authorization" not in it.headers


@pytest.mark.parametrize(
    ("respond", "fault"),
    [
        (answering(500), "it answers 500"),
        (answering(401, b"who are you?"), "it answers 401"),
        (answering(404, b"<html>" + b"x" * 200_000), "it answers 404"),
    ],
    ids=["500", "401", "404"],
)
def test_refusals_are_told_once_with_the_spans_that_are_lost(
    respond: Respond, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    with collecting(respond) as it:
        pipeline = Pipeline(exporter_to(it.url, {}, None), "web-1")
        for _ in range(5):
            make_spans(pipeline, 2)
            pipeline.flush()
        pipeline.close()
    assert told(caplog) == [f"the collector at {it.url} did not take all traces: {fault}; 2 spans were lost"]


def test_an_answer_that_is_no_protobuf_is_taken_for_its_status() -> None:
    with collecting(answering(200, b"\xff" * 300_000)) as it:
        pipeline = Pipeline(exporter_to(it.url, {}, None), "web-1")
        make_spans(pipeline)
        pipeline.flush()
        make_spans(pipeline)
        pipeline.close()
    assert len(it.spans) == 2


def refusing(spans: int, why: str, kind: str = "application/x-protobuf") -> Respond:
    answer = ExportTraceServiceResponse()
    answer.partial_success.rejected_spans = spans
    answer.partial_success.error_message = why
    return answering(200, answer.SerializeToString(), **{"content-type": kind})


def test_spans_that_are_refused_singly_are_told_with_the_reason(caplog: pytest.LogCaptureFixture) -> None:
    with collecting(refusing(2, "too old\x1b[31m")) as it:
        pipeline = Pipeline(exporter_to(it.url, {}, None), "web-1")
        make_spans(pipeline, 3)
        pipeline.close()
    (line,) = told(caplog)
    assert line.startswith(f"the collector at {it.url} did not take all traces: it refuses some: too old")
    assert line.endswith("; 2 spans were lost")
    assert "\x1b" not in line


@pytest.mark.parametrize(
    "respond",
    [
        refusing(0, "some advice"),
        refusing(2, "nonsense", kind="text/plain"),
        answering(200, b"\xff\xff", **{"content-type": "application/x-protobuf"}),
    ],
    ids=["advice", "text", "nonsense"],
)
def test_an_answer_that_refuses_nothing_is_no_failure(respond: Respond, caplog: pytest.LogCaptureFixture) -> None:
    with collecting(respond) as it:
        pipeline = Pipeline(exporter_to(it.url, {}, None), "web-1")
        make_spans(pipeline)
        pipeline.close()
    assert told(caplog) == []


def test_authorities_that_are_gone_are_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    pipeline = Pipeline(exporter_to("https://127.0.0.1:9/v1/traces", {}, tmp_path / "gone.pem"), "web-1")
    make_spans(pipeline)
    pipeline.close()
    (line,) = told(caplog)
    assert "gone.pem; 1 span was lost" in line


def test_who_speaks_no_http_is_told(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "EXPORT_TIME", 0.2)
    with Speaker(b"SSH-2.0-OpenSSH_9.2\r\n") as url:
        pipeline = Pipeline(exporter_to(url, {}, None), "web-1")
        make_spans(pipeline)
        pipeline.flush()
        pipeline.close()
    assert told(caplog) == [f"the collector at {url} did not take all traces: it speaks no HTTP; 1 span was lost"]


def test_nobody_listens(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "EXPORT_TIME", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as gone:
        url = f"http://127.0.0.1:{gone.getsockname()[1]}/v1/traces"
    pipeline = Pipeline(exporter_to(f"{url}?key=secret", {}, None), "web-1")
    make_spans(pipeline)
    pipeline.flush()
    pipeline.close()
    assert told(caplog) == [f"the collector at {url} did not take all traces: connection refused; 1 span was lost"]


def test_its_name_is_not_known(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*given: object, **named: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(module, "EXPORT_TIME", 0.2)
    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    pipeline = Pipeline(exporter_to("http://collector.invalid:4318/v1/traces", {}, None), "web-1")
    make_spans(pipeline)
    pipeline.flush()
    pipeline.close()
    assert "its name cannot be resolved; 1 span was lost" in told(caplog)[0]


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("pki")
    certs.init(directory, now=datetime.now(UTC))
    certs.host("collector", directory, addresses=["127.0.0.1"], now=datetime.now(UTC))
    return directory


def https(pki: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pki / "collector.pem", pki / "collector-key.pem")
    return context


def test_an_authority_may_be_named(pki: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/no/such/file")  # has no say
    with collecting(tls=https(pki)) as it:
        pipeline = Pipeline(exporter_to(it.url, {}, pki / "ca.pem"), "web-1")
        make_spans(pipeline)
        pipeline.close()
    assert len(it.spans) == 1


def test_a_collector_of_another_authority_gets_nothing(
    pki: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "EXPORT_TIME", 0.2)
    with collecting(tls=https(pki)) as it:
        pipeline = Pipeline(exporter_to(it.url, {"authorization": "Bearer t0ken"}, None), "web-1")
        make_spans(pipeline)
        pipeline.flush()
        pipeline.close()
        assert it.requests == 0
    assert "its certificate is not trusted: unable to get local issuer certificate; 1 span was lost" in told(caplog)[0]


def test_an_answer_that_does_not_end_holds_up_nothing_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()

    def trickle(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("content-length", "1000")
        handler.end_headers()
        handler.wfile.write(b"x")
        over.wait()

    monkeypatch.setattr(module, "EXPORT_TIME", 0.2)
    with collecting(trickle) as it:
        exporter = exporter_to(it.url, {}, None)
        pipeline = Pipeline(exporter, "web-1")
        make_spans(pipeline)
        pipeline.flush()
        assert exporter.done == 1
        over.set()
        pipeline.close()


class Hanging:
    """A collector that accepts and never answers, until it is let go."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.over = threading.Event()

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        self.asked.set()
        self.over.wait()
        accept(handler)


def test_a_collector_that_hangs_holds_up_neither_spans_nor_the_end(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipelines, "LAST", 0.01)
    hanging = Hanging()
    with collecting(hanging) as it:
        pipeline = Pipeline(exporter_to(it.url, {}, None), "web-1")
        make_spans(pipeline, BATCH)
        hanging.asked.wait()
        make_spans(pipeline, QUEUE + 100)
        pipeline.close()
        threads = [thread for thread in threading.enumerate() if "last spans" in thread.name]
        assert told(caplog) == [f"{BATCH + QUEUE} spans were not sent before the end"]
        hanging.over.set()
        for thread in threads:
            thread.join()
    assert len(it.spans) == BATCH


class Scripted(SpanExporter):
    """An exporter that fails when it is told to."""

    def __init__(self) -> None:
        self.fails = True

    def export(self, spans: object) -> SpanExportResult:
        return SpanExportResult.FAILURE if self.fails else SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        pass


def counted(now: list[float]) -> tuple[Scripted, CountedExporter]:
    scripted, session = Scripted(), CollectorSession()
    session.fault = "it answers 503"
    return scripted, CountedExporter(scripted, session, "http://c", clock=lambda: now[0])


def test_failures_that_repeat_are_counted(caplog: pytest.LogCaptureFixture) -> None:
    now = [0.0]
    scripted, exporter = counted(now)
    spans = [ReadableSpan("one")]
    for now[0] in (0.0, 1.0, 2.0, QUIET, QUIET + 1):
        exporter.export(spans * 3)
    exporter.dropped += 7
    scripted.fails = False
    exporter.export(spans)
    exporter.export(spans)
    assert told(caplog) == [
        "the collector at http://c did not take all traces: it answers 503; 3 spans were lost",
        "the collector at http://c did not take all traces 3 times: it answers 503; 9 spans were lost",
        "the collector at http://c takes traces; 10 spans were lost before",
    ]
    assert (exporter.seen, exporter.lost) == (17, 15 + 7)


def test_spans_that_found_no_room_are_told(caplog: pytest.LogCaptureFixture) -> None:
    scripted, exporter = counted([0.0])
    scripted.fails = False
    exporter.dropped += 1
    exporter.export([ReadableSpan("one")])
    assert told(caplog) == ["the collector at http://c takes traces; 1 span was lost before"]


def test_what_the_libraries_log_of_each_failure_stays_out_of_the_agents_log() -> None:
    heard: list[logging.LogRecord] = []

    class Own(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            heard.append(record)

    own, top, library = Own(), logging.getLogger(), logging.getLogger("opentelemetry.exporter.otlp.proto.http")
    top.addHandler(own)
    try:
        library.error("Failed to export")
        assert not heard
    finally:
        top.removeHandler(own)


def test_no_more_wait_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    sending, going_on = threading.Event(), threading.Event()

    class Slow(Scripted):
        def export(self, spans: object) -> SpanExportResult:
            sending.set()
            going_on.wait()
            return SpanExportResult.SUCCESS

    exporter = CountedExporter(Slow(), CollectorSession(), "http://c")
    pipeline = Pipeline(exporter, "web-1")
    make_spans(pipeline, BATCH)
    sending.wait()
    began = time.monotonic()
    make_spans(pipeline, QUEUE + 5)
    assert exporter.dropped == pipeline.lost == 5
    assert time.monotonic() - began < 30  # none of them waited for the exporter
    going_on.set()
    pipeline.close()
    assert exporter.seen == BATCH + QUEUE


def test_standard_variables_name_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test,service.version=9")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "logs-of-berlin")
    attributes = resource_of("web-1").attributes
    assert attributes["deployment.environment.name"] == "test"
    assert attributes["service.name"] == "logs-of-berlin"
    assert attributes["service.version"] == "9"
    assert attributes["service.instance.id"] == "web-1"


class Speaker:
    """A server that says the same to everybody, and closes."""

    def __init__(self, words: bytes) -> None:
        self._words = words
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> str:
        self._thread.start()
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}/v1/traces"

    def __exit__(self, *error: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        try:
            while True:
                connected, _ = self._socket.accept()
                with connected:
                    connected.recv(65536)
                    connected.sendall(self._words)
        except OSError:
            pass
