"""The routes: thin, each parses, asks the agent, and hands over to the body."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Any, NamedTuple, Protocol

from quart import Response, request
from quart_trio.wrappers import TrioResponse
from werkzeug.exceptions import HTTPException
from werkzeug.http import parse_options_header

from logagent.core.batch import Batch
from logagent.core.cursor import continued
from logagent.core.merging.record_cursors import RecordCursors
from logagent.core.outcome import Failure, Outcome, Status
from logagent.core.query import BadParameter, Query, Source
from logagent.core.rendering.event_stream import EventStream
from logagent.core.rendering.hits import HitsJson, HitsNdjson, HitsText
from logagent.core.rendering.records import Ndjson, Text
from logagent.core.wire.coding import negotiate
from logagent.core.wire.frames import BATCHES, SCOPE_HEADER, VERSION_HEADER, encode
from logagent.core.wire.hosts import HostState, host_to_json
from logagent.core.wire.listing import Listing, asked, to_json
from logagent.core.wire.parameters import parse, parse_hits
from logagent.web.access import may_ask
from logagent.web.streaming import Answer, Answers, Plan, Rendering, StreamingQuart

TEXT = "text/plain"
JSON = "application/json"
NDJSON = "application/x-ndjson"
EVENTS = "text/event-stream"
RETRY_AFTER = 1
"""Seconds after which a client that met a full agent may ask again: most answers take less."""
LAST_EVENT_ID = "Last-Event-ID"

_STATUS_CODES = {Status.NOT_FOUND: HTTPStatus.NOT_FOUND, Status.PERMISSION_DENIED: HTTPStatus.FORBIDDEN}
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


class Agent(Protocol):
    """What the routes ask."""

    @property
    def name(self) -> str: ...

    async def check(self, query: Query) -> None: ...

    def answer(self, query: Query) -> Source: ...

    async def files(self, query: Query) -> Listing: ...

    async def hosts(self) -> list[HostState]: ...

    async def unready(self) -> Sequence[str]: ...


class Refusal(Exception):
    """A request that is answered with a problem document (RFC 9457)."""

    def __init__(self, status: int, detail: str, headers: dict[str, str] | None = None, **members: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers or {}
        self.members = members


class Form(NamedTuple):
    """How an answer is to look: its media type, rendering, and which columns of a batch that needs."""

    mimetype: str
    rendering: Rendering
    in_band: bool
    times: bool
    places: bool


class _Frames:
    """Batches for another agent."""

    def batch(self, batch: Batch) -> bytes:
        return encode(batch)

    def end(self, outcome: Outcome) -> bytes:
        return b""


def create_app(agent: Agent, answers: Answers, *, version: str, certificate_required: bool) -> StreamingQuart:
    """The application of one agent. certificate_required: whether clients must show one where there is TLS."""
    app = StreamingQuart(__name__)
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False

    @app.get("/logs")
    async def logs() -> Answer:
        _admit(certificate_required)
        query = _resumed(_query(parse))
        return await answer(query, _form(query))

    @app.get("/hits")
    async def hits() -> Answer:
        _admit(certificate_required)
        query = _query(parse_hits)
        return await answer(query, _hits_form(query))

    async def answer(query: Query, form: Form) -> Answer:
        await agent.check(query)
        if answers.full(query):
            kind = "follows" if query.follow else "answers"
            raise Refusal(503, f"too many {kind} are under way", {"retry-after": str(RETRY_AFTER)})
        query = replace(query, times=query.times or form.times, places=query.places or form.places)
        query = answers.bounded(query)
        return Answer(_plan(agent.answer(query), query, form), answers, form.mimetype)

    @app.get("/files")
    async def files() -> Response:
        _admit(certificate_required)
        return _json(to_json(await agent.files(_addressed(asked(request.query_string)))))

    @app.get("/hosts")
    async def hosts() -> Response:
        _admit(certificate_required)
        _no_parameters()
        return _json({"hosts": [host_to_json(state) for state in await agent.hosts()]})

    @app.get("/healthz")
    async def healthz() -> Response:
        return _json({"status": "ok", "name": agent.name, "version": version})

    @app.get("/readyz")
    async def readyz() -> Response:
        reasons = await agent.unready()
        if reasons:
            raise Refusal(503, "; ".join(reasons), {"retry-after": str(RETRY_AFTER)})
        return _json({"status": "ready"})

    @app.before_request
    async def refuse_uploads() -> None:
        if (request.content_length or 0) > 0 or "transfer-encoding" in request.headers:
            raise Refusal(413, "no route takes a body")

    @app.after_request
    async def sign(response: Response) -> Response:
        response.headers[VERSION_HEADER] = version
        return response

    @app.errorhandler(Refusal)
    async def refuse(refusal: Refusal) -> Response:
        return _problem(refusal)

    @app.errorhandler(BadParameter)
    async def refuse_parameter(error: BadParameter) -> Response:
        return _problem(Refusal(400, str(error), parameter=error.name))

    @app.errorhandler(Failure)
    async def refuse_query(failure: Failure) -> Response:
        return _problem(Refusal(_STATUS_CODES.get(failure.status, 500), failure.message))

    @app.errorhandler(HTTPException)
    async def refuse_request(error: HTTPException) -> Response:
        headers = {name: value for name, value in error.get_headers() if name.lower() == "allow"}
        return _problem(Refusal(error.code or 500, error.description or error.name, headers))

    return app


def _admit(certificate_required: bool) -> None:
    if not may_ask(request.scope, certificate_required=certificate_required):
        raise Refusal(401, "a client certificate of this agent's authority is required")


def _no_parameters() -> None:
    if request.args:
        raise BadParameter(next(iter(request.args)), "unknown parameter; this route takes none")


def _query(parse: Callable[[bytes, int], Query]) -> Query:
    return _addressed(parse(request.query_string, time.time_ns()))


def _resumed(query: Query) -> Query:
    """The query that goes on behind the last event that an EventSource has seen. It asks again with the URL that it
    was given, so that this goes before a cursor there."""
    last = request.headers.get(LAST_EVENT_ID)
    if not last:
        return query
    try:
        return continued(query, last)
    except BadParameter as error:
        raise BadParameter(LAST_EVENT_ID, error.reason) from None


def _addressed(query: Query) -> Query:
    """The query with what the request's headers say."""
    trace = request.headers.get("traceparent", "")
    return replace(
        query,
        own=request.headers.get(SCOPE_HEADER) == "own",
        trace=trace if _TRACEPARENT.fullmatch(trace) else None,
    )


def _form(query: Query) -> Form:
    """The form that the client likes best of those that there are."""
    offered = [TEXT, NDJSON, EVENTS, *([BATCHES] if request.http_version == "2" else [])]
    liked = request.accept_mimetypes.best_match(offered) if request.accept_mimetypes else TEXT
    accept, parameters = parse_options_header(request.headers.get("accept"))
    if accept == BATCHES and BATCHES in offered:
        return Form(BATCHES, _Frames(), False, "times" in parameters, "places" in parameters)
    if liked == NDJSON:
        cursors = RecordCursors(query) if query.cursors else None
        return Form(NDJSON, Ndjson(follow=query.follow, cursors=cursors), True, True, True)
    if liked == EVENTS:
        return Form(EVENTS, EventStream(follow=query.follow, cursors=RecordCursors(query)), True, True, True)
    if liked == TEXT:
        rendering = Text(query.prefix, groups=query.context)
        return Form(f"{TEXT}; charset=utf-8", rendering, False, False, query.prefix or query.context)
    raise Refusal(406, f"/logs comes as {TEXT}, {NDJSON} or {EVENTS}")


def _hits_form(query: Query) -> Form:
    accept, _ = parse_options_header(request.headers.get("accept"))
    liked = request.accept_mimetypes.best_match([JSON, NDJSON, TEXT]) if request.accept_mimetypes else JSON
    if accept == BATCHES and request.http_version == "2":
        return Form(BATCHES, _Frames(), False, True, True)
    if liked == JSON:
        return Form(JSON, HitsJson(query.step), True, True, True)
    if liked == NDJSON:
        return Form(NDJSON, HitsNdjson(query.step), True, True, True)
    if liked == TEXT:
        return Form(f"{TEXT}; charset=utf-8", HitsText(query.step), False, True, True)
    raise Refusal(406, f"/hits comes as {JSON}, {NDJSON} or {TEXT}")


def _plan(source: Source, query: Query, form: Form) -> Plan:
    return Plan(
        source=source,
        query=query,
        rendering=form.rendering,
        coding=negotiate(request.headers.get("accept-encoding", "")),
        trailers="http.response.trailers" in (request.scope.get("extensions") or {}),
        in_band=form.in_band,
        strict="handling=strict" in _preferences(),
        refuse=lambda outcome: _problem(Refusal(_STATUS_CODES.get(outcome.status, 500), outcome.message)),
    )


def _preferences() -> set[str]:
    """The preferences of a request (RFC 7240), without their parameters."""
    preferences = ",".join(request.headers.getlist("prefer")).split(",")
    return {preference.partition(";")[0].strip().lower().replace('"', "") for preference in preferences}


def _json(document: dict[str, Any], mimetype: str = "application/json", status: int = 200) -> TrioResponse:
    body = json.dumps(document, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
    response = TrioResponse(body, status=status, content_type=mimetype)
    response.headers["cache-control"] = "no-store"
    response.headers["x-content-type-options"] = "nosniff"
    return response


def _problem(refusal: Refusal) -> TrioResponse:
    title = HTTPStatus(refusal.status).phrase
    document = {"title": title, "status": refusal.status, "detail": refusal.detail, **refusal.members}
    response = _json(document, "application/problem+json", refusal.status)
    response.headers.update(refusal.headers)
    return response
