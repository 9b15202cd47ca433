"""What is sent to the collector, and what is told of it where it takes nothing."""

from __future__ import annotations

import logging
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import Any

import requests
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # protobuf comes without types
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from logagent.core.escapes import in_line

EXPORT_TIME = 10.0
"""Seconds that a batch of spans may take to be sent, retries included: as long as the exporter has by itself."""
MOST_ANSWER = 64 * 1024
"""Bytes of a collector's answer that are read: more than it takes to say which spans it refuses, and why."""
LONGEST_SHOWN = 200
"""Characters that are shown of what a collector says."""
PROTOBUF = "application/x-protobuf"
"""The media type of an answer that may name spans that were refused."""
QUIET = 60.0
"""Seconds between two lines about a collector that goes on taking nothing; those between are counted."""

_log = logging.getLogger(__name__)


class CollectorSession(requests.Session):
    """Requests to a collector: no proxy, no password file and no other setting of the environment has a say in them.

    Redirects are not followed, or a token would go wherever they lead; they count as failures, which the exporter's own
    rule does not say.

    Attributes:
        fault: why the last request failed, or spans of it were refused, in a few words.
        refused: how many spans of the last request the collector has refused, though it took the others.
    """

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False
        self.fault = ""
        self.refused = 0

    def request(self, *given: Any, **named: Any) -> requests.Response:
        """Send one request, and read no more of its answer than is needed to send another one."""
        until, self.refused = time.monotonic() + EXPORT_TIME, 0
        try:
            response = super().request(*given, **{**named, "allow_redirects": False, "stream": True})
        except (requests.RequestException, OSError) as error:  # OSError: such as a file of authorities that is gone
            self.fault = _why(error)
            raise
        body = _body(response, until)
        if response.is_redirect or 300 <= response.status_code < 400:
            self.fault = f"it answers {response.status_code}, a redirect, which is not followed"
            raise requests.TooManyRedirects(self.fault)
        self.fault = "" if response.ok else f"it answers {response.status_code}"
        if response.ok and response.headers.get("content-type") == PROTOBUF:
            self.refused, self.fault = _refusal_in(body)
        return response


def _body(response: requests.Response, until: float) -> bytes:
    """Return the body of a small answer; of any other one nothing, and its connection is closed."""
    body = bytearray()
    try:
        while len(body) < MOST_ANSWER and time.monotonic() < until:
            piece = response.raw.read1(MOST_ANSWER)
            if not piece:
                return bytes(body)
            body += piece
    except Exception:  # Whatever else a broken answer makes the libraries raise: its status has come, and is enough.
        _log.debug("the answer of the collector broke off", exc_info=True)
    response.close()
    return b""


def _refusal_in(body: bytes) -> tuple[int, str]:
    """Return how many spans an answer refuses, and why."""
    try:
        said = ExportTraceServiceResponse.FromString(body).partial_success
    except DecodeError:
        return 0, ""
    return max(0, said.rejected_spans), f"it refuses some: {in_line(said.error_message)[:LONGEST_SHOWN]}"


def _why(error: Exception) -> str:
    """Return the reason below what the libraries have wrapped round it, in a few words."""
    reason: BaseException | None = error
    while reason is not None:
        if isinstance(reason, socket.gaierror):
            return "its name cannot be resolved"
        if isinstance(reason, TimeoutError | requests.Timeout):
            return "it does not answer in time"
        if isinstance(reason, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted: {reason.verify_message}"
        if isinstance(reason, HTTPException):
            return "it speaks no HTTP"
        if isinstance(reason, OSError) and reason.strerror and not isinstance(reason, requests.RequestException):
            return reason.strerror.lower()
        reason = reason.__cause__ or reason.__context__
    return in_line(str(error))[:LONGEST_SHOWN] or type(error).__name__


class CountedExporter(SpanExporter):
    """Sends spans to a collector, and tells of failures once, then how many there were.

    It is used by the thread that sends, but for `dropped`.

    Args:
        exporter: sends them.
        session: of it, which knows why it failed.
        url: of the collector, as it is told: without its query, which may hold a key.
        clock: tells seconds.

    Attributes:
        seen: spans that were given to it so far.
        done: those of them of which it is settled whether they were sent.
        dropped: spans that were not given to it, since too many waited; counted by whoever drops them.
    """

    def __init__(
        self,
        exporter: SpanExporter,
        session: CollectorSession,
        url: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.seen = 0
        self.done = 0
        self.dropped = 0
        self._exporter = exporter
        self._session = session
        self._url = url
        self._clock = clock
        self._failures = 0
        self._refused = 0
        self._lost_told = 0
        self._told: float | None = None

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send spans; see `SpanExporter`."""
        self.seen += len(spans)
        result = self._exporter.export(spans)
        self.done += len(spans)
        if result is not SpanExportResult.SUCCESS:
            self._fail(len(spans))
        elif self._session.refused:
            self._fail(min(self._session.refused, len(spans)))
        else:
            self._recover()
        return result

    def shutdown(self) -> None:
        """Send nothing any more, and give up what is being tried again."""
        self._exporter.shutdown()

    def _fail(self, spans: int) -> None:
        self._refused += spans
        self._failures += 1
        now = self._clock()
        if self._told is None or now - self._told >= QUIET:
            self._told = now
            times = "" if self._failures == 1 else f" {self._failures} times"
            _log.warning(
                "the collector at %s did not take all traces%s: %s; %s lost",
                self._url,
                times,
                self._session.fault or "it could not be sent to",
                _spans(self._lost),
            )
            self._failures = 0
            self._lost_told += self._lost

    def _recover(self) -> None:
        if self._told is not None or self._lost:
            _log.warning("the collector at %s takes traces; %s lost before", self._url, _spans(self._lost))
            self._lost_told += self._lost
        self._told, self._failures = None, 0

    @property
    def lost(self) -> int:
        """Spans so far that were not sent, whatever the reason; any thread may ask."""
        return self.dropped + self._refused

    @property
    def _lost(self) -> int:
        """Spans of whose loss nothing was told yet."""
        return self.lost - self._lost_told


def _spans(count: int) -> str:
    return f"{count} span{' was' if count == 1 else 's were'}"


def exporter_to(url: str, headers: Mapping[str, str], ca: Path | None) -> CountedExporter:
    """Return what sends spans to a collector; nothing is sent before the first of them.

    Args:
        url: of the collector.
        headers: sent with each request, besides those that OpenTelemetry's variables name.
        ca: PEM of the authorities that are trusted; None: what these variables name, else the system's.
    """
    session = CollectorSession()
    exporter = OTLPSpanExporter(
        url, None if ca is None else str(ca), headers=dict(headers), timeout=EXPORT_TIME, session=session
    )
    return CountedExporter(exporter, session, url.partition("?")[0])


@contextmanager
def own_words_only() -> Iterator[None]:
    """Keep what OpenTelemetry's libraries log of each failure to themselves, while the block runs: it is told here."""
    logger = logging.getLogger("opentelemetry")
    nowhere, propagate = logging.NullHandler(), logger.propagate
    logger.addHandler(nowhere)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(nowhere)
        logger.propagate = propagate
