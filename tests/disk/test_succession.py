"""What has taken the place of a file that is followed, whichever way a log is rotated."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from logagent.disk import succession
from logagent.disk.catalog import Catalog
from logagent.disk.growing import Growing
from logagent.disk.logs import Generation
from logagent.disk.succession import Successors
from logagent.disk.unpacking import Kind
from testbed.packing import PACK
from testbed.tailing import append, generations

SUFFIXES = {Kind.GZIP: ".gz", Kind.BZIP2: ".bz2", Kind.XZ: ".xz", Kind.ZSTD: ".zst"}


class Rotating:
    """A directory with a log of which `app.log` is followed: what it holds is seen, unless `append` is told not to."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.path = directory / "app.log"
        self.find: Callable[[], Sequence[Generation]] = lambda: generations(Catalog([directory]))
        append(self.path, "first")
        self.file = Growing("app.log", os.open(self.path, os.O_RDONLY))
        self.opened = [self.file]
        self.look()

    def look(self) -> None:
        self.file.look(0.0)

    def old(self, name: str, *lines: str) -> Path:
        """A rotated file, older than all that was written since."""
        append(self.directory / name, *lines)
        os.utime(self.directory / name, (1, 1))
        return self.directory / name

    def successors(self) -> Successors:
        return self._kept(succession.successors(self.find, self.file, max_line=1000))

    def after_overwriting(self) -> Successors:
        return self._kept(succession.after_overwriting(self.find, self.file, max_line=1000))

    def _kept(self, found: Successors) -> Successors:
        self.opened += found.files
        return found

    def pack(self, path: Path, kind: Kind = Kind.GZIP) -> None:
        """Compress a file, and delete it."""
        path.with_name(path.name + SUFFIXES[kind]).write_bytes(PACK[kind](path.read_bytes()))
        path.unlink()


def texts(files: Sequence[Growing]) -> list[str]:
    """What the files hold by now."""
    for file in files:
        file.look(0.0)
    return [file.read(0)[0].decode() for file in files]


@contextmanager
def rotating(directory: Path) -> Iterator[Rotating]:
    it = Rotating(directory)
    try:
        yield it
    finally:
        for file in it.opened:
            file.close()
        left = [link for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
        assert not [link for link in left if directory in link.readlink().parents], "a file was not closed"


# Renamed.


def test_nothing_comes_after_a_file_that_is_still_there(tmp_path: Path) -> None:
    with rotating(tmp_path) as it:
        it.old("app.log.1", "old")
        assert it.successors() == ([], True)


def test_the_file_that_has_taken_the_name(tmp_path: Path) -> None:
    with rotating(tmp_path) as it:
        it.old("app.log.2", "old")
        it.path.rename(tmp_path / "app.log.1")
        append(it.path, "second")
        found = it.successors()
        assert (texts(found.files), found.sure) == (["second\n"], True)
        assert [file.name for file in found.files] == ["app.log"]


def test_a_file_that_was_renamed_while_none_has_taken_its_name_has_no_successor(tmp_path: Path) -> None:
    with rotating(tmp_path) as it:
        it.old("app.log.2", "old")
        it.path.rename(tmp_path / "app.log.1")
        assert it.successors() == ([], True)


def test_files_that_came_and_went_between_two_looks_come_in_order(tmp_path: Path) -> None:
    with rotating(tmp_path) as it:
        it.old("app.log.5", "old")
        it.path.rename(tmp_path / "app.log.4")
        for name, text in [("app.log.3", "2"), ("app.log.2", "3"), ("app.log.1", "4"), ("app.log", "5")]:
            append(tmp_path / name, text)
        found = it.successors()
        assert (texts(found.files), found.sure) == (["2\n", "3\n", "4\n", "5\n"], True)


def test_those_between_may_be_compressed_but_the_followed_one_is_not_read_again(tmp_path: Path) -> None:
    with rotating(tmp_path) as it:
        it.path.rename(tmp_path / "app.log.2")
        it.pack(tmp_path / "app.log.2")
        append(tmp_path / "app.log.1", "2")
        append(it.path, "3")
        found = it.successors()
        assert (texts(found.files), found.sure) == (["2\n", "3\n"], True)


@pytest.mark.parametrize("kind", SUFFIXES)
def test_a_followed_file_that_was_compressed_is_known_by_its_text(kind: Kind, tmp_path: Path) -> None:
    with rotating(tmp_path) as it:
        it.pack(it.old("app.log.2", "old"), kind)
        it.path.rename(tmp_path / "app.log.1")
        it.pack(tmp_path / "app.log.1", kind)
        append(it.path, "second")
        os.utime(it.path, (1, 1))  # by its time it would not be newer
        found = it.successors()
        assert (texts(found.files), found.sure) == (["second\n"], True)


# Deleted.


def test_of_a_deleted_file_older_ones_are_not_read_again(tmp_path: Path) -> None:
    with rotating(tmp_path) as it:
        it.old("app.log.1", "old")
        it.old("app.log.2", "older")
        it.path.unlink()
        append(it.path, "second")
        found = it.successors()
        assert (texts(found.files), found.sure) == (["second\n"], True)


def test_a_deleted_file_that_none_has_taken_the_place_of_has_no_successor(tmp_path: Path) -> None:
    with rotating(tmp_path) as it:
        it.old("app.log.1", "old")
        it.path.unlink()
        assert it.successors() == ([], True)


def test_where_several_may_have_come_after_a_deleted_file_it_is_not_sure_that_none_is_missing(tmp_path: Path) -> None:
    with rotating(tmp_path) as it:
        it.path.unlink()
        append(tmp_path / "app.log.1", "2")
        append(it.path, "3")
        found = it.successors()
        assert (texts(found.files), found.sure) == (["2\n", "3\n"], False)


# Links.


def test_a_link_that_leads_elsewhere_by_now(tmp_path: Path) -> None:
    for name in ("a", "b"):
        append(tmp_path / name, name)
    (tmp_path / "logs").mkdir()
    (tmp_path / "app.log").symlink_to("a")
    file = Growing("app.log", os.open(tmp_path / "app.log", os.O_RDONLY))
    file.look(0.0)
    (tmp_path / "new").symlink_to("b")
    (tmp_path / "new").rename(tmp_path / "app.log")
    found = succession.successors(lambda: generations(Catalog([tmp_path])), file, max_line=1000)
    assert (texts(found.files), found.sure) == (["b\n"], True)
    for one in (file, *found.files):
        one.close()


# Under one's hands.


def test_a_file_that_is_renamed_during_the_search_is_searched_for_again(tmp_path: Path) -> None:
    with rotating(tmp_path) as it:
        it.path.rename(tmp_path / "app.log.1")
        append(it.path, "2")
        find, times = it.find, 0

        def rotated_behind_its_back() -> Sequence[Generation]:
            nonlocal times
            times += 1
            found = find()
            if times == 1:
                (tmp_path / "app.log.1").rename(tmp_path / "app.log.2")
                it.path.rename(tmp_path / "app.log.1")
                append(it.path, "3")
            return found

        it.find = rotated_behind_its_back
        found = it.successors()
        assert (texts(found.files), times) == (["2\n", "3\n"], 2)


def test_files_that_never_stand_still_are_left_to_the_next_look(tmp_path: Path) -> None:
    with rotating(tmp_path) as it:
        it.path.unlink()
        append(it.path, "2")
        find = it.find

        def replaced_behind_its_back() -> Sequence[Generation]:
            found = find()
            append(tmp_path / "new", "3")
            (tmp_path / "new").rename(it.path)
            return found

        it.find = replaced_behind_its_back
        assert it.successors().files == []
        assert it.after_overwriting() == ([], False)
        it.find = find
        assert texts(it.successors().files) == ["3\n"]


@pytest.mark.parametrize(("deleted", "expected"), [(False, ["2\n", "4\n"]), (True, ["4\n"])])
def test_what_was_opened_before_it_begins_anew_is_taken_or_closed(
    deleted: bool, expected: list[str], tmp_path: Path
) -> None:
    with rotating(tmp_path) as it:
        it.path.rename(tmp_path / "app.log.2")
        between = tmp_path / "app.log.1"
        append(between, "2")
        append(it.path, "3")
        find, times = it.find, 0

        def replaced_once() -> Sequence[Generation]:
            nonlocal times
            times += 1
            if times == 2 and deleted:
                between.unlink()
            found = find()
            if times == 1:
                append(tmp_path / "new", "4")
                (tmp_path / "new").rename(it.path)
            return found

        it.find = replaced_once
        assert texts(it.successors().files) == expected


# Written over.


def copy_and_truncate(it: Rotating, name: str = "app.log.1") -> Path:
    copy = it.directory / name
    copy.write_bytes(it.path.read_bytes())
    os.truncate(it.path, 0)
    return copy


def test_it_goes_on_in_its_copy_and_then_with_what_it_holds_now(tmp_path: Path) -> None:
    with rotating(tmp_path) as it:
        append(it.path, "unseen")
        copy = copy_and_truncate(it)
        append(it.path, "new")
        found = it.after_overwriting()
        assert (texts(found.files), found.sure) == (["new\n"], True)
        assert texts([it.file]) == ["first\nunseen\n"]
        assert it.file.identity[1] == copy.stat().st_ino


@pytest.mark.parametrize("kind", SUFFIXES)
def test_it_goes_on_in_a_copy_that_was_compressed_since(kind: Kind, tmp_path: Path) -> None:
    with rotating(tmp_path) as it:
        append(it.path, "unseen")
        it.pack(copy_and_truncate(it), kind)
        append(it.path, "new")
        found = it.after_overwriting()
        assert (texts([*found.files, it.file]), found.sure) == (["new\n", "first\nunseen\n"], True)


def test_a_packed_copy_that_is_too_large_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(succession, "MAX_UNPACKED", 10)
    with rotating(tmp_path) as it:
        append(it.path, "unseen")
        it.pack(copy_and_truncate(it))
        append(it.path, "new")
        found = it.after_overwriting()
        assert (texts(found.files), found.sure) == (["new\n"], False)


def test_without_a_copy_it_is_not_sure_and_goes_on_with_what_it_holds_now(tmp_path: Path) -> None:
    with rotating(tmp_path) as it:
        it.old("app.log.1", "another")
        os.truncate(it.path, 0)
        append(it.path, "new")
        found = it.after_overwriting()
        assert (texts(found.files), found.sure) == (["new\n"], False)


def test_a_file_that_was_empty_has_no_copy(tmp_path: Path) -> None:
    with rotating(tmp_path) as it:
        empty = Growing("app.log", os.open(it.path, os.O_RDONLY))
        it.opened.append(empty)
        found = succession.after_overwriting(it.find, empty, max_line=1000)
        it.opened += found.files
        assert (texts(found.files), found.sure) == (["first\n"], False)


def test_several_copies_since_the_last_look_come_in_order(tmp_path: Path) -> None:
    with rotating(tmp_path) as it:
        append(it.path, "unseen")
        copy_and_truncate(it, "app.log.3")
        append(it.path, "second")
        copy_and_truncate(it, "app.log.2")
        append(it.path, "third")
        copy_and_truncate(it, "app.log.1")
        append(it.path, "fourth")
        found = it.after_overwriting()
        assert (texts(found.files), found.sure) == (["second\n", "third\n", "fourth\n"], True)
        assert texts([it.file]) == ["first\nunseen\n"]


def test_a_copy_that_is_being_compressed_is_looked_for_again(tmp_path: Path) -> None:
    with rotating(tmp_path) as it:
        append(it.path, "unseen")
        copy = copy_and_truncate(it)
        it.old("app.log.2", "old")
        find, times = it.find, 0

        def busy() -> Sequence[Generation]:
            nonlocal times
            times += 1
            found = find()
            if times == 1:
                it.pack(copy)  # between the finding and the opening
            return found

        it.find = busy
        found = it.after_overwriting()
        assert (found.sure, times) == (True, 2)
        assert texts([it.file]) == ["first\nunseen\n"]
