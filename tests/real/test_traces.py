"""Real agents that send traces to a collector: one trace of all, and an end that waits for no collector."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from testbed.collector import collecting
from testbed.processes import Process, running

pytestmark = pytest.mark.real

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
TRACEPARENT = f"00-{TRACE_ID}-b7ad6b7169203331-01"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "app.log").write_text("2026-11-23T10:00:00Z one\n2026-11-23T10:00:01Z two\n")
    return tmp_path


def query(agent: Process, *more: str, **environ: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "logagent", "query", "--agent", agent.url, "app.log", *more]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, env={**os.environ, **environ}
    )


def test_the_collector_shows_one_trace_from_the_command_through_the_primary_to_each_secondary(root: Path) -> None:
    with collecting() as it, ExitStack() as stack:
        names = ["web-1", "web-2", "web-3"]
        peers: list[str] = []
        agents: list[Process] = []
        for name in reversed(names):
            more = peers if name == "web-1" else []
            agent = stack.enter_context(running(name, root, "--traces", it.url, "--trust-loopback", *more))
            peers += ["--peer", f"{name}={agent.url}"]
            agents.append(agent)
        asked = query(agents[-1], "-o", "json", TRACEPARENT=TRACEPARENT)
        assert json.loads(asked.stdout.splitlines()[-1])["end"]["trace_id"] == TRACE_ID
        pause = threading.Event()
        while len(it.named("GET /logs")) < len(names):
            pause.wait(0.05)
        assert [agent.stop() for agent in agents] == [0, 0, 0]
    tree = [line for line in it.tree(TRACE_ID) if line.split()[1] in ("GET", "ask", "read")]
    assert tree == [
        "web-1 GET /logs",
        "  web-1 ask web-1",
        "    web-1 read",
        "  web-1 ask web-2",
        "    web-2 GET /logs",
        "      web-2 read",
        "  web-1 ask web-3",
        "    web-3 GET /logs",
        "      web-3 read",
    ]
    assert {span.trace for span in it.spans} == {TRACE_ID}
    assert {span.parent for span in it.named("GET /logs", "web-1")} == {TRACEPARENT[36:52]}


def test_a_collector_that_hangs_holds_up_neither_answers_nor_the_end(root: Path) -> None:
    over = threading.Event()

    def hang(handler: BaseHTTPRequestHandler) -> None:
        over.wait()

    with collecting(hang) as it, running("web-1", root, "--traces", it.url, "--trust-loopback") as agent:
        assert [query(agent).returncode for _ in range(3)] == [0, 0, 0]
        assert agent.stop() == 0
        over.set()
