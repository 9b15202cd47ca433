"""The trace of a question: one id under which all hosts that answer it are found, and how it travels.

Requests carry it in the header `traceparent` (https://www.w3.org/TR/trace-context/), beside an id of the request
itself. Answers name it in the header `log-trace-id`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

TRACE_HEADER = "log-trace-id"
"""The header of every answer: the trace's id, 32 hexadecimal digits."""
TRACEPARENT = "traceparent"
"""The header of a request that belongs to a trace."""
TRACESTATE = "tracestate"
"""The header with what tracing systems say of a trace besides; it is passed on as it came."""
LONGEST_TRACESTATE = 512
"""Characters of it that are passed on, as W3C Trace Context has it: of a longer one none is, rather than a part."""
TRACE_ID_BYTES = 16
"""Bytes of a trace's id."""
SPAN_ID_BYTES = 8
"""Bytes of the id of one request within a trace."""

_KNOWN_FLAGS = 0b11
"""The flags that are passed on: sampled, and random id. Others have no meaning yet and must be zero."""
_RANDOM = "02"
"""The flags of a trace that begins here: its id is random, and nobody decided that it is kept."""
_TRACEPARENT = (
    r"(?!ff)(?P<version>[0-9a-f]{2})-(?!0{32})(?P<trace>[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-(?P<flags>[0-9a-f]{2})"
    r"(?P<more>-.*)?"
)
_TRACE_ID = r"(?!0{32})[0-9a-f]{32}"


def read_traceparent(values: Sequence[str]) -> str | None:
    """Return the trace that a request belongs to, as a `traceparent` of version 00.

    Args:
        values: those of the request's headers `traceparent`.

    Returns:
        None if there is none, or none that is valid: then the request begins a trace.
    """
    read = re.fullmatch(_TRACEPARENT, values[0].strip(" \t")) if len(values) == 1 else None
    if read is None or (read["version"] == "00" and read["more"]):
        return None
    return f"00{read[0][2:52]}-{int(read['flags'], 16) & _KNOWN_FLAGS:02x}"


def read_tracestate(values: Sequence[str]) -> str:
    """Return what a request's headers `tracestate` say, as one; empty if it is too long, or is no header's text."""
    joined = ",".join(filter(None, (value.strip(" \t") for value in values)))
    return joined if len(joined) <= LONGEST_TRACESTATE and joined.isascii() and joined.isprintable() else ""


def begin_trace(trace: bytes, span: bytes) -> str:
    """Return the `traceparent` of a trace that begins here.

    Args:
        trace: `TRACE_ID_BYTES` random bytes.
        span: `SPAN_ID_BYTES` random bytes.
    """
    return f"00-{trace.hex()}-{span.hex()}-{_RANDOM}"


def pass_on(traceparent: str, span: bytes) -> str:
    """Return the `traceparent` of a request to another agent, of the same trace.

    Args:
        traceparent: as `read_traceparent` or `begin_trace` returned it.
        span: `SPAN_ID_BYTES` random bytes, of the request to the other agent.
    """
    return f"{traceparent[:36]}{span.hex()}{traceparent[52:]}"


def trace_id(traceparent: str | None) -> str:
    """Return the id of a trace; empty for None."""
    return "" if traceparent is None else traceparent[3:35]


def read_trace_id(text: str | None) -> str:
    """Return the trace's id that an answer names; empty if it names none that is valid, as agents of old."""
    return text if text is not None and re.fullmatch(_TRACE_ID, text) else ""
