"""To whom a command sends its token."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from logagent.config import accounts
from logagent.config.errors import ConfigError
from logagent.core.access.tokens import RANDOM_BYTES, token_of
from logagent.core.outcome import Failure, Status
from logagent.terminal import credential
from logagent.terminal.address import AgentAddress, agent_address
from logagent.terminal.arguments import HostsArguments
from logagent.terminal.credential import FRESH, SentToken
from logagent.terminal.verdicts import FAILED
from testbed.console import Console, typed
from testbed.one_server import says, serving

TOKEN = token_of(bytes(RANDOM_BYTES))
HERE, ELSEWHERE = ("127.0.0.1", 8000), ("10.0.0.2", 8000)
NAMELESS = accounts.nameless_user()


class Connected:
    """A socket that is connected somewhere."""

    def __init__(self, server: tuple[str, int] | None) -> None:
        self.server = server

    def getsockname(self) -> Any:
        return ("127.0.0.1", 40000)

    def getpeername(self) -> Any:
        if self.server is None:
            raise OSError(107, "Transport endpoint is not connected")
        return self.server


def sent(url: str, server: tuple[str, int] | None = None, owner: int | None = None) -> str:
    return SentToken(url, lambda: TOKEN, lambda _: owner).authorization(Connected(server) if server else None)


@pytest.mark.parametrize("url", ["https://web-1:8443", "unix:/run/logagent/agent.sock"])
def test_it_is_sent_over_tls_and_to_unix_sockets(url: str) -> None:
    assert sent(url) == f"Bearer {TOKEN}"


@pytest.mark.parametrize("owner", [0, os.geteuid()])
@pytest.mark.parametrize("server", [HERE, ("::1", 8000, 0, 0), ("::ffff:127.0.0.1", 8000, 0, 0)])
def test_within_this_machine_it_is_sent_to_root_and_to_oneself(server: Any, owner: int) -> None:
    assert sent("http://127.0.0.1:8000", server, owner) == f"Bearer {TOKEN}"


def test_within_this_machine_it_is_sent_to_the_user_whom_agents_run_as(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Failure):
        sent("http://127.0.0.1:8000", HERE, 1)
    monkeypatch.setattr(accounts, "AGENT", "daemon")
    assert sent("http://127.0.0.1:8000", HERE, 1) == f"Bearer {TOKEN}"


@pytest.mark.parametrize(
    ("server", "owner", "said"),
    [
        (HERE, 4711, "user 4711 listens there, neither root, nor logagent, nor the user who asks"),
        (HERE, 1, "user daemon listens there"),
        (HERE, None, "it is not known which user listens there"),
        (HERE, NAMELESS, "it is not known which user listens there"),
        (ELSEWHERE, 0, "the connection leads out of this machine"),
        (None, 0, "its address is not known"),
    ],
)
def test_to_anybody_else_it_is_not_sent_in_cleartext(
    server: tuple[str, int] | None, owner: int | None, said: str
) -> None:
    with pytest.raises(Failure) as failed:
        sent("http://localhost:8000", server, owner)
    assert failed.value.status is Status.PERMISSION_DENIED
    assert failed.value.message.startswith("the token was not sent: ")
    assert said in failed.value.message
    assert failed.value.message.endswith("; the agent may be down; ask over its Unix socket, or by https://")
    assert TOKEN not in failed.value.message


def test_a_connection_that_is_gone_gets_none() -> None:
    token = SentToken("http://127.0.0.1:8000", lambda: TOKEN, lambda _: 0)
    with pytest.raises(Failure, match="its address is not known"):
        token.authorization(Connected(None))


def test_it_is_read_anew_after_a_while() -> None:
    clock, tokens = 0.0, iter(["first", "second"])
    token = SentToken("https://web-1", lambda: next(tokens), clock=lambda: clock)
    assert (token.is_stale, token.authorization(None)) == (False, "Bearer first")
    clock = FRESH
    assert token.is_stale
    token.refresh()
    assert (token.is_stale, token.authorization(None)) == (False, "Bearer second")


def test_one_that_cannot_be_read_any_more_ends_the_answer() -> None:
    def read() -> str:
        if readable:
            return TOKEN
        raise ConfigError("--token-file", "token cannot be read")

    readable = True
    token = SentToken("https://web-1", read)
    readable = False
    with pytest.raises(Failure, match="--token-file: token cannot be read") as failed:
        token.refresh()
    assert failed.value.status is Status.PERMISSION_DENIED


def test_it_does_not_show_itself() -> None:
    token = SentToken("https://web-1", lambda: TOKEN)
    assert TOKEN not in f"{token!r} {token} {AgentAddress('https://web-1', None, token)!r}"


@pytest.mark.real
@pytest.mark.parametrize("command", ["hosts", "files"])
def test_a_bug_is_told_without_it(console: Console, file: str, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    def fails(*_: object) -> str:
        raise ZeroDivisionError

    monkeypatch.setattr(credential, "objection", fails)
    with serving(says()) as address:
        assert console.run(command, "--agent", f"http://{address}", "--token-file", file) == FAILED
    assert "ZeroDivisionError" in console.talk
    assert TOKEN not in console.talk


# What names it.


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "token"
    path.write_text(TOKEN)
    path.chmod(0o600)
    return str(path)


def address(*argv: str, agent: str = "https://web-1:8443", **environ: str) -> AgentAddress:
    return agent_address(typed(HostsArguments, "hosts", "--agent", agent, *argv), environ)


def test_without_a_name_for_it_none_is_sent() -> None:
    assert address().credential is None
    assert address(LOGAGENT_TOKEN_FILE="").credential is None


def test_a_flag_goes_before_the_environment(file: str) -> None:
    for found in (
        address("--token-file", file, LOGAGENT_TOKEN_COMMAND="/no/such"),
        address(LOGAGENT_TOKEN_FILE=file),
        address(f"--token-command=cat {file}", LOGAGENT_TOKEN_FILE="/no/such"),
        address(LOGAGENT_TOKEN_COMMAND=f"cat {file}"),
        address("--token-file", file, agent="unix:/run/agent.sock"),
    ):
        assert found.credential is not None
        assert found.credential.authorization(None) == f"Bearer {TOKEN}"


def test_only_one_is_sent(file: str) -> None:
    with pytest.raises(ConfigError, match="--token-command: one token is sent; leave out this one or --token-file"):
        address("--token-file", file, "--token-command", "x")
    with pytest.raises(ConfigError, match="LOGAGENT_TOKEN_COMMAND: one token is sent"):
        address(LOGAGENT_TOKEN_FILE=file, LOGAGENT_TOKEN_COMMAND="x")


@pytest.mark.parametrize(
    ("argv", "environ", "said"),
    [
        (("--token-file", "/no/such"), {}, "--token-file: no token is sent to http://10.0.0.2:8000, since others"),
        ((), {"LOGAGENT_TOKEN_FILE": "/no/such"}, "ask by https://, or unset LOGAGENT_TOKEN_FILE"),
        (("--token-command", "/no/such"), {}, "or leave out --token-command"),
    ],
)
def test_over_the_network_in_cleartext_none_is_even_read(
    argv: tuple[str, ...], environ: dict[str, str], said: str
) -> None:
    with pytest.raises(ConfigError) as error:
        address(*argv, agent="http://10.0.0.2:8000", **environ)
    assert said in str(error.value)


@pytest.mark.parametrize(
    "argv",
    [
        ("query", "--token", TOKEN, "app.log"),
        ("query", f"--token={TOKEN}", "app.log"),
        ("grep", "--token", TOKEN, "x", "app.log"),
        ("hosts", "app.log", "--token", TOKEN),
        ("ls", "--bearer", TOKEN),
        ("files", f"--password={TOKEN}"),
        ("hosts", TOKEN),
    ],
)
def test_a_token_that_is_typed_is_refused_and_not_repeated(console: Console, argv: tuple[str, ...]) -> None:
    assert console.run(*argv) == 2
    assert TOKEN not in console.talk
    if any(word.startswith("--token") for word in argv):
        assert "takes no token here: every user of this machine can read arguments" in console.talk
        assert "--token-file FILE, or --token-command COMMAND" in console.talk
    if "--bearer" in argv:
        assert "is --token-file FILE meant?" in console.talk
