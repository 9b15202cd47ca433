"""The sources in which an agent finds others: how they fare, and who may know of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
from trio.testing import MockClock

from logagent.config.discovery import DnsAsked
from logagent.core.access.caller import ANONYMOUS, Caller
from logagent.core.access.file_globs import FileGlob
from logagent.core.access.rules import Rule, Rules, What
from logagent.core.wire.told_sources import ToldSource
from logagent.known_sources import KnownSources
from testbed.cluster import Cluster
from testbed.described import objections
from testbed.reloadable import reloadable

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
