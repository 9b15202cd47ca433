"""The tail of one log: read once for all who follow it, and gone on with in whatever takes its file's place."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from logagent.core.batch import BATCH_BYTES, Notice, Position
from logagent.core.outcome import Failure, Status
from logagent.disk.catalog.logs import Generation
from logagent.disk.rotation.chain import BUSY
from logagent.disk.rotation.growing_file import GrowingFile
from logagent.disk.rotation.retries import RETRY_PAUSE
from testbed.tailing import SETTLED, Reader, Told, append, growing_logs

MANY = 40
"""Rotations: more than a tail holds files open."""


def held(directory: Path) -> list[str]:
    """The files of a directory that this process holds open, by the names they have or had."""
    links = (link.readlink() for link in Path("/proc/self/fd").iterdir() if link.is_symlink())
    return sorted(link.name for link in links if link.parent == directory)


class CountedReads:
    """How often files that grow are read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.times = 0
        read = GrowingFile.read

        def counted(file: GrowingFile, offset: int, most: int = BATCH_BYTES) -> tuple[bytes, bool]:
            self.times += 1
            return read(file, offset, most)

        monkeypatch.setattr(GrowingFile, "read", counted)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> CountedReads:
    return CountedReads(monkeypatch)


# Reading.


async def test_a_block_is_read_once_for_all_who_follow(
    tmp_path: Path, autojump_clock: MockClock, reads: CountedReads
) -> None:
    async with growing_logs(tmp_path, "0") as logs:
        readers = [await logs.reader() for _ in range(10)]
        for turn in range(1, 6):
            append(logs.path, str(turn))
            await trio.sleep(SETTLED)
        assert [reader.lines for reader in readers] == [["1", "2", "3", "4", "5"]] * 10
        assert reads.times == 5


async def test_who_begins_inside_a_block_that_was_read_gets_the_rest_of_it(
    tmp_path: Path, autojump_clock: MockClock, reads: CountedReads
) -> None:
    async with growing_logs(tmp_path) as logs:
        first = await logs.reader()
        append(logs.path, "one", "two", "three")
        await trio.sleep(SETTLED)
        second = Reader(first.tail, place=(0, 4))
        await second.read()
        assert (first.lines, second.lines) == (["one", "two", "three"], ["two", "three"])
        assert reads.times == 1


async def test_it_begins_behind_the_last_whole_line_that_was_there(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with growing_logs(tmp_path, "one") as logs:
        append(logs.path, "tw", end="")
        reader = await logs.reader()
        append(logs.path, "o")
        await trio.sleep(SETTLED)
        assert reader.lines == ["two"]


async def test_a_half_line_is_given_when_its_end_does_not_come_in_time(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with growing_logs(tmp_path) as logs:
        reader = await logs.reader()
        append(logs.path, "ha", end="")
        await trio.sleep(1.9)
        assert reader.lines == []
        append(logs.path, "lf", end="")  # a sign that it is still being written
        await trio.sleep(1.9)
        assert reader.lines == []
        await trio.sleep(SETTLED)
        append(logs.path, " done")
        await trio.sleep(SETTLED)
        assert list(zip(reader.lines, reader.partial, strict=True)) == [("half", True), (" done", False)]


async def test_a_half_line_is_given_though_nobody_calls(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with growing_logs(tmp_path) as logs:
        append(logs.path, "half", end="")
        reader = await logs.reader()
        await trio.sleep(3)
        assert (reader.lines, reader.partial) == (["half"], [True])


async def test_a_line_beyond_max_line_comes_in_pieces(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with growing_logs(tmp_path) as logs:
        await logs.tail(max_line=4)
        reader = await logs.reader()
        append(logs.path, "0123456789")
        await trio.sleep(SETTLED)
        assert list(zip(reader.lines, reader.partial, strict=True)) == [
            ("0123", True),
            ("4567", True),
            ("89", False),
        ]


# Files that take each other's place.


async def test_lines_that_come_late_to_a_renamed_file_come_before_the_new_files(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with growing_logs(tmp_path) as logs:
        reader = await logs.reader()
        append(logs.path, "1")
        old = logs.rotate("app.log.1")
        for late, new in [("2", "5"), ("3", "6"), ("4", "7")]:
            append(logs.path, new)
            await trio.sleep(0.05)
            append(old, late)
        await trio.sleep(0.05)
        assert reader.lines == ["1", "2", "3", "4"]
        await trio.sleep(SETTLED)
        assert reader.lines == ["1", "2", "3", "4", "5", "6", "7"]
        assert 0 not in reader.fingerprints


async def test_a_file_that_was_silent_for_long_may_get_a_late_line_too(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with growing_logs(tmp_path, "0") as logs:
        reader = await logs.reader()
        await trio.sleep(60)
        old = logs.rotate("app.log.1")
        append(logs.path, "2")
        await trio.sleep(0.05)
        append(old, "1")
        await trio.sleep(SETTLED)
        assert reader.lines == ["1", "2"]
        assert 0 not in reader.fingerprints


async def test_what_comes_even_later_is_given_without_a_place_to_go_on(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with growing_logs(tmp_path) as logs:
        reader = await logs.reader()
        append(logs.path, "1")
        old = logs.rotate("app.log.1")
        append(logs.path, "3")
        await trio.sleep(SETTLED)
        position = reader.follower.position
        append(old, "2")
        await trio.sleep(SETTLED)
        append(logs.path, "4")
        await trio.sleep(SETTLED)
        assert reader.lines == ["1", "3", "2", "4"]
        assert [fingerprint != 0 for fingerprint in reader.fingerprints] == [True, True, False, True]
        assert reader.batches[2].positions == (position,)


async def test_a_half_line_at_the_end_of_a_renamed_file_is_not_overtaken(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with growing_logs(tmp_path) as logs:
        reader = await logs.reader()
        append(logs.path, "ha", end="")
        old = logs.rotate("app.log.1")
        append(logs.path, "2")
        await trio.sleep(1)
        assert reader.lines == []
        append(old, "lf")
        await trio.sleep(SETTLED)
        assert (reader.lines, reader.partial) == (["half", "2"], [False, False])


async def test_a_slow_reader_gets_files_that_are_no_longer_held_open(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with growing_logs(tmp_path) as logs:
        slow = Reader(await logs.tail())
        for turn in range(MANY):
            append(logs.path, str(turn))
            await trio.sleep(0.1)
            logs.rotate(f"app.log.{MANY - turn}")
            await trio.sleep(0.1)
        assert 30 <= len(held(tmp_path)) <= 33
        await slow.read()
        assert slow.lines == [str(turn) for turn in range(MANY)]
        assert slow.notices == []
        append(logs.path, "last")
        await trio.sleep(SETTLED)
        await slow.read()
        assert slow.lines[MANY:] == ["last"]
        assert len(held(tmp_path)) <= 3


async def test_what_may_not_be_read_behind_a_truncation_is_told(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with growing_logs(tmp_path, "0") as logs:
        refused = False

        def refuse() -> int:
            raise Failure(Status.PERMISSION_DENIED, "permission denied: app.log")

        def found() -> Sequence[Generation]:
            return [replace(one, open=refuse) if refused else one for one in logs.find()]

        reader = Reader(await logs.tail(found))
        logs.nursery.start_soon(reader.run)
        refused = True
        logs.path.write_text("1")
        await trio.sleep(5)
        assert reader.notices == [Notice("web", Status.PERMISSION_DENIED, "permission denied: app.log")]


@pytest.mark.parametrize("gone", [1, 3])
async def test_files_that_are_gone_before_a_slow_reader_comes_to_them_are_told_of_at_once(
    gone: int, tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with growing_logs(tmp_path) as logs:
        slow = Reader(await logs.tail())
        for turn in range(MANY):
            append(logs.path, str(turn))
            await trio.sleep(0.1)
            logs.rotate(f"app.log.{MANY - turn}")
            await trio.sleep(0.1)
        for turn in range(gone):
            (tmp_path / f"app.log.{MANY - turn}").unlink()
        await slow.read()
        assert slow.lines == [str(turn) for turn in range(gone, MANY)]
        (notice,) = slow.notices
        assert notice.status is Status.DATA_LOSS
        assert f"app.log: {2 * gone} bytes were lost" in notice.message


async def test_a_deleted_file_is_let_go_of_once_nothing_is_written_to_it_any_more(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with growing_logs(tmp_path) as logs:
        reader = await logs.reader()
        append(logs.path, "1")
        await trio.sleep(SETTLED)
        with logs.path.open("ab") as old:
            logs.path.unlink()
            append(logs.path, "2")
            await trio.sleep(8)
            old.write(b"late\n")
        await trio.sleep(8)
        assert held(tmp_path) == ["app.log", "app.log (deleted)"]
        await trio.sleep(3)
        assert held(tmp_path) == ["app.log"]
        assert reader.lines == ["1", "2", "late"]


async def test_a_deleted_file_is_kept_for_who_has_not_read_it(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with growing_logs(tmp_path) as logs:
        slow = Reader(await logs.tail())
        append(logs.path, "1")
        await trio.sleep(SETTLED)
        logs.path.unlink()
        append(logs.path, "2")
        await trio.sleep(30)
        await slow.read()
        assert slow.lines == ["1", "2"]
        assert slow.notices == []


@pytest.mark.parametrize("pause", [SETTLED, 12.0], ids=["old ones held", "old ones let go of"])
async def test_files_that_are_deleted_and_made_again_may_get_an_inode_for_the_second_time(
    pause: float, tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with growing_logs(tmp_path) as logs:
        reader = await logs.reader()
        for turn in range(8):
            append(logs.path, str(turn))
            await trio.sleep(pause)
            logs.path.unlink()
        append(logs.path, "8")
        await trio.sleep(SETTLED)
        assert reader.lines == [str(turn) for turn in range(9)]


async def test_truncation_tells_how_much_a_slow_reader_lost(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with growing_logs(tmp_path, "0") as logs:
        fast, slow = await logs.reader(), Reader(await logs.tail())
        append(logs.path, "one", "two")
        await trio.sleep(BUSY + SETTLED)
        os.truncate(logs.path, 0)
        append(logs.path, "x")
        await trio.sleep(SETTLED)
        await slow.read()
        assert (fast.lines, slow.lines) == (["one", "two", "x"], ["x"])
        assert [notice.status for notice in fast.notices + slow.notices] == [Status.OK, Status.DATA_LOSS]
        assert "app.log: 8 bytes were lost" in slow.notices[0].message


async def test_truncation_of_what_is_written_to_may_have_lost_more_than_was_seen(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with growing_logs(tmp_path, "0") as logs:
        fast, slow = await logs.reader(), Reader(await logs.tail())
        append(logs.path, "one", "two")
        await trio.sleep(SETTLED)
        os.truncate(logs.path, 0)
        append(logs.path, "x")
        await trio.sleep(SETTLED)
        await slow.read()
        told = [(notice.status, notice.message) for notice in fast.notices + slow.notices]
        assert [status for status, _ in told] == [Status.DATA_LOSS, Status.DATA_LOSS]
        assert "app.log: truncated while it was written to" in told[0][1]
        assert "app.log: at least 8 bytes were lost" in told[1][1]


async def test_that_more_may_be_missing_is_told_behind_what_was_lost(tmp_path: Path, autojump_clock: MockClock) -> None:
    append(tmp_path / "app.log.1", "old")
    async with growing_logs(tmp_path, "0") as logs:
        reader = await logs.reader()
        (tmp_path / "app.log.1").unlink()
        append(tmp_path / "app.log.1", "1")
        logs.path.write_text("")
        append(logs.path, "2")
        await trio.sleep(SETTLED)
        assert reader.lines == ["1", "2"]
        assert [notice.message.split()[1] for notice in reader.notices] == ["truncated", "rotated"]


async def test_what_may_not_be_read_is_told_once_and_gone_on_with_when_it_may(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with growing_logs(tmp_path) as logs:
        refused = True

        def refuse() -> int:
            raise Failure(Status.PERMISSION_DENIED, "permission denied: app.log")

        def found() -> Sequence[Generation]:
            newest, *older = logs.find()
            return [replace(newest, open=refuse) if refused and older else newest, *older]

        reader = Reader(await logs.tail(found))
        logs.nursery.start_soon(reader.run)
        append(logs.path, "1")
        await trio.sleep(SETTLED)
        logs.rotate("app.log.1")
        append(logs.path, "2")
        await trio.sleep(RETRY_PAUSE - SETTLED)
        assert reader.notices == []
        await trio.sleep(5)
        assert reader.notices == [Notice("web", Status.PERMISSION_DENIED, "permission denied: app.log")]
        refused = False
        await trio.sleep(RETRY_PAUSE + SETTLED)
        assert reader.lines == ["1", "2"]
        assert len(reader.notices) == 1


# Looking.


async def test_it_looks_when_a_half_line_is_due_though_nobody_calls(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with growing_logs(tmp_path, poll=3600) as logs:
        reader = await logs.reader()
        append(logs.path, "half", end="")
        reader.tail.wake()
        await trio.sleep(2.1)
        assert reader.lines == ["half"]


async def test_it_looks_when_a_renamed_file_was_quiet_for_long_enough_though_nobody_calls(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with growing_logs(tmp_path, poll=3600) as logs:
        reader = await logs.reader()
        append(logs.path, "1")
        reader.tail.wake()
        await trio.sleep(0.05)
        logs.rotate("app.log.1")
        append(logs.path, "2")
        reader.tail.wake()
        await trio.sleep(SETTLED)
        assert reader.lines == ["1", "2"]


async def test_it_looks_when_a_deleted_file_is_to_be_let_go_of_though_nobody_calls(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with growing_logs(tmp_path, poll=3600) as logs:
        reader = await logs.reader()
        append(logs.path, "1")
        logs.path.unlink()
        append(logs.path, "2")
        reader.tail.wake()
        await trio.sleep(9)
        assert held(tmp_path) == ["app.log", "app.log (deleted)"]
        await trio.sleep(2)
        assert held(tmp_path) == ["app.log"]
        assert reader.lines == ["1", "2"]


async def test_what_is_written_during_a_look_comes_in_the_order_of_writing(
    tmp_path: Path, autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with growing_logs(tmp_path) as logs:
        reader = await logs.reader()
        old = logs.rotate("app.log.1")
        await trio.sleep(1)
        look, looks = GrowingFile.look, 0

        def interrupted(file: GrowingFile, now: float) -> bool:
            nonlocal looks
            looks += 1
            if looks == 2:
                append(old, "1")
                append(logs.path, "2")
            return look(file, now)

        monkeypatch.setattr(GrowingFile, "look", interrupted)
        await trio.sleep(SETTLED)
        assert reader.lines == ["1", "2"]


# Positions.


async def test_a_position_is_found_in_whichever_file_that_is_held(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with growing_logs(tmp_path) as logs:
        reader, slow = await logs.reader(), Reader(await logs.tail())
        append(logs.path, "one", "two")
        await trio.sleep(SETTLED)
        first = reader.follower.position
        logs.rotate("app.log.1")
        append(logs.path, "three")
        await trio.sleep(SETTLED)
        second = reader.follower.position
        tail = slow.tail
        assert (tail.chain.files.place_of(first), tail.chain.files.place_of(second), tail.chain.files.end()) == (
            (0, 8),
            (1, 6),
            (1, 6),
        )
        assert tail.chain.files.place_of(first._replace(offset=4)) == (0, 4)
        assert tail.chain.files.place_of(first._replace(offset=9)) is None
        assert tail.chain.files.place_of(Position("web", "app.log", first.fingerprint + 1, 0)) is None
        assert tail.chain.files.place_of(Position("web", "app.log", 0, 0)) is None


async def test_a_directory_that_was_replaced_is_watched_anew(tmp_path: Path, autojump_clock: MockClock) -> None:
    told = Told()
    async with growing_logs(tmp_path, watching=told) as logs:
        tail = await logs.tail()
        replaced = told.watches[tmp_path.name]
        tail.wake()
        await trio.sleep(SETTLED)
        assert not replaced.closed
        replaced.outdated = True
        replaced.wake()
        await trio.sleep(SETTLED)
        assert replaced.closed
        assert told.watched == [tmp_path.name]


# Failing and ending.


async def test_what_cannot_be_opened_fails_and_leaves_nothing(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with growing_logs(tmp_path) as logs:
        with pytest.raises(Failure) as caught:
            await logs.tail(lambda: ())
        assert caught.value.status is Status.NOT_FOUND
        assert logs.tails.under_way == 0
        await logs.tail()


async def test_a_failure_of_its_task_reaches_all_who_follow(
    tmp_path: Path, autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with growing_logs(tmp_path) as logs:
        broken = False

        def find() -> Sequence[Generation]:
            return [][0] if broken else logs.find()

        readers = [Reader(await logs.tail(find)) for _ in range(3)]
        broken = True
        logs.rotate("app.log.1")
        for reader in readers:
            reader.woken = trio.Event()
        await trio.sleep(SETTLED)
        for reader in readers:
            assert reader.woken.is_set()
            with pytest.raises(Failure, match="internal error"):
                await reader.read()
        assert held(tmp_path) == []
        assert "IndexError" in caplog.text
        for reader in readers:
            logs.tails.give_back(reader.tail)
        again = await logs.reader()
        append(logs.path, "1")
        await trio.sleep(SETTLED)
        assert again.lines == ["1"]


async def test_a_disk_that_fails_for_a_moment_is_looked_at_again(
    tmp_path: Path, autojump_clock: MockClock, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with growing_logs(tmp_path) as logs:
        reader = await logs.reader()
        with monkeypatch.context() as patched:
            patched.setattr(GrowingFile, "look", failing_look)
            append(logs.path, "1")
            await trio.sleep(SETTLED)
        assert reader.lines == []
        await trio.sleep(1)
        assert reader.lines == ["1"]
        assert "following app.log" in caplog.text


def failing_look(file: GrowingFile, now: float) -> bool:
    raise OSError(5, "Input/output error")


async def test_all_is_closed_when_the_last_one_leaves(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with growing_logs(tmp_path) as logs:
        readers = [await logs.reader() for _ in range(2)]
        append(logs.path, "1")
        logs.rotate("app.log.1")
        append(logs.path, "2")
        await trio.sleep(SETTLED)
        for reader, left in zip(readers, [1, 0], strict=True):
            assert "app.log" in held(tmp_path)
            reader.follower.close()
            logs.tails.give_back(reader.tail)
            await trio.sleep(SETTLED)
            assert logs.tails.under_way == left
        assert held(tmp_path) == []


async def test_leaving_the_tails_closes_all(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with growing_logs(tmp_path) as logs:
        await logs.tail()
        assert held(tmp_path) == ["app.log"]
    assert held(tmp_path) == []
