"""A chain of primaries as deep as there may be one, and what is told of the agent below it."""

from __future__ import annotations

import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import trio
from trio.testing import MockClock

from logagent.core.outcome import Status
from logagent.core.wire.through import MAX_DEPTH
from logagent.peers.client.http_client import chunks
from testbed.cluster import Cluster, Host, Knows, Reply, start_cluster
from testbed.whole_follows import SETTLED, append, following

CHAIN = tuple(f"d{depth}" for depth in range(MAX_DEPTH + 1))
"""Each agent is the primary of the one before; the last is asked by a question that came through the most agents."""
TOO_DEEP = f"d{MAX_DEPTH + 1}"
REASON = f"{MAX_DEPTH + 1} agents have passed the question on, and {MAX_DEPTH} is most"


def lines(host: str, count: int = 2) -> list[bytes]:
    return [b"2026-11-23T10:00:%02dZ %s %d" % (number, host.encode(), number) for number in range(count)]


@asynccontextmanager
async def chain(directory: Path, *further: str, last: list[bytes] | None = None) -> AsyncIterator[Cluster]:
    """Start a chain of agents."""
    every = (*CHAIN, *further)
    knows = {name: Knows(primaries=(below,)) for name, below in itertools.pairwise(every)}
    hosts: dict[str, Host] = {name: lines(name) for name in every}
    async with start_cluster(directory, hosts | {CHAIN[-1]: last or lines(CHAIN[-1])}, knows=knows) as it:
        yield it


def failing(reply: Reply) -> dict[str, str]:
    return {part.host: part.message for part in reply.verdict.hosts if part.fails}


async def test_a_chain_as_deep_as_may_be_answers_as_one_host(autojump_clock: MockClock, tmp_path: Path) -> None:
    every = sorted(line for host in CHAIN for line in lines(host))
    async with chain(tmp_path) as it:
        whole = await it.ask("filename=app.log")
        assert sorted(whole.lines) == every
        assert {part.host: part.lines for part in whole.verdict.hosts} == dict.fromkeys(CHAIN, 2)
        assert whole.verdict.complete
        read, cursor = list[bytes](), ""
        while cursor is not None:
            page = await it.ask(f"filename=app.log&n=7{cursor}")
            assert page.verdict.complete
            read += page.lines
            cursor = f"&cursor={page.verdict.cursor}" if page.verdict.cursor else None
        assert sorted(read) == every
        hits = await it.ask("filename=app.log&step=1m", route="/hits")
        assert {part.host: part.lines for part in hits.verdict.hosts} == dict.fromkeys(CHAIN, 2)
        files = json.loads((await it.ask("", route="/files")).body)
        assert sorted(log["host"] for log in files["files"]) == sorted(CHAIN)
        hosts = json.loads((await it.ask("", route="/hosts")).body)["hosts"]
        assert {host["name"]: host["via"] for host in hosts}[CHAIN[-1]] == "/".join(CHAIN[1:-1])


async def test_a_follow_goes_down_a_chain_as_deep_as_may_be(autojump_clock: MockClock, tmp_path: Path) -> None:
    async with chain(tmp_path) as it, following(it, "filename=app.log&n=0") as follow:
        append(it.file(CHAIN[-1]), b"2026-11-23T10:01:00Z first")
        await trio.sleep(SETTLED)
        it.kill(CHAIN[4])
        append(it.file(CHAIN[-1]), b"2026-11-23T10:01:01Z meanwhile")
        await trio.sleep(SETTLED)
        it.revive(CHAIN[4])
        await trio.sleep(12)
        append(it.file(CHAIN[-1]), b"2026-11-23T10:01:02Z last")
        await trio.sleep(SETTLED)
    # Here, since a failure within as many agents is too deep to be shown.
    assert [line.split()[1] for line in follow.lines] == ["first", "meanwhile", "last"], follow.notices
    assert (follow.notices[0]["host"], follow.notices[0]["status"]) == (CHAIN[4], int(Status.UNAVAILABLE))


async def test_who_leaves_stops_the_last_host_of_a_chain(autojump_clock: MockClock, tmp_path: Path) -> None:
    async with chain(tmp_path, last=lines(CHAIN[-1], 50) * 20_000) as it:
        async with it.client() as client, client.stream("GET", "/logs?filename=app.log") as response:
            async for _ in chunks(response):
                break
            answering = it.answers[CHAIN[-1]].under_way
        await trio.sleep(1)
        left = {host: answers.under_way for host, answers in it.answers.items()}
        async with following(it, "filename=app.log&n=0"):
            following_it = it.answers[CHAIN[-1]].follows
        await trio.sleep(1)
        left_follows = {host: answers.follows for host, answers in it.answers.items()}
    assert (answering, following_it) == (1, 1)
    assert left == left_follows == dict.fromkeys(CHAIN, 0)


async def test_an_agent_below_the_deepest_is_named_by_every_route(autojump_clock: MockClock, tmp_path: Path) -> None:
    async with chain(tmp_path, TOO_DEEP) as it:
        logs = await it.ask("filename=app.log")
        assert sorted(logs.lines) == sorted(line for host in CHAIN for line in lines(host))
        assert failing(logs) == {TOO_DEEP: REASON}
        assert logs.verdict.status is Status.RESOURCE_EXHAUSTED
        hits = await it.ask("filename=app.log&step=1m", route="/hits")
        assert (failing(hits), hits.verdict.lines) == ({TOO_DEEP: REASON}, 2 * len(CHAIN))
        files = json.loads((await it.ask("", route="/files")).body)
        assert {part["host"]: part["message"] for part in files["hosts"] if part["status"]} == {TOO_DEEP: REASON}
        async with following(it, "filename=app.log&n=0&timeout=10") as follow:
            append(it.file(CHAIN[-1]), b"2026-11-23T10:01:00Z first")
            await trio.sleep(10)
        assert [line.split()[1] for line in follow.lines] == ["first"]
        assert {notice["host"]: notice["message"] for notice in follow.notices} == {TOO_DEEP: REASON}
