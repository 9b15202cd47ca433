"""The routes: each parses a request, asks the agent, and returns a response whose body streams the answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from quart import Response, g, request
from quart_trio.wrappers import TrioResponse

from logagent.core.access.caller import Caller
from logagent.core.cursor import continued
from logagent.core.outcome import Failure, Outcome, Status
from logagent.core.query import BadParameter, Query, Source
from logagent.core.rendering.listing_text import listing_text
from logagent.core.wire.caller import TAKES_CALLERS, TAKES_HEADER
from logagent.core.wire.coding import negotiate
from logagent.core.wire.frames import SCOPE_HEADER, VERSION_HEADER
from logagent.core.wire.host_list import HostList, list_to_json
from logagent.core.wire.identity import AGENT_HEADER, ASKED_AS_HEADER, to_header
from logagent.core.wire.labels import LABELS_HEADER, labels_to_header
from logagent.core.wire.listing import parse_listing, rfc3339
from logagent.core.wire.parameters import parse, parse_hits, parse_hosts
from logagent.core.wire.through import ASKS_HEADER, TAKES_THROUGH, UNMATCHED_TRAILER, to_names
from logagent.core.wire.trace import trace_id
from logagent.telemetry.hook import current
from logagent.web.access import Access
from logagent.web.admission.local_client import STATE, LocalClient
from logagent.web.answering_agent import AnsweringAgent
from logagent.web.answers import Answers
from logagent.web.asked_as import refuse_misdirected, refusing_twice, way_of_question
from logagent.web.described import description
from logagent.web.documents import (
    DocumentResponse,
    Problem,
    Refusal,
    answer_errors_with_problems,
    failure_to_problem,
    refuse_for_now,
)
from logagent.web.forms import Form, hits_form, logs_form
from logagent.web.metrics import Exposition, metrics_response
from logagent.web.requests import StreamingQuart
from logagent.web.rights import Judge, Right
from logagent.web.streaming import Answer, Plan
from logagent.web.tracing import trace_of
from logagent.web.uploads import Upload, UploadRoom, check_form, takes_form

READ_AT_ONCE = 8 * 1024
"""Bytes of parameters that are read on the event loop, in less than a millisecond; larger ones are read in a thread."""
LAST_EVENT_ID = "Last-Event-ID"
"""The header in which an EventSource that connects again names the last event it has seen."""


def create_app(
    agent: AnsweringAgent,
    answers: Answers,
    *,
    version: str,
    access: Access,
    judge: Judge | None = None,
    exposition: Exposition | None = None,
) -> StreamingQuart:
    """Make the application of one agent.

    Args:
        agent: answers the queries.
        answers: counts and bounds the answers under way.
        version: of the agent; every response names it.
        access: decides which requests are answered.
        judge: knows the rules, for answers that are under way when they change; None: there are none.
        exposition: gives the agent's figures; None: there is no route for them.

    Returns:
        The application; its `telemetry`, which is told of each request, has no observers.
    """
    routes = _Routes(agent, answers, version, access, judge)
    app = StreamingQuart(__name__)
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    app.route("/logs", methods=["GET", "POST"])(routes.logs)
    app.route("/hits", methods=["GET", "POST"])(routes.hits)
    app.get("/files")(routes.files)
    app.get("/hosts")(routes.hosts)
    app.get("/healthz")(routes.healthz)
    app.get("/readyz")(routes.readyz)
    app.get("/openapi.json")(routes.description)
    if exposition is not None:
        app.get("/metrics", endpoint="metrics")(partial(routes.metrics, exposition))
    app.before_request(routes.check_names)
    app.before_request(_refuse_uploads)
    app.after_request(routes.sign)
    answer_errors_with_problems(app)
    return app


class _Routes:
    """One method for each route."""

    def __init__(
        self, agent: AnsweringAgent, answers: Answers, version: str, access: Access, judge: Judge | None
    ) -> None:
        self._agent = agent
        self._answers = answers
        self._version = version
        self._access = access
        self._judge = judge

    async def check_names(self) -> None:
        self._access.check_names(request.scope)
        g.rightly_addressed = True

    async def logs(self) -> Answer:
        caller = await self._admit()
        query = _resumed(await self._query(parse))
        return await self._answer(query, caller, logs_form(query, self._agent.labels_of))

    async def hits(self) -> Answer:
        caller = await self._admit()
        query = await self._query(parse_hits)
        return await self._answer(query, caller, hits_form(query))

    async def files(self) -> Response:
        caller = await self._admit()
        query = _addressed(parse_listing(request.query_string))
        current().understood(query)
        through = way_of_question()
        with refusing_twice():
            listing = await self._agent.files(query, caller, through)
        # Another agent wants the list in any case, since it has those of others beside it.
        if listing.is_denied_by(self._agent.name) and not query.own and through is None:
            raise Failure(Status.PERMISSION_DENIED, listing.outcome.message)
        traced = replace(listing, trace=trace_id(query.trace))
        response = DocumentResponse(await self._answers.threads.call(partial(listing_text, traced)))
        if through is not None and not query.own:
            response.headers[ASKS_HEADER] = to_names(listing.asks)
            response.headers[UNMATCHED_TRAILER] = to_names(listing.unmatched)
        return response

    async def hosts(self) -> Response:
        caller = await self._admit()
        meant, trace = parse_hosts(request.query_string), trace_of(request.scope)
        with refusing_twice():
            hosts = await self._agent.hosts(caller, trace, meant, way_of_question())
        told = HostList(hosts, self._agent.sources.shown_to(caller))
        return DocumentResponse({**list_to_json(told), "trace_id": trace_id(trace)})

    async def healthz(self) -> Response:
        rules = self._access.rules_digest
        now = rfc3339(time.time_ns())
        health = {"status": "ok", "name": self._agent.name, "version": self._version, "rules": rules, "time": now}
        refusal = await self._access.refusal(request.scope)
        g.tells_labels = refusal is None
        return DocumentResponse({**health, "refuses": refusal.detail} if refusal else health)

    async def readyz(self) -> Response:
        reasons = await self._agent.unready()
        if reasons:
            raise refuse_for_now("; ".join(reasons))
        return DocumentResponse({"status": "ready"})

    async def description(self) -> Response:
        return DocumentResponse(await self._answers.threads.call(partial(description, self._version)))

    async def metrics(self, exposition: Exposition) -> Response:
        self._access.check_metrics(await self._admit())
        _refuse_parameters()
        return await metrics_response(exposition, self._answers.threads)

    async def sign(self, response: TrioResponse) -> TrioResponse:
        self._say_what_serves(response)
        if g.get("rightly_addressed"):  # a page that goes by a false name may read the answer
            self._say_who_serves(response, labels=g.get("tells_labels", False))
        return response

    def _sign(self, response: TrioResponse, *, labels: bool) -> None:
        self._say_what_serves(response)
        self._say_who_serves(response, labels=labels)

    def _say_what_serves(self, response: TrioResponse) -> None:
        response.headers[VERSION_HEADER] = self._version
        response.headers[TAKES_HEADER] = f"{TAKES_CALLERS}, {TAKES_THROUGH}"

    def _say_who_serves(self, response: TrioResponse, *, labels: bool) -> None:
        response.headers[AGENT_HEADER] = to_header(self._agent.identity)
        if labels:  # to whom is answered anything, as an agent that asks for him
            response.headers[LABELS_HEADER] = labels_to_header(self._agent.labels)

    async def _admit(self) -> Caller:
        caller = await self._access.admit(request.scope)
        refuse_misdirected(self._agent.identity)
        g.tells_labels = ASKED_AS_HEADER in request.headers
        return caller

    async def _query(self, parse: Callable[[bytes, int, bytes], Query]) -> Query:
        """Read the parameters of a URL and of a body; who asks is settled before."""
        form = await _form(self._answers.uploads)
        read = partial(parse, request.query_string, time.time_ns(), form)
        large = len(request.query_string) + len(form) > READ_AT_ONCE
        return _addressed(await self._answers.threads.call(read) if large else read())

    async def _answer(self, query: Query, caller: Caller, form: Form) -> Answer:
        await self._agent.check(query)
        if self._answers.full(query):
            kind = "follows" if query.follow else "answers"
            raise refuse_for_now(f"too many {kind} are under way")
        if not form.in_band and _ends_alike_when_cut(request.scope):
            raise Refusal(505, "HTTP/1.0 over a Unix socket cannot show that a text was cut; use HTTP/1.1 or NDJSON")
        times, places = query.form.times or form.times, query.form.places or form.places
        query = replace(query, form=replace(query.form, times=times, places=places, labels=form.labels))
        current().understood(query)
        through = way_of_question()
        query = self._answers.bounded(await self._agent.choose(query, caller, through=through is not None))
        with refusing_twice():
            source = self._agent.answer(query, caller, through)
        plan = _plan(source, query, form, partial(self._sign, labels=g.tells_labels))
        asks = None if through is None or query.own else source.asks
        right = Right(request.scope, caller, self._access, self._judge, query)
        return Answer(replace(plan, right=right, asks=asks), self._answers, form.mimetype)


async def _refuse_uploads() -> None:
    if request.routing_exception is not None:  # no such route, or not by this method, which says more than its body
        return
    has_body = (request.content_length or 0) > 0 or "transfer-encoding" in request.headers
    if has_body and not takes_form(request.method, request.path):
        raise Refusal(413, "a body comes with POST to /logs or /hits only")


async def _form(room: UploadRoom) -> bytes:
    """Return the body of a request; empty if it can have none."""
    if not takes_form(request.method, request.path):
        return b""
    headers = request.headers
    check_form(headers.get("content-type", ""), request.content_length, headers.get("content-encoding", "").lower())
    return await Upload.of(request.scope).read(room)


def _ends_alike_when_cut(scope: Mapping[str, Any]) -> bool:
    """Return whether the end of a connection alone ends an answer, and looks the same where the answer was cut.

    Over TCP such a connection is reset. A Unix socket cannot be.
    """
    client: LocalClient | None = scope.get("state", {}).get(STATE)
    return scope["http_version"] == "1.0" and client is not None and client.unix


def _refuse_parameters() -> None:
    if request.args:
        raise BadParameter(next(iter(request.args)), "unknown parameter; this route takes none")


def _resumed(query: Query) -> Query:
    """Resume after the last event that an EventSource has received.

    An EventSource connects again with its first URL, so its last event overrides a cursor there.
    """
    last = request.headers.get(LAST_EVENT_ID)
    if not last:
        return query
    try:
        return continued(query, last)
    except BadParameter as error:
        raise BadParameter(LAST_EVENT_ID, error.reason) from None


def _addressed(query: Query) -> Query:
    """Add the fields that the request's headers set."""
    scope: Any = request.scope
    own = request.headers.get(SCOPE_HEADER) == "own"
    return replace(query, own=own, trace=trace_of(scope), beside=scope.get("beside", 0))


def _plan(source: Source, query: Query, form: Form, sign: Callable[[TrioResponse], None]) -> Plan:
    def refuse(outcome: Outcome) -> Problem:
        problem = failure_to_problem(outcome.status, outcome.message, query.trace)
        sign(problem)
        return problem

    return Plan(
        source=source,
        query=query,
        rendering=form.rendering,
        as_is=form.as_is,
        coding=negotiate(request.headers.get("accept-encoding", "")),
        trailers="http.response.trailers" in (request.scope.get("extensions") or {}),
        in_band=form.in_band,
        strict="handling=strict" in _preferences(),
        cursors=form.cursors,
        refuse=refuse,
    )


def _preferences() -> set[str]:
    """Return the preferences of a request (RFC 7240), without their parameters."""
    preferences = ",".join(request.headers.getlist("prefer")).split(",")
    return {preference.partition(";")[0].strip().lower().replace('"', "") for preference in preferences}
