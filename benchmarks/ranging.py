"""How fast five minutes are found in a big file, by what is read for it."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from statistics import median

import httpx
import logs
import processes
import trio
from report import Row
from stage import Stage

from logagent.core.times import moments
from logagent.core.times.judgement import Judgement
from logagent.core.times.stamper import Stamper
from logagent.disk.batches.lines import starts_in, times_at_once
from logagent.disk.files.blocks import Block
from logagent.disk.files.reader import Reader
from logagent.disk.times.bisection import bounds
from logagent.disk.times.stamping import FileTimes
from logagent.peers.client.http_client import chunks, connect

SIZE = 4_000_000_000
"""Bytes of the file, which is removed afterwards."""
FIVE_MINUTES = 300 * 10**9
READS = 64
HEALTH_RATIO = 5.0
"""Times as long as `/healthz` takes on the same connection; aimed at is 3."""
SECONDS = 0.010
REPETITIONS = 25


@dataclass(frozen=True, slots=True)
class _Answer:
    """How long it took from opening the file to the bounds, and to a block with lines of the range; and after how many
    reads of how many bytes the bounds were known."""

    bounds_seconds: float
    lines_seconds: float
    reads: int
    bytes_read: int
    judgement: Judgement


def five_minutes(stage: Stage) -> list[Row]:
    """Five minutes out of a file of 4 GB, of which nothing is in the page cache, and again."""
    stage.directory.mkdir(parents=True, exist_ok=True)
    cold, warm = [], []
    with tempfile.TemporaryDirectory(dir=stage.directory) as directory:
        path = logs.make(Path(directory) / "ranging.log", SIZE).path
        for since in _moments(path):
            logs.forget(path)
            cold.append(_ask(path, since, None))
            warm.append(_ask(path, since, cold[-1].judgement))  # as an agent remembers it
        over_http = trio.run(_first_bytes, path)
    return [_row("cold", cold), _row("warm", warm), _http_row(over_http)]


async def _first_bytes(path: Path) -> list[tuple[float, float]]:
    """Seconds from a request to the first byte of its answer, each beside those of `/healthz`, on one connection."""
    with processes.agent("ranging", path.parent) as agent:
        async with connect(agent.url) as client:
            pairs = [
                (await _first_byte(client, path, since), await _health(client))
                for since in [_moments(path)[0], *_moments(path)]
            ]
            return pairs[1:]


async def _health(client: httpx.AsyncClient) -> float:
    began = time.perf_counter()
    (await client.get("/healthz")).raise_for_status()
    return time.perf_counter() - began


async def _first_byte(client: httpx.AsyncClient, path: Path, since: int) -> float:
    span = {"since": moments.spelled(since), "until": moments.spelled(since + FIVE_MINUTES)}
    began = time.perf_counter()
    async with client.stream("GET", "/logs", params={"filename": path.name, **span}) as response:
        async for chunk in chunks(response):
            if chunk:
                return time.perf_counter() - began
    raise RuntimeError(f"no lines of {path} in {span}")


def _http_row(pairs: list[tuple[float, float]]) -> Row:
    seconds, health = [pair[0] for pair in pairs], median(pair[1] for pair in pairs)
    ratio = median(seconds) / health
    return Row(
        f"five minutes of {SIZE / 1e9:.0f} GB, warm, to the first byte over HTTP",
        f"{median(seconds) * 1000:.1f} ms",
        f"{health * 1000:.1f} ms /healthz",
        ratio,
        f"ratio at most {HEALTH_RATIO:g}",
        ratio <= HEALTH_RATIO,
        [f"{max(seconds) * 1000:.1f} ms the slowest of {len(seconds)}"],
    )


def _row(state: str, answers: list[_Answer]) -> Row:
    seconds = median(answer.lines_seconds for answer in answers)
    slowest = max(answer.lines_seconds for answer in answers)
    reads = max(answer.reads for answer in answers)
    kilobytes = median(answer.bytes_read for answer in answers) / 1000
    return Row(
        f"five minutes of {SIZE / 1e9:.0f} GB, {state}, to the first lines",
        f"{seconds * 1e6:.0f} µs, {reads} reads",
        f"{slowest * 1e6:.0f} µs the slowest of {len(answers)}",
        None,
        f"under {SECONDS * 1000:.0f} ms, at most {READS} reads",
        seconds < SECONDS and reads <= READS,
        [
            f"{median(answer.bounds_seconds for answer in answers) * 1e6:.0f} µs to the bounds, {kilobytes:.0f} KB read"
            " for them, without HTTP"
        ],
    )


def _moments(path: Path) -> list[int]:
    """Times spread over the file, so that no two questions look at the same places but the first ones."""
    with path.open("rb") as file:
        first = _stamper(file.fileno()).stamp(file.readline())
        file.seek(-2 * logs.LINE, os.SEEK_END)
        last = _stamper(file.fileno()).stamp(file.read().splitlines()[-1])
    if first is None or last is None:
        raise RuntimeError(f"{path} has no times")
    span = last - first - FIVE_MINUTES
    return [first + span * (2 * number + 1) // (2 * REPETITIONS) for number in range(REPETITIONS)]


def _stamper(descriptor: int) -> Stamper:
    return Stamper(UTC, os.fstat(descriptor).st_mtime_ns)


def _times(stamping: FileTimes, block: Block) -> Sequence[int]:
    """The times of all lines of a block, as a query of a range reads them."""
    starts = starts_in(block, None)
    times = times_at_once(stamping, block, starts)
    return stamping.times(starts, block.body.splitlines()) if times is None else times


def _ask(path: Path, since: int, known: Judgement | None) -> _Answer:
    reads = 0

    def read(descriptor: int, count: int, offset: int) -> bytes:
        nonlocal reads
        reads += 1
        return os.pread(descriptor, count, offset)

    began = time.perf_counter()
    descriptor = os.open(path, os.O_RDONLY)
    try:
        reader = Reader(descriptor, path.name, read=read)
        stamping = FileTimes(reader, UTC, os.fstat(descriptor).st_mtime_ns, known)
        found = bounds(reader, stamping, since, since + FIVE_MINUTES, zone=UTC)
        bounded, looked = time.perf_counter() - began, (reads, reader.bytes_read)
        blocks = (block for block in reader.backward(found.begin, found.end) if isinstance(block, Block))
        while not any(since <= moment < since + FIVE_MINUTES for moment in _times(stamping, next(blocks))):
            pass
        lines_found = time.perf_counter() - began
    finally:
        os.close(descriptor)
    if found.jumped or found.end - found.begin > 1_000_000:
        raise RuntimeError(f"five minutes of {path} are not found, but {found}")
    return _Answer(bounded, lines_found, *looked, stamping.found)
