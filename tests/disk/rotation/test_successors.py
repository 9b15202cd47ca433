"""What has taken the place of a file that is followed, whichever way a log is rotated."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from logagent.disk.archives.compression import Compression
from logagent.disk.catalog.catalog import Catalog
from logagent.disk.catalog.logs import Generation
from logagent.disk.rotation import unpacked_copy
from logagent.disk.rotation.growing_file import Growing
from logagent.disk.rotation.successors import Succession, Successors
from testbed.packing import PACK
from testbed.tailing import append, generations

SUFFIXES = {Compression.GZIP: ".gz", Compression.BZIP2: ".bz2", Compression.XZ: ".xz", Compression.ZSTD: ".zst"}


class Rotating:
    """A directory with a log of which `app.log` is followed: what it holds is seen, unless `append` is told not to."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.path = directory / "app.log"
        self.find: Callable[[], Sequence[Generation]] = lambda: generations(Catalog([directory]))
        append(self.path, "first")
        self.file = Growing("app.log", os.open(self.path, os.O_RDONLY))
        self.opened = [self.file]
        self.known: list[Growing] = []
        self.look()

    def look(self) -> None:
        self.file.look(0.0)

    def old(self, name: str, *lines: str) -> Path:
        """A rotated file, older than all that was written since."""
        append(self.directory / name, *lines)
        os.utime(self.directory / name, (1, 1))
        return self.directory / name

    def successors(self) -> Successors:
        return self._kept(self.succession.after_renaming(self.file, self.known))

    def after_overwriting(self) -> Successors:
        return self._kept(self.succession.after_overwriting(self.file, self.known))

    def after_emptiness(self) -> Successors:
        return self._kept(self.succession.after_emptiness(self.file, self.known))

    @property
    def succession(self) -> Succession:
        return Succession(lambda: self.find(), 1000)

    def _kept(self, found: Successors | None) -> Successors:
        assert found is not None
        self.opened += found.files
        return found

    def pack(self, path: Path, kind: Compression = Compression.GZIP) -> None:
        """Compress a file, and delete it."""
        path.with_name(path.name + SUFFIXES[kind]).write_bytes(PACK[kind](path.read_bytes()))
        path.unlink()

    def know(self, path: Path) -> None:
        """A file by which others are known to be newer."""
        self.known.insert(0, Growing(path.name, os.open(path, os.O_RDONLY)))
        self.known[0].pass_by()


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
        assert it.successors().files == []


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
        assert it.successors().files == []


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
def test_a_followed_file_that_was_compressed_is_known_by_its_text(kind: Compression, tmp_path: Path) -> None:
    with rotating(tmp_path) as it:
        it.pack(it.old("app.log.2", "old"), kind)
        it.path.rename(tmp_path / "app.log.1")
        it.pack(tmp_path / "app.log.1", kind)
        append(it.path, "second")
        os.utime(it.path, (1, 1))  # by its time it would not be newer
        found = it.successors()
        assert (texts(found.files), found.sure) == (["second\n"], True)


def test_those_between_are_unpacked(tmp_path: Path) -> None:
    with rotating(tmp_path) as it:
        it.path.rename(tmp_path / "app.log.3")
        append(tmp_path / "app.log.2", "2")
        os.utime(tmp_path / "app.log.2", ns=(7, 7))
        it.pack(tmp_path / "app.log.2")
        os.utime(tmp_path / "app.log.2.gz", ns=(7, 7))
        append(tmp_path / "app.log.1", "3")
        append(it.path, "4")
        found = it.successors()
        assert (texts(found.files), found.sure) == (["2\n", "3\n", "4\n"], True)
        assert found.files[0].modified == 7


@pytest.mark.parametrize("how", ["damaged", "too large"])
def test_what_is_packed_and_cannot_be_read_to_its_end_is_not_sure(
    how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with rotating(tmp_path) as it:
        it.path.rename(tmp_path / "app.log.2")
        packed = PACK[Compression.GZIP](b"2\n" * 5000)
        (tmp_path / "app.log.1.gz").write_bytes(packed[:-4] if how == "damaged" else packed)
        if how == "too large":
            monkeypatch.setattr(unpacked_copy, "MAX_UNPACKED", 9999)
        append(it.path, "3")
        found = it.successors()
        assert (texts(found.files)[-1], found.sure) == ("3\n", False)


def test_a_file_that_was_empty_and_is_compressed_with_what_it_got_since_is_not_read_again(tmp_path: Path) -> None:
    with rotating(tmp_path) as it:
        it.know(it.old("app.log.3", "older"))
        os.truncate(it.path, 0)
        it.file = Growing("app.log", os.open(it.path, os.O_RDONLY))
        it.opened.append(it.file)
        it.look()
        append(it.path, "2")
        it.path.rename(tmp_path / "app.log.1")
        it.pack(tmp_path / "app.log.1")
        append(it.path, "3")
        assert texts(it.successors().files) == ["3\n"]


def test_an_inode_that_another_file_has_by_now_is_not_the_file_that_is_known(tmp_path: Path) -> None:
    with rotating(tmp_path) as it:
        append(tmp_path / "app.log.1", "2")
        it.file.identity = (tmp_path / "app.log.1").stat().st_dev, (tmp_path / "app.log.1").stat().st_ino
        it.path.rename(tmp_path / "app.log.2")
        append(it.path, "3")
        assert texts(it.successors().files) == ["2\n", "3\n"]


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
        assert it.successors().files == []


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
    found = Succession(lambda: generations(Catalog([tmp_path])), 1000).after_renaming(file)
    assert found is not None
    assert (texts(found.files), found.sure) == (["b\n"], True)
    for one in (file, *found.files):
        one.close()


# Under one's hands.


@pytest.mark.parametrize("torn", [["app.log", "app.log.1", "app.log.2:1"], ["app.log", "app.log.2"]])
def test_a_listing_in_which_a_file_is_twice_or_is_missing_is_made_again(torn: list[str], tmp_path: Path) -> None:
    """As happens while `app.log.1` is renamed."""
    with rotating(tmp_path) as it:
        it.path.rename(tmp_path / "app.log.2")
        append(tmp_path / "app.log.1", "2")
        append(it.path, "3")
        find, times = it.find, 0

        def seen_during_a_rename() -> Sequence[Generation]:
            nonlocal times
            times += 1
            by_name = {one.name: one for one in find()}
            if times > 1:
                return list(by_name.values())
            by_name["app.log.2:1"] = replace(by_name["app.log.1"], name="app.log.2")
            return [by_name[name] for name in torn]

        it.find = seen_during_a_rename
        assert texts(it.successors().files) == ["2\n", "3\n"]


def test_a_file_that_has_two_names_comes_once(tmp_path: Path) -> None:
    with rotating(tmp_path) as it:
        it.path.rename(tmp_path / "app.log.3")
        append(tmp_path / "app.log.1", "2")
        os.link(tmp_path / "app.log.1", tmp_path / "app.log.2")
        append(it.path, "3")
        assert texts(it.successors().files) == ["2\n", "3\n"]


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
        assert texts(found.files) == ["2\n", "3\n"]
        assert times > 2


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
        assert it.succession.after_renaming(it.file) is None
        assert it.succession.after_overwriting(it.file) is None
        assert it.succession.after_emptiness(it.file) is None
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
def test_it_goes_on_in_a_copy_that_was_compressed_since(kind: Compression, tmp_path: Path) -> None:
    with rotating(tmp_path) as it:
        append(it.path, "unseen")
        it.pack(copy_and_truncate(it), kind)
        append(it.path, "new")
        found = it.after_overwriting()
        assert (texts([*found.files, it.file]), found.sure) == (["new\n", "first\nunseen\n"], True)


def test_a_packed_copy_that_is_too_large_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacked_copy, "MAX_UNPACKED", 10)
    with rotating(tmp_path) as it:
        append(it.path, "unseen")
        it.pack(copy_and_truncate(it))
        append(it.path, "new")
        found = it.after_overwriting()
        assert (texts(found.files), found.sure, found.copied) == (["new\n"], True, False)


def test_without_a_copy_it_goes_on_with_what_it_holds_now(tmp_path: Path) -> None:
    with rotating(tmp_path) as it:
        it.know(it.old("app.log.1", "another"))
        os.truncate(it.path, 0)
        append(it.path, "new")
        found = it.after_overwriting()
        assert (texts(found.files), found.sure, found.copied) == (["new\n"], True, False)


def test_without_a_copy_what_came_between_is_found_by_the_file_before(tmp_path: Path) -> None:
    with rotating(tmp_path) as it:
        it.know(it.old("app.log.4", "older"))
        it.pack(tmp_path / "app.log.4")
        for name, text in [("app.log.3", "2"), ("app.log.2", "3")]:
            append(tmp_path / name, text)
        os.truncate(it.path, 0)
        append(it.path, "4")
        found = it.after_overwriting()
        assert (texts(found.files), found.sure, found.copied) == (["2\n", "3\n", "4\n"], True, False)


def test_without_a_copy_and_without_the_file_before_it_is_not_sure_what_came_between(tmp_path: Path) -> None:
    with rotating(tmp_path) as it:
        it.know(it.old("app.log.2", "older"))
        (tmp_path / "app.log.2").unlink()
        it.old("app.log.3", "oldest")
        os.utime(tmp_path / "app.log.3", ns=(0, 0))
        append(tmp_path / "app.log.1", "2")
        os.truncate(it.path, 0)
        append(it.path, "3")
        found = it.after_overwriting()
        assert (texts(found.files), found.sure) == (["2\n", "3\n"], False)


def test_a_copy_that_is_being_made_of_what_a_file_holds_by_now_is_not_followed(tmp_path: Path) -> None:
    """It is followed itself, and then goes on in the copy."""
    with rotating(tmp_path) as it:
        append(it.path, "unseen")
        copy_and_truncate(it, "app.log.2")
        append(it.path, "second", "third")
        append(tmp_path / "app.log.1", "second")
        found = it.after_overwriting()
        assert (texts(found.files), texts([it.file])) == (["second\nthird\n"], ["first\nunseen\n"])


@pytest.mark.parametrize("text", [b"", b"second\nother\n"])
def test_what_only_begins_alike_is_no_copy(text: bytes, tmp_path: Path) -> None:
    with rotating(tmp_path) as it:
        copy_and_truncate(it, "app.log.2")
        append(tmp_path / "app.log.1", "second", "third")
        it.path.write_bytes(text)
        assert texts(it.after_overwriting().files) == ["second\nthird\n", text.decode()]


@pytest.mark.parametrize("seen", [True, False], ids=["written over", "empty"])
def test_what_is_rotated_away_between_the_listing_and_the_opening_is_not_missed(seen: bool, tmp_path: Path) -> None:
    """The file itself is the same before and after."""
    with rotating(tmp_path) as it:
        empty(it)
        append(it.path, "second")
        if seen:
            it.look()
            copy_and_truncate(it, "app.log.1")
        find, times = it.find, 0

        def rotated_after_the_second() -> Sequence[Generation]:
            nonlocal times
            times += 1
            found = find()
            if times == 2:
                (tmp_path / "app.log.1").rename(tmp_path / "app.log.2")
                append(it.path, "third")
                copy_and_truncate(it)
                append(it.path, "fourth")
            return found

        it.find = rotated_after_the_second
        files = (it.after_overwriting() if seen else it.after_emptiness()).files
        assert "".join(texts(files)) == ("" if seen else "second\n") + "third\nfourth\n"


def test_a_copy_of_the_first_lines_is_one(tmp_path: Path) -> None:
    """The file grew on between its copying and its truncating."""
    with rotating(tmp_path) as it:
        copy = tmp_path / "app.log.2"
        copy.write_bytes(it.path.read_bytes())
        append(it.path, *map(str, range(1000)))
        it.look()
        os.truncate(it.path, 0)
        append(tmp_path / "app.log.1", "second")
        append(it.path, "third")
        found = it.after_overwriting()
        assert (texts(found.files), found.copied) == (["second\n", "third\n"], True)
        assert it.file.seen > it.file.whole


def test_what_begins_alike_but_was_there_before_is_no_copy(tmp_path: Path) -> None:
    with rotating(tmp_path) as it:
        it.old("app.log.3", "first")
        it.know(it.old("app.log.2", "known"))
        os.truncate(it.path, 0)
        append(it.path, "new")
        found = it.after_overwriting()
        assert (texts(found.files), found.copied) == (["new\n"], False)


def test_what_is_truncated_while_it_is_compared_with_a_copy_is_looked_at_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with rotating(tmp_path) as it:
        copy_and_truncate(it, "app.log.2")
        append(it.path, "second")
        append(tmp_path / "app.log.1", "second")
        holds = Growing.holds

        def truncated_meanwhile(file: Growing, other: Growing) -> bool:
            held = holds(file, other)
            it.path.write_bytes(b"third\n")
            return held

        monkeypatch.setattr(Growing, "holds", truncated_meanwhile)
        assert texts(it.after_overwriting().files) == ["second\n", "third\n"]


def test_a_file_that_was_empty_has_no_copy(tmp_path: Path) -> None:
    with rotating(tmp_path) as it:
        empty = Growing("app.log", os.open(it.path, os.O_RDONLY))
        it.opened.append(empty)
        it.file = empty
        found = it.after_overwriting()
        assert (texts(found.files), found.copied) == (["first\n"], False)


# Seen empty, and then holding something.


def empty(it: Rotating) -> None:
    """The file was written over, and is followed from where it is empty."""
    it.know(copy_and_truncate(it))
    it.file = Growing("app.log", os.open(it.path, os.O_RDONLY))
    it.opened.append(it.file)
    it.look()


def test_what_is_written_first_to_an_empty_file_comes_after_nothing_else(tmp_path: Path) -> None:
    with rotating(tmp_path) as it:
        empty(it)
        append(it.path, "second")
        assert it.after_emptiness().files == []


@pytest.mark.parametrize("now", ["", "third\n"])
def test_what_was_written_to_an_empty_file_and_rotated_away_comes_before_what_it_holds(
    now: str, tmp_path: Path
) -> None:
    with rotating(tmp_path) as it:
        empty(it)
        (tmp_path / "app.log.1").rename(tmp_path / "app.log.2")
        append(it.path, "second")
        copy_and_truncate(it)
        it.path.write_text(now)
        found = it.after_emptiness()
        assert (texts(found.files), found.sure) == (["second\n", now], True)


def test_of_an_empty_file_that_is_being_copied_the_copy_is_not_followed(tmp_path: Path) -> None:
    with rotating(tmp_path) as it:
        empty(it)
        (tmp_path / "app.log.1").rename(tmp_path / "app.log.2")
        append(it.path, "second")
        append(tmp_path / "app.log.1", "second")
        assert it.after_emptiness().files == []


def test_what_has_taken_the_place_of_an_empty_file_that_was_renamed_is_not_before_it(tmp_path: Path) -> None:
    with rotating(tmp_path) as it:
        empty(it)
        (tmp_path / "app.log.1").rename(tmp_path / "app.log.2")
        append(it.path, "second")
        it.path.rename(tmp_path / "app.log.1")
        append(it.path, "third")
        assert it.after_emptiness().files == []
        assert texts(it.successors().files) == ["third\n"]


def test_a_file_that_is_in_no_listing_any_more_is_left_to_those_who_look_for_its_successor(tmp_path: Path) -> None:
    with rotating(tmp_path) as it:
        empty(it)
        it.path.unlink()
        append(it.path, "third")
        assert it.after_emptiness().files == []


# Several at once.


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
        assert found.copied
        assert times > 2
        assert texts([it.file]) == ["first\nunseen\n"]
