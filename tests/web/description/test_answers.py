"""Real answers are as the description says: they have nothing that it does not tell, and it tells nothing else.

A follow is among them; it ends with its timeout.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
import trio
from trio.testing import MockClock, memory_stream_pair

from logagent.core.access.caller import Caller
from logagent.core.access.rules import Rule, Rules
from logagent.core.batch import Out
from logagent.core.outcome import Failure, Outcome, Status, Untold
from logagent.core.query import Query
from logagent.core.wire.end_records import end_record
from logagent.core.wire.frames import BATCHES
from logagent.core.wire.identity import Identity
from logagent.core.wire.listing import Listing
from logagent.core.wire.media_types import EVENTS, FORM, JSON, NDJSON, OPENMETRICS, PROBLEM, TEXT
from logagent.core.wire.through import MAX_DEPTH, Through, through_to_header
from logagent.core.wire.told_sources import ToldSource
from logagent.known_sources import KnownSources
from logagent.web.access import Access
from logagent.web.answers import Answers
from logagent.web.app import create_app
from logagent.web.description.schemas import SCHEMAS
from testbed.broken import Broken
from testbed.cluster import Cluster, Reply
from testbed.described import DOCUMENT, members, members_told, objections, objections_to, records_of, resolved
from testbed.fake_agent import FakeAgent
from testbed.reloadable import reloadable

Start = Callable[..., AbstractAsyncContextManager[Cluster]]

LINES = [f"2026-11-23T10:00:{second:02}Z line {second}".encode() for second in range(20)]
FILES = {
    "app.log": b"".join(line + b"\n" for line in LINES) + b"2026-11-23T10:01:00Z \xff\n",
    "app.log.1.gz": gzip.compress(b"2026-11-22T10:00:00Z old\n"),
    "untimed.log": b"no time at all\n",
    "empty.log": b"",
    "open.log": b"2026-11-23T10:00:00Z a line whose end does not come",
    "binary.log": bytes(1000),
    "strange.log": b"10/11/2026 10:00:00 which day\n" * 5,
}


class Question(NamedTuple):
    """A request to a route, and the status code that it gets."""

    path: str
    query: str = ""
    accept: str = "*/*"
    status: int = 200
    form: str | None = None
    headers: Mapping[str, str] = {}

    @property
    def method(self) -> str:
        return "get" if self.form is None else "post"


FOLLOW = "filename=[bo]*.log&follow=true&n=9&timeout=40s"
QUESTIONS = [
    Question("/logs", "filename=app.log&n=5"),
    Question("/logs", "filename=**/*&context=1&keyword=line 7", TEXT),
    Question("/logs", "filename=**/*", NDJSON),
    Question("/logs", "filename=app.log&keyword=7&context=2&cursors=true", NDJSON),
    Question("/logs", "filename=app.log&unit=event", EVENTS),
    Question("/logs", "filename=app.log&labels=true", EVENTS),
    Question("/logs", "filename=app.log&keyword=7&context=2&cursors=true&labels=true", NDJSON),
    Question("/logs", "filename=app.log&max_bytes=100", NDJSON),
    Question("/logs", FOLLOW, NDJSON),
    Question("/logs", FOLLOW, EVENTS),
    Question("/logs", FOLLOW, TEXT),
    Question("/logs", "filename=app.log", BATCHES),
    Question("/logs", "filename=app.log", headers={"accept-encoding": "gzip"}, accept=TEXT),
    Question("/logs", "filename=app.log", headers={"prefer": "handling=strict"}),
    Question("/logs", "hostname=web0", NDJSON, form="filename=app.log&n=3"),
    Question("/logs", "", status=400),
    Question("/logs", "filename=none.log", status=404),
    Question("/logs", "filename=app.log", "image/png", status=406),
    Question("/logs", "filename=app.log", headers={"origin": "http://elsewhere.example"}, status=403),
    Question("/logs", "filename=app.log", headers={"log-asked-as": f'"web9";id="{32 * "0"}"'}, status=421),
    Question("/logs", "filename=app.log&keyword=" + 62_000 * "x", status=414),
    Question("/logs", "filename=app.log", headers={"x-large": 70_000 * "x"}, status=431),
    Question("/logs", "", form="keyword=" + 1_100_000 * "x", status=413),
    Question("/logs", "", form="filename=app.log", headers={"content-type": JSON}, status=415),
    Question("/hits", "filename=app.log&step=10s", JSON),
    Question("/hits", "filename=**/*", NDJSON),
    Question("/hits", "filename=**/*&by=file", JSON),
    Question("/hits", "filename=**/*&by=file&n_per_file=1", NDJSON),
    Question("/hits", "filename=**/*&by=label:role", JSON),
    Question("/hits", "filename=**/*&by=label:role", NDJSON),
    Question("/hits", "filename=app.log", TEXT),
    Question("/hits", "", JSON, form="filename=app.log"),
    Question("/hits", "filename=app.log&n=1", status=400),
    Question("/hits", "filename=app.log", "image/png", status=406),
    Question("/files"),
    Question("/files", "filename=app.log&hostname=web9", status=404),
    Question("/files", "step=1s", status=400),
    Question("/hosts"),
    Question("/hosts", "n=1", status=400),
    Question("/healthz"),
    Question("/healthz", form="", status=405),
    Question("/readyz"),
    Question("/openapi.json"),
]


async def ask(it: Cluster, asked: Question) -> Reply:
    headers = {"accept": asked.accept, **asked.headers}
    named = {name.replace("-", "_"): value for name, value in headers.items()}
    if asked.form is not None and "content-type" in headers:
        return await ask_as(it, asked, headers)
    return await it.ask(asked.query, route=asked.path, form=asked.form, **named)


async def ask_as(it: Cluster, asked: Question, headers: Mapping[str, str], content: Any = None) -> Reply:
    """Ask with a body of another type, or one that comes in pieces."""
    async with it.client() as client:
        body = asked.form if content is None else content
        response = await client.request(asked.method, asked.path, headers=headers, content=body)
        return Reply(response.status_code, response.headers, response.content)


def told_of(asked: Question) -> dict[str, Any]:
    """What is described of the response to a question."""
    method = DOCUMENT["paths"][asked.path].get(asked.method)
    if method is None:  # a method that the route does not take has no operation
        return {"$ref": f"#/components/responses/Refused{asked.status}"}
    return dict(method["responses"][str(asked.status)])


def documents_of(reply: Reply, told: dict[str, Any]) -> list[Any]:
    """The documents or records that a reply holds, each behind its schema."""
    kind = reply.headers["content-type"].partition(";")[0]
    content = resolved(told)["content"][kind]
    if kind in (NDJSON, EVENTS):
        return [(content["x-item-schema"], record) for record in records_of(kind, reply.body)]
    return [(content["schema"], json.loads(reply.body))] if kind in (JSON, PROBLEM) else []


SOURCE = ToldSource("t.yml", "file", "file t.yml", last_read=60.0)
LEFT_OUT = {
    (verdict, member)
    for verdict in ("Verdict", "HitsVerdict")
    for member in ("hosts_omitted", "hosts_failed", "notes_omitted")
}
"""What only a verdict has of which other primaries left out a part."""


@pytest.mark.parametrize("asked", QUESTIONS, ids=lambda asked: f"{asked.path} {asked.query[:40]} {asked.status}")
async def test_an_answer_is_as_it_is_described(autojump_clock: MockClock, cluster: Start, asked: Question) -> None:
    async with cluster(web0=FILES, web1=LINES) as it:
        reply = await ask(it, asked)
    assert reply.status == asked.status
    assert objections_to(told_of(asked), reply) == []


async def test_every_member_and_status_that_is_described_is_in_some_answer(
    autojump_clock: MockClock, cluster: Start
) -> None:
    """Those answers are left out that take another agent than one that serves everybody; they have tests below."""
    seen: set[tuple[str, str]] = set()
    clusters = [
        (cluster(web0=FILES, web1=LINES), QUESTIONS),
        (cluster(web0=FILES, web1=Broken("refused")), [Question("/logs", FOLLOW, NDJSON)]),  # which has notices
    ]
    for one, questions in clusters:
        async with one as it:
            it.agents["web0"].sources = KnownSources(
                lambda: [ToldSource("t.yml", "file", "file t.yml", last_read=60.0)]
            )
            for asked in questions:
                for schema, document in documents_of(await ask(it, asked), told_of(asked)):
                    seen.update(members(schema, document))
    told = {each for name in SCHEMAS for each in members_told({"$ref": f"#/components/schemas/{name}"})}
    assert told - seen == {("Health", "refuses"), *LEFT_OUT}
    operations = [operation for methods in DOCUMENT["paths"].values() for operation in methods.values()]
    described = {int(status) for operation in operations for status in operation["responses"]}
    assert described - {asked.status for asked in QUESTIONS} == {401, 408, 500, 503, 505, 508}


async def test_one_who_is_refused_and_health_that_tells_him_why(autojump_clock: MockClock, cluster: Start) -> None:
    rules = Rules([Rule(allows=True, who=("token:alice",))])
    nobody = Access(["web0"], certificate_required=False, host="web0", rules=rules)
    async with cluster({"access": {"web0": nobody}}, web0=LINES) as it:
        refused = {path: await it.ask("", route=path) for path in ("/logs", "/hits", "/files", "/hosts")}
        health = await it.ask("", route="/healthz")
    assert [reply.status for reply in refused.values()] == [401] * 4
    assert {path: objections(path, reply) for path, reply in refused.items()} == {path: [] for path in refused}
    assert "refuses" in json.loads(health.body)
    assert objections("/healthz", health) == []


async def test_an_agent_that_is_full_or_not_ready(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster({"most": 0}, web0=LINES) as it:
        full = {path: await it.ask("filename=app.log", route=path) for path in ("/logs", "/hits")}
        it.file("web0").unlink()
        it.file("web0").parent.rmdir()
        full["/readyz"] = await it.ask("", route="/readyz")
    assert [reply.status for reply in full.values()] == [503] * 3
    assert {path: objections(path, reply) for path, reply in full.items()} == {path: [] for path in full}


async def test_a_question_that_too_many_agents_have_passed_on(autojump_clock: MockClock, cluster: Start) -> None:
    way = tuple(Identity(f"site-{depth}", f"{depth:032x}") for depth in range(MAX_DEPTH + 1))
    through = through_to_header(Through("0" * 32, way))
    async with cluster(web0=LINES) as it:
        routes = ("/logs", "/hits", "/files", "/hosts")
        refused = {
            path: await it.ask("" if path == "/hosts" else "filename=app.log", route=path, log_through=through)
            for path in routes
        }
    assert [reply.status for reply in refused.values()] == [508] * 4
    assert {path: objections(path, reply) for path, reply in refused.items()} == {path: [] for path in refused}


async def test_a_body_that_does_not_come_in_time(
    autojump_clock: MockClock, nursery: trio.Nursery, cluster: Start
) -> None:
    client, server = memory_stream_pair()
    async with cluster(web0=LINES) as it:
        nursery.start_soon(it.servers["web0"], server)
        await client.send_all(b"POST /logs HTTP/1.1\r\nhost: web0\r\ncontent-type: %b\r\n" % FORM.encode())
        await client.send_all(b"content-length: 16\r\n\r\nfilename=")
        answer = b""
        while not answer.endswith(b"}\n"):
            answer += await client.receive_some()
        await client.aclose()
    head, _, body = answer.decode().partition("\r\n\r\n")
    line, *fields = head.split("\r\n")
    reply = Reply(int(line.split()[1]), httpx.Headers([field.split(": ") for field in fields]), body.encode())
    assert reply.status == 408
    assert objections("/logs", reply, "post") == []


def test_a_verdict_of_which_other_primaries_left_out_a_part() -> None:
    record = end_record(Outcome(Status.UNAVAILABLE, "many", omitted=Untold(9, 3, 1)))
    reply = Reply(200, httpx.Headers({"content-type": NDJSON}), json.dumps(record).encode() + b"\n")
    described = {"content": {NDJSON: {"x-item-schema": {"$ref": "#/components/schemas/End"}}}}
    ((schema, document),) = documents_of(reply, described)
    assert LEFT_OUT & set(members(schema, document)) == {one for one in LEFT_OUT if one[0] == "Verdict"}


async def test_answers_of_which_hosts_failed(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=LINES, web1=Broken("refused"), web2=Broken("reset")) as it:
        replies = {
            "/logs": await it.ask("filename=app.log", accept=NDJSON),
            "/hits": await it.ask("filename=app.log", route="/hits"),
            "/files": await it.ask("", route="/files"),
            "/hosts": await it.ask("", route="/hosts"),
        }
        strict = await it.ask("filename=app.log", prefer="handling=strict")
    assert {path: objections(path, reply) for path, reply in replies.items()} == {path: [] for path in replies}
    assert strict.error is not None
    assert objections("/logs", strict) == []


@pytest.mark.parametrize("accept", [TEXT, OPENMETRICS])
async def test_figures(autojump_clock: MockClock, tmp_path: Path, accept: str) -> None:
    async with reloadable(tmp_path) as it, it.client() as client:
        response = await client.get("/metrics", headers={"accept": accept})
        refused = await client.get("/metrics?n=1")
    assert response.headers["content-type"].startswith(accept)
    for got, status in ((response, 200), (refused, 400)):
        assert got.status_code == status
        assert objections("/metrics", Reply(got.status_code, got.headers, got.content)) == []


class Failing(FakeAgent):
    """Fails before anything is answered, in a way that has no status code of its own."""

    async def check(self, query: Query) -> None:
        raise Failure(Status.INTERNAL, "does not work")

    async def files(self, query: Query, caller: Caller) -> Listing:
        raise Failure(Status.INTERNAL, "does not work")


@pytest.mark.parametrize("path", ["/logs", "/hits", "/files"])
async def test_an_agent_that_fails(path: str) -> None:
    async def nothing(query: Query, out: Out) -> Outcome:
        return Outcome()

    access = Access(["web0"], certificate_required=False)
    app = create_app(Failing(nothing), Answers("web0", 10), version="0", access=access)
    response = await app.test_client().get(f"{path}?filename=app.log")
    reply = Reply(response.status_code, httpx.Headers(list(response.headers)), bytes(await response.get_data()))
    assert reply.status == 500
    assert objections(path, reply) == []


TRACE = 32 * b"0"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"status": 418}, "status 418"),
        ({"body": b'{"hosts":[],"trace_id":"%b","more":1}' % TRACE}, "'more' was unexpected"),
        ({"body": b'{"hosts":[{"name":"x"}],"trace_id":"%b"}' % TRACE}, "'url' is a required property"),
        ({"body": b'{"hosts":[],"trace_id":"x"}'}, "'x' does not match"),
        ({"headers": {"content-type": "text/html"}}, "content-type text/html"),
        ({"headers": {"content-type": "application/json"}}, "header log-trace-id is missing"),
        ({"headers": {"content-type": "application/json", "x-more": "1"}}, "header x-more is not told"),
        ({"trailers": {"log-more": "1"}}, "trailer log-more is not told"),
    ],
)
async def test_an_answer_that_is_not_as_described_is_found_out(
    autojump_clock: MockClock, cluster: Start, changed: dict[str, Any], said: str
) -> None:
    async with cluster(web0=LINES) as it:
        reply = await it.ask("", route="/hosts")
    assert objections("/hosts", reply) == []
    if "headers" in changed:
        changed = {"headers": httpx.Headers(changed["headers"])}
    assert any(said in each for each in objections("/hosts", replace(reply, **changed)))


async def test_records_without_an_end_are_found_out(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=LINES) as it:
        reply = await it.ask("filename=app.log", accept=NDJSON)
    cut = replace(reply, body=reply.body[: reply.body.rstrip().rindex(b"\n") + 1])
    assert objections("/logs", cut) == ["no end"]
