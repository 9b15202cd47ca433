"""What came after a followed file that was copied and truncated, and in what it goes on."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from logagent.disk.archives.compression import Compression
from logagent.disk.catalog.logs import Generation
from logagent.disk.rotation import candidates, decompressed_copy
from logagent.disk.rotation.growing_file import GrowingFile
from testbed.rotating import SUFFIXES, copy_and_truncate, empty, rotating, texts
from testbed.tailing import append

# Written over.


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
    monkeypatch.setattr(decompressed_copy, "MAX_DECOMPRESSED", 10)
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


def test_without_the_file_before_it_is_sure_that_nothing_came_between_if_nothing_else_is_there(tmp_path: Path) -> None:
    with rotating(tmp_path) as it:
        it.know(it.old("app.log.1", "older"))
        (tmp_path / "app.log.1").unlink()
        os.truncate(it.path, 0)
        append(it.path, "2")
        found = it.after_overwriting()
        assert (texts(found.files), found.sure) == (["2\n"], True)


def test_with_a_copy_it_is_sure_what_came_between_though_the_file_before_is_gone(tmp_path: Path) -> None:
    with rotating(tmp_path) as it:
        it.know(it.old("app.log.2", "older"))
        (tmp_path / "app.log.2").unlink()
        copy_and_truncate(it, "app.log.1")
        append(it.path, "2")
        found = it.after_overwriting()
        assert (texts(found.files), found.sure, found.copied) == (["2\n"], True, True)


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
        begins_with = candidates.begins_with

        def truncated_meanwhile(file: GrowingFile, other: GrowingFile) -> bool:
            held = begins_with(file, other)
            it.path.write_bytes(b"third\n")
            return held

        monkeypatch.setattr(candidates, "begins_with", truncated_meanwhile)
        assert texts(it.after_overwriting().files) == ["second\n", "third\n"]


def test_a_file_that_was_empty_has_no_copy(tmp_path: Path) -> None:
    with rotating(tmp_path) as it:
        empty = GrowingFile("app.log", os.open(it.path, os.O_RDONLY))
        it.opened.append(empty)
        it.file = empty
        found = it.after_overwriting()
        assert (texts(found.files), found.copied) == (["first\n"], False)


# Seen empty, and then holding something.


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
