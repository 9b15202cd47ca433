"""The tail of one log goes on in whatever takes its file's place, and says what is lost."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from logagent.core.batch import Notice
from logagent.core.outcome import Failure, Status
from logagent.disk.catalog.logs import Generation
from logagent.disk.following.tail import TailBlock
from logagent.disk.rotation.chain import BUSY
from logagent.disk.rotation.retries import RETRY_PAUSE
from testbed.tailing import SETTLED, Reader, Told, append, growing_logs, held

MANY = 40
"""Rotations: more than a tail holds files open."""


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


async def test_a_late_line_is_given_though_its_file_is_forgotten_while_it_is_read(
    tmp_path: Path, autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with growing_logs(tmp_path) as logs:
        reader = Reader(await logs.tail())
        append(logs.path, "1")
        old = logs.rotate("app.log.1")
        append(logs.path, "3")
        await trio.sleep(SETTLED)
        await reader.read()
        append(old, "2")
        await trio.sleep(SETTLED)
        block = reader.tail.block

        async def forgotten(number: int, offset: int) -> TailBlock | None:
            read = await block(number, offset)
            logs.rotate("app.log.0")
            append(logs.path, "4")
            await reader.tail.see_all()
            reader.tail.chain.files.forget(before=1)
            assert reader.tail.chain.files.first == 1
            return read

        with monkeypatch.context() as patched:
            patched.setattr(reader.tail, "block", forgotten)
            late = await reader.follower.next_batch()
        assert late is not None
        await trio.sleep(SETTLED)
        await reader.read()
        assert (late.lines(), reader.lines) == ([b"2"], ["1", "3", "4"])


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


async def test_of_a_link_its_own_directory_and_its_targets_are_watched(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    (tmp_path / "pods").mkdir()
    append(tmp_path / "pods" / "0.log", "1")
    (tmp_path / "app.log").symlink_to("pods/0.log")
    told = Told()
    async with growing_logs(tmp_path, watching=told) as logs:
        reader = await logs.reader()
        assert {tmp_path.name, "pods"} <= set(told.watched)
        (tmp_path / "pods" / "0.log").rename(tmp_path / "pods" / "0.log.1")
        append(tmp_path / "pods" / "0.log", "2")
        told.watches["pods"].wake()
        await trio.sleep(SETTLED)
        assert reader.lines == ["2"]
