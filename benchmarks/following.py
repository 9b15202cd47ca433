"""Follows: how soon a line comes, and what hundreds of follows take."""

from __future__ import annotations

import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import httpx
import processes
import trio
from report import Row, milliseconds, within
from stage import Stage

from logagent.peers.client.http_client import chunks, connect

SAMPLES = 100
PATIENCE = 0.2
LATENCY_SECONDS = 0.05
FOLLOWS, CONNECTIONS = 500, 5
LINES = 2000
HOSTS = 100
HOST_LINES = 50
RATE = 10
"""Lines a second of each host."""
IDLE_SECONDS = 5.0
"""Shorter than a heartbeat: none is in it."""
TWICE_SECONDS = 1.0
"""How long a line may still come a second time after all have come, before each counts as come once."""
HELD_SECONDS = 60.0
"""How long anything may take to come, before the measurement is given up."""
HERE = Path(__file__).parent
FOLLOW = "/logs?filename=app.log&follow=true"


class Reader:
    """One follow as text. came: when each line came, with it."""

    def __init__(self, client: httpx.AsyncClient, url: str) -> None:
        self._client = client
        self._url = url
        self._news = trio.Event()
        self.came: list[tuple[int, bytes]] = []

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        headers = {"accept": "text/plain", "accept-encoding": "identity"}
        rest = b""
        async with self._client.stream("GET", self._url, headers=headers) as response:
            response.raise_for_status()
            task_status.started()
            async for chunk in chunks(response):
                now = time.monotonic_ns()
                *lines, rest = (rest + chunk).split(b"\n")
                self.came += [(now, line) for line in lines]
                self._news.set()

    async def has(self, lines: int) -> None:
        while len(self.came) < lines:
            await self._news.wait()
            self._news = trio.Event()


@asynccontextmanager
async def reading(url: str, path: str, follows: int, connections: int) -> AsyncIterator[list[Reader]]:
    """So many follows over so many connections, all begun."""
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(connect(url)) for _ in range(connections)]
        readers = [Reader(clients[number % connections], path) for number in range(follows)]
        async with trio.open_nursery() as nursery:
            for reader in readers:
                await nursery.start(reader.run)
            await trio.sleep(2)
            yield readers
            nursery.cancel_scope.cancel()


def line(text: object) -> bytes:
    moment = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
    return f"{moment}Z {text}\n".encode()


def append(path: Path, text: bytes) -> None:
    with path.open("ab", buffering=0) as file:
        file.write(text)


async def all_come(readers: list[Reader], lines: int) -> None:
    with trio.fail_after(HELD_SECONDS):
        for reader in readers:
            await reader.has(lines)


async def whole_and_once(readers: list[Reader], expected: list[bytes], order: Callable[[bytes], int]) -> bool:
    """Whether each got these lines and no others. order: of the lines that came, before they are compared, as the
    lines of several hosts may come in any that their times allow."""
    await trio.sleep(TWICE_SECONDS)
    return all(sorted((text.split()[1] for _, text in reader.came), key=order) == expected for reader in readers)


def latency(stage: Stage) -> list[Row]:
    """From the write on a secondary to the byte at the client of the primary, over three agents."""
    hosts = {name: _log(stage.directory / "latency" / name) for name in ("one", "two", "three")}
    with ExitStack() as stack:
        secondaries = [stack.enter_context(processes.agent(name, hosts[name].parent)) for name in ("one", "two")]
        peers = [flag for agent in secondaries for flag in ("--peer", f"{agent.name}={agent.url}")]
        primary = stack.enter_context(processes.agent("three", hosts["three"].parent, *peers))
        patience = f"{round(PATIENCE * 1000)}ms"
        bare = trio.run(_latencies, primary.url, [hosts["one"]], "0")
        held = trio.run(_latencies, primary.url, [hosts["one"]], patience)
        busy = trio.run(_latencies, primary.url, list(hosts.values()), patience)
    return [
        Row(
            f"a followed line over three agents, patience {PATIENCE * 1000:g} ms, median",
            milliseconds(median(held)),
            f"{milliseconds(median(bare))} without patience",
            None,
            f"under {milliseconds(LATENCY_SECONDS + PATIENCE)}",
            median(held) < LATENCY_SECONDS + PATIENCE,
            [
                f"the window's own part {milliseconds(median(held) - median(bare))}",
                f"90 of 100 within {milliseconds(within(held, 90))}, without patience {milliseconds(within(bare, 90))}",
                f"where all three write, median {milliseconds(median(busy))}",
            ],
        )
    ]


async def _latencies(url: str, logs: list[Path], patience: str) -> list[float]:
    async with reading(url, f"{FOLLOW}&patience={patience}", 1, 1) as (reader,):
        async with trio.open_nursery() as nursery:
            for log in logs:
                nursery.start_soon(_write_samples, log)
        await all_come([reader], SAMPLES * len(logs))
        return [(came - int(text.split()[1])) / 1e9 for came, text in reader.came]


async def _write_samples(log: Path) -> None:
    for _ in range(SAMPLES):
        append(log, line(time.monotonic_ns()))
        await trio.sleep(random.uniform(0.02, 0.08))


def many(stage: Stage) -> list[Row]:
    """Hundreds of follows of one busy file on one agent."""
    log = _log(stage.directory / "many")
    with processes.agent("many", log.parent, "--max-follows", "2000", "--max-answers", "2000") as agent:
        return trio.run(_many, agent, log)


async def _many(agent: processes.Process, log: Path) -> list[Row]:
    before = agent.memory
    async with reading(agent.url, FOLLOW, FOLLOWS, CONNECTIONS) as readers:
        memory = (agent.memory - before) / FOLLOWS
        idle = await _share_of_a_core(agent)
        busy = agent.cpu_seconds
        for number in range(LINES // 10):
            append(log, b"".join(line(10 * number + place) for place in range(10)))
            await trio.sleep(0.01)
        await all_come(readers, LINES)
        each = (agent.cpu_seconds - busy) / LINES / FOLLOWS
        whole = await whole_and_once(readers, [b"%d" % number for number in range(LINES)], _as_they_came)
    return [
        Row(f"memory of each of {FOLLOWS} follows of one file", f"{memory / 1024:.1f} KiB", "", None, "", None),
        Row("processor time for each line and follow", f"{each * 1e6:.1f} us", "", None, "", None),
        Row(f"{FOLLOWS} follows with nothing to tell", f"{idle:.2%} of a core", "", None, "under 1 %", idle < 0.01),
        Row(f"{LINES} lines, once and in order", "yes" if whole else "no", "", None, "yes", whole),
    ]


async def _share_of_a_core(agent: processes.Process) -> float:
    before = agent.cpu_seconds
    await trio.sleep(IDLE_SECONDS)
    return (agent.cpu_seconds - before) / IDLE_SECONDS


def hosts(stage: Stage) -> list[Row]:
    """Many hosts followed through one primary."""
    directory = stage.directory / "hosts"
    logs = [_log(directory / f"host-{number:03d}") for number in range(HOSTS)]
    with processes.server("hosts", [str(HERE / "hundred.py"), str(directory)]) as secondaries:
        peers = [flag for peer in secondaries.url.split(",") for flag in ("--peer", peer)]
        own = _log(stage.directory / "primary")
        with processes.agent("primary", own.parent, *peers) as primary:
            return trio.run(_hosts, primary, logs)


async def _hosts(primary: processes.Process, logs: list[Path]) -> list[Row]:
    before = primary.memory
    async with reading(primary.url, FOLLOW, 1, 1) as (reader,):
        memory = (primary.memory - before) / HOSTS
        idle = await _share_of_a_core(primary)
        busy, start = primary.cpu_seconds, trio.current_time()
        for number in range(HOST_LINES):
            await trio.sleep_until(start + number / RATE)
            for host, log in enumerate(logs):
                append(log, line(f"{host}/{number}"))
        await all_come([reader], HOST_LINES * HOSTS)
        share = (primary.cpu_seconds - busy) / (trio.current_time() - start)
        expected = [b"%d/%d" % (host, number) for host in range(HOSTS) for number in range(HOST_LINES)]
        whole = await whole_and_once([reader], expected, _by_host)
    return [
        Row(f"memory of the primary for each of {HOSTS} hosts", f"{memory / 1024:.1f} KiB", "", None, "", None),
        Row(f"a follow of {HOSTS} hosts, ten lines a second each", f"{share:.1%} of a core", "", None, "", None),
        Row(f"{HOSTS} hosts with nothing to tell", f"{idle:.2%} of a core", "", None, "under 1 %", idle < 0.01),
        Row(f"{HOST_LINES * HOSTS} lines, each once", "yes" if whole else "no", "", None, "yes", whole),
    ]


def _as_they_came(_: bytes) -> int:
    return 0


def _by_host(text: bytes) -> int:
    """The lines of one host stay as they came."""
    return int(text.partition(b"/")[0])


def _log(directory: Path) -> Path:
    directory.mkdir(parents=True)
    log = directory / "app.log"
    log.touch()
    return log
