"""The table of routes: what each answers, with which parameters, in which media types, and how it refuses."""

from __future__ import annotations

from typing import Any, NamedTuple

from logagent.core.wire.frames import BATCHES
from logagent.core.wire.media_types import EVENTS, JSON, NDJSON, OF_HITS, OF_LOGS, OPENMETRICS, TEXT
from logagent.core.wire.parameter_table import FILES, HITS, HOSTS, LOGS
from logagent.web.description.schema_parts import Schema, reference
from logagent.web.description.statuses import OF_ADMITTED, OF_EVERY_ROUTE

DOCUMENT = "/openapi.json"
"""The route of the description itself."""


class RouteTold(NamedTuple):
    """One route.

    Attributes:
        path: of the URL.
        name: of its operation; that with a form is called so, too, with `ByForm` behind it.
        summary: a sentence for people.
        content: what the answer holds, by media type.
        refusals: status codes, besides those of every route.
        headers: of the request, by their names among the parameters.
        is_open: whether everybody is answered.
        fields: headers of the answer, besides those of every response.
        has_verdict: whether the answer ends with a verdict in trailers.
        takes_form: whether it takes its parameters by POST, too.
    """

    path: str
    name: str
    summary: str
    content: dict[str, Any]
    refusals: tuple[int, ...] = OF_ADMITTED
    headers: tuple[str, ...] = ("Traceparent",)
    is_open: bool = False
    fields: tuple[str, ...] = ()
    has_verdict: bool = False
    takes_form: bool = False

    @property
    def statuses(self) -> list[int]:
        """Every status code that a GET is refused with."""
        return sorted({*OF_EVERY_ROUTE, *self.refusals})


OF_FORMS = (408, 415)
"""What a POST may be refused with besides."""
_OF_ANSWERS = (*OF_ADMITTED, 404, 406, 505, 508)
_OF_HITS = ("trailer", "vary", "content-encoding", "preference-applied")
_OF_LOGS = (*_OF_HITS, "x-accel-buffering")

_BATCHES: dict[str, Any] = {
    "schema": {"type": "string", "format": "binary"},
    "x-internal": True,
    "x-description": "Between agents, over HTTP/2 only: frames of batches. Not for clients.",
}


def _text(meaning: str) -> dict[str, Any]:
    return {"schema": {"type": "string", "description": meaning}}


def _records(name: str, meaning: str) -> dict[str, Any]:
    return {**_text(meaning), "x-item-schema": reference(name)}


def _json(schema: Schema) -> dict[str, Any]:
    return {JSON: {"schema": schema}}


_FORMS_OF_LOGS = {
    TEXT: _text("The lines' own bytes, each ended by a line feed; groups of context are separated by --."),
    NDJSON: _records(
        "LogsRecord", "One JSON object on each line; the last one is End, and where it is missing the answer was cut."
    ),
    EVENTS: _records(
        "LogsRecord",
        "Server-sent events, whose data are the records of NDJSON. A message holds a Record; the events notice, "
        "live and end hold those, and a comment is a sign of life. The id of each is its cursor.",
    ),
}
_FORMS_OF_HITS = {
    JSON: {"schema": reference("Hits")},
    NDJSON: _records(
        "HitsRecord",
        "One JSON object on each line; the last one is HitsEnd, and where it is missing the answer was cut.",
    ),
    TEXT: _text("A line for each count: its time, or - for none, its host, or host and file, and the count."),
}

ROUTES = (
    RouteTold(
        LOGS,
        "logs",
        "Lines, or events, that match, newest first unless asked otherwise.",
        {**{name: _FORMS_OF_LOGS[name] for name in OF_LOGS}, BATCHES: _BATCHES},
        _OF_ANSWERS,
        ("AcceptEncoding", "Prefer", "LastEventId", "Traceparent"),
        fields=_OF_LOGS,
        has_verdict=True,
        takes_form=True,
    ),
    RouteTold(
        HITS,
        "hits",
        "How many lines match, by time and host, by log, or by a label of hosts.",
        {**{name: _FORMS_OF_HITS[name] for name in OF_HITS}, BATCHES: _BATCHES},
        _OF_ANSWERS,
        ("AcceptEncoding", "Prefer", "Traceparent"),
        fields=_OF_HITS,
        has_verdict=True,
        takes_form=True,
    ),
    RouteTold(
        FILES,
        "files",
        "What can be asked for: each log with its generations, sizes, and oldest and newest time.",
        _json(reference("Listing")),
        (*OF_ADMITTED, 404, 508),
    ),
    RouteTold(
        HOSTS,
        "hosts",
        "The agents known: reachable or not, their versions and labels.",
        _json(reference("Hosts")),
        (*OF_ADMITTED, 404, 508),
    ),
    RouteTold("/healthz", "health", "Whether the process is alive.", _json(reference("Health")), (), is_open=True),
    RouteTold(
        "/readyz",
        "readiness",
        "Whether the agent's roots can be read.",
        _json(reference("Readiness")),
        (503,),
        is_open=True,
    ),
    RouteTold(
        "/metrics",
        "metrics",
        "Figures about the agent, for Prometheus.",
        {
            TEXT: _text("The text format of Prometheus."),
            OPENMETRICS: _text("The same as OpenMetrics, with traces as exemplars; where Accept names it."),
        },
        headers=("AcceptEncoding", "Traceparent"),
        fields=("vary", "content-encoding"),
    ),
    RouteTold(DOCUMENT, "description", "This description.", _json({"type": "object"}), (), is_open=True),
)
"""Every route of an agent."""
