"""Syslog as a target: RFC 5424 over the network, and the form of syslog(3) on a local socket."""

from __future__ import annotations

import json
import logging
import os
import re
import time
from pathlib import Path

import pytest

from logagent.telemetry.own_logs.syslog import LONGEST_MESSAGE, local_syslog, remote_syslog
from testbed.datagram_sockets import daemon
from testbed.own_lines import told


def test_over_the_network_a_line_has_the_header_of_rfc_5424() -> None:
    with daemon() as syslog:
        target = remote_syslog("web-1", *syslog.bound.getsockname())
        assert target.write([told("no\x1b\nlog", logging.WARNING, status=404)]) == 1
        (line,) = syslog.received()
        target.close()
    header, _, message = line.decode().partition(" - - ")
    assert header == f"<28>1 2026-11-20T22:05:27.123456Z web-1 logagent {os.getpid()}"
    assert message.isprintable()
    assert json.loads(message) == {
        "time": "2026-11-20T22:05:27.123456Z",
        "level": "warning",
        "logger": "logagent.web",
        "message": "no\x1b\nlog",
        "host": "web-1",
        "status": 404,
    }


def test_on_a_local_socket_it_has_the_header_of_syslog_3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    path = str(tmp_path / "log")
    try:
        with daemon(path) as syslog:
            target = local_syslog("web-1", path)
            assert target.write([told("a", logging.ERROR)]) == 1
            (line,) = syslog.received()
            target.close()
    finally:
        monkeypatch.undo()
        time.tzset()
    assert re.match(rf'<27>Nov 20 23:05:27 logagent\[{os.getpid()}\]: \{{"time":', line.decode())


def test_a_line_fits_into_what_daemons_take(tmp_path: Path) -> None:
    path = str(tmp_path / "log")
    with daemon(path) as syslog:
        target = local_syslog("web-1", path)
        assert target.write([told("x" * 100_000, error="y" * 100_000)]) == 1
        (line,) = syslog.received()
        target.close()
    assert len(line) <= LONGEST_MESSAGE + 100
    assert json.loads(line.partition(b": ")[2])["cut"] == "message,error"


def test_a_daemon_that_is_not_there_or_takes_nothing_is_not_waited_for(tmp_path: Path) -> None:
    path = str(tmp_path / "log")
    target = local_syslog("web-1", path)
    assert target.write([told()]) == 0
    assert target.fault == "No such file or directory"
    with daemon(path):
        assert 0 < target.write([told()] * 5000) < 5000
    with daemon(path) as syslog:
        assert target.write([told()]) == 1
        assert len(syslog.received()) == 1
        target.close()


def test_a_host_that_nobody_knows_is_a_fault_like_others() -> None:
    target = remote_syslog("web-1", "nobody.invalid", 514)
    assert target.write([told()]) == 0
    assert target.fault
