"""A file that changes while the agent runs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from logagent.watched_file import LOOK, REPEATED, SETTLED, BadFile, Stamp, WatchedFile, bytes_and_stamp
from testbed.clock import Clock


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "words"
    made.write_text("one")
    return made


@pytest.fixture
def clock() -> Clock:
    return Clock(100.0)


class Words:
    """Reads a file of words, and counts how often."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.reads = 0
        self.error: Exception | None = None

    def __call__(self) -> tuple[frozenset[str], Stamp]:
        self.reads += 1
        if self.error:
            raise self.error
        content, stamp = bytes_and_stamp(self._path, 100, lambda _: None)
        if b"bad" in content:
            raise BadFile(f"{self._path} holds a bad word", lasting=True)
        return frozenset(content.decode().split()), stamp


@pytest.fixture
def read(path: Path) -> Words:
    return Words(path)


def watch(path: Path, read: Words, clock: Clock, **counts: frozenset[str]) -> WatchedFile[frozenset[str]]:
    return WatchedFile(path, read, setting="words", meanwhile="the old ones count", clock=clock, **counts)


def held(file: WatchedFile[frozenset[str]]) -> set[str]:
    file.look()
    return {*file.latest, *file.settled}


def test_a_change_counts_within_a_second(path: Path, read: Words, clock: Clock) -> None:
    file = watch(path, read, clock)
    path.write_text("one two")
    clock.now += LOOK
    assert held(file) == {"one", "two"}
    assert LOOK < 1


def test_what_is_taken_out_counts_until_the_file_is_written_to_its_end(path: Path, read: Words, clock: Clock) -> None:
    file = watch(path, read, clock)
    path.write_text("")
    clock.now += LOOK
    assert held(file) == {"one"}
    path.write_text("two")
    clock.now += LOOK
    assert held(file) == {"one", "two"}
    clock.now += SETTLED
    assert held(file) == {"two"}


def test_a_change_within_the_same_tick_of_the_file_systems_clock_is_seen(path: Path, read: Words, clock: Clock) -> None:
    file = watch(path, read, clock)
    before = path.stat()
    path.write_text("two")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    clock.now += LOOK
    assert "two" in held(file)


@pytest.mark.parametrize("content", ["one", "one bad"])
def test_a_file_is_not_read_again_while_it_stays_as_it_is(path: Path, read: Words, clock: Clock, content: str) -> None:
    file = watch(path, read, clock)
    path.write_text(content)
    for _ in range(2):
        clock.now += SETTLED
        assert held(file) == {"one"}
    reads = read.reads
    for _ in range(10):
        clock.now += SETTLED
        assert held(file) == {"one"}
    assert read.reads == reads
    path.write_text("two")
    clock.now += LOOK
    assert "two" in held(file)


def test_a_file_is_looked_at_twice_a_second_however_often_it_is_asked_for(
    path: Path, read: Words, clock: Clock
) -> None:
    file = watch(path, read, clock)
    for _ in range(100):
        held(file)
    assert read.reads == 2


def test_a_file_that_cannot_be_opened_for_a_moment_is_read_again(path: Path, read: Words, clock: Clock) -> None:
    file = watch(path, read, clock)
    path.write_text("one two")
    read.error = BadFile("too many open files")
    for _ in range(10):
        clock.now += SETTLED
        assert held(file) == {"one"}
    read.error = None
    clock.now += LOOK
    assert held(file) == {"one", "two"}


def test_a_broken_file_changes_nothing_and_is_told_of_once_an_hour(
    path: Path, read: Words, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    file = watch(path, read, clock)
    path.write_text("two bad")
    for _ in range(20):
        clock.now += LOOK
        assert held(file) == {"one"}
    [told] = caplog.records
    assert told.levelname == "ERROR"
    assert told.getMessage() == f"words: {path} holds a bad word; the old ones count"
    clock.now += REPEATED
    assert (held(file), len(caplog.records)) == ({"one"}, 2)
    path.write_text("two")
    clock.now += LOOK
    assert "two" in held(file)
    assert caplog.messages[2:] == [f"words: {path} can be used again"]


def test_a_file_that_comes_back_as_it_was_counts_again(
    path: Path, read: Words, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    file = watch(path, read, clock)
    clock.now += SETTLED
    assert held(file) == {"one"}
    path.rename(path.with_name("away"))
    clock.now += LOOK
    assert held(file) == {"one"}
    path.with_name("away").rename(path)
    clock.now += LOOK
    assert held(file) == {"one"}
    assert caplog.messages[1:] == [f"words: {path} can be used again"]


@pytest.mark.parametrize("content", [None, "bad"])
def test_a_file_that_cannot_be_used_at_first_is_an_error(
    path: Path, read: Words, clock: Clock, content: str | None
) -> None:
    path.write_text(content) if content else path.unlink()
    with pytest.raises(BadFile, match=r"words (cannot be read: No such file|holds a bad word)") as bad:
        watch(path, read, clock)
    assert bad.value.setting == "words"


def test_a_file_that_may_be_bad_at_first_is_told_of_then_and_again_after_an_hour(
    path: Path, read: Words, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    path.write_text("bad")
    file = watch(path, read, clock, first=frozenset({"none"}))
    assert (held(file), len(caplog.records)) == ({"none"}, 1)
    clock.now += REPEATED
    assert (held(file), len(caplog.records)) == ({"none"}, 2)


def test_a_file_that_need_not_be_there_counts_as_soon_as_it_is_and_must_stay_then(
    path: Path, read: Words, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    path.unlink()
    file = watch(path, read, clock, absent=frozenset())
    clock.now += LOOK
    assert held(file) == set()
    path.write_text("one")
    clock.now += LOOK
    assert held(file) == {"one"}
    assert caplog.messages == []
    path.unlink()
    clock.now += LOOK
    assert held(file) == {"one"}
    assert len(caplog.records) == 1
