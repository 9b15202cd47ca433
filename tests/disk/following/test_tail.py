"""The tail of one log: read once for all who follow it, and gone on with in whatever takes its file's place."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from logagent.core.batch import BATCH_BYTES, Position
from logagent.core.outcome import Failure, Status
from logagent.disk.catalog.logs import Generation
from logagent.disk.rotation.growing_file import GrowingFile
from testbed.tailing import SETTLED, Reader, Told, append, growing_logs, held


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
        assert tmp_path.name in told.watched


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
