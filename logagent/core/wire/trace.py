"""The trace of a question: one id under which all hosts that answer it are found, and how it travels.

Requests carry it in the header `traceparent` (https://www.w3.org/TR/trace-context/), beside an id of the request
itself. Answers name it in the header `log-trace-id`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

TRACE_HEADER = "log-trace-id"
"""The header of every answer: the trace's id, 32 hexadecimal digits."""
TRACEPARENT = "traceparent"
"""The header of a request that belongs to a trace."""
TRACESTATE = "tracestate"
"""The header with what tracing systems say of a trace besides; its members are passed on as they came."""
LONGEST_TRACESTATE = 512
"""Characters of it that are passed on, as many as W3C Trace Context asks for: of a longer one, the members that fit."""
MOST_MEMBERS = 32
"""Members that it has at most, by that specification: one of more is not valid."""
LONG_MEMBER = 128
"""Characters: longer members go first where not all fit, by that specification."""
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
_MEMBER = r"[a-z0-9][a-z0-9_\-*/@]{0,255}=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]"
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
    """Return what a request's headers `tracestate` say, as one header; empty if they say nothing that is valid."""
    members = [member for each in ",".join(values).split(",") if (member := each.strip(" \t"))]
    if len(members) > MOST_MEMBERS or not all(re.fullmatch(_MEMBER, member) for member in members):
        return ""
    return ",".join(_fitting(members))


def _fitting(members: Sequence[str]) -> list[str]:
    """Return the members that fit: while they do not, the last long one goes, and then the last of all."""
    kept = list(members)
    while len(",".join(kept)) > LONGEST_TRACESTATE:
        long = [place for place, member in enumerate(kept) if len(member) > LONG_MEMBER]
        del kept[long[-1] if long else -1]
    return kept


def trace_headers_of(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the headers of requests within the trace that the environment names; none if it names none.

    They go on as they are, since a command has no span of its own: what the agent does hangs below the caller's span.

    Args:
        environ: `TRACEPARENT` and `TRACESTATE` of it are read.
    """
    given = read_traceparent([environ.get(TRACEPARENT.upper(), "")])
    state = read_tracestate([environ.get(TRACESTATE.upper(), "")]) if given else ""
    return ({TRACEPARENT: given} if given else {}) | ({TRACESTATE: state} if state else {})


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
