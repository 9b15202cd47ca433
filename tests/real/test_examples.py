"""The documents' examples for one host and for many: they run as they are written, on two agents of this machine.

Only what a test must not take is replaced: the hosts' addresses by addresses of loopback that nobody else uses, `/etc`
and `/var/log` by directories of the test.
"""

from __future__ import annotations

import configparser
import contextlib
import gzip
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from logagent.config.loading import load
from logagent.demo.logs import MadeUpHost, local_now
from logagent.terminal import arguments
from testbed.examples import Example, examples_of

HOSTS = {"web-1": "10.0.0.2", "db-2": "10.0.0.3"}
"""The hosts of the examples."""


REVOKED = r"logagent: revoked: .*\nlogagent: each agent needs the new crl\.pem: .*\n"


class Stage:
    """Directories and addresses for the hosts of the examples."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._net = f"127.{os.getpid() // 250 % 250 + 1}.{os.getpid() % 250 + 1}"

    def here(self, text: str, host: str) -> str:
        """An example as it is on one of the hosts."""
        own = f"{self._net}.{HOSTS[host].rpartition('.')[2]}"
        of_host = self.directory / host
        replaced = {"/etc/logagent": of_host / "etc", "/var/log": of_host / "log", "127.0.0.1:8000": f"{own}:8000"}
        for word, other in {**replaced, "0.0.0.0:8443": f"{own}:8443", "10.0.0.": f"{self._net}."}.items():
            text = text.replace(word, str(other))
        return text

    def run(self, example: Example, host: str = "web-1", *, says: str = "", **environ: str) -> str:
        """What a whole block prints; on standard error it says nothing else than `says`, an expression."""
        mine = {name: text for name, text in os.environ.items() if not name.startswith("LOGAGENT_")}
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", self.here(example.text, host)],
            cwd=self.directory,
            env={**mine, "PATH": path, **environ},
            capture_output=True,
            check=False,
            text=True,
            timeout=100,
        )
        assert done.returncode == 0, (example.where, done.stderr)
        assert re.fullmatch(says, done.stderr), (example.where, done.stderr)
        return done.stdout


@contextlib.contextmanager
def serving(stage: Stage, host: str, settings: Example) -> Iterator[dict[str, str]]:
    """An agent of a host with certificates, logs and settings as documented; yields the environment of its commands."""
    of_host = stage.directory / host
    MadeUpHost(of_host / "log", host).tell_past(local_now())
    (of_host / "etc").mkdir()
    for name in ("ca.pem", f"{host}.pem", f"{host}-key.pem"):
        shutil.copy(stage.directory / "certs" / name, of_host / "etc")
    config = of_host / "etc.toml"
    config.write_text(f'name = "{host}"\n{stage.here(settings.text, host)}')  # this machine's is another
    environ = {"LOGAGENT_CONFIG": str(config)}
    command = [sys.executable, "-m", "logagent", "serve"]
    with subprocess.Popen(command, env={**os.environ, **environ}, stdout=subprocess.PIPE) as agent:
        try:
            assert agent.stdout is not None
            assert f"{host} serves".encode() in agent.stdout.readline()
            yield environ
        finally:
            agent.kill()


def copied_to_a_client(stage: Stage) -> Path:
    """The home of somebody whose machine has no agent."""
    home = stage.directory / "home"
    (home / ".logagent").mkdir(parents=True)
    for name in ("ca.pem", "laptop.pem", "laptop-key.pem"):
        shutil.copy(stage.directory / "certs" / name, home / ".logagent")
    return home


@pytest.mark.real
def test_real_two_hosts_with_certificates_answer_as_documented(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    for example in examples_of("authority"):
        if example.document == "README.md":
            assert stage.run(example).count(".pem\n") == 8
    (settings,) = examples_of("settings of two hosts")
    tls_only = replace(settings, text=settings.text.replace('"http://127.0.0.1:8000", ', ""))
    asked = examples_of("host") + examples_of("two hosts")
    with serving(stage, "web-1", settings) as on_web, serving(stage, "db-2", tls_only) as on_db:
        for example, host, environ in [(each, "web-1", on_web) for each in asked] + [(asked[-1], "db-2", on_db)]:
            printed = stage.run(example, host, **environ)
            assert {"web-1", "db-2"} <= {line.split()[0] for line in printed.splitlines()}
        shutil.rmtree(tmp_path / "web-1" / "etc")
        for example in examples_of("client of two hosts"):
            printed = stage.run(example, HOME=str(copied_to_a_client(stage)))
            assert {line.split()[0] for line in printed.splitlines()} == {"web-1", "db-2"}


@pytest.mark.real
def test_real_authorities_are_made_as_documented(tmp_path: Path) -> None:
    for document in ("docs/operating.md", "docs/access.md", "certs/README.md"):
        stage = Stage(tmp_path / document.replace("/", "-"))
        stage.directory.mkdir()
        examples = [example for example in examples_of("authority") if example.document == document]
        assert examples
        for example in examples:
            revokes = "certs revoke" in example.text
            assert stage.run(example, says=REVOKED if revokes else "")
            assert (stage.directory / "certs" / "crl.pem").exists() >= revokes


@pytest.mark.real
def test_real_files_of_this_machine_are_read_as_documented(tmp_path: Path) -> None:
    (tmp_path / "app.log").write_text("2026-11-28T10:00:00Z refused\n2026-11-28T10:00:01Z ok\n")
    (tmp_path / "app.log.1.gz").write_bytes(gzip.compress(b"2026-11-27T10:00:00Z refused\n"))
    (tmp_path / "web.log").write_text("2026-11-28T10:00:00.5Z refused, too\n")
    (example,) = examples_of("local")
    printed = Stage(tmp_path).run(example)
    assert printed.startswith("2026-11-28T10:00:00Z refused\n2026-11-27T10:00:00Z refused\n2026-11-28T10:00:01Z ok\n")
    assert "./app.log:2\n./web.log:1\n2026-11-27T10:00:00Z refused\n" in printed
    assert len(printed.splitlines()) >= 12


@pytest.mark.parametrize("example", examples_of("settings"), ids=lambda example: example.where)
def test_samples_of_settings_can_be_used(example: Example, tmp_path: Path) -> None:
    (tmp_path / "logagent.toml").write_text(example.text.replace("/var/log", str(tmp_path)))
    assert load({}, {}, host="web-1", file=str(tmp_path / "logagent.toml")).name == "web-1"


def test_the_unit_starts_the_agent_with_the_settings_that_commands_look_for(tmp_path: Path) -> None:
    (example,) = examples_of("unit")
    unit = configparser.ConfigParser(strict=True, interpolation=None)
    unit.read_string(example.text)
    program, *argv = unit["Service"]["ExecStart"].split()
    typed = arguments.parse(argv)
    assert program.startswith("/")
    assert isinstance(typed, arguments.ServeArguments)
    assert typed.config == "/etc/logagent.toml"
