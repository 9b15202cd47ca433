"""Contexts that name several agents, in each command that asks: two agents as processes, and one that is not there."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from testbed.processes import running

pytestmark = pytest.mark.real

ONE, TWO, THREE = (f"2026-11-23T10:00:0{number}Z {word}" for number, word in enumerate(("one", "two", "three")))
LINES = {"web-1": (ONE, THREE), "db-2": (TWO,)}


class Fleet:
    """Two agents that know nobody, and a file of contexts that names them."""

    def __init__(self, directory: Path, urls: dict[str, str]) -> None:
        self.directory = directory
        self.urls = urls
        peers = json.dumps([f"{name}={url}" for name, url in urls.items()])
        (directory / "peers").write_text("".join(f"{name}={url}\n" for name, url in urls.items()))
        (directory / "logagent").mkdir()
        (directory / "logagent" / "config.toml").write_text(
            f'current = "fleet"\n[context.fleet]\npeers = {peers}\n'
            f'[context.listed]\npeers_from = "../peers"\n'
            f'[context.web]\npeers = {peers}\nhost = "role=web"\nprefix = "always"\n'
        )

    def start(self, *argv: str) -> subprocess.Popen[str]:
        mine = {name: text for name, text in os.environ.items() if not name.startswith("LOGAGENT_")}
        environ = mine | {"XDG_CONFIG_HOME": str(self.directory)}
        command = [sys.executable, "-W", "error", "-m", "logagent", *argv]
        return subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run(self, *argv: str) -> tuple[int, list[str], str]:
        """The exit code of a command, the lines that it prints, and what it says."""
        process = self.start(*argv)
        printed, said = process.communicate(timeout=100)
        return process.returncode, printed.splitlines(), said


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    directory = tmp_path_factory.mktemp("fleet")
    for name, lines in LINES.items():
        (directory / name).mkdir()
        (directory / name / "app.log").write_text("".join(f"{line}\n" for line in lines))
    with (
        running("web-1", directory / "web-1", "--label", "role=web") as web,
        running("db-2", directory / "db-2", "--label", "role=db") as db,
    ):
        yield Fleet(directory, {"web-1": web.url, "db-2": db.url})


@pytest.mark.parametrize("context", ["fleet", "listed"])
def test_real_each_command_asks_the_peers_of_its_context(fleet: Fleet, context: str) -> None:
    also = ("--context", context)
    newest = [f"web-1 app.log: {THREE}", f"db-2 app.log: {TWO}", f"web-1 app.log: {ONE}"]
    assert fleet.run("query", "app.log", *also) == (0, newest, "")
    assert fleet.run("query", "-c", "app.log", *also) == (0, ["3"], "")
    assert fleet.run("hits", "--by", "label:role", "app.log", *also) == (0, ["db  1 1", "web 1 2"], "")
    assert fleet.run("grep", "two", "app.log", *also) == (0, [f"db-2 app.log: {TWO}"], "")
    assert fleet.run("tail", "-n", "2", "app.log", *also)[::2] == (0, "")
    assert fleet.run("tail", "-q", "-n", "1", "app.log", *also) == (0, [THREE], "")
    assert len(fleet.run("cat", "app.log", *also)[1]) == 3
    assert [line.split()[0] for line in fleet.run("files", *also)[1]] == ["HOST", "db-2", "web-1"]
    assert fleet.run("ls", *also)[0] == 0
    code, printed, _ = fleet.run("hosts", *also)
    assert (code, [line.split()[0] for line in printed]) == (0, ["HOST", "db-2", "web-1"])
    assert fleet.run("doctor", *also)[0] == 0


def test_real_lines_of_json_have_labels_from_one_agent_and_from_several(fleet: Fleet) -> None:
    several = fleet.run("query", "app.log", "--json", "--labels")
    assert [json.loads(line)["labels"] for line in several[1]] == [{"role": "web"}, {"role": "db"}, {"role": "web"}]
    code, printed, said = fleet.run("query", "app.log", "-o", "json", "--labels", "--agent", fleet.urls["db-2"])
    assert (code, json.loads(printed[0])["labels"], said) == (0, {"role": "db"}, "")
    assert "end" in json.loads(printed[-1])
    assert "labels" not in fleet.run("query", "app.log", "--json")[1][0]


def test_real_the_hosts_and_the_prefix_of_a_context_count(fleet: Fleet) -> None:
    also = ("--context", "web")
    assert fleet.run("query", "-n", "1", "app.log", *also) == (0, [f"web-1 app.log: {THREE}"], "")
    assert [line.split()[0] for line in fleet.run("files", *also)[1]] == ["HOST", "web-1"]
    assert [line.split()[0] for line in fleet.run("hosts", *also)[1]] == ["HOST", "web-1"]
    assert [line.split()[0] for line in fleet.run("hosts", "--host", "db-2", *also)[1]] == ["HOST", "db-2"]
    assert fleet.run("grep", "-c", "e", "app.log", *also)[1] == ["2"]


def test_real_a_follow_of_the_current_context_goes_on(fleet: Fleet) -> None:
    for command in (("follow", "app.log"), ("tail", "-f", "app.log")):
        follow = fleet.start(*command)
        assert follow.stdout is not None
        before = [follow.stdout.readline() for _ in range(len(fleet.run("cat", "app.log")[1]))]
        assert any(line.endswith(" three\n") for line in before)
        with (fleet.directory / "db-2" / "app.log").open("a") as log:
            log.write(f"2026-11-23T10:00:03Z of {command[0]}\n")
        while not (line := follow.stdout.readline()).endswith(f" of {command[0]}\n"):
            assert line
        follow.send_signal(signal.SIGINT)
        assert follow.communicate(timeout=60)[1] == ""
        assert follow.returncode == 130
