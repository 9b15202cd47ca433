"""Logs found at paths as they are typed: nothing is hidden, links lead anywhere, and streams stand among files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path

import pytest

from logagent.core.notes import Notes
from logagent.core.outcome import Failure
from logagent.disk.catalog.path_catalog import PathCatalog
from logagent.disk.catalog.streams import Stream


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Path]:
    """The working directory: a log of two generations, a secret, noise, and a link that leads out."""
    directory = tmp_path / "here"
    (directory / "logs").mkdir(parents=True)
    (tmp_path / "outside.log").write_bytes(b"outside\n")
    for name in ("app.log", "app.log.1", "id_rsa", "wtmp", "logs/web.log"):
        (directory / name).write_bytes(b"one\n")
    (directory / "link.log").symlink_to("../outside.log")
    with chdir(directory):
        yield directory


def names(catalog: PathCatalog, *patterns: str, rotated: bool = True) -> dict[str, list[str]]:
    return {log.name: [file.name for file in log.generations] for log in catalog.find(patterns, rotated=rotated)}


def test_a_log_has_its_generations_called_as_it_was_typed(here: Path) -> None:
    catalog = PathCatalog()
    assert names(catalog, "./app.log") == {"./app.log": ["./app.log", "./app.log.1"]}
    assert names(catalog, "./app.log", rotated=False) == {"./app.log": ["./app.log"]}
    assert names(catalog, f"{here}/logs/../app.log", rotated=False) == {
        f"{here}/logs/../app.log": [f"{here}/logs/../app.log"]
    }


def test_globs_find_what_lies_there_and_leave_noise_out(here: Path) -> None:
    catalog = PathCatalog(skip=["wtmp"])
    assert names(catalog, "./*", rotated=False).keys() == {"./app.log", "./id_rsa", "./link.log"}
    assert "./logs/web.log" in names(catalog, "./**/*.log")
    assert names(catalog, "./wtmp").keys() == {"./wtmp"}


def test_links_lead_anywhere_and_secrets_are_read(here: Path) -> None:
    catalog = PathCatalog()
    for path, content in (("./link.log", b"outside\n"), ("./id_rsa", b"one\n")):
        (log,) = catalog.find([path])
        descriptor = log.generations[0].open()
        try:
            assert os.pread(descriptor, 100, 0) == content
        finally:
            os.close(descriptor)


def test_a_missing_path_is_named_as_typed(here: Path) -> None:
    with pytest.raises(Failure, match=r"no such file: \./missing\.log$"):
        PathCatalog().find(["./missing.log"], notes=Notes())


def test_streams_stand_among_files_and_stay_where_a_file_is_missing(here: Path) -> None:
    catalog = PathCatalog()
    stream = catalog.streams["/dev/null"] = Stream("/dev/null")
    stream.begin()
    try:
        assert [log.name for log in catalog.find(["/dev/null", "./app.log"])] == ["./app.log", "/dev/null"]
        both = catalog.find(["/dev/null", "./missing.log"])
        assert [log.name for log in both] == ["/dev/null", "./missing.log"]
        with pytest.raises(Failure, match=r"no such file: \./missing\.log"):
            both[1].generations[0].open()
        assert not any("null" in str(path) for path in catalog.ways(["/dev/null"]))
    finally:
        stream.close()


def test_a_log_is_looked_at_again_by_its_name(here: Path) -> None:
    catalog = PathCatalog()
    (log,) = catalog.find(["./app.log"])
    (here / "app.log.1").unlink()
    assert [file.name for file in catalog.again(log)] == ["./app.log"]
    (here / "app.log").unlink()
    assert catalog.again(log) == ()
