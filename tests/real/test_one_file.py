"""One file of settings serves all hosts: each agent lists all of them, itself too."""

from __future__ import annotations

import contextlib
import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from logagent.authority import certs
from testbed.console import Console
from testbed.processes import running

HOSTS = ("web-1", "web-2", "db-1")
SETTINGS = """
tls_ca = "certs/ca.pem"
tls_certificate = "certs/{name}.pem"
tls_key = "certs/{name}-key.pem"

[peer]
"""


@pytest.mark.real
def test_real_agents_share_one_file_and_each_answers_for_all(tmp_path: Path) -> None:
    net = f"127.{os.getpid() // 250 % 250 + 1}.{os.getpid() % 250 + 1}"  # addresses of loopback that nobody else uses
    urls = {host: f"https://{net}.{number}:8443" for number, host in enumerate(HOSTS, 1)}
    certs.init(tmp_path / "certs", now=datetime.now(UTC))
    file = tmp_path / "logagent.toml"
    file.write_text(SETTINGS + "".join(f'{host} = "{url}"\n' for host, url in urls.items()))
    with contextlib.ExitStack() as stack:
        for number, (host, url) in enumerate(urls.items(), 1):
            certs.host(host, tmp_path / "certs", addresses=[f"{net}.{number}"], now=datetime.now(UTC))
            (tmp_path / host).mkdir()
            (tmp_path / host / "app.log").write_text(f"2026-11-23T10:00:0{number}Z of {host}\n")
            stack.enter_context(running(host, tmp_path / host, "--config", str(file), listen=[url]))
        for host, url in urls.items():
            shown = ("--agent", url, "--certs", str(tmp_path / "certs"), "--name", host)
            asked, listed = Console(), Console()
            assert asked.run("query", *shown, "--prefix", "never", "--order", "oldest", "app.log") == 0
            assert (asked.data.splitlines(), asked.talk) == (
                [f"2026-11-23T10:00:0{number}Z of {name}" for number, name in enumerate(HOSTS, 1)],
                "",
            )
            assert listed.run("hosts", *shown, "-o", "json") == 0
            states = {each["name"]: each for each in json.loads(listed.data)["hosts"]}
            assert states.keys() == set(HOSTS)
            assert all(state["reachable"] and not state["message"] for state in states.values())
