"""The Python client and real agents: on Trio, on asyncio and by calls that block, over each way to an agent."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import anyio
import httpx
import pytest

from logagent.authority import certs, client_certs
from logagent.client import (
    Client,
    ConnectionFailed,
    Incomplete,
    LogLine,
    Notice,
    Refused,
    Status,
    SyncClient,
)
from logagent.core.access.tokens import RANDOM_BYTES, token_of
from testbed.processes import Process, running, settled

pytestmark = pytest.mark.real

BACKENDS = ["trio", "asyncio"]
LONG = b"2026-11-23T10:00:03Z " + b"x" * ((1 << 20) - 30)
LINES = [
    b"2026-11-23T10:00:00Z caf\xc3\xa9 \xe2\x80\xa8 one",
    b"2026-11-23T10:00:01.123456789Z \xff\xfe \\xff \x1b[31m",
    b"2026-11-23T10:00:02Z \x00\x01\x85 \r",
    LONG,
    *(b"2026-11-23T10:01:%02dZ number %d" % (number % 60, number) for number in range(3000)),
]


class Fleet(NamedTuple):
    """An agent that is reached in three ways, and what proves who asks."""

    agent: Process
    certs: Path
    token: str

    def ways(self) -> Iterator[dict[str, Any]]:
        """The arguments of clients, one for each way."""
        cleartext, unix, tls = self.agent.urls
        ca, cert, key = (str(self.certs / f"{name}.pem") for name in ("ca", "laptop", "laptop-key"))
        yield {"url": cleartext}
        yield {"url": cleartext, "token": self.token, "compress": True}
        yield {"url": unix, "token": self.token}
        yield {"url": tls, "ca": ca, "token": self.token}
        yield {"url": tls, "ca": ca, "cert": cert, "key": key, "compress": True}


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    directory = tmp_path_factory.mktemp("fleet")
    root, tokens, now = directory / "log", directory / "tokens", datetime.now(UTC)
    root.mkdir()
    (root / "app.log").write_bytes(b"".join(line + b"\n" for line in LINES))
    certs.init(directory, now=now)
    certs.host("web-1", directory, addresses=["127.0.0.1"], now=now)
    client_certs.client("laptop", directory, now=now)
    token = new_token(tokens)
    flags = ["--tokens", str(tokens), "--certs", str(directory), "--client-certificate", "optional"]
    listen = ["http://127.0.0.1:0", f"unix:{directory}/agent.sock", "https://127.0.0.1:0"]
    with running("web-1", root, *flags, listen=listen) as agent:
        yield Fleet(agent, directory, token)


def new_token(tokens: Path) -> str:
    command = [sys.executable, "-m", "logagent", "token", "new", "web-ci", "--tokens", str(tokens)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout.strip()


def on(backend: str, main: Callable[[], Awaitable[None]]) -> None:
    """Run a program, in which nothing waits for ever."""

    async def bounded() -> None:
        with anyio.fail_after(120):
            await main()

    anyio.run(bounded, backend=backend)


def oracle(url: str) -> list[dict[str, Any]]:
    """What stock httpx reads of the whole log, a record a line."""
    body = httpx.get(f"{url}/logs?filename=app.log", headers={"accept": "application/x-ndjson"}, timeout=60).text
    return [json.loads(line) for line in body.split("\n") if line]


def as_record(line: LogLine) -> dict[str, Any]:
    text = {"line": line.line} if line.raw is None else {"line_base64": base64.b64encode(line.raw).decode()}
    return {"time": spelled(line), "host": line.host, "file": line.file, "offset": line.offset, **text}


def spelled(line: LogLine) -> str:
    assert line.time is not None
    assert line.time_ns is not None
    return f"{line.time:%Y-%m-%dT%H:%M:%S}.{line.time_ns % 10**9:09d}Z"


@pytest.mark.parametrize("backend", BACKENDS)
def test_every_way_gives_what_each_line_says(fleet: Fleet, backend: str) -> None:
    *records, _ = oracle(fleet.agent.url)
    assert len(records) == len(LINES)

    async def main() -> None:
        for way in fleet.ways():
            async with Client(**way) as client:
                answer = client.logs("app.log")
                lines = [line async for line in answer]
                assert list(map(as_record, lines)) == records, way
                assert [line.data for line in lines] == LINES[::-1]
                answer.raise_if_incomplete()
                assert [host.name for host in await client.hosts()] == ["web-1"]
                assert [log.name for log in await client.files()] == ["app.log"]

    on(backend, main)


def test_every_way_gives_it_by_calls_that_block(fleet: Fleet) -> None:
    *records, _ = oracle(fleet.agent.url)
    for way in fleet.ways():
        with SyncClient(**way) as client:
            answer = client.logs("app.log")
            assert [as_record(line) for line in answer] == records, way
            answer.raise_if_incomplete()
            assert [(count.file, count.count) for count in client.hits("app.log", by="file")] == [("app.log", 3004)]


@pytest.mark.parametrize("backend", BACKENDS)
def test_who_proves_nothing_that_holds_is_refused(fleet: Fleet, backend: str) -> None:
    other = token_of(bytes(RANDOM_BYTES))

    async def main() -> None:
        async with Client(fleet.agent.url, token=other) as client:
            with pytest.raises(Refused) as refused:
                await client.hosts()
            assert refused.value.status == 401
        async with Client(fleet.agent.urls[2]) as untrusting:
            with pytest.raises(ConnectionFailed, match="certificate"):
                await untrusting.hosts()
        async with Client(fleet.agent.url.replace("http", "https")) as mistaken:
            with pytest.raises(ConnectionFailed, match="https was asked of a port that speaks http"):
                await mistaken.hosts()

    on(backend, main)


@contextmanager
def large(directory: Path, size: int) -> Iterator[Process]:
    """An agent whose log has so many bytes, far more than sockets hold."""
    root = directory / "large"
    root.mkdir()
    line = b"2026-11-23T10:00:00Z " + b"x" * 78 + b"\n"
    (root / "app.log").write_bytes(line * (size // len(line)))
    with running("web-1", root) as agent:
        yield agent


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_answer_that_is_not_read_stops_the_agent_and_one_that_is_left_ends_it(backend: str, tmp_path: Path) -> None:
    with large(tmp_path, 64 << 20) as agent:

        async def main() -> None:
            async with Client(agent.url) as client:
                async with client.logs("app.log") as answer:
                    await anext(answer)
                    read = await anyio.to_thread.run_sync(settled, lambda: agent.bytes_read)
                    assert read < 48 << 20
                async for _ in client.logs("app.log"):
                    break  # without a block of its own
                read = await anyio.to_thread.run_sync(settled, lambda: agent.bytes_read)
                with anyio.move_on_after(0):
                    await anext(client.logs("app.log"))
                assert len([line async for line in client.logs("app.log", n=3)]) == 3

        on(backend, main)
        assert settled(lambda: agent.bytes_read) < 300 << 20


@pytest.mark.parametrize("backend", [*BACKENDS, ""])
def test_a_follow_goes_on_over_agents_that_are_killed_and_started_anew(backend: str, tmp_path: Path) -> None:
    root, told = tmp_path / "log", list[Notice]()
    root.mkdir()
    file = root / "app.log"
    write(file, 0)
    with running("web-1", root) as first:
        url = first.url

        def replaced(listen: str) -> Any:
            first.kill()
            write(file, 3, 4)
            file.rename(root / "app.log.1")
            write(file, 5)
            return running("web-1", root, listen=[listen])

        async def main() -> None:
            async with Client(url) as client:
                async with client.follow("app.log", n=1, on_notice=told.append) as follow:
                    assert (await anext(follow)).line == line(0)
                    write(file, 1, 2)
                    assert [(await anext(follow)).line for _ in range(2)] == [line(1), line(2)]
                    with replaced(url.removeprefix("http://")):
                        write(file, 6)
                        assert [(await anext(follow)).line for _ in range(4)] == list(map(line, (3, 4, 5, 6)))

        if backend:
            on(backend, main)
        else:
            with SyncClient(url) as client, client.follow("app.log", n=1, on_notice=told.append) as follow:
                assert next(follow).line == line(0)
                write(file, 1, 2)
                assert [next(follow).line for _ in range(2)] == [line(1), line(2)]
                with replaced(url.removeprefix("http://")):
                    write(file, 6)
                    assert [next(follow).line for _ in range(4)] == list(map(line, (3, 4, 5, 6)))
    assert [notice.status for notice in told if not notice.host] == [Status.UNAVAILABLE, Status.OK]


def line(number: int) -> str:
    return f"2026-11-23T10:00:{number:02}Z {number}"


def write(file: Path, *numbers: int) -> None:
    with file.open("a") as log:
        log.write("".join(f"{line(number)}\n" for number in numbers))


def test_a_host_that_stands_still_is_named(tmp_path: Path) -> None:
    roots = [tmp_path / name for name in ("web-1", "db-2")]
    for root in roots:
        root.mkdir()
        write(root / "app.log", 1)
    with running("db-2", roots[1]) as secondary:
        flags = ["--peer", f"db-2={secondary.url}", "--patience", "500ms"]
        with running("web-1", roots[0], *flags) as primary:
            os.kill(secondary.popen.pid, signal.SIGSTOP)

            async def main() -> None:
                async with Client(primary.url, raise_if_incomplete=True) as client:
                    answer = client.logs("app.log")
                    assert (await anext(answer)).host == "web-1"
                    with pytest.raises(Incomplete, match="db-2"):
                        await anext(answer)
                    assert [part.host for part in answer.verdict.failing] == ["db-2"]

            try:
                on("asyncio", main)
            finally:
                os.kill(secondary.popen.pid, signal.SIGCONT)


def test_an_agent_that_is_killed_in_the_middle_leaves_no_complete_answer(tmp_path: Path) -> None:
    with large(tmp_path, 16 << 20) as agent, SyncClient(agent.url) as client:
        answer = client.logs("app.log", cursors=True)
        next(answer)
        agent.kill()
        read = 1 + sum(1 for _ in answer)
        assert (answer.verdict.status, answer.verdict.lines) == (Status.UNAVAILABLE, read)
        assert answer.verdict.message.startswith("the answer was cut off: connection lost")
        assert answer.verdict.cursor
