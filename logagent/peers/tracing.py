"""The trace of a question, as requests to other agents carry it."""

from __future__ import annotations

import secrets

from logagent.core.wire.trace import SPAN_ID_BYTES, TRACEPARENT, TRACESTATE, pass_on
from logagent.telemetry import hook


def trace_headers(trace: str | None) -> dict[str, str]:
    """Return the headers of one request to another agent, with an id of its own within the trace; none without one."""
    if trace is None:
        return {}
    asking, state = hook.asking_now(), hook.current().tracestate
    carried = asking.trace if asking and asking.trace else pass_on(trace, secrets.token_bytes(SPAN_ID_BYTES))
    return {TRACEPARENT: carried} | ({TRACESTATE: state} if state else {})
