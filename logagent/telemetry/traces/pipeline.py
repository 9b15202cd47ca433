"""The way of spans from where they end to the collector: a bounded queue, and a thread that sends them in batches."""

from __future__ import annotations

import logging
import socket
import threading

from opentelemetry.context import Context
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanLimits, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.semconv.schemas import Schemas
from opentelemetry.trace import Tracer as SpanMaker

from logagent import __version__
from logagent.telemetry.traces.collector import CountedExporter
from logagent.telemetry.traces.span_contexts import GivenTraceIds

QUEUE = 2048
"""Spans that wait to be sent, some kilobytes each: what a busy second makes. Of more, the newest are dropped, so that
whoever sends requests that are sampled fills nothing but this."""
BATCH = 512
"""Spans that are sent in one request at most."""
DELAY = 2.0
"""Seconds after which spans are sent though there are fewer: who looks for a trace has it at once."""
LAST = 2.0
"""Seconds, at most, that the end of the agent waits for the last spans to be sent."""
LONGEST = 1000
"""Characters of an attribute's value at most, such as the name of a log."""

_log = logging.getLogger(__name__)


class BoundedQueue(SpanProcessor):
    """Takes spans that have ended without waiting, and has a thread send them.

    Args:
        exporter: sends them.
    """

    def __init__(self, exporter: CountedExporter) -> None:
        self._exporter = exporter
        self._given = 0
        self._batches = BatchSpanProcessor(
            exporter,
            max_queue_size=2 * QUEUE,  # never full: what would not fit is counted here
            schedule_delay_millis=DELAY * 1000,
            max_export_batch_size=BATCH,
        )

    @property
    def unsent(self) -> int:
        """How many spans wait to be sent, or are being sent."""
        return self._given - self._exporter.done

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Do nothing."""

    def on_end(self, span: ReadableSpan) -> None:
        """Take a span, unless too many wait."""
        if self._given - self._exporter.seen >= QUEUE:
            self._exporter.dropped += 1
        else:
            self._given += 1
            self._batches.on_end(span)

    def shutdown(self) -> None:
        """Have all that wait sent; blocks for as long as that takes."""
        self._batches.shutdown()  # type: ignore[no-untyped-call]  # the library's own

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Have all that wait sent now; blocks for as long as that takes."""
        return self._batches.force_flush(timeout_millis)


class Pipeline:
    """What makes spans, and sends them; closed by the caller.

    Args:
        exporter: sends them.
        name: of the agent.

    Attributes:
        maker: starts spans.
        ids: gives them the ids of their traces.

    Raises:
        ValueError: for a variable of OpenTelemetry's that is no number.
    """

    def __init__(self, exporter: CountedExporter, name: str) -> None:
        self.ids = GivenTraceIds()
        self._exporter = exporter
        limits = SpanLimits(max_span_attribute_length=LONGEST)
        self._queue = BoundedQueue(exporter)
        provider = TracerProvider(
            sampler=ALWAYS_ON,  # what is not sampled has no spans at all
            resource=resource_of(name),
            shutdown_on_exit=False,
            id_generator=self.ids,
            span_limits=limits,
        )
        provider.add_span_processor(self._queue)
        self.maker: SpanMaker = provider.get_tracer("logagent", __version__, Schemas.V1_44_0.value)

    @property
    def lost(self) -> int:
        """Spans so far that were not sent; any thread may ask."""
        return self._exporter.lost

    def flush(self) -> None:
        """Have all spans sent that wait, and return when they are; blocks."""
        self._queue.force_flush()

    def close(self) -> None:
        """Send the last spans, for `LAST` seconds at most, and no more after these; blocks."""
        sending = threading.Thread(target=self._queue.shutdown, name="last spans", daemon=True)
        sending.start()
        sending.join(LAST)
        if sending.is_alive():
            _log.warning("%d spans were not sent before the end", self._queue.unsent)
            self._exporter.shutdown()


def resource_of(name: str) -> Resource:
    """Return what the spans of an agent have in common; `OTEL_RESOURCE_ATTRIBUTES` and `OTEL_SERVICE_NAME` go before.

    Args:
        name: of the agent.
    """
    own = {
        "service.name": "logagent",
        "service.version": __version__,
        "service.instance.id": name,
        "host.name": socket.gethostname(),
    }
    return Resource.create(own).merge(OTELResourceDetector().detect())
