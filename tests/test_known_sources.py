"""The sources in which an agent finds others: how they fare, and who may know of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from logagent.config.discovery import DnsAsked
from logagent.core.access.caller import ANONYMOUS, Caller
from logagent.core.access.file_globs import FileGlob
from logagent.core.access.rules import Rule, Rules, What
from logagent.core.outcome import Status
from logagent.core.query import Query
from logagent.core.wire.told_sources import ToldSource
from logagent.known_sources import KnownSources
from logagent.peers.source import PeerSource
from testbed.cluster import Cluster, Knows, Reply, start_cluster
from testbed.described import objections
from testbed.reloadable import reloadable
from testbed.sources import Reader, ScriptedSource

Start = Callable[..., AbstractAsyncContextManager[Cluster]]

FILE = ToldSource("t.yml", "file", "file t.yml")
HOSTS = frozenset({What.HOSTS})
WEB_ONLY = Rule(True, hosts=("web-*",))


@pytest.mark.parametrize(
    ("rules", "shown"),
    [
        ([], True),
        ([Rule(True)], True),
        ([Rule(True, hosts=("*",), what=HOSTS)], True),
        ([WEB_ONLY], False),
        ([WEB_ONLY, Rule(True, what=HOSTS)], True),
        ([Rule(False, hosts=("db-*",)), Rule(True)], False),
        ([Rule(False, files=(FileGlob("secret/*"),)), Rule(True)], True),
        ([Rule(True, what=frozenset({What.LOGS}))], False),
        ([Rule(True, who=("token:somebody",))], False),
    ],
)
def test_only_who_may_see_every_host_may_know_of_sources(rules: list[Rule], shown: bool) -> None:
    caller: Caller = ANONYMOUS
    told = KnownSources(lambda: [FILE], Rules(rules)).shown_to(caller)
    assert told == ([FILE] if shown else None)


async def asked(it: Cluster) -> dict[str, Any]:
    reply = await it.ask("", route="/hosts")
    assert objections("/hosts", reply) == []
    told: dict[str, Any] = json.loads(reply.body)
    return told


async def test_hosts_tell_how_each_source_fares(autojump_clock: MockClock, cluster: Start) -> None:
    faulty = ToldSource("_x._tcp.a", "dns", "dns SRV _x._tcp.a", 2, 60.0, "SERVFAIL", 120.0, ("odd",))
    async with cluster(web0=[]) as it:
        assert (await asked(it))["sources"] == []
        it.agents["web0"].sources = KnownSources(lambda: [FILE, faulty])
        first, second = (await asked(it))["sources"]
    assert (first["found_by"], first["last_read"], first["fault_since"]) == ("file t.yml", None, None)
    assert second == {
        "name": "_x._tcp.a",
        "kind": "dns",
        "found_by": "dns SRV _x._tcp.a",
        "agents": 2,
        "last_read": "1970-01-01T00:01:00Z",
        "fault": "SERVFAIL",
        "fault_since": "1970-01-01T00:02:00Z",
        "wrong": ["odd"],
    }


async def test_who_may_not_see_every_host_is_told_no_source(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=[]) as it:
        it.agents["web0"].sources = KnownSources(lambda: [FILE], Rules([WEB_ONLY]))
        told = await asked(it)
    assert "sources" not in told
    assert "t.yml" not in str(told)


async def test_an_agent_tells_the_sources_of_its_settings(autojump_clock: MockClock, tmp_path: Path) -> None:
    (tmp_path / "t.yml").write_text("- targets: [127.0.0.9:1]\n  labels: {__scheme__: http, __logagent_name__: a}\n")
    dns = DnsAsked("127.0.0.9", ("A",), 1, "http")
    async with reloadable(tmp_path, targets=(f"{tmp_path}/t.yml",), dns=(dns,), dns_server="127.0.0.1:1") as it:
        peers = it.reloader.now.peers.peers
        while "a" not in peers.names:
            await peers.changed.wait()
        _, text = await it.text("/hosts")
    told = {source["name"]: source for source in json.loads(text)["sources"]}
    assert told.keys() == {f"{tmp_path}/t.yml", "http://a:127.0.0.9:1"}
    assert (told[f"{tmp_path}/t.yml"]["kind"], told[f"{tmp_path}/t.yml"]["agents"]) == ("file", 1)
    assert told["http://a:127.0.0.9:1"]["found_by"] == "dns A 127.0.0.9:1"


# Answers.

UNREAD = ToldSource("_x._tcp.a", "dns", "dns SRV _x._tcp.a", fault="SERVFAIL")
ABSENT = ToldSource("t.yml", "file", "file t.yml", wrong=("is not there",), is_absent=True)
FOLLOW = Query.of(files=("app.log",), follow=True, times=True, places=True)
LINE = b"2026-11-23T10:00:00Z one"
SAID = "1 source of agents was never read, so that hosts which it names may be missing"


def notes_in(reply: Reply) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(note.host, note.kind, note.files) for note in reply.verdict.notes]


def finds(it: Cluster, host: str, *sources: ToldSource, rules: Rules | None = None) -> None:
    it.agents[host].sources = KnownSources(lambda: sources, rules, host)


async def test_an_answer_of_all_hosts_is_not_complete_while_a_source_was_never_read(
    autojump_clock: MockClock, cluster: Start
) -> None:
    async with cluster(web0=[LINE], web1=[LINE]) as it:
        finds(it, "web0", UNREAD)
        for query in ("filename=app.log", "filename=app.log&hostname=web*", "filename=*&hostname=r!=x", "filename=no"):
            reply = await it.ask(query)
            assert (reply.status, reply.verdict.status) == (200, Status.UNAVAILABLE), query
            assert reply.verdict.message.startswith(f"web0: {SAID}: dns SRV _x._tcp.a (SERVFAIL)")
            assert notes_in(reply) == [("web0", "unread_sources", ("dns SRV _x._tcp.a (SERVFAIL)",))]
            assert not any(part.fails for part in reply.verdict.hosts)
        assert len((await it.ask("filename=app.log")).lines) == 2
        counted = await it.ask("filename=app.log", route="/hits")
        assert (counted.verdict.complete, len(notes_in(counted))) == (False, 1)
        listed = json.loads((await it.ask("", route="/files")).body)
        assert (listed["complete"], listed["status"], listed["message"][:4]) == (False, 14, "web0")
        assert [note["kind"] for note in listed["notes"]] == ["unread_sources"]


async def test_an_answer_of_hosts_that_are_named_needs_no_source(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=[LINE], web1=[LINE]) as it:
        finds(it, "web0", UNREAD, ABSENT)
        for query in ("filename=app.log&hostname=web0", "filename=app.log&hostname=web0&hostname=web1"):
            reply = await it.ask(query)
            assert reply.verdict.complete
            assert not reply.verdict.notes
        own = await it.ask("filename=app.log", log_scope="own")
        assert (own.verdict.complete, own.verdict.notes) == (True, ())


async def test_a_file_that_was_never_there_is_noted(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=[LINE]) as it:
        finds(it, "web0", ABSENT, replace(UNREAD, last_read=60.0))
        reply = await it.ask("filename=app.log")
        assert reply.verdict.complete
        assert notes_in(reply) == [("web0", "absent_sources", ("file t.yml",))]


async def test_who_may_not_see_every_host_is_told_that_some_may_be_missing_and_no_name(
    autojump_clock: MockClock, cluster: Start
) -> None:
    async with cluster(web0=[LINE]) as it:
        finds(it, "web0", UNREAD, ABSENT, rules=Rules([WEB_ONLY]))
        reply = await it.ask("filename=app.log")
        assert reply.verdict.message == f"web0: {SAID}"
        assert notes_in(reply) == [("web0", "absent_sources", ()), ("web0", "unread_sources", ())]


async def test_a_primary_tells_it_and_whoever_was_asked_judges_it(autojump_clock: MockClock, tmp_path: Path) -> None:
    knows = {"top": Knows(primaries=("site-a", "site-b")), "site-a": Knows(peers=("a-1",))}
    hosts = {name: [LINE] for name in ("top", "site-a", "site-b", "a-1")}
    async with start_cluster(tmp_path, hosts, knows=knows) as it:
        finds(it, "site-a", UNREAD)
        reply = await it.ask("filename=app.log")
        assert (reply.verdict.status, len(reply.lines)) == (Status.UNAVAILABLE, 4)
        assert reply.verdict.message.startswith(f"site-a: {SAID}")
        assert notes_in(reply) == [("site-a", "unread_sources", ("dns SRV _x._tcp.a (SERVFAIL)",))]
        assert sorted((part.host, part.status) for part in reply.verdict.hosts) == [
            (host, Status.OK) for host in sorted(hosts)
        ]
        listed = json.loads((await it.ask("", route="/files")).body)
        assert (listed["complete"], [note["host"] for note in listed["notes"]]) == (False, ["site-a"])
        exact = await it.ask("filename=app.log&hostname=a-1")
        assert exact.verdict.complete


async def test_a_follow_tells_at_once_what_was_never_read(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=[LINE]) as it:
        finds(it, "web0", UNREAD)
        async with it.client() as client:
            frames = PeerSource(client)
            heard = Reader()
            with trio.move_on_after(2):
                await frames.pump(FOLLOW, heard)
        reply = await it.ask("filename=app.log&follow=true&timeout=2s")
    assert [note.kind for batch in heard.batches for note in batch.notes][:1] == ["unread_sources"]
    assert (reply.verdict.status, notes_in(reply)[0][1]) == (Status.DEADLINE_EXCEEDED, "unread_sources")


@pytest.mark.parametrize(("last_read", "status"), [(None, Status.UNAVAILABLE), (60.0, Status.OK)])
async def test_a_follow_that_ends_is_judged_by_what_was_read_by_then(last_read: float | None, status: Status) -> None:
    told = [UNREAD]
    known = KnownSources(lambda: told, host="web0")
    for query, expected in ((FOLLOW, status), (Query.of(files=("app.log",)), Status.UNAVAILABLE)):
        told[:] = [UNREAD]
        source = known.answering(ScriptedSource(), query, ANONYMOUS, through=False)
        told[:] = [replace(UNREAD, last_read=last_read)]
        outcome = await source.pump(query, Reader())
        assert (outcome.status, [note.kind for note in outcome.notes]) == (expected, ["unread_sources"])


async def test_an_agent_that_asks_for_others_gets_the_note_alone() -> None:
    source = KnownSources(lambda: [UNREAD], host="web0").answering(ScriptedSource(), FOLLOW, ANONYMOUS, through=True)
    outcome = await source.pump(FOLLOW, Reader())
    assert (outcome.complete, len(outcome.notes)) == (True, 1)
