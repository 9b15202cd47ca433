"""One trace id shows the story of one question from the own log of every host, also of one that was left behind."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from testbed.processes import Process, running

pytestmark = pytest.mark.real

LONG = 120.0
"""Seconds that nothing here takes."""
TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
TRACE = f"00-{TRACE_ID}-b7ad6b7169203331-01"
CANARY = "Ca9aryBird"


@contextlib.contextmanager
def agent(directory: Path, name: str, *flags: str) -> Iterator[Process]:
    """An agent with one log, and its own log below its root."""
    root = directory / name
    (root / "logagent").mkdir(parents=True)
    (root / "app.log").write_text(f"2026-11-29T10:00:00Z {name} {CANARY}\n")
    with running(name, root, "--control", "none", "--patience", "1", *flags) as started:
        yield started


def asked(it: Process, *words: str, trace: str = "") -> tuple[int, list[str]]:
    """The exit code of a command, and the lines that it printed."""
    environ = {**os.environ, "TRACEPARENT": trace} if trace else {**os.environ}
    command = [sys.executable, "-m", "logagent", *words, "--agent", it.url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LONG, env=environ, check=False)
    return done.returncode, done.stdout.splitlines()


def own_lines(it: Process, *words: str) -> list[tuple[str, dict[str, Any]]]:
    """Lines of the own logs of all hosts that hold these words, oldest first: each with the host that has it."""
    _, printed = asked(it, "query", "--order", "oldest", "logagent/*.log", *words)
    return [(line.split(" ", 1)[0], json.loads(line[line.index("{") :])) for line in printed]


def wait_until(it: Process, is_there: Any, *words: str) -> list[tuple[str, dict[str, Any]]]:
    """Those lines, once they are as they should be: they are written some moments after what they tell."""
    pause, until = threading.Event(), time.monotonic() + LONG
    while time.monotonic() < until:
        lines = own_lines(it, *words)
        if is_there(lines):
            return lines
        pause.wait(0.1)
    raise AssertionError("\n".join(f"{host} {line}" for host, line in lines))


def events(lines: list[tuple[str, dict[str, Any]]], host: str) -> list[str]:
    return [line["event"] for where, line in lines if where == host]


def test_one_trace_id_shows_the_lines_of_every_host_also_of_one_that_was_left_behind(tmp_path: Path) -> None:
    with agent(tmp_path, "web-1") as one, agent(tmp_path, "web-2") as two:
        peers = [f"--peer={it.name}={it.url}" for it in (one, two)]
        with agent(tmp_path, "web-0", *peers) as primary:
            assert asked(primary, "query", "app.log")[0] == 0  # so that there are connections
            two.popen.send_signal(signal.SIGSTOP)
            code, printed = asked(primary, "query", "app.log", CANARY, trace=TRACE)
            assert (code, len(printed)) == (3, 2)
            meanwhile = wait_until(primary, lambda lines: events(lines, "web-0")[-1:] == ["ended"], TRACE_ID)
            assert {host for host, _ in meanwhile} == {"web-0", "web-1"}
            two.popen.send_signal(signal.SIGCONT)
            lines = wait_until(primary, lambda lines: "ended" in events(lines, "web-2"), TRACE_ID)
    assert events(lines, "web-0")[:3] == ["accepted", "parsed", "asked"]
    assert events(lines, "web-0")[-3:] == ["left_behind", "peer_away", "ended"]
    assert events(lines, "web-1") == ["accepted", "parsed", "ended"]
    assert [line["time"] for _, line in lines] == sorted(line["time"] for _, line in lines)
    assert {line["trace_id"] for _, line in lines} == {TRACE_ID}
    assert all(line["host"] == host for host, line in lines)
    assert CANARY not in str(lines)


def test_follows_of_own_logs_come_to_rest(tmp_path: Path) -> None:
    """Two agents that follow each other's own log, and a page that asks each of them again and again."""
    with contextlib.ExitStack() as stack:
        one = stack.enter_context(agent(tmp_path, "web-1"))
        two = stack.enter_context(agent(tmp_path, "web-2", f"--peer=web-1={one.url}"))
        files = [tmp_path / name / "logagent" / f"{name}.log" for name in ("web-1", "web-2")]
        for it in (one, two):
            command = [sys.executable, "-m", "logagent", "follow", "logagent/*.log", "--agent", it.url]
            popen = stack.enter_context(subprocess.Popen(command, stdout=subprocess.DEVNULL))
            stack.callback(popen.kill)
        before = _rested(files)
        with httpx.Client() as client:
            for _ in range(20):
                for it in (one, two):
                    for route in ("/files", "/healthz", "/hosts", "/readyz", "/metrics"):
                        client.get(it.url + route, timeout=LONG).raise_for_status()
        assert _rested(files) == before


def _is_followed(file: Path) -> bool:
    return file.exists() and '"event":"first_batch"' in file.read_text()


def _rested(files: list[Path]) -> list[int]:
    """The sizes of files once they have not grown for a while, which is many times what a line takes to be written."""
    pause, until, since = threading.Event(), time.monotonic() + LONG, time.monotonic()
    sizes: list[int] = []
    while time.monotonic() < until:
        now = [file.stat().st_size if file.exists() else 0 for file in files]
        if now != sizes:
            sizes, since = now, time.monotonic()
        if all(map(_is_followed, files)) and time.monotonic() - since > 2:
            return sizes
        pause.wait(0.05)
    raise AssertionError(f"they grow and grow: {sizes}")
