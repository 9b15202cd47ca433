"""What only a real process shows: memory under a reader that stops, descriptors and threads after many cancels, the
end by a signal, a kill in the middle."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import trio

from logagent.core.outcome import Status
from logagent.core.wire.verdict import from_trailers
from logagent.peers.client.http_client import chunks, connect, trailers
from testbed import held_loop
from testbed.processes import Process, needs, running, settled

pytestmark = pytest.mark.real

LINE = b"2026-11-23T10:00:%02dZ a line of about a hundred bytes, as logs have them, with a number in it: %012d\n"
BIG = 256 * 1024 * 1024


def _grow(file: Path, size: int) -> None:
    block = b"".join(LINE % (number // 1000 % 60, number) for number in range(60_000))
    with file.open("wb") as out:
        while out.tell() < size:
            out.write(block)


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    root = tmp_path_factory.mktemp("big")
    _grow(root / "big.log", BIG)
    with running("big", root, "--graceful", "3") as agent:
        yield agent


PAUSING = """
const http2 = require('http2');
let running = Number(process.argv[3]);
for (let number = running; number > 0; number--) {
  const session = http2.connect(process.argv[1], {settings: {initialWindowSize: 65535}});
  const stream = session.request({':path': process.argv[2]});
  let left = Number(process.argv[4]);
  stream.on('data', (chunk) => {
    if (left < 0) return;
    left -= chunk.length;
    if (left < 0) { stream.pause(); if (--running === 0) console.log('paused'); }
  });
}
"""
READERS = 8


@needs("node")
@pytest.mark.parametrize("taken_before", [0, 1024 * 1024], ids=["at once", "after a while"])
def test_readers_that_stop_reading_cost_little_memory_each_and_stop_the_disk(big: Process, taken_before: int) -> None:
    """Several of them, so that what a process allocates once, whoever asks, weighs little."""
    httpx.get(f"{big.url}/logs?filename=big.log&n=100000")
    memory, read = big.memory, big.bytes_read
    command = ["node", "-e", PAUSING, big.url, "/logs?filename=big.log", str(READERS), str(taken_before)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as node:
        assert node.stdout is not None
        assert node.stdout.readline() == b"paused\n"
        standing = settled(lambda: big.bytes_read)
        grown, taken = big.memory - memory, standing - read
        node.kill()
    assert grown < READERS * 2 * 1024 * 1024
    assert taken < READERS * (taken_before + 2 * 1024 * 1024)


LONGEST_HOLD = 0.005
"""Seconds of a processor for which one task may hold the event loop, in which nobody else is served."""
HOLDING = {
    "text": {"accept": "text/plain"},
    "records": {"accept": "application/x-ndjson"},
    "events": {"accept": "text/event-stream"},
    "compressed": {"accept-encoding": "gzip"},
}


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Process, Path]]:
    """An agent with a log of 4 MB, and the file that tells how long it has held its event loop."""
    directory = tmp_path_factory.mktemp("held")
    (directory / "logs").mkdir()
    _grow(directory / "logs" / "app.log", 4 * 1024 * 1024)
    program = (held_loop.__file__, str(directory / "held"))
    with running("held", directory / "logs", program=program) as agent:
        yield agent, directory / "held"


@pytest.mark.parametrize("headers", HOLDING.values(), ids=HOLDING.keys())
def test_no_answer_holds_the_event_loop(held: tuple[Process, Path], headers: dict[str, str]) -> None:
    """The best of some answers counts, since a processor is slower while others use its caches."""
    agent, file = held
    seen: list[held_loop.Held] = []
    for _ in range(5):
        held_loop.begin_anew(file)
        answer = httpx.get(f"{agent.url}/logs?filename=app.log&n=30000", headers=headers, timeout=60)
        assert answer.status_code == 200
        seen.append(held_loop.read(file))
    assert min(seen).seconds < LONGEST_HOLD, seen


async def test_hundreds_of_cancelled_queries_leave_nothing_behind(tmp_path: Path) -> None:
    for name in ("web0", "web1"):
        (tmp_path / name).mkdir()
        _grow(tmp_path / name / "big.log", 16 * 1024 * 1024)
    with (
        running("web1", tmp_path / "web1") as web1,
        running("web0", tmp_path / "web0", "--peer", f"web1={web1.url}") as web0,
    ):
        async with connect(web0.url) as client:
            await _cancel(client, 50)
            before = [(each.descriptors, each.threads) for each in (web0, web1)]
            await _cancel(client, 150)
            standing = [settled(lambda each=each: each.bytes_read) for each in (web0, web1)]
            assert standing == [each.bytes_read for each in (web0, web1)]
            after = [(each.descriptors, each.threads) for each in (web0, web1)]
            answer = await client.get("/logs?filename=big.log&n=2")
        assert answer.status_code == 200
        for (descriptors, threads), (descriptors_before, threads_before) in zip(after, before, strict=True):
            assert descriptors <= descriptors_before + 1
            assert threads <= max(threads_before, 8)


async def _cancel(client: httpx.AsyncClient, times: int) -> None:
    for _ in range(times):
        with trio.CancelScope() as scope:
            async with client.stream("GET", "/logs?filename=big.log") as response:
                async for _chunk in chunks(response):
                    scope.cancel()
                    await trio.lowlevel.checkpoint()


async def test_secondary_killed_in_the_middle_is_named_and_the_rest_is_whole(tmp_path: Path) -> None:
    for name in ("web0", "web1"):
        (tmp_path / name).mkdir()
        _grow(tmp_path / name / "big.log", 16 * 1024 * 1024)
    with (
        running("web1", tmp_path / "web1") as web1,
        running("web0", tmp_path / "web0", "--peer", f"web1={web1.url}") as web0,
    ):
        async with connect(web0.url) as client:
            url, plain = "/logs?filename=big.log&prefix=true", {"accept-encoding": "identity"}
            async with client.stream("GET", url, headers=plain) as response:
                body = bytearray()
                async for chunk in chunks(response):
                    if not body:
                        web1.kill()
                    body += chunk
                verdict = from_trailers(trailers(response))
    lines = bytes(body).splitlines()
    whole = (tmp_path / "web0" / "big.log").read_bytes().splitlines()
    assert [line.partition(b"big.log: ")[2] for line in lines if line.startswith(b"web0 ")] == whole[::-1]
    assert (verdict.status, verdict.complete) == (Status.UNAVAILABLE, False)
    assert (verdict.hosts[0].host, verdict.hosts[0].status) == ("web1", Status.UNAVAILABLE)


def test_sigterm_ends_an_agent_whose_client_does_not_read(tmp_path: Path) -> None:
    _grow(tmp_path / "big.log", 64 * 1024 * 1024)
    with running("web0", tmp_path, "--graceful", "2") as web0:
        with socket.create_connection(("127.0.0.1", web0.port)) as deaf:
            deaf.sendall(b"GET /logs?filename=big.log HTTP/1.1\r\nhost: web0\r\n\r\n")
            assert deaf.recv(15) == b"HTTP/1.1 200 \r\n"[:15]
            assert web0.stop() == 0


async def test_sigterm_gives_an_answer_under_way_its_verdict(tmp_path: Path) -> None:
    _grow(tmp_path / "big.log", 64 * 1024 * 1024)
    with running("web0", tmp_path, "--graceful", "2") as web0:
        async with connect(web0.url) as client:
            async with client.stream("GET", "/logs?filename=big.log") as response:
                await trio.to_thread.run_sync(web0.popen.send_signal, signal.SIGTERM)
                await trio.sleep(1.5)  # a reader that is slow for longer than answers may go on
                async for _ in chunks(response):
                    pass
                verdict = from_trailers(trailers(response))
        assert (verdict.status, verdict.message) == (Status.UNAVAILABLE, "web0 is stopping")
        assert web0.popen.wait(timeout=30) == 0


@needs("curl")
def test_sigterm_ends_a_follow_at_once_with_its_verdict_and_a_cursor(tmp_path: Path) -> None:
    """It would never end by itself: it is not waited for as others are."""
    (tmp_path / "app.log").write_bytes(b"one\n")
    with running("web0", tmp_path, "--graceful", "3600") as web0:
        url = f"{web0.url}/logs?filename=app.log&follow=true&n=1"
        command = ["curl", "-sSN", "--http2-prior-knowledge", "-H", "accept: application/x-ndjson", url]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as curl:
            assert curl.stdout is not None
            assert json.loads(curl.stdout.readline())["line"] == "one"
            web0.popen.send_signal(signal.SIGTERM)
            *_, last = curl.stdout
        assert curl.returncode == 0
        assert web0.popen.wait(timeout=30) == 0
    verdict = json.loads(last)["end"]
    assert (verdict["status"], verdict["message"]) == (14, "web0 is stopping")
    assert verdict["cursor"]


@needs("curl")
@pytest.mark.parametrize(("size", "rate", "graceful"), [(3, "1M", "8"), (64, "400k", "2")], ids=["in time", "too slow"])
def test_sigterm_never_has_curl_take_a_cut_answer_for_the_whole(
    tmp_path: Path, size: int, rate: str, graceful: str
) -> None:
    """It reads more slowly than the agent sends: the end of its answer lies in the kernel when the signal comes.
    Several megabytes may lie there, which even the slower reader must have taken before the test gives it up."""
    _grow(tmp_path / "a.log", size * 1024 * 1024)
    with running("web0", tmp_path, "--graceful", graceful) as web0:
        command = ["curl", "-sSv", "--http2-prior-knowledge", "--limit-rate", rate, f"{web0.url}/logs?filename=a.log"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as curl:
            assert curl.stdout is not None
            curl.stdout.read(1)
            web0.popen.send_signal(signal.SIGTERM)
            _, talk = curl.communicate(timeout=60)
        assert curl.returncode != 0 or b"< log-status: " in talk
        assert web0.popen.wait(timeout=30) == 0


def test_command_line_exits_3_and_names_the_host_that_is_down(tmp_path: Path) -> None:
    (tmp_path / "app.log").write_bytes(b"2026-11-23T10:00:00Z one\n2026-11-23T10:00:01Z two\n")
    with running("web0", tmp_path, "--peer", "web1=http://127.0.0.1:9") as web0:
        command = [sys.executable, "-m", "logagent", "query", "--agent", web0.url, "--prefix", "never", "app.log"]
        done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    assert done.stdout == b"2026-11-23T10:00:01Z two\n2026-11-23T10:00:00Z one\n"
    assert done.returncode == 3
    assert b"web1" in done.stderr
