"""What has taken the place of a followed file that was renamed or deleted."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from logagent.disk.archives.compression import Compression
from logagent.disk.catalog.catalog import Catalog
from logagent.disk.catalog.logs import Generation
from logagent.disk.rotation import decompressed_copy
from logagent.disk.rotation.growing_file import GrowingFile
from logagent.disk.rotation.successors import SuccessorFinder
from testbed.packing import PACK
from testbed.rotating import SUFFIXES, rotating, texts
from testbed.tailing import append, generations

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


def test_those_between_are_decompressed(tmp_path: Path) -> None:
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


def test_those_that_are_decompressed_are_known_by_the_inode_of_their_archive(tmp_path: Path) -> None:
    """Else their fingerprint alone would tell them from others that begin alike."""
    with rotating(tmp_path) as it:
        it.path.rename(tmp_path / "app.log.2")
        it.pack(it.old("app.log.1", "2"))
        append(it.path, "3")
        packed = (tmp_path / "app.log.1.gz").stat()
        assert it.successors().files[0].identity == (packed.st_dev, packed.st_ino)


@pytest.mark.parametrize("how", ["damaged", "too large"])
def test_what_is_packed_and_cannot_be_read_to_its_end_is_not_sure(
    how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with rotating(tmp_path) as it:
        it.path.rename(tmp_path / "app.log.2")
        packed = PACK[Compression.GZIP](b"2\n" * 5000)
        (tmp_path / "app.log.1.gz").write_bytes(packed[:-4] if how == "damaged" else packed)
        if how == "too large":
            monkeypatch.setattr(decompressed_copy, "MAX_DECOMPRESSED", 9999)
        append(it.path, "3")
        found = it.successors()
        assert (texts(found.files)[-1], found.sure) == ("3\n", False)


def test_a_file_that_was_empty_and_is_compressed_with_what_it_got_since_is_not_read_again(tmp_path: Path) -> None:
    with rotating(tmp_path) as it:
        it.know(it.old("app.log.3", "older"))
        os.truncate(it.path, 0)
        it.file = GrowingFile("app.log", os.open(it.path, os.O_RDONLY))
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
    file = GrowingFile("app.log", os.open(tmp_path / "app.log", os.O_RDONLY))
    file.look(0.0)
    (tmp_path / "new").symlink_to("b")
    (tmp_path / "new").rename(tmp_path / "app.log")
    found = SuccessorFinder(lambda: generations(Catalog([tmp_path])), 1000).after_renaming(file)
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
        assert it.finder.after_renaming(it.file) is None
        assert it.finder.after_overwriting(it.file) is None
        assert it.finder.after_emptiness(it.file) is None
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
