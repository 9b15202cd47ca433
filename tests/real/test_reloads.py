"""A real agent that is told to reload: certificates renewed on disk, and nothing that leaks."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from logagent.authority import certs
from testbed.processes import Process, running, settled

pytestmark = pytest.mark.real


def reload(control: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "logagent", "reload", "--control", str(control)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def connected(agent: Process, ca: Path) -> ssl.SSLSocket:
    trust = ssl.create_default_context(cafile=ca)
    trust.check_hostname = False
    connection = trust.wrap_socket(socket.create_connection(("127.0.0.1", agent.port), 20))
    connection.settimeout(20)
    return connection


def serial(connection: ssl.SSLSocket) -> str:
    shown = connection.getpeercert()
    assert shown is not None
    return str(shown["serialNumber"])


def read_until(connection: ssl.SSLSocket, text: bytes) -> None:
    received = b""
    while text not in received:
        piece = connection.recv(65536)
        assert piece, received
        received += piece


@pytest.fixture
def control(tmp_path: Path) -> Path:
    return tmp_path / "c.control"


def test_a_renewed_certificate_is_shown_from_then_on_and_a_follow_goes_on(tmp_path: Path, control: Path) -> None:
    log, pki, now = tmp_path / "logs" / "app.log", tmp_path / "pki", datetime.now(UTC)
    log.parent.mkdir()
    log.write_text("2026-11-29T10:00:00Z first\n")
    certs.init(pki, now=now - timedelta(days=1))
    certs.host("web-1", pki, addresses=["127.0.0.1"], now=now)
    flags = ("--certs", str(pki), "--client-certificate", "optional", "--control", str(control))
    with running("web-1", log.parent, *flags, listen=("https://127.0.0.1:0",)) as agent:
        with connected(agent, pki / "ca.pem") as old:
            old.sendall(b"GET /logs?filename=app.log&follow=true&n=1 HTTP/1.1\r\nHost: web-1\r\n\r\n")
            read_until(old, b"first")
            certs.host("web-1", pki, addresses=["127.0.0.1"], now=now, overwrite=True)
            told = reload(control)
            assert told.returncode == 0, told.stderr
            assert told.stdout.startswith("certificates: others now, until ")
            with connected(agent, pki / "ca.pem") as new:
                assert serial(new) != serial(old)
            with log.open("a") as growing:
                growing.write("2026-11-29T10:00:01Z second\n")
            read_until(old, b"second")
        (pki / "web-1.pem").write_text("nothing")
        told = reload(control)
        assert told.returncode == 2
        assert "web-1.pem holds no certificate" in told.stderr
        with connected(agent, pki / "ca.pem") as still:
            assert serial(still)
        assert agent.stop() == 0
    assert not control.exists()


def test_many_reloads_leave_nothing_open(tmp_path: Path, control: Path) -> None:
    pki, now = tmp_path / "pki", datetime.now(UTC)
    certs.init(pki, now=now - timedelta(days=1))
    certs.host("web-1", pki, addresses=["127.0.0.1"], now=now)
    settings, unix = tmp_path / "a.toml", tmp_path / "a.sock"
    states = [
        f'certs = "{pki}"\npatience = 3\n[peer]\ndb-2 = "https://127.0.0.1:9"\n',
        f'patience = 4\nlisten = ["127.0.0.1:0", "unix:{unix}"]\n',
    ]
    settings.write_text(states[1])
    command = [sys.executable, "-W", "error", "-m", "logagent", "serve", "--root", str(tmp_path), "--name", "web-1"]
    command += ["--config", str(settings), "--control", str(control)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as popen:
        try:
            assert popen.stdout is not None
            assert popen.stdout.readline()
            agent = Process("web-1", tmp_path, (), popen)
            os.kill(popen.pid, signal.SIGHUP)
            assert [reload(control).returncode for _ in range(2)] == [0, 0]
            before = settled(lambda: agent.descriptors)
            for count in range(10):
                settings.write_text(states[count % 2])
                os.kill(popen.pid, signal.SIGHUP)
                assert reload(control).returncode == 0
                assert unix.exists() == bool(count % 2)
            assert settled(lambda: agent.descriptors) == before
            settings.write_text("patienc = 3\n")
            os.kill(popen.pid, signal.SIGHUP)
            assert popen.stderr is not None
            while (line := popen.stderr.readline()).startswith(b"reloaded: "):
                pass
            wrong = f"{settings}: unknown setting 'patienc'; did you mean 'patience'?"
            assert line.decode() == f"not reloaded, and nothing is changed: {wrong}\n"
        finally:
            popen.kill()
