"""Which files of a followed log are held open, and when each is let go of."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path

import pytest

from logagent.core.batch import Notice, Position
from logagent.core.outcome import Status
from logagent.disk.files.blocks import UNKNOWN
from logagent.disk.rotation.growing_file import GrowingFile
from logagent.disk.rotation.held_files import DELETED_GRACE, MAX_HELD, HeldFiles
from testbed.tailing import append

NOTICE = Notice("web", Status.DATA_LOSS, "lost")


class Held:
    """Files of one log, as they are held, each with a line of its own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.files = HeldFiles(UTC)

    def add(self, *lines: str) -> GrowingFile:
        """A file that took the place of the newest one, and was looked at."""
        path = self.path(self.files.last + 1)
        path.touch()
        append(path, *lines)
        file = GrowingFile(path.name, os.open(path, os.O_RDONLY))
        self.files.add([file])
        file.look(0.0)
        return file

    def path(self, number: int) -> Path:
        return self.directory / f"app.log-{number}"

    def delete(self, number: int, now: float = 0.0) -> None:
        self.path(number).unlink()
        self.files[number].look(now)

    def open(self) -> list[int]:
        return list(self.files.descriptors())


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Held]:
    held = Held(tmp_path)
    yield held
    held.files.close()
    assert held.open() == []


# Letting go.


def test_a_deleted_file_that_all_have_read_is_closed_after_its_grace(held: Held) -> None:
    held.add("one"), held.add("two")
    held.delete(0)
    held.files.let_go(DELETED_GRACE - 0.1, in_use=1)
    assert (held.open(), held.files.releases()) == ([0, 1], [DELETED_GRACE])
    held.files.let_go(DELETED_GRACE, in_use=1)
    assert (held.open(), held.files.releases()) == ([1], [])


def test_the_grace_begins_anew_with_each_write(held: Held) -> None:
    held.add("one"), held.add("two")
    writer = held.path(0).open("ab", buffering=0)
    held.delete(0)
    with writer:
        writer.write(b"late\n")
    held.files[0].look(5.0)
    held.files.let_go(DELETED_GRACE, in_use=1)
    assert (held.open(), held.files.releases()) == ([0, 1], [5.0 + DELETED_GRACE])


def test_the_grace_begins_at_the_earliest_when_another_file_takes_the_place(held: Held) -> None:
    held.add("one").left = 3.0
    held.add("two")
    held.delete(0)
    assert held.files.releases() == [3.0 + DELETED_GRACE]


def test_a_deleted_file_is_held_for_as_long_as_a_follower_reads_it(held: Held) -> None:
    held.add("one"), held.add("two")
    held.delete(0)
    held.files.let_go(1e9, in_use=0)
    assert held.open() == [0, 1]


def test_a_file_that_has_a_name_is_held_until_it_is_forgotten(held: Held) -> None:
    held.add("one"), held.add("two")
    held.files.let_go(1e9, in_use=1)
    assert held.open() == [0, 1]


def test_the_newest_file_is_held_though_it_was_deleted(held: Held) -> None:
    held.add("one")
    held.delete(0)
    held.files.let_go(1e9, in_use=1)
    assert (held.open(), held.files.releases()) == ([0], [])


def test_of_too_many_files_the_oldest_are_closed_whoever_reads_them(held: Held) -> None:
    for number in range(MAX_HELD + 2):
        held.add(str(number))
    held.files.let_go(0.0, in_use=0)
    assert held.open() == list(range(2, MAX_HELD + 2))


def test_of_too_many_files_one_that_was_not_looked_at_is_held(held: Held) -> None:
    for number in range(MAX_HELD + 1):
        held.add(str(number))
    unseen = held.files[0]
    append(held.path(0), "x" * 100)
    unseen.look(0.0, most=1)
    held.files.let_go(0.0, in_use=0)
    assert len(held.open()) == MAX_HELD + 1
    unseen.look(0.0)
    held.files.let_go(0.0, in_use=0)
    assert held.open() == list(range(1, MAX_HELD + 1))


# Forgetting.


def test_files_that_nobody_reads_are_forgotten_and_closed_at_the_next_look(held: Held) -> None:
    forgotten = [held.add("0"), held.add("1")]
    held.add("2"), held.add("3")
    held.files.forget(before=2)
    assert (held.files.first, held.files.last, held.files.get(1), held.files[2].name) == (2, 3, None, "app.log-2")
    assert all(file.descriptor is not None for file in forgotten)
    held.files.let_go(0.0, in_use=2)
    assert all(file.descriptor is None for file in forgotten)


def test_the_file_before_the_newest_is_kept_to_tell_which_are_newer(held: Held) -> None:
    held.add("0"), held.add("1"), held.add("2")
    held.files.forget(before=2)
    assert (held.files.first, [file.name for file in held.files.anchors()]) == (1, ["app.log-1"])


@pytest.mark.parametrize("how", ["empty", "lost"])
def test_a_file_that_tells_nothing_does_not_take_that_ones_part(how: str, held: Held) -> None:
    held.add("0"), held.add("1")
    held.add(*[] if how == "empty" else ["2"]).lost = how == "lost"
    held.add("3")
    held.files.forget(before=3)
    assert held.files.first == 1


def test_notices_come_before_the_first_of_the_files_that_are_added(held: Held) -> None:
    held.add("0")
    paths = [held.directory / "a", held.directory / "b"]
    for path in paths:
        path.touch()
    held.files.add([GrowingFile(path.name, os.open(path, os.O_RDONLY)) for path in paths], [NOTICE])
    assert [list(held.files.notices(number)) for number in range(3)] == [[], [NOTICE], []]


def test_the_notices_of_a_forgotten_file_are_forgotten(held: Held) -> None:
    held.add("0")
    held.path(1).touch()
    held.files.add([GrowingFile("app.log-1", os.open(held.path(1), os.O_RDONLY))], [NOTICE])
    held.add("2"), held.add("3")
    held.files.forget(before=2)
    assert list(held.files.notices(1)) == []


# Places.


def test_the_end_is_in_the_newest_file_that_holds_anything(held: Held) -> None:
    held.add("0"), held.add("one"), held.add()
    assert (held.files.end(), held.files.beginning()) == ((1, 4), (0, 0))


def test_without_any_text_the_end_is_the_beginning_of_the_newest_file(held: Held) -> None:
    held.add(), held.add()
    assert held.files.end() == (1, 0)


def test_behind_a_lost_file_the_end_is_in_the_newest_one(held: Held) -> None:
    held.add("one").lost = True
    held.add()
    assert held.files.end() == (1, 4)


def test_the_end_of_a_file_that_is_not_read_is_unknown_but_behind_all_of_it(held: Held) -> None:
    held.add("one").keep_fingerprint_only()
    held.add()
    assert held.files.end() == (0, UNKNOWN)


def test_it_begins_with_the_file_that_was_the_newest_at_first(held: Held) -> None:
    held.add("0"), held.add("1")
    held.files.begun = held.files.last
    assert held.files.beginning() == (1, 0)
    held.add("2"), held.add("3")
    held.files.forget(before=2)
    assert held.files.beginning() == (2, 0)


def test_a_position_is_found_by_the_fingerprint_of_its_file(held: Held) -> None:
    files = [held.add("one"), held.add("two")]
    positions = [Position("web", "app.log", file.fingerprint, 4) for file in files]
    assert [held.files.place_of(position) for position in positions] == [(0, 4), (1, 4)]
    assert held.files.place_of(positions[0]._replace(offset=5)) is None
    assert held.files.place_of(positions[0]._replace(fingerprint=1)) is None
    files[0].lost = files[1].passed = True
    assert [held.files.place_of(position) for position in positions] == [None, None]


# Times.


def test_times_that_are_learnt_are_told(held: Held) -> None:
    held.add("2026-01-01T00:00:00Z a", "b")
    body = held.path(0).read_bytes()
    held.files.learn_times(0, 0, body, 99)
    stamping = held.files.stamping(0)
    first, second = stamping.times([0, 23], body.splitlines())
    assert (stamping.timed, first) == (True, second)


def test_times_of_a_forgotten_file_are_not_learnt(held: Held) -> None:
    held.add("0"), held.add("1"), held.add("2")
    held.files.forget(before=1)
    held.files.learn_times(0, 0, b"0\n", 99)
    with pytest.raises(KeyError):
        held.files.stamping(0)


def test_the_text_before_a_line_without_a_time_is_read_from_its_file(held: Held) -> None:
    held.add("2026-01-01T00:00:00Z a", "b")
    held.files.learn_times(0, 23, b"b\n", 99)
    assert held.files.stamping(0).times([23], [b"b"]) == [1_767_225_600_000_000_000]
