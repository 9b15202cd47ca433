"""`serve --check`: what would be served, where, to whom, and why not; and that it is right when it says so."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from logagent.authority import certs
from logagent.running import checked_listeners
from logagent.running.checked_listeners import why_not
from testbed.console import Console

TABLE = """  sl  local_address rem_address   st
   0: 0100007F:1F40 00000000:0000 0A 00000000
   1: 00000000:1F41 00000000:0000 0A 00000000
   2: 0100007F:1F42 0100007F:0001 01 00000000
"""
TABLE6 = """  sl  local_address remote_address st
   0: 00000000000000000000000000000000:1F43 00000000000000000000000000000000:0000 0A 0
"""


def checked(tmp_path: Path, text: str, *argv: str, environ: dict[str, str] | None = None) -> Console:
    console, file = Console(), tmp_path / "logagent.toml"
    file.write_text(text)
    before = sorted(str(path) for path in tmp_path.rglob("*"))
    code = console.run("serve", "--check", "--config", str(file), *argv, environ=environ or {"TZ": "UTC"})
    assert sorted(str(path) for path in tmp_path.rglob("*")) == before
    assert code == (2 if console.data.splitlines()[-1].startswith("serve would not start") else 0), console.talk
    return console


@pytest.fixture
def log(tmp_path: Path) -> Path:
    log = tmp_path / "log"
    (log / "app").mkdir(parents=True)
    for name in ("app/app.log", "app/app.log.1", "lastlog", "secret.key", "other.log"):
        (log / name).write_text("2026-11-23T10:00:00Z x\n")
    return log


def test_what_would_be_served_where_and_to_whom(tmp_path: Path, log: Path) -> None:
    now = datetime.now(UTC)
    certs.init(tmp_path / "certs", now=now)
    certs.host("web-1", tmp_path / "certs", now=now)
    (log / "out.log").symlink_to("/etc/hostname")
    found = checked(
        tmp_path,
        'name = "web-1"\nroot = "log"\ncerts = "certs"\nskip_files = ["lastlog"]\n'
        'listen = ["https://127.0.0.1:0", "http://127.0.0.1:0"]\n'
        '[peer]\ndb-2 = "https://10.0.0.2:8443"\nweb-1 = "https://10.0.0.1:8443"\n'
        '[[rule]]\nwho = "cert:alice"\naccess = "allow"\n[[rule]]\nwho = "*"\naccess = "deny"\n',
    )
    assert found.talk == ""
    lines = found.data.splitlines()
    assert lines[0] == "name      web-1"
    assert lines[1] == f"serves    {log} as log: 2 logs in 3 files"
    assert "            1 link that leads out of the served roots was left out: out.log" in lines
    assert "            1 is left out of globs by skip_files: lastlog" in lines
    assert "            1 is never served (never_serve, and what holds secrets): secret.key" in lines
    assert "listens   https://127.0.0.1:0" in lines
    assert "          http://127.0.0.1:0 (cleartext)" in lines
    assert "answers   by 2 rules, of which 1 deny; `logagent access check` looks at them" in lines
    assert "          over TLS: a certificate of the authority is required" in lines
    assert any(line.startswith("shows     web-1.pem, which ends on ") for line in lines)
    assert "peers     db-2 https://10.0.0.2:8443" in lines
    assert "          web-1 https://10.0.0.1:8443 (itself, passed over)" in lines
    assert lines[-1] == "serve would start"


def test_files_that_may_not_be_read_are_told(tmp_path: Path, log: Path) -> None:
    (log / "other.log").chmod(0)
    found = checked(tmp_path, 'root = "log"\nlisten = ["127.0.0.1:0"]\n')
    if os.geteuid() != 0:
        assert "1 file may not be read by this agent: other.log" in found.data
    assert "everybody who may ask at all, everything: there are no rules" in found.data


def test_a_root_without_logs_is_told(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    found = checked(tmp_path, 'root = "log"\nlisten = ["127.0.0.1:0"]\n')
    assert f"serves    {tmp_path}/log as log: 0 logs in 0 files" in found.data


def test_all_faults_are_told_at_once(tmp_path: Path, log: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        found = checked(tmp_path, f'root = "log"\nmax_files = 0\nrott = 1\nlisten = ["127.0.0.1:{port}"]\n')
    told = found.talk
    assert "unknown setting 'rott'; did you mean 'root'?" in told
    assert "max_files: must be a whole number from 1" in told
    assert f"listen: http://127.0.0.1:{port}: port {port} is in use; end what listens there" in told
    assert found.data.endswith("serve would not start: 3 faults\n")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('listen = ["https://127.0.0.1:0"]\n', "https://127.0.0.1:0 needs a certificate: give certs"),
        ('listen = ["192.0.2.1:0"]\nallow_cleartext = true\n', "192.0.2.1 is no address of this host"),
        ('listen = ["unix:none/a.sock"]\n', "none is no directory; make it, for the agent's user"),
        ('listen = ["unix:logagent.toml"]\n', "exists, and is no socket; give another path"),
        ('listen = ["127.0.0.1:0"]\ntime_format = ["*=%Q"]\n', "time_format"),
    ],
)
def test_what_only_starting_would_tell_is_told(tmp_path: Path, log: Path, text: str, told: str) -> None:
    assert told in checked(tmp_path, f'root = "log"\n{text}').talk


def test_a_tokens_file_is_summed_up(tmp_path: Path, log: Path) -> None:
    found = checked(tmp_path, 'root = "log"\ntokens = "tokens"\nlisten = ["127.0.0.1:0"]\n')
    assert f"          tokens of nobody ({tmp_path}/tokens)" in found.data


@pytest.mark.parametrize(
    ("url", "is_taken"),
    [
        ("http://127.0.0.1:8000", True),
        ("http://127.0.0.2:8000", False),
        ("http://0.0.0.0:8000", True),
        ("http://127.0.0.1:8001", True),
        ("http://127.0.0.1:8002", False),
        ("http://127.0.0.1:8003", True),
        ("http://127.0.0.1:0", False),
    ],
)
def test_ports_in_use_are_read_from_the_kernels_tables(tmp_path: Path, url: str, is_taken: bool) -> None:
    (tmp_path / "tcp").write_text(TABLE)
    (tmp_path / "tcp6").write_text(TABLE6)
    assert ("is in use" in why_not(url, tmp_path)) == is_taken


def test_a_low_port_takes_root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "first").write_text("1024\n")
    monkeypatch.setattr(checked_listeners, "FIRST_FREE", tmp_path / "first")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert "port 80 takes root, or CAP_NET_BIND_SERVICE; give one from 1024" in why_not("http://127.0.0.1:80", tmp_path)


def test_a_socket_that_somebody_listens_on(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(tmp_path / "a.sock"))
        assert why_not(f"unix:{tmp_path}/a.sock") == ""  # left by one that is gone
        one.listen()
        assert why_not(f"unix:{tmp_path}/a.sock").startswith(f"somebody listens on {tmp_path}/a.sock already")


@pytest.mark.real
def test_real_agent_starts_where_the_check_says_so(tmp_path: Path, log: Path) -> None:
    file = tmp_path / "logagent.toml"
    found = checked(tmp_path, 'name = "web-1"\nroot = "log"\nlisten = ["127.0.0.1:0", "unix:a.sock"]\n')
    assert found.data.endswith("serve would start\n")
    command = [sys.executable, "-m", "logagent", "serve", "--config", str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as agent:
        assert agent.stdout is not None
        assert "web-1 serves" in agent.stdout.readline()
        again = Console()
        assert again.run("serve", "--check", "--config", str(file)) == 2
        assert "somebody listens on" in again.talk
        agent.terminate()
