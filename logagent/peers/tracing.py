"""The trace of a question, as requests to other agents carry it and as their responses name it."""

from __future__ import annotations

import secrets

import httpx

from logagent.core.wire.trace import SPAN_ID_BYTES, TRACE_HEADER, TRACEPARENT, pass_on, read_trace_id


def trace_headers(trace: str | None) -> dict[str, str]:
    """Return the header of one request to another agent, with an id of its own within the trace; none without one."""
    return {} if trace is None else {TRACEPARENT: pass_on(trace, secrets.token_bytes(SPAN_ID_BYTES))}


def trace_of(response: httpx.Response) -> str:
    """Return the trace's id that a response names; empty if it names none."""
    return read_trace_id(response.headers.get(TRACE_HEADER))
