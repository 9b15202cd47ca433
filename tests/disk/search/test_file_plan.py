"""Which files of a log are read for a query, in what order, and what is read next after a rotation."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from logagent.core.batch import Position
from logagent.core.cursor import fingerprint
from logagent.core.query import Order, Query
from logagent.core.units import DAY
from logagent.disk.catalog.logs import Generation
from logagent.disk.search.file_plan import MAX_PLANS, FilePlan
from logagent.disk.search.known_times import KnownTimes
from logagent.disk.search.options import COMPRESSION_RATIO

MODIFIED = 1000 * DAY


class Files:
    """Files of app.log in a directory, rotated by renaming."""

    def __init__(self, directory: Path, *texts: str) -> None:
        self.directory = directory
        self.known_times = KnownTimes()
        self.after_listings: list[Callable[[], None]] = []
        for number, text in enumerate(texts):
            self.path(number).write_text(text)

    def path(self, number: int) -> Path:
        return self.directory / (f"app.log.{number}" if number else "app.log")

    def listed(self) -> Sequence[Generation]:
        """The files as they are now, newest first."""
        listed: list[Generation] = []
        while (path := self.path(len(listed))).exists():
            status = path.stat()
            opener = partial(os.open, path, os.O_RDONLY)
            identity = status.st_dev, status.st_ino
            listed.append(Generation(path.name, path.name, status.st_size, MODIFIED, opener, identity=identity))
        if self.after_listings:
            self.after_listings.pop(0)()
        return listed

    def plan(self, **asked: Any) -> FilePlan:
        query = Query.of(files=("app.log",), **asked)
        return FilePlan(query, "app.log", self.listed(), self.listed, self.known_times)

    def rotate(self, text: str = "newer\n") -> None:
        for number in range(len(self.listed()) - 1, -1, -1):
            self.path(number).rename(self.path(number + 1))
        self.path(0).write_text(text)

    def copy_and_truncate(self, text: str) -> None:
        copied = self.path(0).read_text()
        for number in range(len(self.listed()) - 1, 0, -1):
            self.path(number).rename(self.path(number + 1))
        self.path(1).write_text(copied)
        self.path(0).write_text(text)

    def was_rotated(self, plan: FilePlan, file: Generation) -> bool:
        descriptor = file.open()
        try:
            return plan.was_rotated(file, descriptor)
        finally:
            os.close(descriptor)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path, "three\n", "two\n", "one\n")


def names(plan: FilePlan) -> list[str]:
    """The files that are left, in the order in which they are read."""
    left: list[str] = []
    while (file := plan.next()) is not None:
        left.append(file.name)
    assert plan.done
    return left


def at(text: str, offset: int) -> tuple[Position, ...]:
    """A position in the file that begins with a text."""
    return (Position("web", "app.log", fingerprint(text.encode()) if text else 0, offset),)


# What is read.


@pytest.mark.parametrize(
    ("order", "expected"),
    [(Order.NEWEST, ["app.log", "app.log.1", "app.log.2"]), (Order.OLDEST, ["app.log.2", "app.log.1", "app.log"])],
)
def test_files_are_read_in_the_order_of_the_answer(order: Order, expected: list[str], files: Files) -> None:
    plan = files.plan(order=order)
    assert (plan.done, plan.planned, plan.losses, plan.take_resume()) == (False, 14, [], None)
    assert names(plan) == expected


def test_the_text_of_an_archive_is_planned_for_by_a_guess(files: Files) -> None:
    packed = Generation("app.log.1.gz", "app.log.1.gz", 100, MODIFIED, lambda: -1, compressed=True)
    plan = FilePlan(Query.of(files=("app.log",)), "app.log", [packed], lambda: (), KnownTimes())
    assert plan.planned == 100 * COMPRESSION_RATIO


def test_files_that_were_last_written_to_a_day_before_the_range_are_not_read(files: Files) -> None:
    assert names(files.plan(since=MODIFIED + DAY)) == ["app.log", "app.log.1", "app.log.2"]
    assert names(files.plan(since=MODIFIED + DAY + 1)) == []


def test_files_whose_times_are_known_to_lie_outside_the_range_are_not_read(files: Files) -> None:
    _, middle, _ = files.listed()
    files.known_times.note(middle, 1, 2)
    assert names(files.plan(since=500 * DAY)) == ["app.log", "app.log.2"]


@pytest.mark.parametrize(("text", "expected"), [("three\n", ["app.log"]), ("", ["app.log", "app.log.1"])])
def test_for_a_position_the_newest_file_with_text_is_read_whatever_the_range(
    text: str, expected: list[str], files: Files
) -> None:
    files.path(0).write_text(text)
    assert names(files.plan(since=MODIFIED + DAY + 1, whole=True)) == expected


# Going on from a position.


@pytest.mark.parametrize(
    ("order", "expected"), [(Order.NEWEST, ["app.log.1", "app.log.2"]), (Order.OLDEST, ["app.log.1", "app.log"])]
)
def test_files_that_an_earlier_answer_has_read_are_left_out(order: Order, expected: list[str], files: Files) -> None:
    positions = at("two\n", 2)
    plan = files.plan(order=order, positions=positions)
    assert (plan.take_resume(), plan.take_resume()) == (positions[0], None)
    assert (names(plan), plan.losses) == (expected, [])


@pytest.mark.parametrize(
    ("order", "expected"),
    [(Order.NEWEST, ["app.log.1", "app.log.2"]), (Order.OLDEST, ["app.log.2", "app.log.1", "app.log"])],
)
def test_behind_a_position_in_an_empty_file_comes_what_was_not_read(
    order: Order, expected: list[str], files: Files
) -> None:
    plan = files.plan(order=order, positions=at("", 0))
    assert (names(plan), plan.losses, plan.take_resume()) == (expected, [], None)


@pytest.mark.parametrize(
    ("order", "offset", "expected", "losses"),
    [
        (Order.NEWEST, 2, [], 1),
        (Order.NEWEST, 0, [], 0),  # all of that file was read
        (Order.OLDEST, 2, ["app.log.2", "app.log.1", "app.log"], 1),
    ],
)
def test_the_file_of_a_position_that_is_gone_is_a_loss(
    order: Order, offset: int, expected: list[str], losses: int, files: Files
) -> None:
    plan = files.plan(order=order, positions=at("gone\n", offset))
    assert (names(plan), len(plan.losses)) == (expected, losses)


def test_a_position_of_another_log_says_nothing(files: Files) -> None:
    (position,) = at("two\n", 2)
    assert len(names(files.plan(positions=(position._replace(log="other.log"),)))) == 3


# Rotated meanwhile.


@pytest.mark.parametrize(
    ("order", "expected"),
    [(Order.NEWEST, ["app.log.2", "app.log.3"]), (Order.OLDEST, ["app.log.2", "app.log.1", "app.log"])],
)
def test_the_file_of_a_position_is_found_though_it_was_renamed_after_the_files_were_listed(
    order: Order, expected: list[str], files: Files
) -> None:
    """A resumed follow would else send all older files once more, and tell of a loss that there was not."""
    before = files.listed()
    files.rotate()
    query = Query.of(files=("app.log",), order=order, positions=at("two\n", 2))
    plan = FilePlan(query, "app.log", before, files.listed, files.known_times)
    assert (names(plan), plan.losses) == (expected, [])


@pytest.mark.parametrize(
    ("order", "expected"), [(Order.NEWEST, ["app.log.4"]), (Order.OLDEST, ["app.log.2", "app.log.1", "app.log"])]
)
def test_the_file_that_was_read_last_is_found_though_it_is_renamed_after_the_files_are_listed_again(
    order: Order, expected: list[str], files: Files
) -> None:
    plan = files.plan(order=order)
    plan.next(), plan.next()
    plan.note(fingerprint(b"two\n"))
    files.rotate("newer\n")
    files.after_listings = [lambda: None, lambda: files.rotate("newest\n")]  # two that are equal are taken for settled
    assert plan.plan_anew("app.log.2") is None
    assert names(plan) == expected


def test_a_file_that_is_still_there_was_not_rotated(files: Files) -> None:
    plan = files.plan()
    file = plan.next()
    assert file is not None
    assert not files.was_rotated(plan, file)


def test_another_file_under_the_same_name_is_noticed(files: Files) -> None:
    plan = files.plan()
    file = plan.next()
    files.rotate()
    assert file is not None
    assert files.was_rotated(plan, file)


def test_newest_first_a_file_that_was_copied_and_truncated_after_it_was_listed_is_read_in_its_copy(
    files: Files,
) -> None:
    """Its inode is the same, and it would else be taken for the whole file, and what the copy holds be left out."""
    plan = files.plan()
    file = plan.next()
    files.copy_and_truncate("4\n")
    assert file is not None
    assert files.was_rotated(plan, file)
    assert plan.plan_anew("app.log") is None
    assert names(plan) == ["app.log", "app.log.1", "app.log.2", "app.log.3"]


def test_a_file_that_has_grown_since_it_was_listed_was_not_rotated(files: Files) -> None:
    plan = files.plan()
    file = plan.next()
    with files.path(0).open("a") as growing:
        growing.write("four\n")
    assert file is not None
    assert not files.was_rotated(plan, file)


def test_another_text_in_the_file_of_a_position_is_noticed(files: Files) -> None:
    plan = files.plan(positions=at("three\n", 2))
    file = plan.next()
    files.path(0).write_text("other\n")
    assert file is not None
    assert files.was_rotated(plan, file)


def test_oldest_first_another_text_in_the_newest_file_is_noticed(files: Files) -> None:
    plan = files.plan(order=Order.OLDEST)
    *_, newest = [plan.next() for _ in range(3)]
    files.path(0).write_text("other\n")
    assert newest is not None
    assert files.was_rotated(plan, newest)


@pytest.mark.parametrize(
    ("order", "expected"), [(Order.NEWEST, ["app.log.3"]), (Order.OLDEST, ["app.log.1", "app.log"])]
)
def test_it_goes_on_next_to_the_file_that_was_read_last(order: Order, expected: list[str], files: Files) -> None:
    plan = files.plan(order=order)
    plan.next(), plan.next()
    plan.note(fingerprint(b"two\n"))
    assert plan.begun
    files.rotate()
    assert plan.plan_anew("app.log.2") is None
    assert names(plan) == expected


def test_if_nothing_was_read_yet_it_begins_anew(files: Files) -> None:
    plan = files.plan()
    plan.next()
    plan.note(0)  # an empty file, which is not found again
    assert not plan.begun
    files.rotate()
    assert plan.plan_anew("app.log") is None
    assert names(plan) == ["app.log", "app.log.1", "app.log.2", "app.log.3"]


def test_if_the_file_that_was_read_last_is_gone_the_rest_is_a_loss(files: Files) -> None:
    plan = files.plan()
    plan.next()
    plan.note(fingerprint(b"three\n"))
    files.path(0).write_text("other\n")
    lost = plan.plan_anew("app.log.1")
    assert lost is not None
    assert "app.log.1" in lost.message
    assert plan.done


def test_the_rest_of_an_overwritten_file_is_read_in_its_copy(files: Files) -> None:
    plan = files.plan(order=Order.OLDEST)
    files.rotate("")
    (position,) = at("two\n", 2)
    assert plan.go_on_from(position)
    assert plan.take_resume() == position
    assert names(plan) == ["app.log.2", "app.log.1", "app.log"]
    assert not plan.go_on_from(position._replace(fingerprint=1 << 32))


def test_files_that_are_rotated_again_and_again_are_read_as_they_come_at_last(files: Files) -> None:
    plan = files.plan()
    file = plan.next()
    files.rotate()
    assert file is not None
    for _ in range(MAX_PLANS):
        assert files.was_rotated(plan, file)
        plan.plan_anew("app.log")
    assert not files.was_rotated(plan, file)
    assert not plan.go_on_from(at("two\n", 2)[0])
