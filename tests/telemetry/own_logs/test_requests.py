"""The story of a request in the agent's own log: which lines tell it, at which level, and that it comes to rest."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from logagent.core.access.rules import Rules
from logagent.core.batch import SIGN_OF_LIFE, Notice
from logagent.core.outcome import Outcome, Status
from logagent.core.query import Query
from logagent.peers.client.http_client import chunks
from logagent.telemetry.hook import LogRead, Story, Telemetry
from logagent.telemetry.own_logs.holding import HELD
from logagent.telemetry.own_logs.requests import LOGGER, MOST_NOTICES, MOST_UNREAD, PERIOD, StoryLog
from testbed.acting import ALL, ALLOW, access_of, make_papers
from testbed.broken import Broken
from testbed.cluster import Cluster
from testbed.own_log import SECRET, LinesInMemory

Start = Callable[..., AbstractAsyncContextManager[Cluster]]

LINES = [b"2026-11-23T10:00:00Z one", b"2026-11-23T10:00:01Z two"]
TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
TRACE = f"00-{TRACE_ID}-b7ad6b7169203331-01"
CANARY = "Ca9aryBird"


def telling(logs: Mapping[str, LinesInMemory]) -> dict[str, Any]:
    """The option of a cluster by which these agents tell stories into these logs."""
    return {"telemetry": {host: Telemetry([StoryLog(lines, SECRET)]) for host, lines in logs.items()}}


@pytest.fixture
def log() -> LinesInMemory:
    return LinesInMemory()


async def test_a_small_question_to_one_host_is_one_line(
    autojump_clock: MockClock, cluster: Start, log: LinesInMemory
) -> None:
    async with cluster(telling({"web0": log}), web0=LINES) as it:
        await it.ask("filename=app.log&keyword=one&n=5&since=2026-11-01T00:00:00Z", traceparent=TRACE)
    [told] = log.told
    assert (told.logger, told.level) == (LOGGER, logging.INFO)
    assert told.message.startswith(
        "ended: anonymous asks for app.log of all hosts: 1 word; since 2026-11-01T00:00:00Z; the newest 5 lines: "
        "OK, 1 line in 0."
    )
    assert told.message.endswith(" s, 50 B scanned")
    fields = dict(told.fields)
    assert fields.pop("seconds") >= fields.pop("seconds_to_first_line") >= 0
    assert fields == {
        "event": "ended",
        "trace_id": TRACE_ID,
        "method": "GET",
        "route": "/logs",
        "client": "",
        "http": "2",
        "caller": "anonymous",
        "files": ["app.log"],
        "keyword": SECRET.spelled([b"one"]),
        "since": "2026-11-01T00:00:00Z",
        "n": 5,
        "http_status": 200,
        "status": "OK",
        "complete": True,
        "lines": 1,
        "bytes_scanned": 50,
        "bytes_sent": len(LINES[0]) + 1,
    }


async def test_of_several_hosts_the_story_is_whole_and_one_trace_joins_it(
    autojump_clock: MockClock, cluster: Start
) -> None:
    logs = {"web0": LinesInMemory(), "web1": LinesInMemory()}
    hosts = {"web2": Broken("silence"), "web3": Broken("refused")}
    async with cluster(telling(logs), web0=LINES, web1=LINES, **hosts) as it:
        await it.ask("filename=app.log", traceparent=TRACE)
    primary, secondary = logs["web0"], logs["web1"]
    assert primary.events[:3] == ["accepted", "parsed", "asked"]
    assert primary.events[-1] == "ended"
    assert primary.of("asked")[0]["asked_hosts"] == ["web0", "web1", "web2", "web3"]
    assert sorted(line["asked_host"] for line in primary.of("first_batch")) == ["web0", "web1"]
    assert [line["asked_host"] for line in primary.of("left_behind")] == ["web2"]
    assert {line["asked_host"]: line["status"] for line in primary.of("host_ended")} == {
        "web0": "OK",
        "web1": "OK",
        "web3": "UNAVAILABLE",
    }
    [end] = primary.of("ended")
    assert (end["status"], end["complete"], end["lines"]) == ("UNAVAILABLE", False, 4)
    assert sorted(each.partition(":")[0] for each in end["failing"]) == ["web2", "web3"]
    warned = {each.fields["event"] for each in primary.told if each.level == logging.WARNING}
    assert warned == {"left_behind", "host_ended", "ended"}
    assert "incomplete, UNAVAILABLE, 4 lines in " in primary.messages[-1]
    assert "sent nothing for 5 s" in primary.messages[-1]
    assert "connection refused" in primary.messages[-1]
    assert secondary.events == ["accepted", "parsed", "ended"]
    assert secondary.messages[1] == "parsed: an agent, for anonymous, asks for app.log of this host"
    assert {each.fields["trace_id"] for each in [*primary.told, *secondary.told]} == {TRACE_ID}


async def test_a_secondary_says_which_agent_asks_and_for_whom(
    autojump_clock: MockClock, cluster: Start, tmp_path: Any
) -> None:
    papers = make_papers(tmp_path / "papers", "web0", "web1")
    access = {
        "web0": access_of("web0", ALLOW),
        "web1": access_of("web1", ALLOW, {"web0": ALL}),
    }
    rules: Mapping[str, Rules] = {"web0": ALLOW, "web1": ALLOW}
    logs = {"web0": LinesInMemory(), "web1": LinesInMemory()}
    tls = {"web1": (papers.server("web1"), papers.client("web0"))}
    options = telling(logs) | {"access": access, "rules": rules, "tls": tls}
    async with cluster(options, web0=LINES, web1=LINES) as it:
        await it.ask("filename=app.log&hostname=web1", shows="token:alice")
    [parsed] = [line for line in logs["web1"].of("parsed") if line["files"] == ["app.log"]]
    assert (parsed["caller"], parsed["through"]) == ("token:alice", ["web0"])
    assert "parsed: web0, for token:alice, asks for app.log of this host" in logs["web1"].messages
    assert "parsed: token:alice asks for app.log of web1" in logs["web0"].messages


@pytest.mark.parametrize("route", ["/healthz", "/readyz", "/hosts", "/files"])
async def test_what_pages_and_probes_ask_each_second_is_told_at_debug_alone(
    route: str, autojump_clock: MockClock, cluster: Start
) -> None:
    quiet, loud = LinesInMemory(), LinesInMemory(logging.DEBUG)
    both = {"telemetry": {"web0": Telemetry([StoryLog(quiet, SECRET), StoryLog(loud, SECRET)])}}
    async with cluster(both, web0=LINES, web1=LINES) as it:
        assert (await it.ask("", route=route)).status == 200
    assert quiet.told == []
    assert loud.events[-1] == "ended"
    assert ("asked" in loud.events) is (route in {"/hosts", "/files"})
    assert {each.level for each in loud.told} == {logging.DEBUG}


@pytest.mark.parametrize(
    ("query", "route", "status"),
    [
        ("filename=app.log&n=x", "/logs", 400),
        ("filename=none.log", "/logs", 404),
        ("", "/nowhere", 404),
        ("filename=app.log", "/logs", 503),
    ],
)
async def test_a_refusal_is_told_once_by_the_logger_of_refusals(
    query: str,
    route: str,
    status: int,
    autojump_clock: MockClock,
    cluster: Start,
    log: LinesInMemory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    loud = LinesInMemory(logging.DEBUG)
    both = {"telemetry": {"web0": Telemetry([StoryLog(log, SECRET), StoryLog(loud, SECRET)])}}
    async with cluster(both | ({"most": 0} if status == 503 else {}), web0=LINES) as it:
        reply = await it.ask(query, route=route)
    reason = json.loads(reply.body)["detail"].removesuffix(", not x")  # a value may be a word that is searched for
    assert [record.getMessage() for record in caplog.records] == [f"GET {route}: {reason}"]
    assert log.told == []
    told = loud.told[-1]
    assert (told.fields["http_status"], told.fields["reason"]) == (status, reason)
    assert told.message.endswith(f", {status}: {reason}")


async def test_a_refusal_that_no_other_logger_tells_is_told_here(
    autojump_clock: MockClock, cluster: Start, log: LinesInMemory, caplog: pytest.LogCaptureFixture
) -> None:
    async with cluster(telling({"web0": log}), web0=LINES) as it:
        await it.ask("filename=none.log", log_scope="own")
    assert caplog.records == []
    assert log.events == ["accepted", "parsed", "ended"]
    assert log.messages[-1].endswith(", 404: no such file: none.log")
    assert log.messages[-1].startswith("ended: refused in 0.")


async def test_a_question_that_takes_long_is_told_while_it_is_answered(
    autojump_clock: MockClock, cluster: Start, log: LinesInMemory
) -> None:
    stories = StoryLog(log, SECRET)
    options = {"telemetry": {"web0": Telemetry([stories])}}
    async with cluster(options, web0=LINES, web1=Broken("silence")) as it, trio.open_nursery() as nursery:
        nursery.start_soon(stories.holding.run)
        nursery.start_soon(it.ask, "filename=app.log&hostname=web1")
        await trio.sleep(2 * HELD + 0.001)
        assert log.events == ["accepted", "parsed", "asked"]
        assert log.told == sorted(log.told, key=lambda told: told.time_ns)
        nursery.cancel_scope.cancel()
    assert log.events == ["accepted", "parsed", "asked", "host_ended", "ended"]
    assert log.messages[-1].startswith("ended: the client has left after 0.")
    assert log.of("ended")[0]["client_left"]


@asynccontextmanager
async def following(it: Cluster, query: str, host: str | None = None) -> AsyncIterator[bytearray]:
    """What a follow has got so far."""
    got = bytearray()
    async with it.client(host) as client, trio.open_nursery() as nursery:

        async def read() -> None:
            headers = {"accept-encoding": "identity"}
            async with client.stream("GET", f"/logs?follow=true&{query}", headers=headers) as response:
                async for chunk in chunks(response):
                    got.extend(chunk)

        nursery.start_soon(read)
        await trio.sleep(1)
        yield got
        nursery.cancel_scope.cancel()


async def test_a_follow_has_a_beginning_changes_and_an_end_but_no_line_for_each_batch(
    autojump_clock: MockClock, cluster: Start, log: LinesInMemory
) -> None:
    stories = StoryLog(log, SECRET)
    async with (
        trio.open_nursery() as nursery,
        cluster({"telemetry": {"web0": Telemetry([stories])}}, web0=LINES, web1=LINES) as it,
        following(it, "filename=app.log&heartbeat=1s") as got,
    ):
        nursery.start_soon(stories.holding.run)
        await trio.sleep(1)
        began = len(log.told)
        for number in range(20):
            with it.file("web1").open("ab") as file:
                file.write(b"2026-11-23T11:00:00Z new %d\n" % number)
            await trio.sleep(1)
        first = log.events[began:]
        it.kill("web1")
        await trio.sleep(5)
        it.revive("web1")
        await trio.sleep(30)
        nursery.cancel_scope.cancel()
    assert got.count(b" new ") == 20
    assert first == ["first_batch"]
    assert log.messages[1] == "parsed: anonymous follows app.log of all hosts"
    away, back = [line for line in log.of("notice") if line["asked_host"] == "web1"]
    assert (away["status"], back["status"]) == ("UNAVAILABLE", "OK")
    assert "back after" in back["reason"]
    assert log.events[-1] == "ended"
    assert log.of("ended")[0]["follow"]


async def test_changes_that_never_end_are_bounded_and_counted(autojump_clock: MockClock, log: LinesInMemory) -> None:
    away = replace(SIGN_OF_LIFE, notices=tuple(Notice("web1", Status.UNAVAILABLE, "away") for _ in range(10)))
    stories, story = StoryLog(log, SECRET), Story(method="GET", path="/logs", query=Query.of(files=("a",), follow=True))
    stories.accepted(story)
    for _ in range(MOST_NOTICES // 10 + 1):
        stories.sent(story, away, 0)
    assert len(log.of("notice")) == MOST_NOTICES
    await trio.sleep(PERIOD + 1)
    stories.sent(story, away, 0)
    stories.ended(story)
    assert len(log.of("notice")) == MOST_NOTICES + 10
    assert [line["not_told"] for line in log.of("notice") if "not_told" in line] == [10]
    assert log.of("ended")[0]["not_told"] == 10


def test_logs_that_cannot_be_read_are_told_and_many_are_counted(log: LinesInMemory) -> None:
    stories, story = StoryLog(log, SECRET), Story(method="GET", path="/logs", query=Query.of(files=("**/*",)))
    stories.accepted(story)
    for number in range(MOST_UNREAD + 5):
        stories.read(story, LogRead(f"{number}.log", {}, Outcome(Status.DATA_LOSS, f"{number}.log: damaged")))
    stories.read(story, LogRead("fine.log", {}, Outcome()))
    stories.read(story, LogRead("cancelled.log", {}, None))
    stories.ended(story)
    assert len(log.of("read")) == MOST_UNREAD
    assert log.of("read")[0]["log"] == "0.log"
    assert log.of("ended")[0]["not_told"] == 5


WAYS = [
    ("GET", "/logs?filename=app.log&keyword={0}&exclude=x{0}&regex={0}&exclude_regex=^{0}$", {}),
    ("GET", "/logs?filename=app.log&keyword={0}&keyword=b&regex=a{0}&any=true&ignore_case=true", {}),
    ("GET", "/hits?filename=app.log&keyword={0}&regex={0}", {}),
    ("POST", "/logs", {"content": "filename=app.log&keyword={0}"}),
    ("POST", "/hits", {"content": "filename=app.log&regex=({0}"}),
    ("POST", "/logs?keyword={0}", {"content": "{0}"}),
    ("POST", "/nowhere", {"content": "{0}"}),
    ("PUT", "/logs?keyword={0}", {}),
    ("HEAD", "/logs?filename=app.log&keyword={0}", {}),
    ("GET", "/logs?filename=none.log&keyword={0}", {}),
    ("GET", "/logs?filename=app.log&regex=({0}", {}),
    ("GET", "/logs?filename=app.log&regex=(?{0}-x-y:a)", {}),
    ("GET", "/logs?filename=app.log&regex=(?P={0})", {}),
    ("GET", "/logs?filename=app.log&regex=[[:{0}:]]", {}),
    ("GET", "/logs?filename=app.log&regex=\\p{{{0}}}", {}),
    ("GET", "/logs?filename=app.log&keyword={0}%0a", {}),
    ("GET", "/logs?filename=app.log&{0}", {}),
    ("GET", "/logs?filename=app.log&{0}=1", {}),
    *[("GET", f"/logs?filename=app.log&{name}={{0}}", {}) for name in ("n", "since", "order", "unit", "cursor", "any")],
    *[("GET", f"/hits?filename=app.log&{name}={{0}}", {}) for name in ("step", "by", "until", "timeout", "n_per_file")],
    *[("GET", f"{route}?{{0}}", {}) for route in ("/files", "/hosts", "/healthz", "/readyz", "/metrics")],
    *[("GET", f"{route}?keyword={{0}}", {}) for route in ("/files", "/hosts", "/healthz", "/readyz", "/openapi.json")],
    ("GET", "/logs&keyword={0}", {}),
    ("GET", "/logs%3Fkeyword={0}", {}),
    ("GET", "/logs?filename=app.log", {"headers": {"last-event-id": "{0}"}}),
    ("GET", "/logs?filename=app.log", {"headers": {"referer": "http://web0/?keyword={0}", "cookie": "{0}={0}"}}),
    ("GET", "/logs?filename=app.log", {"headers": {"accept": "application/{0}", "user-agent": "{0}"}}),
    ("GET", "/logs?filename=app.log", {"headers": {"authorization": "Bearer {0}", "prefer": "handling={0}"}}),
    ("GET", "/logs?filename=app.log", {"headers": {"authorization": "Basic Q2E5YXJ5QmlyZDpDYTlhcnlCaXJk"}}),
    ("GET", "/logs?filename=app.log", {"headers": {"traceparent": "{0}", "tracestate": "{0}={0}"}}),
]
"""All ways into which somebody may put what he looks for, or what nobody else may have."""


@pytest.mark.parametrize(("method", "url", "options"), WAYS)
async def test_no_line_holds_what_was_searched_for_nor_a_token(
    method: str,
    url: str,
    options: dict[str, Any],
    autojump_clock: MockClock,
    cluster: Start,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    logs = {"web0": LinesInMemory(logging.DEBUG), "web1": LinesInMemory(logging.DEBUG)}
    text = b"2026-11-23T10:00:00Z Ca9aryBird"
    async with (
        cluster(telling(logs), web0=[*LINES, text], web1=[text], web2=Broken("500")) as it,
        it.client() as client,
    ):
        headers = {name: value.format(CANARY) for name, value in options.get("headers", {}).items()}
        headers |= {"content-type": "application/x-www-form-urlencoded"} if "content" in options else {}
        content = options.get("content", "").format(CANARY) or None
        response = await client.request(method, url.format(CANARY), headers=headers, content=content)
        await response.aread()
    assert logs["web0"].events[-1] == "ended"
    own = [f"{each.message} {dict(each.fields)}" for log in logs.values() for each in log.told]
    others = [f"{record.getMessage()} {vars(record)}" for record in caplog.records]
    assert not [line for line in [*own, *others] if CANARY.lower() in line.lower() or "Q2E5" in line]


async def test_what_another_agent_quotes_is_taken_out(log: LinesInMemory) -> None:
    story = Story(method="GET", path="/logs", query=Query.of(files=("a",), regex=(b"(?Ca9aryBird-x-y:a)",)))
    stories = StoryLog(log, SECRET)
    stories.accepted(story)
    story.outcome = Outcome(Status.INTERNAL, "regex: (?Ca9aryBird-x-y: is not supported").of_host("web1")
    stories.ended(story)
    [told] = log.told
    assert "(?***-x-y: is not supported" in told.message
    assert CANARY not in f"{told.message}{told.fields}"
