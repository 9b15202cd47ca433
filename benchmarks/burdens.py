"""What burdens an agent while bystanders ask it: floods, scans, bombs, liars and readers that do not read."""

from __future__ import annotations

import gzip
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path
from queue import SimpleQueue
from urllib.parse import urlencode, urlsplit

import httpx
import logs
import trio
from paused import NARROW, PausedReader
from processes import Process

from logagent.peers.client.http_client import chunks, connect

FLOODS = Path(__file__).parents[1] / "tests" / "testbed" / "floods.py"
"""The program that floods an agent with tiny frames."""
SCANS, STREAMS = 500, 50
"""Scans at a time, and how many of them share a connection."""
FILES = 100_000
BOMB_PIECE, BOMB_PIECES = 64 * 1024 * 1024, 160
"""Ten gigabytes of text in ten megabytes."""
IDLE_CONNECTIONS, SLOW_READERS = 300, 100
LASTING = 3600
"""Seconds that a flooding process would go on, if it were not ended before."""


@contextmanager
def none() -> Iterator[None]:
    """Nothing: what bystanders are compared with."""
    yield


@contextmanager
def process(*command: str) -> Iterator[None]:
    """A Python program that runs until the context ends."""
    with subprocess.Popen([sys.executable, *command], stdout=subprocess.DEVNULL) as popen:
        try:
            yield
        finally:
            popen.kill()


def frames(agent: Process, kind: str, connections: int) -> Callable[[], AbstractContextManager[object]]:
    """Tiny frames of one kind, as fast as the agent takes them."""
    url = urlsplit(agent.url)
    flooding = [str(FLOODS), kind, str(url.hostname), str(url.port), str(connections), str(LASTING)]
    return lambda: process(*flooding)


def handshakes(agent: Process, connections: int) -> Callable[[], AbstractContextManager[object]]:
    """TLS handshakes by clients without a certificate."""
    url = urlsplit(agent.url)
    program = str(Path(__file__).with_name("handshakes.py"))
    return lambda: process(program, str(url.hostname), str(url.port), str(connections))


@contextmanager
def idle_connections(agent: Process) -> Iterator[None]:
    """Connections that say nothing."""
    url = urlsplit(agent.url)
    with ExitStack() as stack:
        for _ in range(IDLE_CONNECTIONS):
            stack.enter_context(socket.create_connection((str(url.hostname), url.port)))
        yield


@contextmanager
def slow_readers(agent: Process, filename: str) -> Iterator[None]:
    """Clients that ask for a whole file, and stop reading."""
    url = f"{agent.url}/logs?{urlencode({'filename': filename})}"
    with ExitStack() as stack:
        for _ in range(SLOW_READERS):
            stack.enter_context(PausedReader(url, NARROW))
        yield


@contextmanager
def asked(agent: Process, *paths: str, at_a_time: int = 1) -> Iterator[None]:
    """Questions that are asked again as soon as they are answered, so many at a time, from a thread."""
    stops: SimpleQueue[Callable[[], None]] = SimpleQueue()
    thread = threading.Thread(target=trio.run, args=(_ask_all, agent.url, paths, at_a_time, stops))
    thread.start()
    stop = stops.get()
    try:
        yield
    finally:
        stop()
        thread.join()


async def _ask_all(url: str, paths: Sequence[str], at_a_time: int, stops: SimpleQueue[Callable[[], None]]) -> None:
    token = trio.lowlevel.current_trio_token()
    async with trio.open_nursery() as nursery:
        stops.put(lambda: token.run_sync_soon(nursery.cancel_scope.cancel))
        for first in range(0, at_a_time, STREAMS):
            nursery.start_soon(_ask_by_one_connection, url, paths, min(STREAMS, at_a_time - first))


async def _ask_by_one_connection(url: str, paths: Sequence[str], at_a_time: int) -> None:
    async with connect(url) as client, trio.open_nursery() as nursery:
        for number in range(at_a_time):
            nursery.start_soon(_ask_again, client, paths[number % len(paths)])


async def _ask_again(client: httpx.AsyncClient, path: str) -> None:
    while True:
        with suppress(httpx.HTTPError):
            async with client.stream("GET", path) as response:
                async for _ in chunks(response):
                    pass
        await trio.sleep(0.01)


def scan(filename: str) -> str:
    """The question after a word that no line has: it is answered when the whole file was searched."""
    return f"/logs?{urlencode({'hostname': 'alone', 'filename': filename, 'keyword': logs.ABSENT.decode()})}"


def make_bomb(path: Path) -> None:
    """Write an archive of a thousand times as many bytes."""
    path.write_bytes(gzip.compress(bytes(BOMB_PIECE), 9) * BOMB_PIECES)


def make_files(directory: Path) -> None:
    """Make many files of one line."""
    for number in range(FILES):
        if number % 1000 == 0:
            (directory / str(number // 1000)).mkdir(parents=True)
        descriptor = os.open(directory / str(number // 1000) / f"{number}.log", os.O_CREAT | os.O_WRONLY)
        os.write(descriptor, b"2026-03-01T00:00:00Z a line\n")
        os.close(descriptor)
