"""Hosts asked over ssh by the command line, with a program in ssh's place that runs the command on this machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from testbed.examples import examples_of
from testbed.ssh_stub import ssh_stub

pytestmark = pytest.mark.real

LINES = {"web-1": b"2026-11-23T10:00:00Z one\n2026-11-23T10:00:02Z three\n", "db-2": b"2026-11-23T10:00:01Z two\n"}


class Ssh:
    """Two hosts with a log each, and commands that ask them."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        mine = {name: text for name, text in os.environ.items() if not name.startswith("LOGAGENT_")}
        self.environ = {**mine, **ssh_stub(directory)}
        for name, content in LINES.items():
            (directory / name).mkdir()
            (directory / name / "app.log").write_bytes(content)

    def peers(self) -> list[str]:
        urls = {name: f"{name}=ssh://{name}?command=logagent%20stdio%20--name%20{name}%20--root%20" for name in LINES}
        return [word for name, url in urls.items() for word in ("--peer", f"{url}{self.directory}/{name}")]

    def start(self, *argv: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "logagent", *argv]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, env=self.environ, stdout=pipe, stderr=pipe, text=True, start_new_session=True)

    def left(self) -> list[str]:
        """The processes that were started for these hosts and are still there."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdecimal():
                try:
                    words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                except OSError:
                    continue
                if str(self.directory) in words:
                    found.append(f"{entry.name} {words}")
        return found


@pytest.fixture
def ssh(tmp_path: Path) -> Iterator[Ssh]:
    it = Ssh(tmp_path)
    yield it
    assert it.left() == []


def test_real_lines_of_hosts_over_ssh_are_merged_and_those_that_fail_are_named(ssh: Ssh) -> None:
    others = ("--peer", "ssh://no-key", "--peer", "ssh://greeting", "--peer", "none=ssh://x?command=no-such-agent")
    query = ssh.start("query", "app.log", *ssh.peers(), *others)
    printed, said = query.communicate(timeout=100)
    assert printed.splitlines() == [
        "web-1 app.log: 2026-11-23T10:00:02Z three",
        "db-2 app.log: 2026-11-23T10:00:01Z two",
        "web-1 app.log: 2026-11-23T10:00:00Z one",
    ]
    assert query.returncode == 3
    assert "no-key: ssh: root@no-key: Permission denied (publickey).; `ssh -o BatchMode=yes no-key` must let" in said
    assert "greeting: prints text before it speaks HTTP/2: 'Welcome'; the shell's start-up files must print" in said
    assert "none: sh: 1: no-such-agent: not found; install logagent there, or name the command" in said or (
        "none: sh: line 1: no-such-agent: command not found; install logagent there" in said
    )


def test_real_a_follow_over_ssh_ends_with_ctrl_c_and_leaves_no_process(ssh: Ssh) -> None:
    follow = ssh.start("follow", "app.log", *ssh.peers())
    assert follow.stdout is not None
    first = {follow.stdout.readline() for _ in range(3)}
    assert {line.rpartition(" ")[2] for line in first} == {"one\n", "two\n", "three\n"}
    with (ssh.directory / "db-2" / "app.log").open("a") as log:
        log.write("2026-11-23T10:00:03Z four\n")
    assert follow.stdout.readline() == "db-2 app.log: 2026-11-23T10:00:03Z four\n"
    os.killpg(follow.pid, signal.SIGINT)
    assert follow.communicate(timeout=60) == ("", "")
    assert follow.returncode == 130


def test_real_grep_reads_hosts_that_a_file_names(ssh: Ssh) -> None:
    peers = ssh.directory / "peers"
    peers.write_text("# the shop\n" + "\n".join(ssh.peers()[1::2]) + "\n")
    grep = ssh.start("grep", "-h", "two", "app.log", "--peers-from", str(peers), "--host", "db-*")
    assert grep.communicate(timeout=100) == ("2026-11-23T10:00:01Z two\n", "")
    assert grep.returncode == 0


def commands_as_documented() -> list[str]:
    """The commands of the document, each with those before it that only write a file."""
    (example,) = examples_of("ssh")
    asking: list[str] = []
    before = ""
    for command in example.commands():
        if "logagent" in command:
            asking.append(before + command)
        else:
            before += f"{command}\n"
    return asking


@pytest.mark.parametrize("command", commands_as_documented())
def test_real_ssh_in_five_minutes_runs_as_documented(command: str, tmp_path: Path) -> None:
    for host in ("web-1", "web-2", "10.0.0.4", "10.0.0.5"):
        (tmp_path / host / "nginx").mkdir(parents=True)
        (tmp_path / host / "nginx" / "error.log").write_text("2026-11-23T10:00:00Z timeout: connection refused\n")
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environ = {**os.environ, **ssh_stub(tmp_path), "PATH": path}
    words, pipe = ["bash", "-o", "pipefail", "-c", command], subprocess.PIPE
    process = subprocess.Popen(
        words, cwd=tmp_path, env=environ, stdout=pipe, stderr=pipe, text=True, start_new_session=True
    )
    assert process.stdout is not None
    assert process.stdout.readline()
    follows = "logagent follow" in command
    if follows:
        os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=50)
    assert said == ""
    assert process.returncode in ((130, -signal.SIGINT) if follows else (0,))
