"""The header fields and trailer fields of answers, and the headers of requests."""

from __future__ import annotations

from typing import Any

from logagent.core.wire.caller import TAKES_CALLERS, TAKES_HEADER
from logagent.core.wire.frames import VERSION_HEADER
from logagent.core.wire.identity import AGENT_HEADER
from logagent.core.wire.labels import LABELS_HEADER
from logagent.core.wire.through import TAKES_THROUGH
from logagent.core.wire.trace import TRACE_HEADER, TRACEPARENT
from logagent.core.wire.verdict import MAX_HOSTS, MAX_MESSAGE, MAX_NOTES, TRAILERS
from logagent.web.description.schema_parts import COUNT, STATUS, TRACE, Schema

_TEXT: Schema = {"type": "string"}
_LIST = "a list of structured fields (RFC 9651)"


def _field(meaning: str, schema: Schema, *, required: bool = True) -> dict[str, Any]:
    return {"description": meaning, "required": required, "schema": schema}


HEADERS = {
    TRACE_HEADER: _field("The id of the question's trace: under it, all hosts tell what it caused.", TRACE),
    VERSION_HEADER: _field("The version of the agent's program.", _TEXT, required=False),
    AGENT_HEADER: _field("Which agent answers: its name, and random bits of its process.", _TEXT, required=False),
    TAKES_HEADER: _field(
        "Between agents: this one takes it from others for whom they ask, and by which way a question came.",
        {"type": "string", "enum": [f"{TAKES_CALLERS}, {TAKES_THROUGH}"]},
        required=False,
    ),
    LABELS_HEADER: _field(
        "The labels of the agent, told to agents and with its health: a list of label=value.", _TEXT, required=False
    ),
    "cache-control": _field("Answers are never cached.", {"type": "string", "enum": ["no-store"]}),
    "x-content-type-options": _field("Nobody is to guess another media type.", {"type": "string", "enum": ["nosniff"]}),
}
"""The headers of every response; a refusal before any route was found has no name of an agent, nor its version."""

OF_ANSWERS = {
    "trailer": _field(
        "The trailers that may come; over HTTP/2 only.",
        {"type": "string", "enum": [", ".join(TRAILERS)]},
        required=False,
    ),
    "vary": _field("What else the answer depends on.", _TEXT),
    "content-encoding": _field("gzip or zstd, if Accept-Encoding asked for it.", _TEXT, required=False),
    "x-accel-buffering": _field(
        "Of a follow: proxies are to pass lines on at once.", {"type": "string", "enum": ["no"]}, required=False
    ),
    "preference-applied": _field(
        "The answer ends in a stream reset if it is incomplete, as Prefer asked.",
        {"type": "string", "enum": ["handling=strict"]},
        required=False,
    ),
}
"""The headers that some answers have besides."""

OF_REFUSALS = {
    "allow": _field("The methods that the route takes.", _TEXT),
    "retry-after": _field("Seconds after which to ask again.", COUNT),
    "www-authenticate": _field("How to prove who asks; only where a token would help.", _TEXT, required=False),
}
"""The headers that some refusals have besides."""

TRAILER_FIELDS = {
    "log-status": _field("How the answer ended.", STATUS),
    "log-message": _field(
        "Why the answer is not complete, percent-encoded; empty if it is.", {**_TEXT, "maxLength": MAX_MESSAGE}
    ),
    "log-complete": _field("Whether the answer holds all that was asked for.", {"type": "boolean"}),
    "log-lines": _field("Lines that were sent, or counted.", COUNT),
    "log-bytes-scanned": _field("Bytes of log that were read for them.", COUNT),
    "log-cursor": _field("Where another answer goes on; empty if there is nothing further.", _TEXT),
    "log-hosts": _field(
        f"Each host's status, lines and message, failing hosts first: {_LIST}.", {**_TEXT, "maxLength": MAX_HOSTS}
    ),
    "log-hosts-omitted": _field("How many hosts did not fit into log-hosts.", COUNT, required=False),
    "log-hosts-failed": _field("How many hosts failed in all; only beside log-hosts-omitted.", COUNT, required=False),
    "log-notes": _field(
        f"What was judged, and did not fail: {_LIST}.", {**_TEXT, "maxLength": MAX_NOTES}, required=False
    ),
    "log-notes-omitted": _field("How many notes did not fit into log-notes.", COUNT, required=False),
    "server-timing": _field("Milliseconds spent in each stage that occurred.", _TEXT),
}
"""What stands behind the body: the verdict, in the words of `core.wire.verdict`."""


def _header(name: str, meaning: str, schema: Schema) -> dict[str, Any]:
    return {"name": name, "in": "header", "description": meaning, "schema": schema}


REQUEST_HEADERS = {
    "Prefer": _header("Prefer", "With handling=strict (RFC 7240) an incomplete answer ends in a stream reset.", _TEXT),
    "Traceparent": _header(
        TRACEPARENT, "The trace that the question belongs to (W3C Trace Context); without it, one begins.", _TEXT
    ),
    "LastEventId": _header(
        "Last-Event-ID", "The id of the last event that was received: the answer goes on behind it.", _TEXT
    ),
    "AcceptEncoding": _header("Accept-Encoding", "May ask for zstd or gzip.", _TEXT),
}
"""The headers that questions may have, by their names among the parameters of the description."""
