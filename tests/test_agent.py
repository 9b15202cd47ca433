"""The agent puts its own logs and its peers' together."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC
from pathlib import Path
from typing import TypeVar, TypeVarTuple
from zoneinfo import ZoneInfo

import pytest
import trio
from trio.testing import MockClock

from logagent import local
from logagent.agent import Agent
from logagent.core.batch import Batch
from logagent.core.outcome import Failure, HostOutcome, Outcome, Status
from logagent.core.query import Query
from logagent.core.wire.listing import Listing
from logagent.disk.archives.archive import KEPT
from logagent.disk.catalog.catalog import Catalog
from logagent.disk.threads import DiskThreads
from logagent.local import Reading
from logagent.peers.known_agents import Peers

Args = TypeVarTuple("Args")
Result = TypeVar("Result")


class Kept:
    """Keeps what it is sent."""

    def __init__(self) -> None:
        self.body = b""

    async def send(self, batch: Batch) -> None:
        self.body += batch.body


class Times:
    """Keeps the times it is sent."""

    def __init__(self) -> None:
        self.times: list[int] = []

    async def send(self, batch: Batch) -> None:
        self.times += batch.times or ()


def an_agent(root: Path, max_files: int = 10, peers: Peers | None = None) -> Agent:
    reading = Reading(
        catalog=Catalog([root]), threads=DiskThreads(inline=True), zone=UTC, max_files=max_files, max_line=1024
    )
    return Agent("web0", reading=reading, peers=peers or Peers({}), patience=5)


async def answered(agent: Agent, *files: str) -> tuple[bytes, Outcome]:
    kept, query = Kept(), Query.of(files=files)
    outcome = await agent.answer(query).pump(query, kept)
    return kept.body, outcome


async def test_file_alone_is_answered_and_counted_for_its_host(autojump_clock: MockClock, tmp_path: Path) -> None:
    (tmp_path / "app.log").write_bytes(b"one\ntwo\n")
    body, outcome = await answered(an_agent(tmp_path), "app.log")
    assert body == b"two\none\n"
    assert (outcome.lines, outcome.bytes_scanned) == (2, 8)
    assert [(part.host, part.lines) for part in outcome.hosts] == [("web0", 2)]


async def test_more_files_than_one_question_may_open_are_refused(autojump_clock: MockClock, tmp_path: Path) -> None:
    for number in range(4):
        (tmp_path / f"{number}.log").touch()
    _, outcome = await answered(an_agent(tmp_path, max_files=3), "*.log")
    assert outcome.status is Status.RESOURCE_EXHAUSTED
    assert "4 files match" in outcome.message


async def test_missing_name_among_several_is_named_beside_the_lines(autojump_clock: MockClock, tmp_path: Path) -> None:
    (tmp_path / "app.log").write_bytes(b"one\n")
    body, outcome = await answered(an_agent(tmp_path), "app.log", "no.log")
    assert body == b"one\n"
    assert (outcome.status, outcome.message) == (Status.OK, "no such file: no.log")


async def test_rotated_generations_of_a_file_are_answered_with_it(autojump_clock: MockClock, tmp_path: Path) -> None:
    (tmp_path / "app.log").write_bytes(b"2026-11-23T10:00:02Z live\n")
    (tmp_path / "app.log.1").write_bytes(b"2026-11-23T10:00:01Z rotated\n")
    body, outcome = await answered(an_agent(tmp_path), "app.log")
    assert (body, outcome.lines) == (b"2026-11-23T10:00:02Z live\n2026-11-23T10:00:01Z rotated\n", 2)
    kept, query = Kept(), Query.of(files=("app.log",), rotated=False)
    await an_agent(tmp_path).answer(query).pump(query, kept)
    assert kept.body == b"2026-11-23T10:00:02Z live\n"


async def test_untimed_file_is_merged_as_a_block_by_its_modification_time(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    (tmp_path / "notes.log").write_bytes(b"first\nsecond\n")
    os.utime(tmp_path / "notes.log", (1_780_000_000, 1_780_000_000))
    (tmp_path / "app.log").write_bytes(b"2026-01-01T00:00:00Z old\n2026-12-01T00:00:00Z new\n")
    body, _ = await answered(an_agent(tmp_path), "*.log")
    assert body == b"2026-12-01T00:00:00Z new\nsecond\nfirst\n2026-01-01T00:00:00Z old\n"


async def test_times_without_zone_are_in_the_zone_of_their_root(autojump_clock: MockClock, tmp_path: Path) -> None:
    for name in ("berlin", "here"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.log").write_bytes(b"2026-07-01 12:00:00 %b\n" % name.encode())
    reading = Reading(
        catalog=Catalog([tmp_path / "berlin", tmp_path / "here"]),
        threads=DiskThreads(inline=True),
        zone=UTC,
        max_files=10,
        max_line=1024,
        root_zones={tmp_path / "berlin": ZoneInfo("Europe/Berlin")},
    )
    kept, agent = Times(), Agent("web0", reading=reading, peers=Peers({}), patience=5)
    query = Query.of(files=("*.log",), times=True)
    await agent.answer(query).pump(query, kept)
    noon = 1_782_907_200_000_000_000
    assert kept.times == [noon, noon - 2 * 3_600_000_000_000]


class SlowDisk(DiskThreads):
    """Takes so many seconds for each piece of work."""

    def __init__(self, seconds: float) -> None:
        super().__init__(inline=True)
        self._seconds = seconds

    async def in_thread(self, function: Callable[[*Args], Result], *args: *Args) -> Result:
        await trio.sleep(self._seconds)
        return await super().in_thread(function, *args)


async def listed(root: Path, threads: DiskThreads) -> Listing:
    reading = Reading(catalog=Catalog([root]), threads=threads, zone=UTC, max_files=10, max_line=1024)
    return await Agent("web0", reading=reading, peers=Peers({}), patience=5).files(Query.of(files=("*.log",)))


async def test_logs_that_are_not_looked_into_in_time_are_listed_without_times(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    for name in ("a.log", "b.log"):
        (tmp_path / name).write_bytes(b"2026-11-23T10:00:00Z one\n")
    listing = await listed(tmp_path, SlowDisk(1))
    assert [(log.timed, log.message) for log in listing.logs] == [(True, ""), (None, "not looked into in time")]
    [part] = listing.hosts
    assert part.status is Status.DEADLINE_EXCEEDED
    assert part.message == "1 of 2 logs were not looked into in time; ask again for them"
    assert trio.current_time() < 5


async def test_disk_that_hangs_is_named_before_others_leave_the_host_behind(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    listing = await listed(tmp_path, SlowDisk(1000))
    assert listing.hosts == (HostOutcome("web0", Status.UNAVAILABLE, "no answer from the disk within 2.5 s"),)


async def test_what_could_not_be_reached_makes_a_listing_incomplete(autojump_clock: MockClock, tmp_path: Path) -> None:
    (tmp_path / "a.log").touch()
    reading = Reading(
        catalog=Catalog([tmp_path, tmp_path / "volume"]),
        threads=DiskThreads(inline=True),
        zone=UTC,
        max_files=10,
        max_line=1024,
    )
    listing = await Agent("web0", reading=reading, peers=Peers({}), patience=5).files(Query.of(files=("*.log",)))
    assert [log.name for log in listing.logs] == ["a.log"]
    assert listing.hosts[0].message == "the root volume is not there; is its volume mounted?"
    assert not listing.outcome.complete


def test_unknown_host_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="no host named db-9; known are web0"):
        an_agent(tmp_path).answer(Query.of(files=("app.log",), hosts=("db-9",)))


async def test_agent_itself_is_among_the_hosts(autojump_clock: MockClock, tmp_path: Path) -> None:
    async with Peers({}) as peers:
        states = await an_agent(tmp_path, peers=peers).hosts()
    assert [(state.name, state.reachable) for state in states] == [("web0", True)]


def test_archives_of_one_query_share_what_may_be_held_of_them(tmp_path: Path) -> None:
    for number in range(40):
        (tmp_path / f"l{number:02}.log").write_bytes(b"x\n")
        (tmp_path / f"l{number:02}.log.1.gz").write_bytes(b"")
    logs = Catalog([tmp_path]).find(["*.log"])
    assert len(logs) == 40
    assert local._share_of_memory(logs) == KEPT // 40
    assert local._share_of_memory(logs[:1]) == local._share_of_memory([]) == KEPT
    assert local._share_of_memory(logs * 100) == local.LEAST_KEPT
