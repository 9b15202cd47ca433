"""The command that explains what is taken for the times of local files."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from logagent.config.errors import ConfigError
from logagent.terminal.arguments import FormatsArguments
from logagent.terminal.formats import formats_question
from logagent.terminal.verdicts import FAILED, FOUND, NOTHING
from testbed.console import Console, typed

ISO = b"2024-06-15 11:00:00.5 ready\n\tat x\n2024-06-15 11:00:01 ready\x1b[2J\n"
AMBIGUOUS = b"10/11/2023 11:00:00 x\n"


@pytest.fixture
def console() -> Console:
    return Console()


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, content in {"iso.log": ISO, "amb.log": AMBIGUOUS}.items():
        (tmp_path / name).write_bytes(content)
        os.utime(tmp_path / name, (1_718_449_202, 1_718_449_202))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(console: Console, *argv: str, **environ: str) -> int:
    return console.run("formats", *argv, environ={"TZ": "UTC", **environ})


def test_each_line_is_explained_and_the_file_is_summed_up(console: Console) -> None:
    assert run(console, "iso.log") == FOUND
    assert console.data.splitlines() == [
        "LINE  TIME                    FORMAT  WHERE, OR WHY NOT  TEXT",
        "1     2024-06-15T11:00:00.5Z  iso     at the beginning   2024-06-15 11:00:00.5 ready",
        "2     -                       -       no time             at x",
        "3     2024-06-15T11:00:01Z    iso     at the beginning   2024-06-15 11:00:01 ready\\x1b[2J",
        "iso.log: a time in 66 % of 3 lines, as learned: iso, at the beginning; "
        "times that name no zone are taken as UTC",
    ]


def test_a_file_that_is_not_trusted_gets_formats_suggested(console: Console) -> None:
    assert run(console, "amb.log") == NOTHING
    assert console.data.splitlines()[2:] == [
        "amb.log: not trusted: the day and the month of its dates cannot be told apart (a time in 0 % of 1 lines); "
        "merged as one block, by its time of modification, 2024-06-15T11:00:02Z",
        "to name its format: --time-format 'amb.log=%d/%m/%Y %H:%M:%S'",
        "to name its format: --time-format 'amb.log=%m/%d/%Y %H:%M:%S'",
    ]


def test_a_suggestion_makes_it_trusted(console: Console) -> None:
    assert run(console, "--time-format", "amb.log=%d/%m/%Y %H:%M:%S", "--timezone", "Europe/Berlin", "amb.log") == FOUND
    assert "1     2023-11-10T10:00:00Z  %d/%m/%Y %H:%M:%S  at the beginning" in console.data
    assert "as named: %d/%m/%Y %H:%M:%S, at the beginning; times that name no zone are taken as Europe/" in console.data


def test_settings_of_times_hold_from_the_environment_and_the_file(console: Console, here: Path) -> None:
    (here / "x.toml").write_text(
        'timezone = "Europe/Berlin"\n[[time_format]]\nfiles = "amb.log"\nformat = "%d/%m/%Y"\n'
    )
    assert run(console, "--config", "x.toml", "amb.log") == FOUND
    assert "2023-11-09T23:00:00Z" in console.data
    assert run(console, "amb.log", LOGAGENT_CONFIG="x.toml", LOGAGENT_TIME_FORMAT="*=%m/%d/%Y") == FOUND
    assert "2023-10-10T22:00:00Z" in console.data


def test_so_many_lines_are_explained(console: Console) -> None:
    assert run(console, "-n", "1", "iso.log") == FOUND
    assert len(console.data.splitlines()) == 3


def test_several_files_and_those_that_cannot_be_read(console: Console) -> None:
    assert run(console, "iso.log", "none.log", "amb.log") == FAILED
    assert console.data.count("LINE") == 2
    assert console.talk == "logagent: none.log: No such file or directory\n"


def test_an_empty_file_has_no_lines(console: Console, here: Path) -> None:
    (here / "empty.log").touch()
    assert run(console, "empty.log") == FOUND
    assert console.data == "empty.log: it has no lines\n"


def test_all_of_it_as_json(console: Console) -> None:
    assert run(console, "-o", "json", "iso.log", "amb.log") == NOTHING
    [iso, ambiguous] = json.loads(console.data)["files"]
    assert iso["lines"][2] == {
        "time": "2024-06-15T11:00:01.000000000Z",
        "format": "iso",
        "why": "at the beginning",
        "line": "2024-06-15 11:00:01 ready\x1b[2J",
    }
    assert (iso["times"]["formats"], iso["times"]["distrust"], iso["suggestions"]) == (
        [{"name": "iso", "lines": 2}],
        None,
        [],
    )
    assert ambiguous["suggestions"] == ["amb.log=%d/%m/%Y %H:%M:%S", "amb.log=%m/%d/%Y %H:%M:%S"]
    assert "\x1b" not in console.data


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (("-n", "0"), "--lines: must be a whole number from 1"),
        (("--timezone", "Mars"), "--timezone: no time zone is named 'Mars'"),
        (("--time-format", "x"), "--time-format: must be a glob and a format"),
        (("--time-format", "x=%d"), "--time-format: x: %d: %d needs %m or %b"),
    ],
)
def test_unusable_arguments_are_told(argv: tuple[str, ...], message: str) -> None:
    with pytest.raises(ConfigError) as error:
        formats_question(typed(FormatsArguments, "formats", "x.log", *argv), {"TZ": "UTC"})
    assert str(error.value).startswith(message)
