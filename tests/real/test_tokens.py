"""Tokens over real sockets: every command sends one, curl does, and nobody else ever sees it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest

from logagent.authority import certs
from logagent.token_file import read
from testbed.processes import Process, needs, running

pytestmark = pytest.mark.real

LINE = "2026-11-23T10:00:00Z one"
COMMANDS = [
    ("query", "app.log"),
    ("grep", "one", "app.log"),
    ("tail", "app.log"),
    ("cat", "app.log"),
    ("ls",),
    ("files",),
    ("hits", "app.log"),
    ("hosts",),
    ("follow", "--timeout", "500ms", "app.log"),
    ("tail", "--timeout", "500ms", "-f", "app.log"),
]


class Fleet(NamedTuple):
    """An agent, its tokens, and one of them."""

    agent: Process
    certs: Path
    tokens: Path
    token: str
    file: Path


def logagent(*argv: str) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("LOGAGENT_")}
    command = [sys.executable, "-W", "error", "-m", "logagent", *argv]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environ)


def new_token(tokens: Path) -> str:
    made = logagent("token", "new", "web-ci", "--tokens", str(tokens))
    assert made.stdout.strip() not in made.stderr
    return made.stdout.strip()


@contextmanager
def started(tmp_path: Path) -> Iterator[Fleet]:
    root, tokens = tmp_path / "log", tmp_path / "tokens"
    root.mkdir()
    (root / "app.log").write_text(f"{LINE}\n")
    certs.init(tmp_path, now=datetime.now(UTC))
    certs.host("web-1", tmp_path, addresses=["127.0.0.1"], now=datetime.now(UTC))
    token, file = new_token(tokens), tmp_path / "token"
    file.write_text(token)
    file.chmod(0o600)
    flags = ["--tokens", str(tokens), "--certs", str(tmp_path), "--client-certificate", "optional"]
    listen = ["http://127.0.0.1:0", f"unix:{tmp_path}/agent.sock", "https://127.0.0.1:0"]
    with running("web-1", root, *flags, listen=listen) as agent:
        yield Fleet(agent, tmp_path, tokens, token, file)


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    with started(tmp_path_factory.mktemp("fleet")) as one:
        yield one


@pytest.fixture
def own_fleet(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Iterator[Fleet]:
    """An agent of the test's own, whose messages are captured."""
    with started(tmp_path) as one:
        yield one


def ways(fleet: Fleet) -> Iterator[tuple[str, ...]]:
    for url in fleet.agent.urls:
        yield "--agent", url, *(("--ca", f"{fleet.certs}/ca.pem") if url.startswith("https:") else ())


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_sends_a_token(fleet: Fleet, command: tuple[str, ...]) -> None:
    way = list(ways(fleet))[COMMANDS.index(command) % 3]
    told = logagent(command[0], *way, "--token-file", str(fleet.file), *command[1:])
    assert told.returncode in (0, 3), told
    assert any(word in told.stdout for word in ("one", "app.log", "web-1")), told
    assert fleet.token not in told.stdout + told.stderr


@pytest.mark.parametrize("command", [("query", "app.log"), ("follow", "app.log"), ("files",), ("hosts",)], ids=" ".join)
def test_the_token_of_another_agent_is_refused(fleet: Fleet, tmp_path: Path, command: tuple[str, ...]) -> None:
    (tmp_path / "token").write_text(new_token(tmp_path / "of-another-agent"))
    told = logagent(command[0], *next(ways(fleet)), "--token-command", f"cat {tmp_path}/token", *command[1:])
    assert told.returncode == 2
    assert "refuses who asks: this agent does not take this token: it has ended, was revoked" in told.stderr


def test_a_revoked_token_is_refused_soon_and_its_successor_taken(own_fleet: Fleet) -> None:
    second = new_token(own_fleet.tokens)
    first = read(own_fleet.tokens)[0].fingerprint
    assert logagent("token", "revoke", first, "--tokens", str(own_fleet.tokens)).returncode == 0

    def asked(token: str) -> int:
        own_fleet.file.write_text(token)
        return logagent(
            "query", "--agent", own_fleet.agent.url, "--token-file", str(own_fleet.file), "app.log"
        ).returncode

    assert 2 in (asked(own_fleet.token) for _ in range(10))
    assert asked(second) == 0


def test_an_agent_that_does_not_prove_its_name_gets_none(fleet: Fleet) -> None:
    told = logagent("query", "--agent", fleet.agent.urls[2], "--token-file", str(fleet.file), "app.log")
    assert told.returncode == 2
    assert "certificate" in told.stderr
    assert "token" not in told.stderr


@needs("curl")
def test_curl_shows_a_token_as_bearer_or_as_a_password(fleet: Fleet) -> None:
    url = f"{fleet.agent.url}/logs?filename=app.log"
    for shown in (
        ["-H", f"Authorization: Bearer {fleet.token}"],
        ["-u", f":{fleet.token}"],
        ["-u", f"me:{fleet.token}"],
    ):
        told = subprocess.run(
            ["curl", "-sS", "-i", *shown, url], capture_output=True, text=True, check=True, timeout=60
        )
        assert told.stdout.startswith("HTTP/1.1 200")
        assert LINE in told.stdout
    for shown in (["-H", f"Authorization: Bearer {fleet.token}x"], ["-u", f"{fleet.token}:"], ["-u", "me:secret"]):
        told = subprocess.run(
            ["curl", "-sS", "-i", *shown, url], capture_output=True, text=True, check=True, timeout=60
        )
        assert told.stdout.startswith("HTTP/1.1 401")
        assert 'www-authenticate: Bearer realm="logagent", error="invalid_token"\n' in told.stdout
        assert "Basic" not in told.stdout.partition("\n\n")[0]
        assert fleet.token not in told.stdout


def visible(pid: int) -> bytes:
    """What others may see of a process, and what it passes on."""
    return b"".join(Path(f"/proc/{pid}/{file}").read_bytes() for file in ("cmdline", "environ", "comm"))


def test_nobody_sees_a_token_that_is_used(own_fleet: Fleet, capfd: pytest.CaptureFixture[str]) -> None:
    argv = ["follow", "--agent", own_fleet.agent.url, "--token-file", str(own_fleet.file), "--verbose", "app.log"]
    following = subprocess.Popen([sys.executable, "-m", "logagent", *argv], stdout=subprocess.PIPE)
    with following:
        assert following.stdout is not None
        assert LINE.encode() in following.stdout.readline()
        seen = visible(following.pid) + visible(own_fleet.agent.popen.pid)
        following.send_signal(signal.SIGINT)
    own_fleet.file.write_text(f"{own_fleet.token[:-1]}{'b' if own_fleet.token[-1] == 'a' else 'a'}")
    logagent("query", "--agent", own_fleet.agent.url, "--token-file", str(own_fleet.file), "app.log")
    subprocess.run(["curl", "-s", "-u", f"{own_fleet.token}:", f"{own_fleet.agent.url}/logs"], check=False, timeout=60)
    logagent("token", "revoke", "web-ci", "--tokens", str(own_fleet.tokens))
    logagent("token", "list", "--tokens", str(own_fleet.tokens))
    written = capfd.readouterr()
    for text in (seen.decode(errors="replace"), written.out, written.err, own_fleet.tokens.read_text()):
        assert own_fleet.token[9:] not in text


LISTENING = """
import os, socket
os.setgroups([]), os.setgid(4711), os.setuid(4711)
with socket.create_server(("127.0.0.1", 0)) as one:
    print(one.getsockname()[1], flush=True)
    accepted, _ = one.accept()
    print(accepted.recv(10000), flush=True)
"""
"""Another user's program, which takes what it is sent."""


@pytest.mark.skipif(os.geteuid() != 0, reason="starts a program as another user")
@pytest.mark.parametrize("command", COMMANDS[::3], ids=" ".join)
def test_another_user_who_listens_gets_nothing(tmp_path: Path, command: tuple[str, ...]) -> None:
    file = tmp_path / "token"
    file.write_text(new_token(tmp_path / "tokens"))
    file.chmod(0o600)
    with subprocess.Popen([sys.executable, "-c", LISTENING], stdout=subprocess.PIPE, text=True) as listening:
        assert listening.stdout is not None
        url = f"http://127.0.0.1:{listening.stdout.readline().strip()}"
        told = logagent(command[0], "--agent", url, "--token-file", str(file), *command[1:])
        assert told.returncode == 2
        assert "the token was not sent: user 4711 listens there, neither root, nor logagent" in told.stderr
        assert listening.stdout.readline() == "b''\n"
