"""`logagent stdio` as a process: what it answers, that it listens nowhere, and every way in which it ends."""

from __future__ import annotations

import os
import pty
import pwd
import signal
import subprocess
import sys
from pathlib import Path

import h2.events
import pytest

from testbed.over_pipes import over_pipes

pytestmark = pytest.mark.real


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "app.log").write_bytes(b"2026-11-23T10:00:00Z one\n2026-11-23T10:00:01Z two\n")
    return tmp_path


def test_real_stdio_answers_with_verdicts_listens_nowhere_and_ends_with_its_input(root: Path) -> None:
    with over_pipes(root, "--name", "web-1", LOGAGENT_LISTEN="127.0.0.1:8000", LOGAGENT_PEER="db-2=http://[::1]") as it:
        body, trailers = it.answer("/logs?filename=app.log&n=1")
        assert body == b"2026-11-23T10:00:01Z two\n"
        assert trailers["log-hosts"] == '"web-1";status=0;lines=1'
        assert b"no such file" in it.answer("/logs?filename=other.log")[0]
        assert it.listening == []
        it.stdin.close()
        code, said = it.ended()
    user = pwd.getpwuid(os.geteuid()).pw_name
    assert (code, said.count(b"\n")) == (0, 1)
    assert b"no such file: other.log" in said
    assert user.encode() not in said  # while there is no log of its own, nobody is asked who that is


def test_real_stdio_notes_its_own_user_as_the_caller(root: Path) -> None:
    with over_pipes(root, "--name", "web-1", "--log-to", "stderr") as it:
        it.answer("/logs?filename=app.log&n=1")
        it.stdin.close()
        _, said = it.ended()
    assert f'"unix:{pwd.getpwuid(os.geteuid()).pw_name}@web-1"'.encode() in said


def test_real_stdio_ends_when_nobody_reads_its_answers_any_more(root: Path) -> None:
    with over_pipes(root) as it:
        it.answer("/logs?filename=app.log&n=1")
        it.stdout.close()
        assert it.ended() == (0, b"")


@pytest.mark.parametrize("received", [signal.SIGTERM, signal.SIGHUP], ids=lambda received: received.name)
def test_real_stdio_cuts_a_follow_with_a_verdict_when_it_is_told_to_end(root: Path, received: signal.Signals) -> None:
    with over_pipes(root) as it:
        it.ask("/logs?filename=app.log&follow=true&n=1")
        came: list[h2.events.Event] = []
        for event in it.events():
            came.append(event)
            if isinstance(event, h2.events.DataReceived) and b"two" in event.data:
                it.popen.send_signal(received)
        trailers = next(event.headers for event in came if isinstance(event, h2.events.TrailersReceived))
        assert dict(trailers)["log-complete"] == "false"
        assert it.ended() == (0, b"")


def test_real_stdio_says_what_it_is_for_where_somebody_types_it(root: Path) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "logagent", "stdio", "--root", str(root)]
    for stdin in (theirs, subprocess.DEVNULL):
        done = subprocess.run(command, stdin=stdin, capture_output=True, check=False)
        assert (done.returncode, done.stdout) == (2, b"")
        assert b"`logagent query --peer ssh://HOST ...` starts it on HOST" in done.stderr
    os.close(ours)
    os.close(theirs)
