"""Every example in the documents that asks the demonstration runs against it as it is written.

A command must end with 0 and print at least a line; one that follows prints its first line and ends with Ctrl-C. Where
an answer is shown, the lines of its verdict come as they are shown, but for their numbers.
"""

from __future__ import annotations

import os
import re
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from testbed.demonstration import Demo, nothing_left
from testbed.examples import Example, examples_of

pytestmark = pytest.mark.real

FOLLOWS = re.compile(r"\blogagent follow\b|\blogagent (?:query|tail)\b.* -[fF]\b|follow=true")
OTHER_PROGRAMS = ("curl", "jq")
"""Programs that examples use and a machine may lack; there the examples with them are left out."""
AT_A_TIME = 2
"""Examples that run at the same time: they wait for the agents more than they compute."""


class Shell:
    """A newcomer's shell, in which the demonstration's own words were typed; `tried` counts commands."""

    def __init__(self, export: str, directory: Path) -> None:
        assigned = dict(word.split("=", 1) for word in export.split()[1:])
        here = {name: text for name, text in os.environ.items() if not name.startswith("LOGAGENT_")}
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        self.environ = {**here, "PATH": path, "LOGAGENT_AGENT": assigned["LOGAGENT_AGENT"]}
        self.directory = directory
        self.tried = 0

    def start(self, command: str) -> subprocess.Popen[str]:
        self.tried += 1
        return subprocess.Popen(
            ["bash", "-o", "pipefail", "-c", command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environ,
            cwd=self.directory,
            start_new_session=True,
        )

    def wrong(self, command: str) -> str:
        """What is wrong with a command; nothing, if it gives lines and ends well."""
        process = self.start(command)
        if FOLLOWS.search(command):
            assert process.stdout is not None
            first = process.stdout.readline()
            os.killpg(process.pid, signal.SIGINT)
            allowed: tuple[int, ...] = (130, -signal.SIGINT)
        else:
            first, allowed = "", (0,)
        stdout, stderr = process.communicate(timeout=100)
        if process.returncode in allowed and (first or stdout).strip():
            return ""
        return f"{command!r} exits with {process.returncode}, prints {len(first + stdout)} characters, says {stderr!r}"


def can_be_tried(command: str, environ: Mapping[str, str]) -> bool:
    lacking = [program for program in OTHER_PROGRAMS if shutil.which(program, path=environ["PATH"]) is None]
    return not any(re.search(rf"\b{program}\b", command) for program in lacking)


def wrong_in(example: Example, shell: Shell) -> list[str]:
    """What is wrong with an example that only has to give lines."""
    if example.language == "python":
        program = shell.directory / "example.py"
        program.write_text(example.text)
        commands = [f"python {program}"]
    else:
        commands = [command for command in example.commands() if can_be_tried(command, shell.environ)]
    return [f"{example.where}: {wrong}" for wrong in map(shell.wrong, commands) if wrong]


def digits_alike(line: str) -> str:
    return re.sub(r"[0-9]+(?:\.[0-9]+)?", "0", line.strip())


def shown_otherwise(example: Example, shell: Shell) -> list[str]:
    """The lines of a verdict that an example shows and that do not come."""
    (command,) = example.commands()
    if not can_be_tried(command, shell.environ):
        return []
    _, told = shell.start(command).communicate(timeout=100)
    came = set(map(digits_alike, told.splitlines()))
    shown = [line for line in example.text.splitlines() if line.startswith("< ")]
    assert shown, example.where
    return [f"{example.where}: {line} does not come" for line in shown if digits_alike(line) not in came]


def kill(pid: int) -> None:
    """Kill a process, and wait until it is gone: until then it may still be connected to."""
    process = os.pidfd_open(pid)
    os.kill(pid, signal.SIGKILL)
    gone, _, _ = select.select([process], [], [], 10)
    os.close(process)
    assert gone


def test_real_examples_run_as_written_against_one_demonstration(tmp_path: Path) -> None:
    with nothing_left(tmp_path / "demo") as directory:
        demo = Demo(directory, "--keep")
        said = demo.read_until("until Ctrl-C")
        export = re.findall(r"^export LOGAGENT_AGENT=http://127\.0\.0\.1:\d+.*$", said, re.MULTILINE)
        assert len(export) == 1
        assert re.findall(r"^(?:logagent query|curl --http2) .*$", said, re.MULTILINE)
        shell = Shell(export[0], directory / "primary" / "log")
        typed = Example("the demonstration", 0, "sh", said.partition(export[0])[2].rpartition("\n\n")[0], "")
        plain = [typed, *examples_of("demo")]
        with ThreadPoolExecutor(AT_A_TIME) as pool:
            wrong = [each for found in pool.map(lambda example: wrong_in(example, shell), plain) for each in found]
        kill(demo.agents()["secondary-2"])
        for example in examples_of("demo without secondary-2"):
            wrong += shown_otherwise(example, shell)
        assert not wrong, "\n".join(wrong)
        assert shell.tried > 20
        assert sorted(demo.agents()) == ["primary", "secondary-1", "secondary-3"]
        assert demo.end(signal.SIGTERM) == (143, "", "")
        assert demo.agents() == {}
