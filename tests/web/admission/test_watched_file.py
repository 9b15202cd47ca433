"""A file that changes while the agent runs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from logagent.web.admission import watched_file
from logagent.web.admission.watched_file import LOOK, MOST_BYTES, REPEATED, SETTLED, BadFile, WatchedFile


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def words(content: bytes) -> frozenset[str]:
    text = content.decode()
    if "bad" in text:
        raise ValueError("it holds a bad word")
    return frozenset(text.split())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "words"
    made.write_text("one")
    return made


@pytest.fixture
def clock() -> Clock:
    return Clock()


def watch(path: Path, clock: Clock) -> WatchedFile[frozenset[str]]:
    return WatchedFile(path, words, setting="words", clock=clock)


def held(file: WatchedFile[frozenset[str]]) -> set[str]:
    return set().union(*file.contents)


def test_a_change_counts_within_a_second(path: Path, clock: Clock) -> None:
    file = watch(path, clock)
    path.write_text("one two")
    clock.now += LOOK
    assert held(file) == {"one", "two"}
    assert LOOK < 1


def test_what_is_taken_out_counts_until_the_file_is_written_to_its_end(path: Path, clock: Clock) -> None:
    file = watch(path, clock)
    path.write_text("")
    clock.now += LOOK
    assert held(file) == {"one"}
    path.write_text("two")
    clock.now += LOOK
    assert held(file) == {"one", "two"}
    clock.now += SETTLED
    assert held(file) == {"two"}


def test_a_change_within_the_same_tick_of_the_file_systems_clock_is_seen(path: Path, clock: Clock) -> None:
    file = watch(path, clock)
    before = path.stat()
    path.write_text("two")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    clock.now += LOOK
    assert "two" in held(file)


def test_a_file_is_not_read_again_while_it_stays_as_it_is(
    path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = watch(path, clock)
    for _ in range(3):
        clock.now += SETTLED
        assert held(file) == {"one"}
    monkeypatch.setattr(watched_file, "_bytes_of", None)
    clock.now += SETTLED
    assert held(file) == {"one"}


def test_a_broken_file_changes_nothing_and_is_told_of_once_an_hour(
    path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    file = watch(path, clock)
    path.write_text("two bad")
    for _ in range(20):
        clock.now += LOOK
        assert held(file) == {"one"}
    [told] = caplog.records
    assert told.levelname == "ERROR"
    assert told.getMessage() == (f"words: {path} cannot be used: it holds a bad word; what it held before still counts")
    clock.now += REPEATED
    assert (held(file), len(caplog.records)) == ({"one"}, 2)
    path.write_text("two")
    clock.now += LOOK
    assert "two" in held(file)
    assert caplog.messages[2:] == [f"words: {path} can be used again"]


@pytest.mark.parametrize("how", ["removed", "directory", "fifo", "large"])
def test_a_file_that_is_none_any_more_changes_nothing(
    path: Path, clock: Clock, caplog: pytest.LogCaptureFixture, how: str
) -> None:
    file = watch(path, clock)
    path.unlink()
    if how == "directory":
        path.mkdir()
    elif how == "fifo":
        os.mkfifo(path)
    elif how == "large":
        path.write_bytes(b" " * (MOST_BYTES + 1))
    clock.now += LOOK
    assert held(file) == {"one"}
    assert len(caplog.records) == 1


def test_a_file_that_comes_back_as_it_was_counts_again(
    path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    file = watch(path, clock)
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
def test_a_file_that_cannot_be_used_ends_the_start(path: Path, clock: Clock, content: str | None) -> None:
    path.write_text(content) if content else path.unlink()
    with pytest.raises(BadFile, match=r"words cannot be (read: No such file|used: it holds a bad word)") as bad:
        watch(path, clock)
    assert bad.value.setting == "words"


def test_a_file_that_need_not_be_there_counts_as_soon_as_it_is(path: Path, clock: Clock) -> None:
    path.unlink()
    file = WatchedFile(path, words, setting="words", absent=frozenset(), clock=clock)
    clock.now += LOOK
    assert held(file) == set()
    path.write_text("one")
    clock.now += LOOK
    assert held(file) == {"one"}
