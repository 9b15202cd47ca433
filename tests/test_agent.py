"""The agent puts its own logs and its peers' together."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC
from pathlib import Path

import pytest
from trio.testing import MockClock

from logagent.agent import Agent
from logagent.core.outcome import Failure, HostOutcome, Status
from logagent.core.query import BadParameter, Query
from logagent.core.wire.certificates import moment
from logagent.disk.catalog.catalog import Catalog
from logagent.disk.search.options import ReadOptions
from logagent.disk.threads import DiskThreads
from logagent.local import LocalLogs
from logagent.peers.known_agents import Peers
from testbed.reading import Collected


def an_agent(root: Path, peers: Peers | None = None, certificates: Mapping[str, float] | None = None) -> Agent:
    options = ReadOptions(host="web0", zone=UTC, max_line=1024)
    logs = LocalLogs(catalog=Catalog([root]), threads=DiskThreads(inline=True), options=options, max_files=10)
    addresses = ("http://web0:8080",)
    return Agent(logs=logs, peers=peers or Peers({}), patience=5, addresses=addresses, certificates=certificates)


async def test_file_alone_is_answered_and_counted_for_its_host(autojump_clock: MockClock, tmp_path: Path) -> None:
    (tmp_path / "app.log").write_bytes(b"one\ntwo\n")
    got, query = Collected(), Query.of(files=("app.log",))
    outcome = await an_agent(tmp_path).answer(query).pump(query, got)
    assert b"".join(batch.body for batch in got.batches) == b"two\none\n"
    assert (outcome.lines, outcome.bytes_scanned) == (2, 8)
    assert [(part.host, part.lines) for part in outcome.hosts] == [("web0", 2)]


async def test_own_logs_are_listed_under_the_agents_name(autojump_clock: MockClock, tmp_path: Path) -> None:
    (tmp_path / "app.log").write_bytes(b"2026-11-23T10:00:00Z one\n")
    listing = await an_agent(tmp_path).files(Query.of(files=("*.log",)))
    assert [(log.host, log.name, log.timed) for log in listing.logs] == [("web0", "app.log", True)]
    assert listing.hosts == (HostOutcome("web0", Status.OK, ""),)


def test_unknown_host_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="no host named db-9; known are web0"):
        an_agent(tmp_path).answer(Query.of(files=("app.log",), hosts=("db-9",)))


def test_a_follow_of_its_own_logs_is_refused_where_it_follows_nothing(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="this agent follows nothing"):
        an_agent(tmp_path).answer(Query.of(files=("app.log",), follow=True))


async def test_expression_that_cannot_be_searched_for_is_refused_beforehand(tmp_path: Path) -> None:
    with pytest.raises(BadParameter, match="regex"):
        await an_agent(tmp_path).check(Query.of(files=("app.log",), regex=(b"(",)))


async def test_root_that_is_not_there_makes_the_agent_unready(tmp_path: Path) -> None:
    assert await an_agent(tmp_path).unready() == []
    assert len(await an_agent(tmp_path / "volume").unready()) == 1


SOON, LATE = time.time() + 10 * 86400, time.time() + 400 * 86400


async def test_certificates_of_its_own_that_end_soon_are_noted(autojump_clock: MockClock, tmp_path: Path) -> None:
    (tmp_path / "app.log").write_bytes(b"2026-11-23T10:00:00Z one\n")
    agent = an_agent(tmp_path, certificates={"web0.pem": SOON, "ca.pem": LATE, "old.pem": 0.0})
    for query in (Query.of(files=("app.log",)), Query.of(files=("app.log",), hits=True, times=True, places=True)):
        got = Collected()
        [note] = (await agent.answer(query).pump(query, got)).notes
        assert (note.host, note.kind, note.count) == ("web0", "certificate", 2)
        assert note.files == ("old.pem ended 1970-01-01 00:00 UTC", f"web0.pem until {moment(SOON)}")
        assert got.batches[0].notes == (note,)
    assert (await agent.files(query)).notes == (note,)
    async with Peers({}) as peers:
        [state] = await an_agent(tmp_path, peers, certificates={"web0.pem": SOON}).hosts()
    assert state.certificate_ends == SOON
    assert state.message == f"its certificates: web0.pem until {moment(SOON)}"


async def test_another_agent_that_asks_sees_certificates_by_itself(autojump_clock: MockClock, tmp_path: Path) -> None:
    (tmp_path / "app.log").write_bytes(b"one\n")
    agent, query = an_agent(tmp_path, certificates={"web0.pem": SOON}), Query.of(files=("app.log",), own=True)
    assert (await agent.answer(query).pump(query, Collected())).notes == ()
    assert (await agent.files(query)).notes == ()


async def test_agent_itself_is_among_the_hosts(autojump_clock: MockClock, tmp_path: Path) -> None:
    async with Peers({}) as peers:
        states = await an_agent(tmp_path, peers).hosts()
    assert [(state.name, state.reachable) for state in states] == [("web0", True)]
