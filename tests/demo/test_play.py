"""The demonstration: made-up logs, and four agents that end with it, however it ends."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import IO

import pytest

from logagent.demo import logs
from logagent.demo.logs import PAST, MadeUpHost

NOW = datetime(2026, 11, 23, 10, 11, 12, tzinfo=UTC)
FILES = ("alternatives.log", "nginx/access.log", "shop/app.log", "syslog")


def files(directory: Path) -> dict[str, str]:
    return {
        str(path.relative_to(directory)): path.read_text() for path in sorted(directory.rglob("*")) if path.is_file()
    }


def test_past_of_a_host_is_the_same_in_every_run(tmp_path: Path) -> None:
    for run in ("first", "second"):
        MadeUpHost(tmp_path / run, "web-1").tell_past(NOW)
    assert files(tmp_path / "first") == files(tmp_path / "second")
    assert tuple(files(tmp_path / "first")) == FILES


def test_hosts_differ(tmp_path: Path) -> None:
    for name in ("web-1", "web-2"):
        MadeUpHost(tmp_path / name, name).tell_past(NOW)
    first, second = files(tmp_path / "web-1"), files(tmp_path / "web-2")
    assert all(first[file] != second[file] for file in FILES)


def test_alternatives_log_is_as_debian_has_it(tmp_path: Path) -> None:
    MadeUpHost(tmp_path, "web-1").tell_past(NOW)
    updated = [line for line in files(tmp_path)["alternatives.log"].splitlines() if "updated" in line]
    form = r"update-alternatives 2026-11-23 \d\d:\d\d:\d\d: link group \w+ updated to point to /\S+"
    assert len(updated) > 20
    assert all(re.fullmatch(form, line) for line in updated)


def test_stack_traces_follow_their_error(tmp_path: Path) -> None:
    MadeUpHost(tmp_path, "web-1").tell_past(NOW)
    app = files(tmp_path)["shop/app.log"]
    assert re.search(
        r"^2026-11-23T\S+\+00:00 ERROR .*\nTraceback .*\n(  .*\n)+shop\.\S+: cardworks$", app, re.MULTILINE
    )


def test_present_is_appended(tmp_path: Path) -> None:
    host = MadeUpHost(tmp_path, "web-1")
    host.tell_past(NOW)
    before = files(tmp_path)
    for second in range(100):
        host.tell_present(NOW + timedelta(seconds=second))
    after = files(tmp_path)
    assert all(after[file].startswith(before[file]) and len(after[file]) > len(before[file]) for file in FILES)


def test_file_that_has_grown_large_is_rotated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "MAX_FILE", 1000)
    host = MadeUpHost(tmp_path, "web-1")
    for second in range(1000):
        host.tell_present(NOW + timedelta(seconds=second))
        assert all(len(text) < 2000 for text in files(tmp_path).values())
    assert "nginx/access.log.1" in files(tmp_path)


def test_past_ends_before_now(tmp_path: Path) -> None:
    MadeUpHost(tmp_path, "web-1").tell_past(NOW)
    times = [
        datetime.fromisoformat(line.split()[0])
        for line in files(tmp_path)["shop/app.log"].splitlines()
        if line.startswith("2026")
    ]
    assert NOW - PAST <= min(times) <= max(times) < NOW


@pytest.mark.real
def test_real_generator_grows_until_it_is_told_to_end(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "logagent.demo.logs",
        str(tmp_path),
        "--name",
        "web-1",
        "--grow",
        "--every",
        "0.01",
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as generator:
        grown = 0
        while grown < 3:  # the writer is another process: its file is all there is to wait for
            before = _size(tmp_path / "nginx/access.log")
            os.sched_yield()
            grown += _size(tmp_path / "nginx/access.log") > before > 0
        generator.terminate()
        assert (generator.wait(10), generator.communicate()[1]) == (0, b"")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


class Demo:
    """The demonstration as a process, its output line by line."""

    def __init__(self, directory: Path, *argv: str, **environ: str) -> None:
        self.directory = directory
        self.process = subprocess.Popen(
            [sys.executable, "-m", "logagent", "demo", "--directory", str(directory), *argv],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "LOGAGENT_NAME": "misleading", **environ},
            preexec_fn=partial(signal.signal, signal.SIGHUP, signal.SIG_DFL),  # pytest may run under nohup
        )

    @property
    def stdout(self) -> IO[str]:
        assert self.process.stdout is not None
        return self.process.stdout

    def read_until(self, words: str) -> str:
        read = ""
        while words not in read:
            line = self.stdout.readline()
            assert line, f"ended before {words!r}, after:\n{read}"
            read += line
        return read

    def end(self) -> tuple[int, str, str]:
        stdout, stderr = self.process.communicate(timeout=50)
        return self.process.returncode, stdout, stderr

    def agents(self) -> list[int]:
        """The processes of this demonstration that are alive, by what they were started with."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                command = (process / "cmdline").read_bytes()
            except OSError:  # ended meanwhile
                continue
            if b"serve" in command.split(b"\0") and bytes(self.directory) in command:
                found.append(int(process.name))
        return found


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    directory = tmp_path / "demo"
    yield directory
    for left in Demo.agents(_Left(directory)):
        os.kill(left, signal.SIGKILL)


class _Left(Demo):
    """What is left of a demonstration that failed its test."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory


@pytest.mark.real
def test_real_demo_answers_from_four_hosts_and_leaves_no_process(directory: Path) -> None:
    demo = Demo(directory)
    code, stdout, stderr = demo.end()
    assert (code, stderr) == (0, "")
    assert len(re.findall(r"^(?:primary|secondary-\d) alternatives.log: .* updated ", stdout, re.MULTILINE)) == 8
    assert "verdict: OK, complete" in stdout
    assert len(re.findall(r"^  (?:primary|secondary-\d): OK, \d lines$", stdout, re.MULTILINE)) == 4
    assert re.search(
        r"curl --http2 'http://127.0.0.1:\d+/logs\?hostname=secondary-2&filename=alternatives.log&", stdout
    )
    assert demo.agents() == []


@pytest.mark.real
@pytest.mark.parametrize(("ending", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_real_demo_that_is_kept_ends_its_agents_on_a_signal(directory: Path, ending: signal.Signals, code: int) -> None:
    demo = Demo(directory, "--keep")
    demo.read_until("until Ctrl-C")
    assert len(demo.agents()) == 4
    demo.process.send_signal(ending)
    assert demo.end() == (code, "", "")
    assert demo.agents() == []


@pytest.mark.real
def test_real_demo_that_is_interrupted_while_it_starts_leaves_no_process(directory: Path) -> None:
    demo = Demo(directory)
    demo.read_until("secondary-1 answers")
    demo.process.send_signal(signal.SIGINT)
    assert demo.end()[0] == 130
    assert demo.agents() == []


@pytest.mark.real
def test_real_demo_says_why_an_agent_does_not_start_and_leaves_no_process(directory: Path) -> None:
    demo = Demo(directory, TZ="garbage")
    code, _, stderr = demo.end()
    assert code == 2
    assert stderr.startswith("logagent: secondary-1 did not start: logagent: TZ: ")
    assert demo.agents() == []


@pytest.mark.real
def test_real_demo_says_why_it_cannot_make_certificates(directory: Path) -> None:
    (directory / "certs").mkdir(parents=True)
    (directory / "certs" / "ca.pem").write_text("no certificate")
    code, _, stderr = Demo(directory).end()
    assert code == 2
    assert re.fullmatch("logagent: .*ca.*\n", stderr)


@pytest.mark.real
def test_real_demo_in_the_project_keeps_its_certificates_there(tmp_path: Path) -> None:
    (tmp_path / "certs").mkdir()
    (tmp_path / "certs" / "README.md").write_text("Made by `logagent certs`.")
    for _ in range(2):
        command = [sys.executable, "-m", "logagent", "demo"]
        demo = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False, timeout=60, text=True)
        assert (demo.returncode, demo.stderr) == (0, "")
    assert {path.name for path in (tmp_path / "certs" / "demo").iterdir()} >= {"ca.pem", "primary.pem"}
    assert [path.name for path in (tmp_path / "certs").iterdir() if path.is_file()] == ["README.md"]
