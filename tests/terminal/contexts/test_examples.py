"""The examples of the document on contexts, as they stand there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from logagent.terminal.contexts.reading import KEYS, read
from testbed.examples import Example, examples_of
from testbed.processes import running


def run(example: Example, home: Path) -> list[str]:
    """What each command of a block prints; each must end with 0 and say nothing else."""
    mine = {name: text for name, text in os.environ.items() if not name.startswith(("LOGAGENT_", "XDG_"))}
    environ = {**mine, "HOME": str(home), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    printed = []
    for command in example.commands():
        done = subprocess.run(["bash", "-c", command], env=environ, capture_output=True, check=False, text=True)
        assert (done.returncode, done.stderr) == (0, ""), command
        printed.append(done.stdout)
    return printed


def file_of(home: Path) -> Path:
    return home / ".config" / "logagent" / "config.toml"


def test_the_file_of_the_document_can_be_used_and_holds_every_key(tmp_path: Path) -> None:
    (example,) = examples_of("contexts")
    file = tmp_path / "config.toml"
    file.write_text(example.text)
    file.chmod(0o600)
    contexts = read(file).contexts
    assert list(contexts) == ["prod", "edge", "ci"]
    used = {key for each in contexts.values() for key in each.given}
    assert used | {"peers_from", "cert", "key"} == {*KEYS}


@pytest.mark.real
def test_real_commands_of_the_document_run_as_written(tmp_path: Path) -> None:
    (example,) = examples_of("contexts")
    file_of(tmp_path).parent.mkdir(parents=True)
    file_of(tmp_path).write_text(example.text)
    file_of(tmp_path).chmod(0o600)
    (typed,) = examples_of("contexts typed")
    listed, shown, *_ = run(typed, tmp_path)
    assert "*  prod" in listed
    assert "https://logs-1.example.org:8443" in shown
    assert file_of(tmp_path).read_text() == example.text


@pytest.mark.real
def test_real_first_context_asks_the_agent_of_this_host(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "app.log").write_text("2026-11-23T10:00:00Z hello\n")
    (example,) = examples_of("contexts asked")
    with running("web-1", tmp_path / "log") as agent:
        here = Example(example.document, 0, "sh", example.text.replace("http://127.0.0.1:8000", agent.url), "")
        assert agent.url in here.text
        *_, files, lines, hosts = run(here, tmp_path)
    assert "app.log" in files
    assert "hello" in lines
    assert "web-1" in hosts
