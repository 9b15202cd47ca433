"""The trace of each request: named in every answer and error document, and in a line about each refusal."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import httpx
import pytest
import trio
from trio.testing import MockClock

from logagent.core.batch import Out
from logagent.core.outcome import Outcome, Status
from logagent.core.query import Query
from logagent.core.wire.trace import TRACE_HEADER
from logagent.web.access import Access
from logagent.web.answers import Answers
from logagent.web.app import create_app
from testbed.broken import Broken
from testbed.cluster import Cluster, Reply
from testbed.fake_agent import FakeAgent

Start = Callable[..., AbstractAsyncContextManager[Cluster]]

LINES = [b"2026-11-23T10:00:00Z one", b"2026-11-23T10:00:01Z two"]
TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
TRACE = f"00-{TRACE_ID}-b7ad6b7169203331-01"
ROUTES = ["/logs?filename=app.log", "/hits?filename=app.log", "/files", "/hosts", "/healthz", "/readyz"]
REFUSED = {
    "/logs": 400,
    "/logs?filename=app.log&n=x": 400,
    "/logs?filename=missing.log": 404,
    "/logs?filename=app.log&hostname=nobody": 404,
    "/hosts?x=1": 400,
    "/nowhere": 404,
}
UNQUOTED = {
    "/hosts?x=1": "unknown parameter; the response says which",
    "/logs?filename=app.log&n=x": "n: must be a whole number from 1",
}


def own_id(reply: Reply) -> str:
    trace_id = reply.headers[TRACE_HEADER]
    assert re.fullmatch(r"[0-9a-f]{32}", trace_id)
    return str(trace_id)


async def test_every_answer_names_the_trace_of_its_request(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=LINES) as it:
        for route in [*ROUTES, *REFUSED]:
            reply = await it.ask("", route=route, traceparent=TRACE)
            assert (reply.status, own_id(reply)) == (REFUSED.get(route, 200), TRACE_ID)


async def test_a_request_without_a_trace_begins_one(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=LINES) as it:
        ids = [own_id(await it.ask("", route=route)) for route in [*ROUTES, *REFUSED]]
        ids.append(own_id(await it.ask("", route="/healthz", traceparent=TRACE.upper())))
    assert len({*ids, TRACE_ID}) == len(ids) + 1


async def test_error_documents_hold_the_id(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=LINES) as it:
        for route in REFUSED:
            reply = await it.ask("", route=route)
            assert json.loads(reply.body)["trace_id"] == own_id(reply)


@pytest.mark.parametrize("route", ["/logs?filename=app.log", "/hits?filename=app.log"])
async def test_end_records_hold_the_id(autojump_clock: MockClock, cluster: Start, route: str) -> None:
    async with cluster(web0=LINES, web1=Broken("refused")) as it:
        ndjson = await it.ask("", route=route, accept="application/x-ndjson")
        other = await it.ask("", route=route, accept="text/event-stream, application/json", traceparent=TRACE)
    assert json.loads(ndjson.lines[-1])["end"]["trace_id"] == own_id(ndjson)
    assert f'"trace_id": "{TRACE_ID}"'.encode() in other.body


@pytest.mark.parametrize("route", ["/files", "/hosts"])
async def test_lists_hold_the_id(autojump_clock: MockClock, cluster: Start, route: str) -> None:
    async with cluster(web0=LINES) as it:
        reply = await it.ask("", route=route)
    assert json.loads(reply.body)["trace_id"] == own_id(reply)


@pytest.mark.parametrize("route", ["/logs?filename=app.log", "/hits?filename=app.log", "/files", "/hosts"])
async def test_all_hosts_of_a_question_share_its_trace(autojump_clock: MockClock, cluster: Start, route: str) -> None:
    peers = [Broken("verdict"), Broken("verdict")]
    async with cluster(web0=LINES, web1=peers[0], web2=peers[1]) as it:
        trace_id = own_id(await it.ask("", route=route))
    sent = [dict(peer.asked[0]["headers"])[b"traceparent"].decode() for peer in peers]
    assert [each[3:35] for each in sent] == [trace_id, trace_id]
    assert sent[0] != sent[1]


async def test_an_answer_to_HEAD_names_the_trace(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=LINES) as it, it.client() as client:
        response = await client.head("/logs?filename=app.log", headers={"traceparent": TRACE})
    assert response.headers[TRACE_HEADER] == TRACE_ID


async def test_a_bug_is_answered_with_the_trace(autojump_clock: MockClock, caplog: pytest.LogCaptureFixture) -> None:
    class Faulty(FakeAgent):
        async def check(self, query: Query) -> None:
            raise ZeroDivisionError

    async def never(query: Query, out: Out) -> Outcome:
        return Outcome(Status.OK)

    access = Access(["web0"], certificate_required=False)
    app = create_app(Faulty(never), Answers("web0", 1), version="0", access=access)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://web0") as client:
        with trio.fail_after(5):
            response = await client.get("/logs?filename=a.log", headers={"traceparent": TRACE})
    assert (response.status_code, response.headers[TRACE_HEADER]) == (500, TRACE_ID)
    assert response.json()["trace_id"] == TRACE_ID


async def test_each_refusal_leaves_a_line(
    autojump_clock: MockClock, cluster: Start, caplog: pytest.LogCaptureFixture
) -> None:
    async with cluster(web0=LINES) as it:
        for route, status in REFUSED.items():
            caplog.clear()
            reply = await it.ask("", route=route)
            [record] = [each for each in caplog.records if each.name == "logagent.refusals"]
            assert record.levelno >= logging.WARNING
            assert vars(record)["status"] == status
            assert vars(record)["trace_id"] == own_id(reply)
            path = route.partition("?")[0]
            detail = UNQUOTED.get(route) or json.loads(reply.body)["detail"]
            assert record.getMessage() == f"GET {path}: {detail}"


@pytest.mark.parametrize(
    ("route", "form"),
    [
        ("/logs?filename=app.log&canary", None),
        ("/logs?filename=app.log&canary=1", None),
        ("/logs?filename=app.log&n=canary", None),
        ("/logs?filename=app.log&follow=canary", None),
        ("/logs?filename=app.log&keyword=canary%0a", None),
        ("/logs?filename=app.log&exclude=canary%0a", None),
        ("/logs?filename=app.log&regex=(?canary-x-y:a)", None),
        ("/hits?filename=app.log&exclude_regex=(canary", None),
        ("/logs?filename=app.log", "keyword=canary%0a"),
        ("/files?canary", None),
        ("/hosts?canary", None),
        ("/logs&keyword=canary", None),
        ("/logs%3Fkeyword=canary", None),
        ("/logs?filename=none.log&keyword=canary", None),
    ],
)
async def test_no_line_quotes_what_was_searched_for(
    route: str, form: str | None, autojump_clock: MockClock, cluster: Start, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "logagent")
    async with cluster(web0=LINES) as it:
        reply = await it.ask("", route=route, form=form)
    assert reply.status >= 400
    [record] = [each for each in caplog.records if each.name == "logagent.refusals"]
    assert "canary" not in "".join(str(value) for record in caplog.records for value in vars(record).values())
    assert str(reply.status) == str(vars(record)["status"])


async def test_what_is_answered_leaves_no_line(
    autojump_clock: MockClock, cluster: Start, caplog: pytest.LogCaptureFixture
) -> None:
    async with cluster(web0={"app.log": LINES[0], "mine.log": LINES[0]}, web1=LINES) as it:
        for route in [*ROUTES, "/logs?filename=mine.log"]:
            assert (await it.ask("", route=route)).status == 200
    assert not [record for record in caplog.records if record.name == "logagent.refusals"]


async def test_an_agent_that_meets_itself_leaves_no_line(
    autojump_clock: MockClock, cluster: Start, caplog: pytest.LogCaptureFixture
) -> None:
    async with cluster(web0=LINES) as it:
        itself = (await it.ask("", route="/healthz")).headers["log-agent"]
        reply = await it.ask("filename=app.log", log_asked_as=itself)
    assert reply.status == 421
    assert not [record for record in caplog.records if record.name == "logagent.refusals"]
