"""Paths as they are typed: what they are below the root of the file system, and how what is found is called."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path

import pytest

from logagent.core.notes import Note
from logagent.core.outcome import Failure, Status
from logagent.disk.catalog.typed_paths import TypedPaths, below_root, escaped, spellings


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "logs").mkdir()
    (tmp_path / "app.log").touch()
    (tmp_path / "a[1].log").touch()
    (tmp_path / "link").symlink_to("logs")
    with chdir(tmp_path):
        yield tmp_path


@pytest.mark.parametrize(
    ("path", "below"),
    [
        ("./app.log", "app.log"),
        (".//logs/./x.log", "logs/x.log"),
        ("./logs/../app.log", "app.log"),
        ("./link/../app.log", "app.log"),
        ("./link/x.log", "link/x.log"),
    ],
)
def test_a_relative_path_is_below_the_working_directory(here: Path, path: str, below: str) -> None:
    assert below_root(path) == f"{str(here).lstrip('/')}/{below}"


def test_an_absolute_path_is_below_the_root_and_none_leads_out_of_it() -> None:
    assert [below_root(path) for path in ("/var//log/x", "/../etc/x", "/")] == ["var/log/x", "etc/x", ""]


def test_a_name_that_is_there_is_meant_as_it_stands_and_else_a_glob(here: Path) -> None:
    base = str(here).lstrip("/")
    asked = TypedPaths(["./a[1].log", "./b[1].log", "./logs/*.log", "./app.log"]).asked
    assert asked == [f"{base}/a[[]1].log", f"{base}/b[1].log", f"{base}/logs/*.log", f"{base}/app.log"]


def test_what_is_found_is_called_as_it_was_typed_or_begins_so(here: Path) -> None:
    base = str(here).lstrip("/")
    paths = TypedPaths(["./app.log", "*.log", "logs/*", f"{here}/logs/**/x*"])
    assert paths.name(f"{base}/app.log") == "./app.log"
    assert paths.name(f"{base}/other.log") == "other.log"
    assert paths.name(f"{base}/logs/x.log") == "logs/x.log"
    assert paths.name("etc/x") == "/etc/x"
    assert paths.notes([Note("unreadable", (f"{base}/app.log",), 1)]) == [Note("unreadable", ("./app.log",), 1)]


def test_failures_name_what_was_typed(here: Path) -> None:
    base = str(here).lstrip("/")
    paths = TypedPaths(["./app.log", "./logs"])
    denied = paths.failure(Failure(Status.PERMISSION_DENIED, f"permission denied: {base}/app.log"))
    assert (denied.status, denied.message) == (Status.PERMISSION_DENIED, "permission denied: ./app.log")
    directory = paths.failure(Failure(Status.NOT_FOUND, f"no such file: {base}/logs"))
    assert directory.message == "./logs is a directory; ./logs/ means all that lies in it"


def test_a_name_without_wildcards_is_its_own_glob() -> None:
    assert [escaped(name) for name in ("a.log", "a*?[b]")] == ["a.log", "a[*][?][[]b]"]


def test_paths_that_mean_one_file_are_spellings_of_the_first(here: Path) -> None:
    assert spellings(["./app.log", f"{here}/app.log", "./logs/../app.log", "./app.log", "./x"]) == {
        "./app.log": [f"{here}/app.log", "./logs/../app.log"]
    }
