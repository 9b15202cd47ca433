"""How a span is named in a `traceparent`, and the parent that a request's headers name."""

from __future__ import annotations

from opentelemetry.context import Context
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, TraceFlags, TraceState, set_span_in_context

NO_PARENT = Context()
"""That of a span that is the first of its trace."""

_SAMPLED = TraceFlags.SAMPLED


class GivenTraceIds(RandomIdGenerator):
    """Gives a span that is the first of its trace the id that the request was given when it came.

    Attributes:
        trace: the next one.
    """

    def __init__(self) -> None:
        self.trace = 0

    def generate_trace_id(self) -> int:
        """Return the id that was set; it is random too."""
        return self.trace


def traceparent_of(span: Span) -> str:
    """Return the `traceparent` of what a span causes elsewhere."""
    context = span.get_span_context()
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


def is_sampled(traceparent: str) -> bool:
    """Return whether a trace's spans are kept."""
    return bool(int(traceparent[53:], 16) & _SAMPLED)


def trace_of(traceparent: str) -> int:
    """Return the id of a trace."""
    return int(traceparent[3:35], 16)


def parent_of(traceparent: str, tracestate: str) -> Context:
    """Return the parent of a request's span, which is elsewhere."""
    state = TraceState.from_header([tracestate]) if tracestate else None
    flags = TraceFlags(int(traceparent[53:], 16))
    caller = SpanContext(trace_of(traceparent), int(traceparent[36:52], 16), True, flags, state)
    return set_span_in_context(NonRecordingSpan(caller), NO_PARENT)


def below(span: Span) -> Context:
    """Return the parent of what happens below a span."""
    return set_span_in_context(span, NO_PARENT)
