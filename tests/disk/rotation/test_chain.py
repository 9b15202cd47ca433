"""The files of a followed log, as those who follow and the thread that looks see them at the same time."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC
from pathlib import Path

import pytest

from logagent.core.batch import Position
from logagent.core.cursor import fingerprint
from logagent.core.outcome import Failure, Status
from logagent.disk.archives.compression import Compression
from logagent.disk.catalog.catalog import Catalog
from logagent.disk.catalog.logs import Generation
from logagent.disk.files.blocks import MAX_LINE, UNKNOWN
from logagent.disk.rotation.chain import BUSY, HALF_TIME, QUIET, Chain
from logagent.disk.rotation.growing_file import LOOKED
from logagent.disk.rotation.held_files import MAX_HELD
from logagent.disk.rotation.retries import RETRY_PAUSE
from logagent.disk.rotation.whereabouts import WAY_AGAIN
from testbed.packing import PACK
from testbed.tailing import append, generations


class Directory:
    """app.log and what it was before. hidden: nothing is found for now. listed: what is found otherwise."""

    def __init__(self, root: Path) -> None:
        self.path = root / "app.log"
        self.hidden = False
        self.listed: Callable[[], Sequence[Generation]] = lambda: generations(Catalog([root]))

    def find(self) -> Sequence[Generation]:
        return () if self.hidden else self.listed()

    def write(self, text: str) -> None:
        append(self.path, text, end="")

    def rotate(self) -> None:
        self.path.rename(self.path.with_name("app.log.1"))
        self.path.touch()


@pytest.fixture
def directory(tmp_path: Path) -> Directory:
    directory = Directory(tmp_path)
    directory.write("begun\n")
    return directory


@pytest.fixture
def chain(directory: Directory) -> Iterator[Chain]:
    chain = Chain("app.log", directory.find, host="web", zone=UTC, max_line=MAX_LINE)
    chain.open()
    yield chain
    chain.close()


def look(chain: Chain, now: float, in_use: int = 0) -> None:
    chain.look(now, in_use, watched=True)


def rotate(chain: Chain, directory: Directory, now: float, in_use: int = 0) -> None:
    directory.rotate()
    chain.whereabouts.note_rename()
    look(chain, now, in_use)


def test_files_keep_their_numbers_when_older_ones_are_forgotten(chain: Chain, directory: Directory) -> None:
    for number in range(4):
        directory.write(f"of {number}\n")
        look(chain, number)
        rotate(chain, directory, number)
    known = chain.files[3]
    chain.files.forget(before=3)
    assert (chain.files.first, chain.files.last, chain.files[3]) == (3, 4, known)


def test_of_a_forgotten_file_there_is_nothing_to_read(chain: Chain, directory: Directory) -> None:
    """Not of whatever other file has come to stand in its place."""
    directory.write("one\n")
    look(chain, 0)
    end = chain.files[0].whole
    assert chain.read(0, end - 4) == (b"one\n", False)
    for now in range(3):
        directory.write("more\n")
        rotate(chain, directory, now)
    chain.files.forget(before=3)
    assert chain.read(0, end - 4) is None


def test_the_two_newest_files_are_not_forgotten(chain: Chain, directory: Directory) -> None:
    rotate(chain, directory, 0)
    chain.files.forget(before=1)
    assert chain.files.first == 0


def test_a_forgotten_file_is_closed_at_the_next_look(chain: Chain, directory: Directory) -> None:
    for now in range(3):
        directory.write("more\n")
        rotate(chain, directory, now)
    forgotten = chain.files[0]
    chain.files.forget(before=3)
    assert forgotten.descriptor is not None
    look(chain, 3, in_use=3)
    assert forgotten.descriptor is None


def test_a_moment_that_passes_after_a_look_began_is_looked_at_again(chain: Chain, directory: Directory) -> None:
    """Else who follows would not learn that an older file is quiet by now."""
    directory.write("old\n")
    look(chain, 1.0)
    directory.rotate()
    directory.write("new\n")
    chain.whereabouts.note_rename()
    look(chain, 1.05)
    due = 1.05 + QUIET
    assert (chain.next_look(1.05), chain.next_look(due)) == (due, 1.05 + WAY_AGAIN)
    assert not chain.is_done(0, due - 0.01)
    assert chain.is_done(0, due)


def test_half_a_line_is_looked_at_until_it_is_given(chain: Chain, directory: Directory) -> None:
    directory.write("half")
    look(chain, 1.0)
    assert chain.next_look(1.0) == 1.0 + HALF_TIME
    look(chain, 1.0 + HALF_TIME)
    assert chain.files[0].half == 0
    assert chain.next_look(1.0 + HALF_TIME) == 1.0 + WAY_AGAIN


def test_what_took_the_place_but_could_not_be_opened_is_sought_again(chain: Chain, directory: Directory) -> None:
    directory.hidden = True
    rotate(chain, directory, 1.0)
    assert (chain.files.last, chain.next_look(1.0)) == (0, 1.0 + RETRY_PAUSE)
    directory.hidden = False
    look(chain, 1.0 + RETRY_PAUSE)
    assert chain.files.last == 1


# Where it begins.


def chain_of(directory: Directory) -> Chain:
    chain = Chain("app.log", directory.find, host="web", zone=UTC, max_line=MAX_LINE)
    chain.open()
    return chain


def texts(chain: Chain) -> list[bytes | None]:
    """What is to be read of each file, None of one that is gone."""
    return [text(chain, number) for number in numbers(chain)]


def text(chain: Chain, number: int) -> bytes | None:
    if chain.files[number].lost:
        return None
    read = chain.read(number, 0) if chain.files[number].whole else (b"", False)
    assert read is not None
    return read[0]


def numbers(chain: Chain) -> range:
    return range(chain.files.first, chain.files.last + 1)


def test_a_log_that_is_empty_begins_at_the_end_of_the_file_before(directory: Directory) -> None:
    """Where a position is exact, and where lines may still come."""
    directory.rotate()
    chain = chain_of(directory)
    assert (chain.files.end(), chain.files.beginning()) == ((0, 6), (1, 0))
    append(directory.path.with_name("app.log.1"), "late")
    directory.write("new\n")
    look(chain, 1.0)
    assert (chain.read(0, 6), chain.read(1, 0)) == ((b"late\n", False), (b"new\n", False))
    chain.close()


def test_an_archive_before_an_empty_log_is_not_decompressed(directory: Directory) -> None:
    directory.rotate()
    directory.path.with_name("app.log.1.gz").write_bytes(PACK[Compression.GZIP](b"begun\n"))
    directory.path.with_name("app.log.1").unlink()
    chain = chain_of(directory)
    place = chain.files.end()
    assert (place, chain.files[0].descriptor, chain.files[0].fingerprint) == (
        (0, UNKNOWN),
        None,
        fingerprint(b"begun\n"),
    )
    assert chain.files.place_of(Position("web", "app.log", fingerprint(b"begun\n"), 0)) is None
    directory.write("new\n")
    look(chain, 1.0)
    assert chain.is_done(0, 1.0)
    chain.close()


def test_a_log_that_never_held_anything_begins_nowhere(directory: Directory) -> None:
    directory.rotate()
    directory.path.with_name("app.log.1").write_text("")
    chain = chain_of(directory)
    assert (chain.files.end(), chain.files.last) == ((0, 0), 0)
    chain.close()


def test_the_file_before_need_not_be_readable(directory: Directory) -> None:
    directory.rotate()
    directory.write("new\n")

    def refuse() -> int:
        raise Failure(Status.PERMISSION_DENIED, "permission denied: app.log.1")

    found = directory.find()
    directory.listed = lambda: [found[0], replace(found[1], open=refuse)]
    chain = chain_of(directory)
    assert (chain.files.last, chain.files.end()) == (0, (0, 4))
    chain.close()


# Written over.


def copytruncate(directory: Directory, now: str = "") -> None:
    """As `logrotate` does, by renaming older copies first; then it holds `now`."""
    log = directory.path
    for number in range(8, 0, -1):
        if (copy := log.with_name(f"app.log.{number}")).exists():
            copy.rename(log.with_name(f"app.log.{number + 1}"))
    log.with_name("app.log.1").write_bytes(log.read_bytes())
    log.write_text(now)


def test_what_came_and_went_while_the_file_was_seen_empty_is_read(chain: Chain, directory: Directory) -> None:
    copytruncate(directory)
    look(chain, 1.0)
    directory.write("second\n")
    copytruncate(directory, "third\n")
    look(chain, 2.0)
    look(chain, 2.1)
    assert texts(chain) == [b"begun\n", b"", b"second\n", b"third\n"]
    assert not any(chain.files.notices(number) for number in numbers(chain))


def test_files_between_are_not_done_before_they_were_looked_at(chain: Chain, directory: Directory) -> None:
    copytruncate(directory, "second\n")
    copytruncate(directory, "third\n")
    look(chain, 1.0)
    assert chain.files.last == 2
    assert not chain.is_done(1, 100.0)
    look(chain, 1.1)
    assert texts(chain) == [b"begun\n", b"second\n", b"third\n"]
    assert chain.is_done(1, 1.1 + QUIET)


def test_while_a_look_is_under_way_a_file_is_not_done_because_the_next_one_was_looked_at_already(
    chain: Chain, directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    rotate(chain, directory, now=1)
    append(directory.path.with_name("app.log.1"), "still to the old file\n", end="")
    directory.write("to the new file\n")
    old, seen = chain.files[0], list[tuple[int, bool]]()
    look_at, before = old.look, old.whole

    def look_while_asked(now: float) -> bool:
        seen.append((chain.files[1].searched, chain.is_done(0, now)))
        return look_at(now)

    monkeypatch.setattr(old, "look", look_while_asked)
    look(chain, now=60)
    assert seen == [(len("to the new file\n"), False)]
    assert old.whole > before
    assert not chain.is_done(0, 60 + QUIET / 2)
    assert chain.is_done(0, 60 + QUIET)


def test_more_files_than_are_held_open_are_all_looked_at(chain: Chain, directory: Directory) -> None:
    directory.path.rename(directory.path.with_name(f"app.log.{MAX_HELD + 9}"))
    for number in range(MAX_HELD + 8, 0, -1):
        directory.path.with_name(f"app.log.{number}").write_text(f"{number}\n")
    directory.write("0\n")
    chain.whereabouts.note_rename()
    for now in (1.0, 1.1):
        look(chain, now)
    assert len(chain.files.descriptors()) == MAX_HELD
    assert texts(chain) == [b"begun\n", *(b"%d\n" % number for number in range(MAX_HELD + 8, -1, -1))]


def test_a_file_that_is_lost_ends_where_it_was_seen_to(chain: Chain, directory: Directory) -> None:
    directory.write("more\n")
    look(chain, 1.0)
    directory.hidden = True
    directory.path.write_text("")
    look(chain, 1.1)
    look(chain, 9.0)
    assert (chain.files[0].lost, chain.files[0].torn, chain.files.end()) == (True, True, (0, 11))


def test_of_a_file_that_was_truncated_without_a_copy_the_next_ones_are_not_passed_over(
    chain: Chain, directory: Directory
) -> None:
    directory.path.write_text("")
    look(chain, 101.0)
    directory.write("second\n")
    copytruncate(directory, "third\n")
    look(chain, 102.0)
    look(chain, 102.1)
    assert texts(chain) == [None, b"", b"second\n", b"third\n"]
    assert (chain.files[0].lost, chain.files[0].torn) == (True, False)


@pytest.mark.parametrize(("now", "torn"), [(BUSY - 0.1, True), (BUSY, False)])
def test_what_grew_just_before_it_was_truncated_may_have_held_more(
    now: float, torn: bool, chain: Chain, directory: Directory
) -> None:
    directory.write("more\n")
    look(chain, 1.0)
    directory.path.write_text("")
    look(chain, 1.0 + now)
    assert (chain.files[0].lost, chain.files[0].torn) == (True, torn)


def test_a_file_that_is_read_when_it_is_written_over_goes_on_in_its_copy(chain: Chain, directory: Directory) -> None:
    directory.write("more\n")
    look(chain, 1.0)
    copytruncate(directory, "second, which is longer\n")
    assert chain.read(0, 6) is None
    look(chain, 2.0)
    assert chain.read(0, 6) == (b"more\n", False)


def test_a_copy_of_the_first_lines_alone_is_read_to_its_end(chain: Chain, directory: Directory) -> None:
    """The file grew on before it was truncated, which was seen."""
    copytruncate(directory, "second\n" + "more\n" * 1000)
    look(chain, 1.0)
    copytruncate(directory, "third\n")
    os.truncate(directory.path.with_name("app.log.1"), len("second\n"))
    for now in (2.0, 2.1):
        look(chain, now)
    assert texts(chain) == [b"begun\n", b"second\n", b"third\n"]


def test_an_older_file_that_is_written_over_is_lost(chain: Chain, directory: Directory) -> None:
    directory.write("more\n")
    rotate(chain, directory, 1.0)
    directory.path.with_name("app.log.1").write_text("other\n")
    look(chain, 2.0)
    assert (chain.files[0].lost, chain.read(0, 0)) == (True, None)


def test_a_file_that_is_closed_since_and_was_compressed_is_decompressed_to_be_read(
    chain: Chain, directory: Directory
) -> None:
    directory.write("more\n")
    rotate(chain, directory, 1.0)
    chain.files[0].close()
    renamed = directory.path.with_name("app.log.1")
    renamed.with_name("app.log.1.gz").write_bytes(PACK[Compression.GZIP](renamed.read_bytes()))
    renamed.unlink()
    assert chain.read(0, 6) == (b"more\n", False)


def test_files_that_never_stand_still_are_looked_for_later(chain: Chain, directory: Directory) -> None:
    copytruncate(directory, "second\n")
    find, times = directory.listed, 0

    def renamed_each_time() -> Sequence[Generation]:
        nonlocal times
        times += 1
        return [replace(one, name=f"{one.name}{times}") for one in find()]

    directory.listed = renamed_each_time
    look(chain, 1.0)
    assert (chain.files.last, chain.next_look(1.0)) == (0, 1.0 + RETRY_PAUSE)
    directory.listed = find
    look(chain, 2.0)
    look(chain, 2.1)
    assert texts(chain) == [b"begun\n", b"second\n"]


def test_what_is_written_to_an_empty_log_and_rotated_away_before_a_look_is_read(directory: Directory) -> None:
    """Also by the first look of all."""
    directory.path.write_text("")
    chain = chain_of(directory)
    directory.write("first\n")
    copytruncate(directory, "second\n")
    for now in (1.0, 1.1):
        look(chain, now)
    assert texts(chain) == [b"", b"first\n", b"second\n"]
    chain.close()


def test_a_file_that_is_truncated_while_it_is_read_is_lost_at_once(chain: Chain, directory: Directory) -> None:
    directory.write("more\n")
    look(chain, 1.0)
    directory.path.write_text("")
    assert chain.read(0, 6) is None
    assert chain.files[0].lost


# Looking.


def test_a_look_that_does_not_see_all_says_that_there_is_more(chain: Chain, directory: Directory) -> None:
    directory.write("x" * 99 + "\n")
    os.truncate(directory.path, LOOKED + 100)
    looks = [chain.look(now, 0, watched=True) for now in (1.0, 1.1)]
    assert (looks, chain.files[0].exhausted) == ([True, False], True)


def test_in_a_log_of_dated_files_the_next_one_is_found_when_a_name_has_changed(directory: Directory) -> None:
    """None of them has a name that stays, which could be looked at."""
    directory.path.rename(directory.path.with_name("app.log-20260101"))
    chain = chain_of(directory)
    append(directory.path.with_name("app.log-20260102"), "next")
    look(chain, 1.0)
    assert chain.files.last == 0
    chain.whereabouts.note_rename()
    look(chain, 2.0)
    assert chain.files.last == 1
    chain.close()


def test_closing_does_not_wait_for_a_look_that_hangs_which_then_closes_all(directory: Directory) -> None:
    hanging, released = threading.Event(), threading.Event()
    chain = chain_of(directory)
    find = directory.listed

    def hang() -> Sequence[Generation]:
        hanging.set()
        released.wait()
        return find()

    directory.listed = hang
    directory.rotate()
    looking = threading.Thread(target=look, args=(chain, 1.0))
    closing = threading.Thread(target=chain.close)
    looking.start()
    hanging.wait()
    closing.start()
    closing.join(timeout=10)
    waited, held = closing.is_alive(), chain.files.descriptors()
    released.set()
    looking.join()
    closing.join()
    assert (waited, len(held), chain.files.descriptors()) == (False, 1, {})
