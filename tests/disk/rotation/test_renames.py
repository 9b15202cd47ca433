"""When it is worth looking for what has taken the place of a followed file."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from logagent.disk.catalog.catalog import Catalog
from logagent.disk.files.ways import way_to
from logagent.disk.rotation.growing_file import GrowingFile
from logagent.disk.rotation.renames import RenameDetector, places_of
from logagent.disk.rotation.retries import RETRY_PAUSE


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "app.log"
    path.touch()
    return path


@pytest.fixture
def newest(path: Path) -> Iterator[GrowingFile]:
    file = GrowingFile("app.log", os.open(path, os.O_RDONLY))
    yield file
    file.close()


def replace(path: Path) -> None:
    path.rename(path.with_name("app.log.1"))
    path.touch()


def test_while_the_file_has_its_name_nothing_took_its_place(path: Path, newest: GrowingFile) -> None:
    renames = RenameDetector("app.log", path)
    renames.note_rename()
    assert not renames.may_be_replaced(newest, 1.0, watched=True)
    assert not renames.may_be_replaced(newest, 1.0, watched=False)


def test_another_inode_under_the_name_is_met_once_if_renames_are_reported(path: Path, newest: GrowingFile) -> None:
    renames = RenameDetector("app.log", path)
    replace(path)
    assert [renames.may_be_replaced(newest, now, watched=True) for now in (1.0, 2.0)] == [True, False]
    renames.note_rename()
    assert [renames.may_be_replaced(newest, now, watched=True) for now in (3.0, 4.0)] == [True, False]


def test_another_inode_under_the_name_is_met_each_time_if_renames_are_not_reported(
    path: Path, newest: GrowingFile
) -> None:
    renames = RenameDetector("app.log", path)
    replace(path)
    assert [renames.may_be_replaced(newest, now, watched=False) for now in (1.0, 2.0)] == [True, True]


def test_what_was_not_found_is_sought_again_once_after_a_pause(path: Path, newest: GrowingFile) -> None:
    renames = RenameDetector("app.log", path)
    replace(path)
    renames.may_be_replaced(newest, 1.0, watched=True)
    renames.retry_later(1.0)
    assert renames.due == 1.0 + RETRY_PAUSE
    assert [renames.may_be_replaced(newest, now, watched=True) for now in (1.0 + RETRY_PAUSE, 9.0)] == [True, False]
    assert renames.due == math.inf


def test_while_no_file_has_the_name_nothing_took_its_place(path: Path, newest: GrowingFile) -> None:
    renames = RenameDetector("app.log", path)
    path.unlink()
    renames.note_rename()
    assert not renames.may_be_replaced(newest, 1.0, watched=True)


def test_in_a_log_of_dated_files_only_a_reported_rename_counts(path: Path, newest: GrowingFile) -> None:
    for renames in (RenameDetector("other.log", path), RenameDetector("app.log", None)):
        assert not renames.may_be_replaced(newest, 1.0, watched=False)
        renames.note_rename()
        assert [renames.may_be_replaced(newest, now, watched=True) for now in (1.0, 2.0)] == [True, False]


# Where a log's files are renamed.


def places(root: Path, name: str, *more: Path) -> tuple[Path | None, set[Path]]:
    [log] = Catalog([root, *more]).find([name])
    assert log.root is not None
    path, way = places_of(log.root, log.name, log.generations[0])
    return path, set(way_to(way).near)


def test_a_log_lies_in_one_directory(path: Path) -> None:
    assert places(path.parent, "app.log") == (path, {path.parent})


def test_a_root_that_is_a_file_lies_in_one_directory(path: Path) -> None:
    assert places(path, "app.log") == (path, {path.parent})


def test_a_link_is_renamed_where_its_target_lies_too(path: Path) -> None:
    (path.parent / "links").mkdir()
    link = path.parent / "links" / "web.log"
    link.symlink_to("../app.log")
    assert places(path.parent, "links/web.log") == (link, {link.parent, path.parent})
    path.rename(path.with_name("app.log.1"))
    assert places(path.parent, "links/web.log") == (link, {link.parent, path.parent})


def test_a_link_from_another_root_is_switched_there_and_its_target_renamed(path: Path) -> None:
    links = path.parent / "links"
    links.mkdir()
    (path.parent / "logs").mkdir()
    target = path.rename(path.parent / "logs" / "app.log")
    (links / "web.log").symlink_to(target)
    assert places(links, "web.log", target.parent) == (links / "web.log", {links, target.parent})
    target.rename(target.with_name("app.log.1"))
    assert places(links, "web.log", target.parent) == (links / "web.log", {links, target.parent})


def test_a_log_without_a_live_file_has_no_path(path: Path) -> None:
    path.rename(path.with_name("app.log.1"))
    assert places(path.parent, "app.log") == (None, {path.parent})
