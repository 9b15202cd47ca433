"""The documents' examples of rights run as they are written, each on an agent of its own, and print what is shown."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from testbed.examples import Example, examples_of

BLOCKS = examples_of("rights")
CASES = [BLOCKS[first : first + 3] for first in range(0, len(BLOCKS), 3)]
"""Of each example its settings, the commands that make credentials, and commands with what they print."""
LOGS = {
    "nginx/access.log": [(0, "GET /")],
    "shop/app.log": [(9, "started"), (0, "order 7 failed")],
    "shop/payments.log": [(0, "card 4111")],
}
"""Lines of the logs, each with its age in days."""
_OTHERWISE = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?Z?)?|[0-9a-f]{32}|\d+\.\d ms| +")
"""What each run prints otherwise: times, traces, milliseconds, and the spaces of a table that holds them."""


class Machine:
    """A directory in place of `/etc` and `/var/log`, and an agent there; addresses are those that it has got."""

    def __init__(self, directory: Path, settings: Example) -> None:
        self.directory = directory
        own = f"127.{os.getpid() // 250 % 250 + 1}.{os.getpid() % 250 + 1}.9:8000"
        self.replaced = {"/etc/logagent": f"{directory}/etc", "/var/log": f"{directory}/log", "127.0.0.1:8000": own}
        now = datetime.now(UTC) - timedelta(hours=1)
        for name, lines in LOGS.items():
            file = directory / "log" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            texts = [f"{now - timedelta(days=days):%Y-%m-%dT%H:%M:%SZ} {text}\n" for days, text in lines]
            file.write_text("".join(texts))
        (directory / "etc").mkdir()
        config = directory / "logagent.toml"
        config.write_text(self.here(settings.text))
        clean = {name: text for name, text in os.environ.items() if not name.startswith("LOGAGENT_")}
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        self.environ = {**clean, "PATH": path, "LOGAGENT_CONFIG": str(config), "COLUMNS": "100"}

    def here(self, text: str) -> str:
        for word, other in self.replaced.items():
            text = text.replace(word, other)
        return text

    def run(self, command: str) -> str:
        """What a command prints, errors behind answers, with the names of the documents."""
        done = subprocess.run(
            ["bash", "-c", self.here(command)],
            cwd=self.directory,
            env=self.environ,
            capture_output=True,
            check=False,
            text=True,
            timeout=60,
        )
        printed = done.stdout + done.stderr
        for word, other in self.replaced.items():
            printed = printed.replace(other, word)
        return printed


def alike(text: str) -> str:
    """What is printed, with all alike that each run prints otherwise."""
    return "".join(f"{_OTHERWISE.sub(' ', line).strip()}\n" for line in text.splitlines())


def answers(example: Example) -> list[tuple[str, str]]:
    """The commands of a console, and what each prints."""
    parts = re.split(r"^\$ (.*)\n", example.text, flags=re.MULTILINE)[1:]
    return [(command, printed) for command, printed in zip(parts[::2], parts[1::2], strict=True)]


@pytest.mark.real
@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0].where)
def test_real_rights_are_as_documented(case: list[Example], tmp_path: Path) -> None:
    settings, making, asking = case
    machine = Machine(tmp_path, settings)
    for command in making.commands():
        assert machine.run(f"umask 077; {command}").count("\n") <= 2, command
    serve = [sys.executable, "-m", "logagent", "serve"]
    with subprocess.Popen(serve, env=machine.environ, stdout=subprocess.PIPE, text=True) as agent:
        try:
            assert agent.stdout is not None
            assert "serves" in agent.stdout.readline()
            for command, printed in answers(asking):
                assert alike(machine.run(command)) == alike(printed), command
        finally:
            agent.kill()
