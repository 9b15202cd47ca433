"""The own log of a real agent: below its root, through a reload, a disk that is full, and a kill."""

from __future__ import annotations

import contextlib
import json
import resource
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

LONG = 60.0
"""Seconds that nothing here takes."""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "root"
    (made / "logagent").mkdir(parents=True)
    (made / "logagent").chmod(0o750)
    (made / "app.log").write_text("2026-11-29T10:00:00Z a line\n")
    return made


@contextlib.contextmanager
def agent(root: Path, *flags: str) -> Iterator[Process]:
    with running("web-1", root, "--control", str(root.parent / "c"), *flags) as started:
        yield started


def lines(root: Path) -> list[dict[str, Any]]:
    text = (root / "logagent/web-1.log").read_text() if (root / "logagent/web-1.log").exists() else ""
    return [json.loads(line) for line in text.splitlines()]


def wait_for(root: Path, message: str, times: int = 1) -> dict[str, Any]:
    """The last line whose message has these words, once there are so many of them."""
    pause, until = threading.Event(), time.monotonic() + LONG
    while time.monotonic() < until:
        with contextlib.suppress(ValueError):
            found = [line for line in lines(root) if message in line["message"]]
            if len(found) >= times:
                return found[-1]
        pause.wait(0.02)
    raise AssertionError((root / "logagent/web-1.log").read_text())


def get(agent: Process, route: str) -> httpx.Response:
    return httpx.get(agent.url + route, timeout=LONG)


def reload(root: Path) -> None:
    command = [sys.executable, "-m", "logagent", "reload", "--control", str(root.parent / "c")]
    subprocess.run(command, check=True, capture_output=True, timeout=LONG)


def test_an_agent_serves_its_own_log_below_its_root_and_what_a_reload_changes_of_it(root: Path) -> None:
    config = root.parent / "logagent.toml"
    config.write_text('log_level = "info"\n')
    with agent(root, "--config", str(config)) as it:
        assert wait_for(root, "starts")["host"] == "web-1"
        assert get(it, "/logs?filename=nope").status_code == 404
        refused = wait_for(root, "GET /logs: no such file: nope")
        assert (refused["status"], refused["level"], refused["logger"]) == (404, "warning", "logagent.refusals")
        told = get(it, f"/logs?filename=logagent/*.log&keyword={refused['trace_id']}&keyword=logagent.refusals").text
        assert json.loads(told.splitlines()[0])["message"] == refused["message"]
        config.write_text('log_level = "error"\n')
        reload(root)
        get(it, "/logs?filename=nothing")
        config.write_text('log_level = "info"\n')
        reload(root)
        wait_for(root, "reloaded: changed: log_level")
        assert it.stop() == 0
    assert [line for line in lines(root) if "nothing" in line["message"]] == []
    assert lines(root)[-1]["message"] == "ends"


def test_a_disk_that_is_full_stops_no_answer_and_what_it_did_not_take_is_told(root: Path) -> None:
    with agent(root) as it:
        wait_for(root, "starts")
        resource.prlimit(it.popen.pid, resource.RLIMIT_FSIZE, (10, resource.RLIM_INFINITY))
        for number in range(20):
            assert get(it, f"/logs?filename=nope-{number}").status_code == 404
            assert get(it, "/logs?filename=app.log").text == "2026-11-29T10:00:00Z a line\n"
        resource.prlimit(it.popen.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        assert wait_for(root, "not written: File too large")["lines"] >= 1


def test_a_directory_that_goes_stops_no_answer_and_one_that_comes_back_is_written_to(root: Path) -> None:
    with agent(root) as it:
        wait_for(root, "starts")
        (root / "logagent").rename(root / "away")
        assert get(it, "/logs?filename=nope-1").status_code == 404
        (root / "logagent").mkdir()
        get(it, "/logs?filename=nope-2")
        assert wait_for(root, "GET /logs: no such file: nope-2")


def test_after_a_kill_the_log_goes_on_in_the_same_file(root: Path) -> None:
    with agent(root) as it:
        wait_for(root, "starts")
        it.kill()
    with agent(root) as it:
        wait_for(root, "starts", 2)
        assert it.stop() == 0
    assert [line["message"] for line in lines(root) if line["message"] in ("starts", "ends")] == [
        "starts",
        "starts",
        "ends",
    ]
