"""The list of hosts: a table or JSON, and what is said where there is none."""

from __future__ import annotations

import json

import httpx
import pytest
import trio
from trio.testing import MockClock

from logagent.config.errors import ConfigError
from logagent.terminal.arguments import HostsArguments
from logagent.terminal.documents import list_hosts
from logagent.terminal.hosts import HostsQuestion, hosts_question
from logagent.terminal.verdicts import FAILED, FOUND, PARTIAL
from testbed.console import Console, typed


def answered(body: object, status: int = 200, **headers: str) -> httpx.AsyncClient:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(status, json=body, headers=headers)

    return httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://a:1")


WEB = {"name": "web-1", "url": "http://127.0.0.1:8000", "reachable": True, "version": "0.1.0", "round_trip_ms": 1.25}
GONE = {"name": "db-2", "url": "https://10.0.0.2:8443", "reachable": False, "message": "refused \x1b[2J"}


def question(*argv: str) -> HostsQuestion:
    return hosts_question(typed(HostsArguments, "hosts", *argv), {})


async def test_hosts_are_a_table_and_an_unreachable_one_makes_it_partial(console: Console) -> None:
    async with answered({"hosts": [WEB, GONE]}) as client:
        assert await list_hosts(client, question(), console.streams) == PARTIAL
    assert console.data.splitlines() == [
        "HOST   REACHABLE  ROUND TRIP  VERSION  URL",
        "web-1  yes        1.2 ms      0.1.0    http://127.0.0.1:8000",
        "db-2   no         -           -        https://10.0.0.2:8443  refused \\x1b[2J",
    ]


async def test_labels_are_a_column_where_there_are_any(console: Console) -> None:
    web = WEB | {"labels": {"zone": "a", "role": "web"}, "labels_known": True}
    listed = GONE | {"labels": {"role": "db"}, "message": ""}
    hosts = [web, listed, GONE, WEB | {"name": "x", "labels_known": True}]
    async with answered({"hosts": hosts}) as client:
        await list_hosts(client, question(), console.streams)
    assert [line[39:56].rstrip() for line in console.data.splitlines()] == [
        "LABELS",
        "role=web zone=a",
        "role=db ?",
        "?",
        "-",
    ]


async def test_what_hosts_are_behind_is_a_column_where_any_is_behind_something(console: Console) -> None:
    behind = WEB | {"name": "a-1", "via": "region/site-a", "labels": {"zone": "a"}, "labels_known": True}
    async with answered({"hosts": [behind, WEB]}) as client:
        await list_hosts(client, question(), console.streams)
    assert console.data.splitlines() == [
        "HOST   REACHABLE  ROUND TRIP  VERSION  LABELS  VIA            URL",
        "a-1    yes        1.2 ms      0.1.0    zone=a  region/site-a  http://127.0.0.1:8000",
        "web-1  yes        1.2 ms      0.1.0    ?       -              http://127.0.0.1:8000",
    ]


async def test_hosts_as_json_are_those_of_the_agent(console: Console) -> None:
    async with answered({"hosts": [WEB]}) as client:
        assert await list_hosts(client, question("-o", "json"), console.streams) == FOUND
    assert json.loads(console.data) == {
        "hosts": [
            {
                **WEB,
                "message": "",
                "certificate_ends": None,
                "labels": {},
                "labels_known": False,
                "found_by": "",
                "stale_since": None,
                "via": "",
                "down_since": None,
                "last_tried": None,
                "next_try": None,
            }
        ]
    }


FINE = {"name": "t/*.yml", "kind": "file", "found_by": "file t/a.yml", "agents": 2, "last_read": "2026-11-23T10:00:00Z"}
KEPT = {**FINE, "found_by": "file t/b.yml", "fault": "is a directory", "fault_since": "2026-11-23T10:05:00Z"}
UNREAD = {"name": "_x._tcp.a", "kind": "dns", "found_by": "dns SRV _x._tcp.a", "fault": "SERVFAIL \x1b[2J"}
ABSENT = {"name": "t.yml", "found_by": "file t.yml", "wrong": ["is not there, and gives no targets"]}


async def test_sources_in_trouble_are_told_below_the_table(console: Console) -> None:
    async with answered({"hosts": [WEB], "sources": [FINE, KEPT, UNREAD, ABSENT]}) as client:
        assert await list_hosts(client, question(), console.streams) == PARTIAL
    assert len(console.data.splitlines()) == 2
    assert console.talk.splitlines() == [
        "logagent: file t/b.yml: is a directory; so since 2026-11-23T10:05:00Z; "
        "it gives 2 agents, last read 2026-11-23T10:00:00Z",
        "logagent: dns SRV _x._tcp.a: SERVFAIL \\x1b[2J; it was never read",
        "logagent: file t.yml: is not there, and gives no targets; it was never read",
    ]


async def test_a_source_whose_last_agents_count_makes_nothing_partial(console: Console) -> None:
    async with answered({"hosts": [WEB], "sources": [FINE, KEPT, ABSENT]}) as client:
        assert await list_hosts(client, question(), console.streams) == FOUND


async def test_sources_are_told_as_json(console: Console) -> None:
    async with answered({"hosts": [], "sources": [UNREAD]}) as client:
        assert await list_hosts(client, question("-o", "json"), console.streams) == PARTIAL
    assert json.loads(console.data)["sources"] == [
        {**UNREAD, "agents": 0, "last_read": None, "fault_since": None, "wrong": []}
    ]
    assert console.talk == ""


async def test_agent_that_does_not_answer_in_time_is_told(autojump_clock: MockClock, console: Console) -> None:
    async def wait(request: httpx.Request) -> httpx.Response:
        await trio.sleep_forever()
        raise AssertionError

    async with httpx.AsyncClient(transport=httpx.MockTransport(wait), base_url="http://a:1") as client:
        assert await list_hosts(client, question("--timeout", "2s"), console.streams) == FAILED
    assert console.talk == "logagent: http://127.0.0.1:8000 did not answer within 2 s (DEADLINE_EXCEEDED)\n"


async def test_agent_that_cannot_be_reached_is_told(console: Console) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("connection refused")

    async with httpx.AsyncClient(transport=httpx.MockTransport(refuse), base_url="http://a:1") as client:
        assert await list_hosts(client, question(), console.streams) == FAILED
    refused, advised = console.talk.splitlines()
    assert refused == "logagent: http://127.0.0.1:8000: cannot connect: connection refused (UNAVAILABLE)"
    assert advised.startswith("logagent: nothing listens there; `logagent serve` starts an agent")


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ({"hosts": [{}]}, 200, "answered with something else than hosts; is it an agent?"),
        (["x"], 200, "answered with something else than hosts; is it an agent?"),
        ({}, 403, "http://127.0.0.1:8000: answered with HTTP status 403 (PERMISSION_DENIED)"),
        ({"detail": "user x may not ask"}, 403, "user x may not ask (PERMISSION_DENIED)"),
        ({"detail": "a is no name"}, 421, "a is no name (PERMISSION_DENIED)"),
    ],
)
async def test_answer_that_is_no_list_of_hosts_is_told(
    console: Console, body: object, status: int, message: str
) -> None:
    async with answered(body, status) as client:
        assert await list_hosts(client, question(), console.streams) == FAILED
    assert message in console.talk


async def test_the_trace_of_a_refusal_is_told(console: Console) -> None:
    async with answered({}, 403, **{"log-trace-id": "ab" * 16}) as client:
        assert await list_hosts(client, question(), console.streams) == FAILED
    assert console.talk.endswith(f"answered with HTTP status 403 (PERMISSION_DENIED) (trace {'ab' * 16})\n")


def test_unusable_timeout_of_hosts_is_told() -> None:
    with pytest.raises(ConfigError, match="--timeout: must be a number of seconds"):
        question("--timeout", "soon")


@pytest.mark.parametrize(
    ("argv", "path"),
    [
        ((), "/hosts"),
        (("--host", "web-*"), "/hosts?hostname=web-%2A"),
        (
            ("--host", "role=web", "--host", "db-1,zone!=a"),
            "/hosts?hostname=role%3Dweb&hostname=db-1&hostname=zone%21%3Da",
        ),
    ],
)
async def test_hosts_are_chosen_by_the_agent(console: Console, argv: tuple[str, ...], path: str) -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.raw_path.decode())
        return httpx.Response(200, json={"hosts": [WEB]})

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://a:1") as client:
        assert await list_hosts(client, question(*argv), console.streams) == FOUND
    assert asked == [path]


def test_a_condition_that_is_none_is_told_before_anybody_is_asked() -> None:
    with pytest.raises(ConfigError, match="--host: role= names no value"):
        question("--host", "role=")


async def test_an_agent_that_is_too_old_to_choose_hosts_is_named(console: Console) -> None:
    told = "hostname: unknown parameter; this route takes none"
    async with answered({"detail": told}, 400, **{"logagent-version": "0.0.9"}) as client:
        assert await list_hosts(client, question("--host", "web-*"), console.streams) == FAILED
    assert "0.0.9 does not know `hostname`: upgrade that agent" in console.talk
