"""No answer leaves what only the garbage collector frees: it comes by seldom, and what was read is large."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import NamedTuple

import pytest
import trio
from trio.testing import MockClock

from logagent.peers.client.http_client import chunks
from testbed.broken import Broken
from testbed.cluster import PATIENCE, Host, start_cluster
from testbed.garbage import left_as_garbage

LINES = [b"2026-11-30T10:%02d:%02dZ INFO number %d" % (n // 60 % 60, n % 60, n) for n in range(3000)]
TEXT = b"".join(line + b"\n" for line in LINES)
FILES = {"app.log": TEXT, "app.log.1": TEXT.replace(b"11-30", b"11-29"), "app.log.2.gz": gzip.compress(TEXT)}
RECORDS = "application/x-ndjson"


class Way(NamedTuple):
    """One way to ask."""

    query: str
    route: str = "/logs"
    accept: str = "text/plain"


LOG = "filename=app.log"
WAYS = {
    "newest": Way(f"{LOG}&n=20"),
    "all files": Way(f"{LOG}&rotated=true", accept=RECORDS),
    "oldest": Way(f"{LOG}&order=oldest&n=50"),
    "cut": Way(f"{LOG}&max_bytes=5000"),
    "word": Way(f"{LOG}&keyword=77&n=500"),
    "context": Way(f"{LOG}&regex=7.7&context=2", accept=RECORDS),
    "events": Way(f"{LOG}&unit=event&n=20", accept=RECORDS),
    "range": Way(f"{LOG}&since=2026-11-30T10:05:00Z&until=2026-11-30T10:06:00Z"),
    "glob": Way("filename=*.log&n_per_file=5", accept=RECORDS),
    "hits": Way(f"{LOG}&step=5m&rotated=true", "/hits", "application/json"),
    "hits of a word": Way(f"{LOG}&keyword=7&by=file", "/hits", "application/json"),
    "files": Way("", "/files", "application/json"),
    "hosts": Way("", "/hosts", "application/json"),
    "missing": Way("filename=none.log"),
    "nonsense": Way("n=x"),
    "follow": Way(f"{LOG}&follow=true&timeout=1", accept=RECORDS),
    "events as they come": Way(f"{LOG}&follow=true&timeout=1&n=5", accept="text/event-stream"),
}


def hosts(many: bool) -> dict[str, Host]:
    return {"top": FILES, **({"web1": FILES, "web2": FILES} if many else {})}


@pytest.mark.parametrize("many", [False, True], ids=["one host", "three hosts"])
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
async def test_an_answer_leaves_nothing(autojump_clock: MockClock, tmp_path: Path, way: Way, many: bool) -> None:
    async with start_cluster(tmp_path, hosts(many)) as it, it.client() as client:
        url, headers = f"{way.route}?{way.query}", {"accept": way.accept}
        await client.get(url, headers=headers)
        with left_as_garbage() as left:
            await client.get(url, headers=headers)
            await trio.sleep(2 * PATIENCE)
        assert not left


@pytest.mark.parametrize("way", [WAYS["all files"], WAYS["follow"]], ids=["lines", "follow"])
async def test_an_answer_that_its_client_leaves_leaves_nothing(
    autojump_clock: MockClock, tmp_path: Path, way: Way
) -> None:
    async with start_cluster(tmp_path, hosts(many=True)) as it, it.client() as client:

        async def leave_early() -> None:
            async with client.stream("GET", f"{way.route}?{way.query}", headers={"accept": way.accept}) as response:
                async for _ in chunks(response):
                    break

        await leave_early()
        with left_as_garbage() as left:
            await leave_early()
            await trio.sleep(2 * PATIENCE)
        assert not left


@pytest.mark.parametrize("kind", ["silence", "reset", "refused"])
async def test_an_answer_that_lacks_a_host_leaves_nothing(autojump_clock: MockClock, tmp_path: Path, kind: str) -> None:
    lines = [(2**62, b"the newest")]
    async with start_cluster(tmp_path, {"top": FILES, "web1": FILES, "ill": Broken(kind, lines, at=1)}) as it:
        async with it.client() as client:
            await client.get("/logs?filename=app.log&n=50")
            with left_as_garbage() as left:
                reply = await client.get("/logs?filename=app.log&n=50")
                await trio.sleep(2 * PATIENCE)
        assert reply.status_code == 200
        assert not left
