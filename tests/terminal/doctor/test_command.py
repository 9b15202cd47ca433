"""The command `doctor`: whom it examines, what it prints, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from logagent.terminal.doctor.printing import text
from logagent.terminal.doctor.steps import Examination, Peer, State, Step
from testbed.console import Console
from testbed.one_server import serving

from .test_examining import agent


def settings_in(directory: Path, peers: str, listen: str = "127.0.0.1:0") -> str:
    file = directory / "logagent.toml"
    file.write_text(f'name = "web-1"\nroot = "{directory}"\nlisten = ["{listen}"]\n[peer]\n{peers}')
    return str(file)


def test_all_peers_of_the_settings_are_examined(tmp_path: Path, console: Console) -> None:
    with serving(agent("db-2")) as address:
        file = settings_in(tmp_path, f'db-2 = "http://{address}"\nweb-1 = "http://{address}"\n')
        assert console.run("doctor", "--config", file) == 0
    assert console.data.startswith(f"db-2 http://{address}\n  address     ok         127.0.0.1\n")
    assert console.data.endswith("\nall well: 1 of 1 reached\n")


def test_the_own_agent_is_one_of_them_where_its_port_is_known(tmp_path: Path, console: Console) -> None:
    with serving(agent("web-1")) as address:
        assert console.run("doctor", "--config", settings_in(tmp_path, "", address)) == 0
    assert console.data.startswith(f"web-1 http://{address}\n")


def test_a_peer_that_is_not_well_is_an_exit_code_and_the_last_line(tmp_path: Path, console: Console) -> None:
    file = settings_in(tmp_path, f'db-2 = "unix:{tmp_path}/no.sock"\n')
    assert console.run("doctor", environ={"LOGAGENT_CONFIG": file}) == 3
    assert console.data.splitlines()[-1] == "1 of 1 not well: db-2 (socket)"


def test_an_agent_is_examined_that_is_named(tmp_path: Path, console: Console) -> None:
    with serving(agent("db-2")) as address:
        for argv, environ in ((["--agent", f"http://{address}"], {}), ([], {"LOGAGENT_AGENT": f"http://{address}"})):
            one = Console()
            assert one.run("doctor", *argv, "-o", "json", environ=environ) == 0
            document = json.loads(one.data)
            assert document["well"] is True
            assert [peer["url"] for peer in document["peers"]] == [f"http://{address}"]
            assert document["peers"][0]["steps"][0] == {
                "step": "address",
                "state": "ok",
                "said": "127.0.0.1",
                "mend": "",
            }


def test_that_of_a_context_is_named_too(tmp_path: Path, console: Console) -> None:
    (tmp_path / "logagent").mkdir()
    (tmp_path / "logagent" / "config.toml").write_text(f'[context.p]\nagent = "unix:{tmp_path}/no.sock"\n')
    assert console.run("doctor", "--context", "p", environ={"XDG_CONFIG_HOME": str(tmp_path)}) == 3
    assert f"unix:{tmp_path}/no.sock" in console.data


@pytest.mark.parametrize(
    "argv",
    [
        ("--timeout", "never"),
        ("--config", "/no/such"),
        ("--agent", "ftp://x"),
        ("--agent", "http://a", "--config", "/etc/logagent.toml"),
    ],
)
def test_wrong_usage(argv: tuple[str, ...], console: Console) -> None:
    assert console.run("doctor", *argv) == 2
    assert console.data == ""


def test_text_fits_80_columns_and_holds_what_strangers_say_in_its_line() -> None:
    long = Step("agent", State.FAILED, "says \x1b[2J " + "word " * 60, "mend " * 30)
    found = [Examination(Peer("web-1", "https://web-1:8443", "x"), (long, Step("name", State.NOT_TRIED)))]
    printed = text(found)
    assert max(map(len, printed.splitlines())) <= 80
    assert "\x1b" not in printed
    assert "  not tried              name\n" in printed


def test_agents_in_files_of_targets_are_examined_too(tmp_path: Path, console: Console) -> None:
    targets = tmp_path / "targets.json"
    settings = f'name = "web-1"\nroot = "{tmp_path}"\nlisten = ["127.0.0.1:0"]\ntargets = ["targets.json"]\n'
    (tmp_path / "logagent.toml").write_text(settings)
    with serving(agent("db-2")) as address:
        targets.write_text(json.dumps([{"targets": [address], "labels": {"__scheme__": "http"}}]))
        assert console.run("doctor", "--config", str(tmp_path / "logagent.toml")) == 0
    assert f"http://{address}\n" in console.data
    assert "name        ok         db-2" in console.data
    targets.write_text("x")
    broken = Console()
    assert broken.run("doctor", "--config", str(tmp_path / "logagent.toml")) == 2
    assert broken.talk.startswith(f"logagent: targets: {targets}: ")


def test_peers_are_examined_that_are_named(tmp_path: Path, console: Console) -> None:
    with serving(agent("db-2")) as address:
        assert console.run("doctor", "--peer", f"db-2=http://{address}", "--peer", f"x=unix:{tmp_path}/no") == 3
        contexts = tmp_path / "logagent" / "config.toml"
        contexts.parent.mkdir()
        contexts.write_text(f'[context.edge]\npeers = ["db-2=http://{address}"]\n')
        other = Console()
        assert other.run("doctor", "--context", "edge", environ={"XDG_CONFIG_HOME": str(tmp_path)}) == 0
        hosts = Console()
        hosts.run("hosts", "--context", "edge", environ={"XDG_CONFIG_HOME": str(tmp_path)})
    assert console.data.endswith("1 of 2 not well: x (socket)\n")
    assert other.data.startswith(f"db-2 http://{address}\n")
    assert "db-2" in hosts.data
    assert Console().run("doctor", "--peer", "x=unix:/no", "--config", "/etc/x") == 2
