"""The trace of a question, as requests to other agents carry it."""

from __future__ import annotations

import secrets

from logagent.core.wire.trace import SPAN_ID_BYTES, TRACEPARENT, pass_on


def trace_headers(trace: str | None) -> dict[str, str]:
    """Return the header of one request to another agent, with an id of its own within the trace; none without one."""
    return {} if trace is None else {TRACEPARENT: pass_on(trace, secrets.token_bytes(SPAN_ID_BYTES))}
