"""Directories that stand still are not listed again, and those that change, or might have, are."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from logagent.core.outcome import Failure, Status
from logagent.core.units import SECOND
from logagent.disk.catalog.catalog import Catalog
from logagent.disk.catalog.remembered import SETTLED, Remembered
from testbed.trees import contents, names, planted

LATER = 10 * SECOND


class Listings:
    """A catalog, and how many directories it has listed; time runs ahead, so that directories have settled."""

    def __init__(self, root: Path, *, most: int = 1000, tells: bool = True, ahead: int = LATER) -> None:
        self.root = root
        self.count = 0
        remembered = Remembered(most=most, tells=lambda _: tells, now=lambda: time.time_ns() + ahead)
        self.catalog = Catalog([root], opener=self._open, remembered=remembered)

    def _open(self, path: str, flags: int, *, dir_fd: int | None = None) -> int:
        self.count += path == "."
        return os.open(path, flags, dir_fd=dir_fd)

    def find(self, *globs: str) -> list[str]:
        """The names that are found."""
        return names(self.catalog.find(globs))

    def listed(self, *globs: str) -> int:
        """How many directories are listed for globs."""
        before = self.count
        self.find(*globs)
        return self.count - before


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return planted(tmp_path / "log", "a.log", "a.log.1", "sub/b.log", "sub/deep/c.log")


def test_directories_that_stand_still_are_listed_once(root: Path) -> None:
    it = Listings(root)
    assert it.listed("**/*.log") == 3
    assert it.listed("**/*.log") == 0
    assert it.find("**/*.log") == ["a.log", "sub/b.log", "sub/deep/c.log"]
    assert contents(it.catalog.find(["*.log"])) == {"a.log": ["a.log", "a.log.1"]}


def test_files_are_looked_at_anew(root: Path) -> None:
    it = Listings(root)
    it.find("*.log")
    (root / "a.log").write_bytes(b"longer than before")
    [log] = it.catalog.find(["*.log"])
    assert log.generations[0].size == 18
    assert it.listed("*.log") == 0


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda root: (root / "sub/new.log").touch(), ["a.log", "sub/b.log", "sub/deep/c.log", "sub/new.log"]),
        (lambda root: (root / "sub/b.log").unlink(), ["a.log", "sub/deep/c.log"]),
        (lambda root: (root / "sub/b.log").rename(root / "sub/z.log"), ["a.log", "sub/deep/c.log", "sub/z.log"]),
        (lambda root: (root / "sub/deep").rename(root / "sub/low"), ["a.log", "sub/b.log", "sub/low/c.log"]),
        (lambda root: (root / "sub").rename(root / "moved"), ["a.log", "moved/b.log", "moved/deep/c.log"]),
    ],
)
def test_a_change_is_found(root: Path, change: Callable[[Path], object], expected: list[str]) -> None:
    it = Listings(root)
    it.find("**/*.log")
    change(root)
    assert it.find("**/*.log") == expected


def test_a_directory_that_was_replaced_is_another_one(root: Path) -> None:
    it = Listings(root)
    it.find("**/*.log")
    (root / "sub").rename(root.parent / "away")
    other = planted(root.parent / "other", "x.log")
    other.rename(root / "sub")
    status = (root.parent / "away").stat()
    os.utime(root / "sub", ns=(status.st_atime_ns, status.st_mtime_ns))
    assert it.find("**/*.log") == ["a.log", "sub/x.log"]


def test_a_directory_that_changed_just_now_is_listed_again(root: Path) -> None:
    it = Listings(root, ahead=0)
    assert it.listed("**/*.log") == it.listed("**/*.log") == 3
    its = Listings(root, ahead=SETTLED)
    assert (its.listed("**/*.log"), its.listed("**/*.log")) == (3, 0)


def test_a_directory_is_listed_again_where_others_may_write_to_its_file_system(root: Path) -> None:
    it = Listings(root, tells=False)
    assert it.listed("**/*.log") == it.listed("**/*.log") == 3


def test_what_one_glob_finds_says_nothing_of_another(root: Path) -> None:
    it = Listings(root)
    it.find("*.log")
    assert it.find("*.log.*") == ["a.log"]
    assert names(it.catalog.find(["*"], rotated=False)) == ["a.log"]


def test_the_longest_unvisited_directories_are_forgotten(root: Path) -> None:
    it = Listings(root, most=2)
    it.find("**/*.log")
    assert 1 <= it.listed("**/*.log") <= 3
    assert it.find("**/*.log") == ["a.log", "sub/b.log", "sub/deep/c.log"]


def test_a_remembered_directory_costs_as_much_of_what_a_query_may_look_at(root: Path) -> None:
    remembered = Remembered(tells=lambda _: True, now=lambda: time.time_ns() + LATER)
    assert Catalog([root], remembered=remembered, max_walk=4).find(["*.log"])
    for _ in range(2):
        with pytest.raises(Failure) as raised:
            Catalog([root], remembered=remembered, max_walk=3).find(["*.log"])
        assert raised.value.status is Status.RESOURCE_EXHAUSTED
