"""What spans say of a request: by OpenTelemetry's semantic conventions, and beyond these by names of `logagent`.

None of it holds what was searched for, nor who asked: a collector has readers of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from opentelemetry.semconv.attributes import (
    client_attributes,
    error_attributes,
    http_attributes,
    network_attributes,
    server_attributes,
    url_attributes,
)
from opentelemetry.trace.status import Status as SpanStatus
from opentelemetry.trace.status import StatusCode

from logagent.core.outcome import Outcome, Status
from logagent.core.query import Query
from logagent.telemetry.hook import Asking, LogRead, Story

ROUTES = frozenset({"/", "/logs", "/hits", "/files", "/hosts", "/healthz", "/readyz", "/metrics", "/openapi.json"})
"""The routes: of another path, a span's name says nothing, since anybody can ask for anything."""
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY"})
"""The methods that the conventions know."""
OTHER = "_OTHER"
"""How the conventions call any other."""
LONGEST_MESSAGE = 300
"""Characters that a span keeps of why something failed."""

FAULTS = frozenset({Status.DEADLINE_EXCEEDED, Status.INTERNAL, Status.UNAVAILABLE, Status.DATA_LOSS})
"""The verdicts that are this side's errors, as the conventions have it for the statuses of gRPC; others are the
client's doing."""
EXPECTED = frozenset({Status.OK, Status.NOT_FOUND})
"""The outcomes of a host that was asked that are no error: one that has no such log is a part of most answers."""
LEFT_BEHIND = "left_behind"
"""The type of error of a host that was not waited for."""

Attributes = dict[str, str | int | float | bool]


class Ending(NamedTuple):
    """What a span says in the end.

    Attributes:
        attributes: by name.
        status: None: it is unset.
    """

    attributes: Attributes
    status: SpanStatus | None = None


def name_of(story: Story) -> str:
    """Return the name of a request's span: its method, and its route if it has one."""
    method = story.method if story.method in METHODS else "HTTP"
    return f"{method} {story.path}" if story.path in ROUTES else method


def of_request(story: Story) -> Attributes:
    """Return what is known of a request when it comes."""
    host, _, port = story.client.rpartition(":")
    given: Attributes = {
        http_attributes.HTTP_REQUEST_METHOD: story.method if story.method in METHODS else OTHER,
        url_attributes.URL_PATH: story.path,
        url_attributes.URL_SCHEME: story.scheme,
        network_attributes.NETWORK_PROTOCOL_VERSION: story.version,
    }
    if story.path in ROUTES:
        given[http_attributes.HTTP_ROUTE] = story.path
    if host and port.isdigit():
        given |= {client_attributes.CLIENT_ADDRESS: host.strip("[]"), client_attributes.CLIENT_PORT: int(port)}
    return given


def of_answer(story: Story) -> Ending:
    """Return what a request's span says in the end."""
    given: Attributes = {"logagent.lines": story.lines, "logagent.bytes_scanned": story.scanned}
    given |= {"http.response.body.size": story.bytes_sent, "logagent.delivered": story.delivered}
    given |= {"logagent.hosts": len(story.askings)} if story.askings else {}
    given |= {"logagent.follow": True} if story.query and story.query.follow else {}
    given |= {http_attributes.HTTP_RESPONSE_STATUS_CODE: story.status} if story.status else {}
    outcome = story.outcome
    given |= {} if outcome is None else {"logagent.status": outcome.status.name, "logagent.complete": outcome.complete}
    if story.status >= 500:
        return _failed(given, str(story.status), story.reason, story.query)
    if outcome is not None and outcome.status in FAULTS:
        return _failed(given, outcome.status.name, outcome.message, story.query)
    return Ending(given)


def of_asking(asking: Asking, address: Attributes) -> Attributes:
    """Return what is known of the asking of a host when it begins.

    Args:
        address: the host's, as `address_of` gives it; none: it is this agent's own.
    """
    return {"logagent.host": asking.host, **address}


def address_of(url: str) -> Attributes:
    """Return the attributes of an agent's address."""
    if url.startswith("unix:"):
        return {server_attributes.SERVER_ADDRESS: url.removeprefix("unix:")}
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return {server_attributes.SERVER_ADDRESS: parts.hostname or "", server_attributes.SERVER_PORT: port}


def of_host(asking: Asking, query: Query | None) -> Ending:
    """Return what the span of the asking of a host says in the end."""
    outcome = asking.outcome
    if asking.left:
        return _failed({}, LEFT_BEHIND, asking.left, query)
    if outcome is None:  # No more of it was needed, or the client has left.
        return Ending({"logagent.cancelled": True})
    given = _counted(outcome)
    if outcome.status in EXPECTED:
        return Ending(given)
    return _failed(given, outcome.status.name, outcome.message, query)


def of_reading(reading: LogRead, query: Query | None) -> Ending:
    """Return what the span of the reading of a log says."""
    given: Attributes = {"logagent.log": reading.log}
    outcome = reading.outcome
    if outcome is None:
        return Ending({**given, "logagent.cancelled": True})
    given |= _counted(outcome)
    if outcome.status in FAULTS:
        return _failed(given, outcome.status.name, outcome.message, query)
    return Ending(given)


def _counted(outcome: Outcome) -> Attributes:
    return {
        "logagent.status": outcome.status.name,
        "logagent.lines": outcome.lines,
        "logagent.bytes_scanned": outcome.bytes_scanned,
    }


def _failed(given: Mapping[str, str | int | float | bool], kind: str, message: str, query: Query | None) -> Ending:
    described = "" if quotes(message, query) else message[:LONGEST_MESSAGE]
    return Ending({**given, error_attributes.ERROR_TYPE: kind}, SpanStatus(StatusCode.ERROR, described or None))


def quotes(message: str, query: Query | None) -> bool:
    """Return whether a message holds anything that a query searches for; such a message is not told."""
    if query is None:
        return False
    match = query.match
    text = message.encode(errors="surrogateescape").lower()
    searched = (*match.keywords, *match.exclude, *match.regex, *match.exclude_regex)
    return any(each.lower() in text for each in searched)
