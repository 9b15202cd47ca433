"""The agents that `--peer` and `--peers-from` name."""

from __future__ import annotations

from pathlib import Path

import pytest

from logagent.config.errors import ConfigError
from logagent.terminal.address import AgentAddress
from logagent.terminal.peer_addresses import PeerAddresses
from testbed.console import question_of


def asked(*argv: str, environ: dict[str, str] | None = None) -> PeerAddresses:
    agent = question_of("query", "app.log", *argv, environ=environ).agent
    assert isinstance(agent, PeerAddresses)
    return agent


def test_agents_are_named_by_themselves_or_by_their_host() -> None:
    named = asked("--peer", "ssh://web-1", "--peer", "db-2=ssh://10.0.0.2", "--peer", "own=unix:/run/agent.sock")
    assert named.urls == {"web-1": "ssh://web-1", "db-2": "ssh://10.0.0.2?name=db-2", "own": "unix:/run/agent.sock"}
    assert (named.tls, named.credentials, named.url) == (None, {}, "the agents named by --peer")


def test_an_agent_of_the_environment_does_not_count_beside_them() -> None:
    assert asked("--peer", "ssh://web-1", environ={"LOGAGENT_AGENT": "http://x"}).url == "ssh://web-1"


def test_a_file_names_one_a_line(tmp_path: Path) -> None:
    file = tmp_path / "peers"
    file.write_text("# the shop\n\nweb-1=ssh://10.0.0.5\n  ssh://web-2\n")
    named = asked("--peers-from", str(file), "--peer", "ssh://web-3")
    assert list(named.urls) == ["web-3", "web-1", "web-2"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("ssh://web-1\nssh://-x\n", r"peers:2: must be ssh://"),
        ("ssh://web-1\n\nweb-1=ssh://b\n", r"peers:3: web-1 is named twice"),
        ("db-2\n", "peers:1: must be a name and a URL, such as db-2=https"),
        ("# nobody\n", "--peers-from: .*/peers names no agent; give one a line, such as web-1=ssh://10.0.0.5"),
    ],
)
def test_what_is_wrong_in_a_file_is_told_with_its_line(text: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "peers").write_text(text)
    with pytest.raises(ConfigError, match=told):
        asked("--peers-from", str(tmp_path / "peers"))


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"--peers-from: /no/such: No such file"):
        asked("--peers-from", "/no/such")
    (tmp_path / "peers").write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="is not UTF-8"):
        asked("--peers-from", str(tmp_path / "peers"))


def test_one_agent_beside_several_is_refused() -> None:
    with pytest.raises(ConfigError, match="--agent: names one agent, and --peer several, which it does not know"):
        asked("--agent", "http://127.0.0.1:1", "--peer", "ssh://web-1")


def test_a_program_that_cannot_be_read_is_told_only_where_ssh_is_used() -> None:
    environ = {"LOGAGENT_SSH": "ssh '"}
    with pytest.raises(ConfigError, match="LOGAGENT_SSH: must be a program and options"):
        asked("--peer", "ssh://web-1", environ=environ)
    assert asked("--peer", "a=http://127.0.0.1:1", environ=environ).urls == {"a": "http://127.0.0.1:1"}


def test_a_token_goes_to_those_who_may_have_it_and_over_no_ssh(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("abc.def.ghi")
    token.chmod(0o600)
    several = ("--peer", "ssh://web-1", "--peer", "db-2=http://127.0.0.1:1", "--token-file", str(token))
    assert set(asked(*several).credentials) == {"db-2"}
    with pytest.raises(ConfigError, match=r"no token is sent to http://10\.0\.0\.2:1"):
        asked(*several, "--peer", "app=http://10.0.0.2:1")


def test_one_agent_over_ssh_is_an_agent_like_any() -> None:
    agent = question_of("query", "app.log", "--agent", "ssh://web-1").agent
    assert isinstance(agent, AgentAddress)
    assert agent.url == "ssh://web-1"


def test_a_path_that_is_given_to_several_agents_is_below_their_roots() -> None:
    assert question_of("query", "/var/log/syslog", "--peer", "ssh://web-1").query.files
