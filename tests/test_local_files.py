"""Files that the command line reads itself: what it prints of them, whose they are said to be, and how it ends."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path

import pytest

from testbed.console import Console
from testbed.processes import running

pytestmark = pytest.mark.real

NAMED = {"LOGAGENT_NAME": "here", "TZ": "UTC"}
OLD = b"2026-11-26T10:00:00Z start\n2026-11-26T10:00:01Z refused a\n"
NEW = b"2026-11-27T10:00:00Z refused b\n2026-11-27T10:00:01Z ok\n"


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Path]:
    """The working directory, with a log of two generations, and one in a directory."""
    directory = tmp_path / "here"
    (directory / "logs").mkdir(parents=True)
    (directory / "app.log.1.gz").write_bytes(gzip.compress(OLD))
    (directory / "app.log").write_bytes(NEW)
    (directory / "logs" / "web.log").write_bytes(b"2026-11-26T12:00:00Z refused c\n")
    with chdir(directory):
        yield directory


def run(*argv: str, **environ: str) -> tuple[int, str, str]:
    console = Console()
    code = console.run(*argv, environ=NAMED | environ)
    return code, console.data, console.talk


REFUSED = "2026-11-27T10:00:00Z refused b\n2026-11-26T10:00:01Z refused a\n"


@pytest.mark.parametrize("path", ["./app.log", "{here}/app.log", "../here/app.log", "./logs/../app.log", ".//app.log"])
def test_a_path_is_a_log_with_its_generations(here: Path, path: str) -> None:
    typed = path.format(here=here)
    assert run("query", typed, "refused") == (0, REFUSED, "")
    assert run("query", typed, "refused", "--no-rotated") == (0, REFUSED.splitlines(keepends=True)[0], "")
    assert run("grep", "-c", "refused", typed) == (0, "2\n", "")
    assert run("cat", typed) == (0, (OLD + NEW).decode(), "")
    assert run("tail", "-n1", typed) == (0, "2026-11-27T10:00:01Z ok\n", "")
    assert run("ls", typed) == (0, f"{typed}\n", "")


def test_a_record_says_the_path_as_typed_and_this_machine(here: Path) -> None:
    code, data, talk = run("query", "./app.log", "refused", "--json")
    records = [json.loads(line) for line in data.splitlines()]
    assert [(record["host"], record["file"]) for record in records] == [
        ("here", "./app.log"),
        ("here", "./app.log.1.gz"),
    ]
    assert (code, talk) == (0, "")
    assert run("query", "./app.log", "ok", "--prefix=always")[1] == "here ./app.log: 2026-11-27T10:00:01Z ok\n"


def test_several_files_are_merged_by_time(here: Path) -> None:
    lines = ["2026-11-27T10:00:00Z refused b", "2026-11-26T12:00:00Z refused c", "2026-11-26T10:00:01Z refused a"]
    for files in (["--file", "./app.log", "--file", "./logs/web.log"], ["./"], ["."], ["./**/*.log"], [f"{here}/"]):
        assert run("query", *files, "refused") == (0, "".join(f"{line}\n" for line in lines), "")


def test_a_directory_is_no_file(here: Path) -> None:
    told = "./logs is a directory; ./logs/ means all that lies in it"
    assert run("query", "./logs") == (2, "", f"logagent: no answer: {told} (NOT_FOUND)\n")
    assert run("grep", "x", "./logs") == (2, "", f"logagent: {told.replace(' is', ': is', 1)}\n")
    assert run("grep", "-rc", "refused", "./logs") == (0, "./logs/web.log:1\n", "")


def test_a_missing_file_is_told_with_what_may_be_meant(here: Path) -> None:
    for command in (["query"], ["hits"], ["files"]):
        assert run(*command, "./apq.log")[::2] == (
            2 if command != ["files"] else 1,
            "logagent: no answer: no such file: ./apq.log (NOT_FOUND)\nlogagent: is ./app.log meant?\n"
            if command != ["files"]
            else "logagent: no such file: ./apq.log\nlogagent: is ./app.log meant?\n",
        )
    assert run("grep", "x", "./apq.log") == (2, "", "logagent: ./apq.log: no such file; is ./app.log meant?\n")


@pytest.mark.parametrize("name", ["a b.log", "a\nb.log", "*.log", "a[1].log", "{a,b}.log", "x:y.log", "-", "a?"])
def test_a_file_that_is_there_is_meant_whatever_its_name_holds(here: Path, name: str) -> None:
    (here / name).write_bytes(b"2026-11-28T10:00:00Z own\n")
    (here / "a1.log").write_bytes(b"2026-11-28T10:00:00Z other\n")
    assert run("query", f"./{name}") == (0, "2026-11-28T10:00:00Z own\n", "")
    assert json.loads(run("query", f"./{name}", "--json")[1])["file"] == f"./{name}"
    assert run("grep", "-c", "Z", f"./{name}") == (0, "1\n", "")


def test_a_link_may_lead_anywhere_and_what_an_agent_never_serves_is_read(here: Path) -> None:
    (here.parent / "secret.key").write_bytes(b"refused\n")
    (here / "link.log").symlink_to("../secret.key")
    assert run("query", "./link.log") == (0, "refused\n", "")
    assert run("grep", "-c", "refused", f"{here.parent}/secret.key") == (0, "1\n", "")


def test_an_agent_or_a_host_that_is_named_is_asked(here: Path) -> None:
    for argv, environ in [
        (["--agent", "http://127.0.0.1:1"], {}),
        (["--host", "web-1"], {"LOGAGENT_LISTEN": "127.0.0.1:1"}),
        ([], {"LOGAGENT_AGENT": "http://127.0.0.1:1"}),
    ]:
        code, data, talk = run("query", "./app.log", *argv, **environ)
        assert (code, data) == (2, "")
        assert "http://127.0.0.1:1: cannot connect" in talk


HERE = (
    " is also a file of this machine; written so, it is read without any agent where neither --agent, --peer, --host, "
    "LOGAGENT_AGENT nor a context names whom to ask\n"
)


@pytest.mark.parametrize("command", [["query"], ["hits"], ["grep", "x"], ["tail"], ["cat"]])
def test_a_name_without_a_place_is_told_to_be_a_file_here_where_no_agent_answers(
    here: Path, command: list[str]
) -> None:
    nobody = ["--agent", "http://127.0.0.1:1"]
    assert run(*command, "app.log", *nobody)[2].endswith(f"logagent: ./app.log{HERE}")
    assert run(*command, f"{here}/app.log", *nobody)[2].endswith(f"logagent: {here}/app.log{HERE}")
    assert "also a file" not in run(*command, "apq.log", *nobody)[2]


@pytest.mark.parametrize("command", [["query"], ["grep", "x"]])
def test_a_file_here_that_an_agent_does_not_have_is_told(here: Path, command: list[str]) -> None:
    with running("web-1", here / "logs") as agent:
        code, data, talk = run(*command, "app.log", "--agent", agent.url)
    assert (code, data) == (2, "")
    assert f"logagent: ./app.log{HERE}" in talk


def test_logs_of_an_agent_are_not_asked_for_with_files(here: Path) -> None:
    told = "./app.log is a file of this machine, and app.log the log of an agent; ask for them one by one"
    told = f"logagent: FILE: {told}, or say ./app.log if that is a file here, too\n"
    assert run("grep", "x", "app.log", "./app.log") == (2, "", told)
    assert run("query", "--file", "app.log", "--file", "./app.log") == (2, "", told)


def test_what_is_shown_to_an_agent_is_refused(here: Path) -> None:
    assert run("query", "./app.log", "--token-file", "x") == (
        2,
        "",
        "logagent: --token-file: is for an agent, and ./app.log is read here; name the agent, with --agent URL\n",
    )


def test_a_pattern_that_cannot_be_searched_for_is_refused(here: Path) -> None:
    code, data, talk = run("query", "./app.log", "-E", "a{1000}{1000}")
    assert (code, data) == (2, "")
    assert talk.startswith("logagent: --regex")
    assert run("grep", "a\\1", "./app.log")[0] == 2


def test_what_is_no_text_is_told(here: Path) -> None:
    (here / "binary").write_bytes(bytes(range(256)) * 100)
    code, data, talk = run("query", "./binary", "x")
    assert (code, data) == (3, "")
    assert "./binary" in talk
    assert "DATA_LOSS" in talk


def test_a_cursor_goes_on_where_an_answer_ended(here: Path) -> None:
    _, first, talk = run("query", "./app.log", "-n1", "--show-cursor")
    cursor = talk.strip().rpartition(" ")[2]
    _, rest, _ = run("query", "./app.log", "--cursor", cursor)
    assert first + rest == "".join(f"{line}\n" for line in reversed((OLD + NEW).decode().splitlines()))


@contextmanager
def as_nobody() -> Iterator[None]:
    """Without the rights of root, who may read everything; what is needed has been loaded before."""
    if was_root := os.geteuid() == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        if was_root:
            os.seteuid(0)


@pytest.mark.parametrize(
    ("command", "failed"), [(["query"], 2), (["hits"], 2), (["grep", "refused"], 2), (["cat"], 3), (["tail"], 3)]
)
def test_a_file_that_may_not_be_read_suggests_an_agent(here: Path, command: list[str], failed: int) -> None:
    for directory in (here, *here.parents[:2]):
        directory.chmod(0o755)
    assert run(*command, "./app.log")[0] == 0
    (here / "app.log").chmod(0)
    with as_nobody():
        code, data, talk = run(*command, "./app.log", "--no-rotated", LOGAGENT_LISTEN="127.0.0.1:8123")
    assert (code, data) == (failed, "")
    assert "permission denied: ./app.log" in talk
    assert talk.endswith(
        "an agent that may read it answers with --agent; that of this host: --agent http://127.0.0.1:8123\n"
    )


ZONELESS = "2026-11-27 10:00:00 refused d\n"


def settings(here: Path, text: str) -> str:
    (here.parent / "logagent.toml").write_text(text)
    return str(here.parent / "logagent.toml")


def test_files_below_a_root_of_the_settings_have_its_zone(here: Path) -> None:
    (here / "logs" / "zone.log").write_text(ZONELESS)
    (here / "zone.log").write_text(ZONELESS)
    (here / "link.log").symlink_to("logs/zone.log")
    zones = f'timezone = "UTC"\n[root_timezone]\n"{here}/logs" = "Etc/GMT-2"\n"{here}/logs/deeper" = "Etc/GMT-9"\n'
    times = {}
    for path in ("./zone.log", "./logs/zone.log", f"{here}/logs/zone.log", "./link.log"):
        data = run("query", path, "--json", LOGAGENT_CONFIG=settings(here, zones))[1]
        times[path] = json.loads(data)["time"][11:16]
    assert [*times.values()] == ["10:00", "08:00", "08:00", "08:00"]
    code, _, talk = run("query", "./zone.log", LOGAGENT_ROOT_TIMEZONE="/x=Nowhere")
    assert (code, talk.partition(": no ")[0]) == (2, "logagent: LOGAGENT_ROOT_TIMEZONE")


def test_what_bounds_an_answer_of_the_agent_bounds_this_one(here: Path) -> None:
    (here / "long.log").write_text(f"2026-11-27T10:00:00Z {'x' * 3000}\n")
    config = settings(here, 'max_line = "1KiB"\nmax_files = 1\n')
    assert len(run("query", "./long.log", LOGAGENT_CONFIG=config)[1]) == 1024 + 1
    code, _, talk = run("query", "--file", "./*.log", "--file", "./logs/*.log", "-c", LOGAGENT_CONFIG=config)
    assert code == 3
    assert "files" in talk
    code, _, talk = run("query", "./**/*.log", LOGAGENT_MAX_WALK="1")
    assert (code, "1 " in talk) == (3, True)
    assert run("query", "./app.log", LOGAGENT_MAX_FILES="many")[0] == 2
