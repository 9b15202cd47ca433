"""Commands where there is no friendly shell around them: signals, closed terminals, cron, other locales."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from testbed.processes import Process, needs, running

pytestmark = pytest.mark.real

LOGAGENT = (sys.executable, "-W", "error", "-m", "logagent")
LINE = "2026-11-28T10:00:00Z ERROR Überlauf im 日本語 log\n"


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    root = tmp_path_factory.mktemp("surroundings")
    (root / "app.log").write_text(LINE, encoding="utf-8")
    (root / "long.log").write_text(LINE * 20_000, encoding="utf-8")
    with running("web-1", root) as process:
        yield process


def follow(agent: Process, stdout: int) -> subprocess.Popen[bytes]:
    """A follow under way, whose first line was printed to `stdout`."""
    command = [*LOGAGENT, "follow", "app.log", "--agent", agent.url]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_a_follow_at_once_and_without_a_word(agent: Process, number: signal.Signals) -> None:
    with follow(agent, subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.send_signal(number)
        assert process.wait(30) == -number
        assert process.stderr.read() == b""


def test_a_terminal_that_is_closed_ends_a_follow(agent: Process) -> None:
    master, slave = pty.openpty()
    with follow(agent, slave) as process:
        os.close(slave)
        os.read(master, 10)
        os.close(master)
        assert process.wait(30) == 141
        assert process.stderr is not None
        assert process.stderr.read() == b""


@pytest.mark.parametrize(
    ("script", "printed", "code"),
    [
        ('"$@" query -n 1 app.log Überlauf --host web-1 | cat', LINE, 0),
        ('"$@" query app.log nothing | cat', "", 1),
        ('"$@" query --host web-1 long.log | head -n 1', LINE, 141),  # as grep's, when SIGPIPE ends it
        ('"$@" query --host web-1 long.log | sed -n "1p;1q"', LINE, 141),
        ('if "$@" grep -q Überlauf long.log; then echo found; fi', "found\n", 0),
    ],
)
@needs("bash")
def test_pipefail_tells_the_verdict(agent: Process, script: str, printed: str, code: int) -> None:
    command = ["bash", "-c", f"set -o pipefail; {script}", "-", *LOGAGENT]
    done = subprocess.run(command, capture_output=True, env={**os.environ, "LOGAGENT_AGENT": agent.url})
    assert (done.stdout.decode(), done.returncode, done.stderr) == (printed, code, b"")


@pytest.mark.parametrize(
    "environ",
    [
        {"PATH": "/usr/bin:/bin", "SHELL": "/bin/sh"},  # cron's: no HOME, no TERM, no LANG
        {"LANG": "C", "LC_ALL": "C"},
        {"LANG": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
        {"TERM": "dumb", "PAGER": "false"},
        {},
    ],
)
def test_neither_home_nor_locale_nor_terminal_are_needed(
    agent: Process, environ: dict[str, str], tmp_path: Path
) -> None:
    command = [*LOGAGENT, "query", "app.log", "Überlauf", "--host", "web-1", "--agent", agent.url]
    done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, env=environ, cwd=tmp_path)
    assert (done.stdout.decode(), done.returncode, done.stderr) == (LINE, 0, b"")


@pytest.mark.parametrize(("closed", "code"), [("<&- 2>&- >/dev/null", 0), ("<&- >&- 2>&-", 2)])
def test_an_answer_fails_only_without_standard_output(agent: Process, closed: str, code: int) -> None:
    command = ["sh", "-c", f'"$@" {closed}', "-", *LOGAGENT, "grep", ".", "app.log", "--agent", agent.url]
    assert subprocess.run(command).returncode == code


def test_a_pattern_file_with_windows_line_ends_holds_the_same_patterns(agent: Process, tmp_path: Path) -> None:
    patterns = tmp_path / "patterns"
    patterns.write_bytes("nothing\r\nÜberlauf\r\n".encode())
    command = [*LOGAGENT, "grep", "-c", "-f", str(patterns), "app.log", "--agent", agent.url]
    assert subprocess.run(command, capture_output=True).stdout == b"1\n"
