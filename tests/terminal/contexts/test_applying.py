"""What a command takes of its context, and what goes before it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hpack import Decoder

from logagent.cli import run
from logagent.config.errors import ConfigError
from logagent.terminal import arguments
from logagent.terminal.contexts.applying import apply
from logagent.terminal.unix_arguments import UnixArguments
from testbed.console import Console
from testbed.one_server import says, serving

FILE = """
current = "prod"

[context.prod]
agent = "https://logs-1:8443"
certs = "/c"
name = "alice"
token_file = "/t"
host = ["web-*", "db-1"]
prefix = "never"
zone = "utc"

[context.other]
agent = "http://127.0.0.1:8001"
ca = "/o/ca.pem"
cert = "/o/me.pem"
key = "/o/me-key.pem"
token_command = "pass show other"
"""
OF_PROD = {"certs": "/c", "name": "alice", "token_file": "/t"}

Given = Callable[..., dict[str, Any]]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(FILE)
    path.chmod(0o600)
    return path


@pytest.fixture
def given(file: Path) -> Given:
    """Returns the arguments of a command as its context has completed them; `told`: what is told."""

    def complete(*argv: str, **environ: str) -> dict[str, Any]:
        typed = arguments.parse(argv)
        assert not isinstance(typed, arguments.UsageText), typed.text
        completed = typed.given if isinstance(typed, UnixArguments) else vars(typed)
        told = apply(completed, str(file), {f"LOGAGENT_{name}": value for name, value in environ.items()})
        return {**completed, "told": told}

    return complete


def part(given: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: given[name] for name in names if given[name]}


SECRETS = ("certs", "name", "ca", "cert", "key", "token_file", "token_command")


@pytest.mark.parametrize(
    "argv",
    [
        ("query", "f"),
        ("follow", "f"),
        ("hits", "f"),
        ("files",),
        ("hosts",),
        ("grep", "x", "f"),
        ("tail", "f"),
        ("cat", "f"),
        ("ls",),
    ],
)
def test_every_command_that_asks_is_in_the_current_context(given: Given, argv: tuple[str, ...]) -> None:
    completed = given(*argv)
    assert completed["agent"] == "https://logs-1:8443"
    assert part(completed, *SECRETS) == OF_PROD
    assert completed.get("host", ("web-*", "db-1")) == ("web-*", "db-1")
    assert completed.get("prefix", "never") == "never"
    assert completed.get("clock", "utc") == "utc"


def test_flags_go_before_the_environment_and_that_before_the_file(given: Given) -> None:
    other = {"agent": "http://127.0.0.1:8001", "ca": "/o/ca.pem", "cert": "/o/me.pem", "key": "/o/me-key.pem"}
    other |= {"token_command": "pass show other"}
    assert part(given("hosts", "--context", "other"), "agent", *SECRETS) == other
    assert part(given("hosts", CONTEXT="other"), "agent", *SECRETS) == other
    assert part(given("hosts", "--context", "prod", CONTEXT="other"), *SECRETS) == OF_PROD


@pytest.mark.parametrize("none", ["", "none"])
def test_none_is_used_for_once(given: Given, none: str) -> None:
    assert part(given("hosts", "--context", none), "agent", *SECRETS) == {}
    assert part(given("hosts", CONTEXT="none"), "agent", *SECRETS) == {}
    assert given("hosts", CONTEXT="")["agent"]  # an empty variable counts as absent


def test_typed_values_go_before_those_of_the_context(given: Given) -> None:
    typed = given("query", "f", "--host", "x", "--prefix", "auto", "--local", "--name", "bob", "--token-command", "p")
    assert part(typed, "host", "prefix", "clock", *SECRETS) == {
        "host": ["x"],
        "prefix": "auto",
        "clock": "local",
        "certs": "/c",
        "name": "bob",
        "token_command": "p",
    }
    assert part(given("hosts", "--certs", "/d", "--context", "other"), *SECRETS) == {
        "certs": "/d",
        "token_command": "pass show other",
    }
    keyed = given("hosts", "--cert", "/d/x.pem", "--key", "/d/x-key.pem", "--context", "other")
    assert (keyed["ca"], keyed["cert"], keyed["key"]) == ("/o/ca.pem", "/d/x.pem", "/d/x-key.pem")


def test_the_environment_goes_before_a_context_that_was_not_typed(given: Given) -> None:
    environ = {"CERTS": "/e", "NAME": "eve", "TOKEN_FILE": "/et"}
    assert part(given("hosts", **environ), "agent", *SECRETS) == {"agent": "https://logs-1:8443"}
    assert part(given("hosts", "--context", "prod", **environ), *SECRETS) == OF_PROD


@pytest.mark.parametrize(
    ("argv", "environ"),
    [(("--agent", "https://evil:8443"), {}), ((), {"AGENT": "https://evil:8443"}), (("--agent", "nonsense://"), {})],
)
def test_another_agent_gets_nothing_that_belongs_to_that_of_the_context(
    given: Given, argv: tuple[str, ...], environ: dict[str, str]
) -> None:
    completed = given("query", "f", *argv, **environ)
    assert part(completed, "host", *SECRETS) == {}
    assert completed["agent"] == (argv[1] if argv else None)
    assert (completed["prefix"], completed["clock"], completed["told"]) == ("never", "utc", [])


def test_whoever_types_both_is_told_what_is_not_sent(given: Given) -> None:
    completed = given("hosts", "--agent", "https://evil:8443", "--context", "prod")
    assert part(completed, *SECRETS) == {}
    assert completed["told"] == ["--agent names another agent than context prod, whose certs is not for that"]


@pytest.mark.parametrize("url", ["https://logs-1:8443", "https://logs-1:8443/"])
def test_the_same_agent_is_no_other(given: Given, url: str) -> None:
    assert part(given("hosts", "--agent", url), *SECRETS) == OF_PROD
    assert part(given("hosts", AGENT=url), *SECRETS) == OF_PROD


def test_a_typed_context_goes_before_an_agent_in_the_environment(given: Given) -> None:
    completed = given("hosts", "--context", "prod", AGENT="https://evil:8443")
    assert part(completed, "agent", *SECRETS) == {"agent": "https://logs-1:8443", **OF_PROD}


@pytest.mark.parametrize("flags", [("-o", "json"), ("--json",), ("-c",), ("--files-with-matches",)])
def test_a_zone_is_no_fault_where_no_times_are_printed(given: Given, flags: tuple[str, ...]) -> None:
    assert given("query", "f", *flags)["clock"] is None


def test_lines_of_context_and_the_context_share_a_flag(given: Given) -> None:
    for command in (("query", "f"), ("follow", "f"), ("grep", "x", "f")):
        both = given(*command, "--context", "3", "--context", "other")
        assert (both["context"], both["agent"]) == ("3", "http://127.0.0.1:8001")
        assert given(*command, "-C", "3")["context"] == given(*command, "--context=3")["context"] == "3"
    assert given("grep", "-4", "x", "f")["context"] == "4"


def test_unknown_contexts_are_told_with_what_named_them(given: Given) -> None:
    for named, argv, environ in (("--context", ("--context", "prd"), {}), ("LOGAGENT_CONTEXT", (), {"CONTEXT": "prd"})):
        with pytest.raises(ConfigError, match=rf"^{named}: .* has no context 'prd'; did you mean 'prod'\?$"):
            given("hosts", *argv, **environ)


def test_a_current_context_that_is_not_there_is_told(given: Given, file: Path) -> None:
    file.write_text('current = "gone"\n')
    with pytest.raises(ConfigError, match=r"config.toml: current: .* has no context 'gone'"):
        given("hosts")


def test_a_host_that_is_none_is_told_by_its_place(given: Given, file: Path) -> None:
    file.write_text(
        'current = "p"\n[context.p]\nagent = "http://a"\nhost = ["{a,b}{1,2,3,4,5,6,7,8}{1,2,3,4,5,6,7,8}"]\n'
    )
    with pytest.raises(ConfigError, match=r"config.toml: context p: host: may be given 64 times at most"):
        given("files")


@pytest.fixture
def environ(file: Path, tmp_path: Path) -> dict[str, str]:
    (tmp_path / "logagent").mkdir()
    file.rename(tmp_path / "logagent" / "config.toml")
    return {"XDG_CONFIG_HOME": str(tmp_path)}


def test_commands_ask_the_agent_of_their_context(environ: dict[str, str], console: Console) -> None:
    assert console.run("hosts", "--context", "other", "--token-file", "/no/such", environ=environ) == 2
    assert console.talk.startswith("logagent: --token-file: /no/such cannot be read")
    assert console.run("hosts", environ=environ) == 2
    file = Path(environ["XDG_CONFIG_HOME"]) / "logagent" / "config.toml"
    assert f"logagent: {file}: context prod: token_file: /t cannot be read" in console.talk


def test_certificates_of_a_context_are_told_by_their_place(environ: dict[str, str], console: Console) -> None:
    file = Path(environ["XDG_CONFIG_HOME"]) / "logagent" / "config.toml"
    for key in ("certs", "ca"):
        file.write_text(f'current = "p"\n[context.p]\nagent = "https://a"\n{key} = "/no/such"\n')
        assert console.run("query", "f", environ=environ) == 2
        assert f"{file}: context p: {key}: /no/such" in console.talk


def test_the_token_of_a_context_is_sent_to_its_agent_alone(tmp_path: Path, console: Console) -> None:
    file, token = tmp_path / "logagent" / "config.toml", tmp_path / "token"
    file.parent.mkdir()
    token.write_text("abc123\n")
    token.chmod(0o600)
    heard: list[bytes] = []

    def listens(connected: Any) -> None:
        heard.append(connected.recv(65536))
        says(b"")(connected)

    with serving(listens) as own, serving(listens) as other:
        file.write_text(f'[context.p]\nagent = "http://{own}"\ntoken_file = "{token}"\n')
        environ = {"XDG_CONFIG_HOME": str(tmp_path), "LOGAGENT_CONTEXT": "p"}
        assert console.run("hosts", environ={**environ, "LOGAGENT_TOKEN_FILE": ""}) == 2
        assert console.run("hosts", "--agent", f"http://{other}", environ=environ) == 2
    assert [b"abc123" in _decoded(each) for each in heard] == [True, False]


def _decoded(sent: bytes) -> bytes:
    """The header block of the first request in what a client of HTTP/2 sends."""
    frames, decoder = sent.removeprefix(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), Decoder()
    while frames:
        length, kind = int.from_bytes(frames[:3]), frames[3]
        if kind == 1:
            return b" ".join(b"=".join(pair) for pair in decoder.decode(frames[9 : 9 + length], raw=True))
        frames = frames[9 + length :]
    return b""


@pytest.mark.parametrize(
    ("environ", "says_what"),
    [
        ({}, "neither HOME nor XDG_CONFIG_HOME says where the file of contexts is"),
        ({"HOME": "/no/such"}, "/no/such/.config/logagent/config.toml: does not exist; a context is made by"),
        ({"HOME": "/no/such", "XDG_CONFIG_HOME": "relative"}, "/no/such/.config/logagent/config.toml: does not exist"),
        ({"HOME": "/x", "XDG_CONFIG_HOME": "/no/such"}, "/no/such/logagent/config.toml: does not exist"),
    ],
)
def test_where_the_file_is_looked_for(environ: dict[str, str], says_what: str, console: Console) -> None:
    assert console.run("hosts", "--context", "prod", environ=environ) == 2
    assert says_what in console.talk


def test_without_a_file_nothing_is_loaded_for_contexts(tmp_path: Path) -> None:
    code = (
        "import sys, io; from logagent.cli import run; from logagent.terminal.streams import Streams;"
        f"environ, streams = {{'HOME': {str(tmp_path)!r}}}, Streams(io.BytesIO(), io.StringIO());"
        "run(['hosts', '--agent', 'unix:/no/such'], environ, streams);"
        "print([name for name in sys.modules if 'contexts' in name or name == 'tomllib'])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout == b"[]\n"


def test_a_broken_file_does_not_matter_where_no_context_is_wanted(tmp_path: Path, console: Console) -> None:
    (tmp_path / "logagent").mkdir()
    (tmp_path / "logagent" / "config.toml").write_text("x =")
    environ = {"XDG_CONFIG_HOME": str(tmp_path)}
    argv = ["hosts", "--agent", "unix:/no/such"]
    run(argv, environ, console.streams)
    assert "is not TOML" in console.talk
    other = Console()
    run([*argv, "--context", "none"], environ, other.streams)
    assert "is not TOML" not in other.talk


def test_peers_of_a_context_are_those_of_flags(file: Path) -> None:
    file.write_text('[context.edge]\npeers = ["web-1=ssh://web-1"]\n[context.list]\npeers_from = "hosts"\n')
    typed = {"agent": None, "told_by": {}, "output": "text", "peer": [], "peers_from": None}
    typed |= dict.fromkeys(("certs", "name", "ca", "cert", "key", "token_file", "token_command"))
    edge = {**typed, "context_name": "edge"}
    apply(edge, str(file), {"LOGAGENT_AGENT": "http://a"})
    assert (edge["peer"], edge["peers_from"], edge["agent"]) == (("web-1=ssh://web-1",), None, None)
    listed = {**typed, "context_name": "list"}
    apply(listed, str(file), {})
    assert (listed["peer"], listed["peers_from"]) == ([], str(file.parent / "hosts"))
    other = {**typed, "context_name": None, "peer": ["db-1=ssh://db-1"]}
    apply(other, str(file), {"LOGAGENT_CONTEXT": "list"})
    assert (other["peer"], other["peers_from"]) == (["db-1=ssh://db-1"], None)
    one = {name: value for name, value in typed.items() if "peer" not in name} | {"context_name": "edge"}
    with pytest.raises(ConfigError, match="context edge: peers: this command asks one agent"):
        apply(one, str(file), {})
