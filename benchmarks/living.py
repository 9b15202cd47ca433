"""How an agent is to live with: idle, starting, and answering others while it scans."""

from __future__ import annotations

import itertools
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import commands
import logs
import processes
import trio
from report import Row, megabytes, milliseconds, within
from stage import Stage, logs_url

from logagent.peers.client.http_client import connect

HELD_LOOP = Path(__file__).parents[1] / "tests" / "testbed" / "held_loop.py"
"""An agent that tells how long it has held its event loop: in seconds, as the first eight bytes of a file."""
HELD_LINES = 50_000
HELD_SECONDS = 0.005
STARTS = 5
READY_SECONDS = 1.0
IDLE_BYTES = 80e6
SCANS = 4
REQUESTS = 300
REQUEST_EVERY = 0.01
"""Seconds from one request to the next, if it is answered by then."""
REQUEST_SECONDS = 0.025


def idle(stage: Stage) -> list[Row]:
    """What an agent that nobody asks takes, and how soon it is ready."""
    root = stage.directory / "empty"
    root.mkdir()
    ready, python, memory = [], [], []
    for _ in range(STARTS):
        with processes.agent("idle", root) as agent:
            ready.append(agent.ready_after)
            memory.append(agent.memory)
        python.append(_start_python())
    return [
        Row(
            "ready after start",
            milliseconds(median(ready)),
            f"{milliseconds(median(python))} Python itself",
            None,
            f"under {READY_SECONDS:g} s",
            median(ready) < READY_SECONDS,
        ),
        Row(
            "memory of an idle agent",
            megabytes(median(memory)),
            "",
            None,
            f"under {megabytes(IDLE_BYTES)}",
            median(memory) < IDLE_BYTES,
        ),
    ]


def _start_python() -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    return time.perf_counter() - began


def held(stage: Stage) -> list[Row]:
    """How long an agent holds its event loop while it sends lines: the processor time of the longest step of a task."""
    file = stage.directory / "held"
    command = (str(HELD_LOOP), str(file), "serve", "--name", "held", "--root", str(stage.big.path.parent))
    rows = []
    with processes.server("held", (*command, "--listen", "127.0.0.1:0")) as agent:
        url = logs_url(agent, stage.big.path.name, n=HELD_LINES)
        for accept in ("text/plain", "application/x-ndjson", "text/event-stream"):
            commands.fetch(url, lines=HELD_LINES, accept=accept)
            with file.open("r+b") as seen:  # shortened, it would be pulled away from under the agent, which maps it
                seen.write(bytes(8))
            commands.fetch(url, lines=HELD_LINES, accept=accept)
            longest = struct.unpack_from("=d", file.read_bytes())[0]
            target, met = f"at most {milliseconds(HELD_SECONDS)}", longest <= HELD_SECONDS
            rows.append(Row(f"event loop held, {accept}", milliseconds(longest), "", None, target, met))
    return rows


def health(stage: Stage) -> list[Row]:
    """How long small questions take while an agent scans for others."""
    url = logs_url(stage.agent, stage.big.path.name, keyword=logs.RARE.decode())
    alone = trio.run(_ask_health, stage.agent.url)
    with _scanning(url):
        beside = trio.run(_ask_health, stage.agent.url)
    ours, theirs = within(beside, 99), within(alone, 99)
    return [
        Row(
            f"/healthz while {SCANS} scans run, 99 of 100",
            f"{milliseconds(ours)}",
            f"{milliseconds(theirs)} without scans",
            ours / theirs,
            f"under {milliseconds(REQUEST_SECONDS)}",
            ours < REQUEST_SECONDS,
            [f"medians {milliseconds(median(beside))} and {milliseconds(median(alone))}, worst {max(beside):.3f} s"],
        )
    ]


async def _ask_health(url: str) -> list[float]:
    times = []
    async with connect(url) as client:
        await client.get("/healthz")
        for _ in range(REQUESTS):
            began = time.perf_counter()
            (await client.get("/healthz")).raise_for_status()
            times.append(time.perf_counter() - began)
            await trio.sleep(max(0.0, REQUEST_EVERY - times[-1]))
    return times


@contextmanager
def _scanning(url: str) -> Iterator[None]:
    """Scans all the time, by clients of their own."""
    stopping = threading.Event()

    def scan() -> None:
        for _ in itertools.takewhile(lambda _: not stopping.is_set(), itertools.count()):
            commands.fetch(url, lines=logs.RARE_LINES)

    threads = [threading.Thread(target=scan) for _ in range(SCANS)]
    for thread in threads:
        thread.start()
    try:
        time.sleep(0.2)
        yield
    finally:
        stopping.set()
        for thread in threads:
            thread.join()
