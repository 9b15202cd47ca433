"""What an agent keeps in memory of many questions of all kinds, once nobody asks any more."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from itertools import count
from pathlib import Path

import httpx
import logs
import processes
import trio
from report import Row, megabytes
from stage import Stage

from logagent.peers.client.http_client import chunks, connect

QUERIES = 100_000
"""With a big file of 1 GB; fewer with a smaller one."""
BYTES_A_QUERY = 10_000
AT_A_TIME = 8
FILE = 1_000_000
MOST = 16e6
AIM = 8e6
SETTLING = 5.0
"""Seconds in which an agent gives back what it only kept for the next question."""
_TEXT, _RECORDS = {"accept": "text/plain"}, {"accept": "application/x-ndjson"}
ANSWERED = [
    ("/logs?filename=app.log&hostname=mixed&n=20", _TEXT, 200),
    ("/logs?filename=app.log&hostname=mixed&n=20", _RECORDS, 200),
    (f"/logs?filename=app.log&hostname=mixed&n=20&keyword={logs.RARE.decode()}", _TEXT, 200),
    ("/hits?filename=app.log&hostname=mixed", {}, 200),
    ("/logs?filename=app.log&n=50", _TEXT, 200),
    ("/logs?filename=app.log&n=50&order=oldest", _RECORDS, 200),
    ("/hits?filename=app.log", {}, 200),
    ("/logs?filename=missing.log", _TEXT, 404),
    ("/logs?filename=app.log&n=many", _TEXT, 400),
    ("/logs?filename=app.log&hostname=mixed&regex=%28", _TEXT, 400),
    ("/files", {}, 200),
    ("/healthz", {}, 200),
]
"""Questions that are answered to their end: of one host and merged, lines, records and counts, and mistakes."""
CANCELLED = "/logs?filename=app.log"
"""All lines of two hosts, of which the client takes some and goes."""


def mixed(stage: Stage) -> list[Row]:
    """The memory of an agent after many questions, over that of the same agent before the first."""
    queries = min(QUERIES, stage.big.size // BYTES_A_QUERY)
    for host in ("mixed", "beside"):
        logs.make(stage.directory / host / "app.log", FILE)
    with (
        _agent(stage.directory, "beside") as peer,
        _agent(stage.directory, "mixed", f"--peer=beside={peer.url}") as agent,
    ):
        idle = agent.memory
        trio.run(_ask_all, agent.url, queries)
        time.sleep(SETTLING)
        kept = agent.memory - idle
    return [
        Row(
            f"memory after {queries:,} mixed queries, idle again",
            f"{megabytes(kept)} over idle",
            f"{megabytes(idle)} idle",
            None,
            f"at most {megabytes(MOST)}, aim {megabytes(AIM)}",
            kept <= MOST,
        )
    ]


def _agent(directory: Path, name: str, *flags: str) -> AbstractContextManager[processes.Process]:
    return processes.agent(name, directory / name, *flags)


async def _ask_all(url: str, queries: int) -> None:
    numbers = count()
    async with connect(url) as client, trio.open_nursery() as nursery:
        for _ in range(AT_A_TIME):
            nursery.start_soon(_ask_some, client, lambda: next(numbers), queries)


async def _ask_some(client: httpx.AsyncClient, next_number: Callable[[], int], queries: int) -> None:
    while (number := next_number()) < queries:
        kind = number % (len(ANSWERED) + 1)
        if kind == len(ANSWERED):
            await _cancelled(client)
            continue
        path, headers, expected = ANSWERED[kind]
        response = await client.get(path, headers=headers)
        if response.status_code != expected:
            raise RuntimeError(f"{path}: HTTP status {response.status_code}, not {expected}")


async def _cancelled(client: httpx.AsyncClient) -> None:
    async with client.stream("GET", CANCELLED) as response:
        await anext(aiter(chunks(response)))
