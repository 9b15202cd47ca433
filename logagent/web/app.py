"""The routes: each parses a request, asks the agent, and returns a response whose body streams the answer."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

from quart import Response, request

from logagent.core.cursor import continued
from logagent.core.outcome import Failure, Status
from logagent.core.query import BadParameter, Query, Source
from logagent.core.wire.coding import negotiate
from logagent.core.wire.frames import SCOPE_HEADER, VERSION_HEADER
from logagent.core.wire.hosts import HostState, host_to_json
from logagent.core.wire.listing import Listing, parse_listing, to_json
from logagent.core.wire.parameters import parse, parse_hits
from logagent.web.access import may_ask
from logagent.web.answers import Answers
from logagent.web.documents import (
    Refusal,
    answer_errors_with_problems,
    failure_to_problem,
    refuse_for_now,
    to_response,
)
from logagent.web.forms import Form, hits_form, logs_form
from logagent.web.streaming import Answer, Plan, StreamingQuart

LAST_EVENT_ID = "Last-Event-ID"
"""The header in which an EventSource that connects again names the last event it has seen."""

_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


class AnsweringAgent(Protocol):
    """The agent, as the routes use it."""

    @property
    def name(self) -> str:
        """The agent's host."""
        ...

    async def check(self, query: Query) -> None:
        """Raise `Failure` or `BadParameter` for a query that cannot be answered."""
        ...

    def answer(self, query: Query) -> Source:
        """Return the source that answers a query, not begun yet."""
        ...

    async def files(self, query: Query) -> Listing:
        """List the files of the hosts that a query names."""
        ...

    async def hosts(self) -> list[HostState]:
        """Return the state of each known host."""
        ...

    async def unready(self) -> Sequence[str]:
        """Return the reasons why the agent cannot answer; none: it can."""
        ...


def create_app(agent: AnsweringAgent, answers: Answers, *, version: str, certificate_required: bool) -> StreamingQuart:
    """Make the application of one agent.

    Args:
        agent: answers the queries.
        answers: counts and bounds the answers under way.
        version: of the agent; every response names it.
        certificate_required: whether clients must show a certificate where there is TLS.
    """
    routes = _Routes(agent, answers, version, certificate_required)
    app = StreamingQuart(__name__)
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    app.get("/logs")(routes.logs)
    app.get("/hits")(routes.hits)
    app.get("/files")(routes.files)
    app.get("/hosts")(routes.hosts)
    app.get("/healthz")(routes.healthz)
    app.get("/readyz")(routes.readyz)
    app.before_request(_refuse_uploads)
    app.after_request(routes.sign)
    answer_errors_with_problems(app)
    return app


class _Routes:
    """One method for each route."""

    def __init__(self, agent: AnsweringAgent, answers: Answers, version: str, certificate_required: bool) -> None:
        self._agent = agent
        self._answers = answers
        self._version = version
        self._certificate_required = certificate_required

    async def logs(self) -> Answer:
        self._admit()
        query = _resumed(_query(parse))
        return await self._answer(query, logs_form(query))

    async def hits(self) -> Answer:
        self._admit()
        query = _query(parse_hits)
        return await self._answer(query, hits_form(query))

    async def files(self) -> Response:
        self._admit()
        query = _addressed(parse_listing(request.query_string))
        listing = await self._agent.files(query)
        # Another agent wants the list in any case, since it has those of others beside it.
        if listing.is_denied and not query.own:
            raise Failure(Status.PERMISSION_DENIED, listing.outcome.message)
        return to_response(to_json(listing))

    async def hosts(self) -> Response:
        self._admit()
        _refuse_parameters()
        return to_response({"hosts": [host_to_json(state) for state in await self._agent.hosts()]})

    async def healthz(self) -> Response:
        return to_response({"status": "ok", "name": self._agent.name, "version": self._version})

    async def readyz(self) -> Response:
        reasons = await self._agent.unready()
        if reasons:
            raise refuse_for_now("; ".join(reasons))
        return to_response({"status": "ready"})

    async def sign(self, response: Response) -> Response:
        response.headers[VERSION_HEADER] = self._version
        return response

    def _admit(self) -> None:
        if not may_ask(request.scope, certificate_required=self._certificate_required):
            raise Refusal(401, "a client certificate of this agent's authority is required")

    async def _answer(self, query: Query, form: Form) -> Answer:
        await self._agent.check(query)
        if self._answers.full(query):
            kind = "follows" if query.follow else "answers"
            raise refuse_for_now(f"too many {kind} are under way")
        query = replace(
            query,
            form=replace(query.form, times=query.form.times or form.times, places=query.form.places or form.places),
        )
        query = self._answers.bounded(query)
        return Answer(_plan(self._agent.answer(query), query, form), self._answers, form.mimetype)


async def _refuse_uploads() -> None:
    if (request.content_length or 0) > 0 or "transfer-encoding" in request.headers:
        raise Refusal(413, "no route takes a body")


def _refuse_parameters() -> None:
    if request.args:
        raise BadParameter(next(iter(request.args)), "unknown parameter; this route takes none")


def _query(parse: Callable[[bytes, int], Query]) -> Query:
    return _addressed(parse(request.query_string, time.time_ns()))


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
    trace = request.headers.get("traceparent", "")
    return replace(
        query,
        own=request.headers.get(SCOPE_HEADER) == "own",
        trace=trace if _TRACEPARENT.fullmatch(trace) else None,
    )


def _plan(source: Source, query: Query, form: Form) -> Plan:
    return Plan(
        source=source,
        query=query,
        rendering=form.rendering,
        coding=negotiate(request.headers.get("accept-encoding", "")),
        trailers="http.response.trailers" in (request.scope.get("extensions") or {}),
        in_band=form.in_band,
        strict="handling=strict" in _preferences(),
        cursors=form.cursors,
        refuse=lambda outcome: failure_to_problem(outcome.status, outcome.message),
    )


def _preferences() -> set[str]:
    """Return the preferences of a request (RFC 7240), without their parameters."""
    preferences = ",".join(request.headers.getlist("prefer")).split(",")
    return {preference.partition(";")[0].strip().lower().replace('"', "") for preference in preferences}
