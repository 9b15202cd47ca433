"""What was found out about a file is taken again as long as it stands as it was, and no longer."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from logagent.core.units import SECOND
from logagent.disk.catalog import remembered
from logagent.disk.catalog.catalog import Catalog, Log
from logagent.disk.catalog.found_files import FoundFile
from logagent.disk.catalog.logs import Group, InRoot
from logagent.disk.catalog.remembered import Remembered
from logagent.disk.catalog.standing_files import MadeLogs, StandingFiles
from logagent.disk.files.beneath import Root
from testbed.trees import planted

LATER = 10 * SECOND


def later() -> int:
    """A time at which all that was done so far has settled."""
    return time.time_ns() + LATER


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "a.log"
    path.write_bytes(b"one\n")
    return path


def found(path: Path, *, linked: bool = False) -> FoundFile:
    return FoundFile(path.name, path.name, path.lstat(), linked=linked)


def replaced(path: Path) -> None:
    """Put another file of the same size, mode and time of modification in its place."""
    status = path.stat()
    other = path.with_name("other")
    other.write_bytes(path.read_bytes())
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    other.rename(path)


CHANGES: list[Callable[[Path], object]] = [
    lambda path: path.write_bytes(b"two\n"),
    lambda path: path.write_bytes(b"longer\n"),
    lambda path: path.chmod(0o600 if path.stat().st_mode & 0o77 else 0o640),
    lambda path: os.utime(path, (1, 1)),
    lambda path: path.with_name("b.log").hardlink_to(path),
    replaced,
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_file_is_as_it_was_until_anything_about_it_changes(path: Path, change: Callable[[Path], object]) -> None:
    os.utime(path, (0, 0))
    files = StandingFiles(later, lambda: True)
    assert files.unchanged("a.log", path.stat()) is None
    seen = found(path)
    files.noted("a.log", seen)
    assert files.unchanged("a.log", path.stat()) is seen
    change(path)
    assert files.unchanged("a.log", path.stat()) is None


def test_what_may_change_once_more_at_the_same_time_is_not_remembered(path: Path) -> None:
    status = path.stat()
    last = max(status.st_mtime_ns, status.st_ctime_ns)
    for settled, is_kept in ((last - 1, False), (last, True)):
        files = StandingFiles(lambda settled=settled: settled, lambda: True)  # type: ignore[misc]  # bound at once
        files.noted("a.log", found(path))
        assert len(files) == is_kept


def test_the_clock_is_asked_for_what_changed_since_it_was_asked(path: Path) -> None:
    os.utime(path, (0, 0))
    asked: list[int] = []

    def settled() -> int:
        asked.append(later())
        return asked[-1]

    files = StandingFiles(settled, lambda: True)
    for name in ("a.log", "b.log", "c.log"):
        files.noted(name, found(path))
    assert (len(files), len(asked)) == (3, 1)
    os.utime(path, ns=(0, asked[0] + 1))
    files.noted("d.log", found(path))
    assert len(asked) == 2


def test_links_and_directories_are_not_remembered(path: Path) -> None:
    files = StandingFiles(later, lambda: True)
    files.noted("a.log", found(path, linked=True))
    files.noted("log", found(path.parent))
    assert len(files) == 0


def test_a_file_takes_room_once(path: Path) -> None:
    room = iter([True, False])
    files = StandingFiles(later, lambda: next(room))
    files.noted("a.log", found(path))
    files.noted("b.log", found(path))
    path.write_bytes(b"longer\n")
    newer = found(path)
    files.noted("a.log", newer)
    assert len(files) == 1
    assert files.unchanged("a.log", path.stat()) is newer


# Logs.


def group(*files: InRoot) -> Group:
    made = Group(files[0].found.log, files[0].number)
    for file in files:
        made.add(file)
    return made


@dataclass
class Everything:
    """Shows all there is, of any age."""

    key: int = 0

    def __call__(self, name: str, *, directory: bool = False) -> bool:
        return True

    def back(self, name: str) -> int | None:
        return None


def test_the_log_of_a_file_is_made_once(path: Path) -> None:
    made, file = MadeLogs(), InRoot(0, Root(path.parent), found(path))
    first = made.of(group(file), several=False)
    assert made.of(group(file), several=False) is first
    assert [log.generations[0].resolved for log in first] == ["a.log"]


def test_the_log_is_made_anew_where_anything_differs(path: Path) -> None:
    root, seen = Root(path.parent), found(path)
    file = InRoot(0, root, seen)
    others = [
        file._replace(found=found(path)),
        file._replace(root=Root(path.parent)),
        file._replace(named=True),
        file._replace(number=1),
        file._replace(below=(1, root)),
        file._replace(root=root.shown_by(Everything())),
    ]
    for other in others:
        made = MadeLogs()
        [first] = made.of(group(file), several=False)
        [second] = made.of(group(other), several=False)
        assert second is not first
    made = MadeLogs()
    names = [made.of(group(file), several=several)[0].name for several in (False, True, False)]
    assert names == ["a.log", f"{root.name}:a.log", "a.log"]


def test_logs_of_several_files_and_for_some_eyes_only_are_not_remembered(path: Path) -> None:
    made, file = MadeLogs(), InRoot(0, Root(path.parent), found(path))
    shown = file._replace(root=file.root.shown_by(Everything()))
    for files in ((file, file), (shown,)):
        assert made.of(group(*files), several=False) is not made.of(group(*files), several=False)


def test_no_more_logs_are_remembered_than_may_be(path: Path) -> None:
    made, root = MadeLogs(most=1), Root(path.parent)
    one, other = InRoot(0, root, found(path)), InRoot(1, root, found(path))
    first = made.of(group(one), several=False)
    made.of(group(other), several=False)
    assert made.of(group(one), several=False) is not first


# Together.


def catalog(root: Path, *, tells: bool = True) -> Catalog:
    return Catalog([root], remembered=Remembered(tells=lambda _: tells, now=later))


def the_log(of: Catalog) -> Log:
    [log] = of.find(["*.log"])
    return log


def test_a_file_that_stands_still_is_found_as_the_same_log(path: Path) -> None:
    it = catalog(path.parent)
    first = the_log(it)
    assert the_log(it) is first
    path.write_bytes(b"longer\n")
    second = the_log(it)
    assert (first.size, second.size) == (4, 7)
    assert the_log(it) is second


def test_where_other_machines_may_write_no_file_is_remembered(path: Path) -> None:
    it = catalog(path.parent, tells=False)
    assert the_log(it) is not the_log(it)


def test_generations_keep_their_places_while_they_stand_still(tmp_path: Path) -> None:
    it = catalog(planted(tmp_path / "log", "a.log", "a.log.1", "a.log.2"))
    names = [[file.name for file in the_log(it).generations] for _ in range(3)]
    assert names == [["a.log", "a.log.1", "a.log.2"]] * 3


def test_directories_that_are_forgotten_make_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "MOST_FILES", 1)
    it = catalog(planted(tmp_path / "log", "a.log", "sub/b.log"))

    def remembered_logs() -> list[str]:
        before, after = ({log.name: log for log in it.find(["**/*.log"])} for _ in range(2))
        return [name for name, log in after.items() if log is before[name]]

    assert remembered_logs() == ["a.log"]
    (tmp_path / "log/c.txt").touch()  # the directory is listed anew, so what was remembered of it is forgotten
    assert len(remembered_logs()) == 1
