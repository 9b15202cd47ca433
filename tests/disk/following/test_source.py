"""This host's logs as they grow, as one source: what a reader gets, however slow it is and whatever is rotated."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import MockClock

from logagent.core.batch import BATCH_BYTES, Batch, Notice, Position
from logagent.core.outcome import Outcome, Status
from logagent.core.query import Unit
from logagent.disk.archives.compression import Compression
from logagent.disk.catalog.catalog import Catalog
from logagent.disk.following.new_logs import SEARCH_AGAIN
from logagent.disk.following.source import FollowSource
from logagent.disk.search.options import ReadOptions
from logagent.disk.threads import DiskThreads
from testbed.packing import PACK
from testbed.reading import Collected
from testbed.tailing import Logs, append, followed, growing_logs
from testbed.trees import Unprivileged, permit, planted

SETTLED = 1.0
"""Virtual seconds after which all whole lines that were written have come, events too."""


class Slow(Collected):
    """An `Out` that takes nothing while it is shut."""

    def __init__(self) -> None:
        super().__init__()
        self.open = trio.Event()
        self.open.set()

    def shut(self) -> None:
        if self.open.is_set():
            self.open = trio.Event()

    async def send(self, batch: Batch) -> None:
        await self.open.wait()
        await super().send(batch)

    @property
    def texts(self) -> list[str]:
        return [line.decode() for line in self.lines]

    @property
    def notices(self) -> list[Notice]:
        return [notice for batch in self.batches for notice in batch.notices]

    @property
    def position(self) -> Position:
        """The last that was told."""
        return positions([self])[-1]


def positions(outs: Sequence[Collected]) -> list[Position]:
    return [position for out in outs for batch in out.batches for position in batch.positions]


class Host:
    """One with logs in a directory."""

    def __init__(self, logs: Logs) -> None:
        self.directory = logs.directory
        self.path = logs.path
        self.tails = logs.tails
        self._nursery = logs.nursery
        self.live = FollowSource(
            "web",
            catalog=logs.catalog,
            threads=DiskThreads(inline=True),
            tails=logs.tails,
            options=lambda _: ReadOptions(host="web", zone=UTC, max_line=1000),
            again=logs.catalog.again,
            max_files=10,
        )
        self.outcomes: list[Outcome] = []

    def begin(self, **asked: Any) -> tuple[Slow, trio.CancelScope]:
        """A follow, and what ends it."""
        out, scope = Slow(), trio.CancelScope()
        self._nursery.start_soon(partial(self._run, out, scope, **asked))
        return out, scope

    async def _run(self, out: Slow, scope: trio.CancelScope, **asked: Any) -> None:
        with scope:
            self.outcomes.append(await self.live.pump(followed(**asked), out))

    async def follow(self, **asked: Any) -> Slow:
        """A follow that has begun."""
        out, _ = self.begin(**asked)
        await trio.sleep(SETTLED)
        return out


async def test_logs_of_one_name_in_two_roots_are_followed_each_by_its_own_name(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    (tmp_path / "logs").mkdir()
    other.mkdir()
    append(other / "app.log", "1 other")
    async with growing_logs(tmp_path / "logs", "1") as logs:
        logs.catalog = Catalog([logs.directory, other])
        out = await Host(logs).follow()
        append(logs.path, "2")
        append(other / "app.log", "2 other")
        await trio.sleep(SETTLED)
        assert sorted(out.lines) == [b"2", b"2 other"]
        origins = {origin.file for batch in out.batches for origin in batch.origins}
        assert origins == {"logs:app.log", "other:app.log"}
        logs.rotate("app.log.1")
        append(logs.path, "3")
        await trio.sleep(SETTLED)
        assert sorted(out.lines) == [b"2", b"2 other", b"3"]


async def test_a_follow_notes_what_a_glob_may_not_read_and_goes_on_with_it_when_it_may(
    autojump_clock: MockClock,
) -> None:
    with TemporaryDirectory() as directory:
        permit(Path(directory))
        async with growing_logs(Path(directory), "1") as logs:
            dark = planted(Path(directory), "dark.log") / "dark.log"
            dark.chmod(0)
            with Unprivileged():
                out = await Host(logs).follow(files=("*.log",))
                noted = [(note.kind, note.files) for batch in out.batches for note in batch.notes]
                assert noted == [("unreadable", ("dark.log",))]
                assert not [notice for batch in out.batches for notice in batch.notices]
            dark.chmod(0o644)
            with Unprivileged():
                await trio.sleep(SEARCH_AGAIN + SETTLED)
            append(dark, "2")
            await trio.sleep(SETTLED)
            assert out.lines[-1].endswith(b"2")


@asynccontextmanager
async def host(directory: Path, *lines: str) -> AsyncIterator[Host]:
    async with growing_logs(directory, *lines) as logs:
        yield Host(logs)


async def test_it_says_where_it_begins_and_then_gives_what_is_written(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with host(tmp_path, "0") as it:
        out = await it.follow()
        (first,) = out.batches
        assert (first.live, first.count, [position.offset for position in first.positions]) == (True, 0, [2])
        append(it.path, "1")
        await trio.sleep(SETTLED)
        assert out.texts == ["1"]
        assert out.position.offset == 4


async def test_a_slow_reader_behind_several_rotations_loses_nothing(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with host(tmp_path) as it:
        out = await it.follow()
        out.shut()
        lines = [f"{number} {'x' * 500}" for number in range(6000)]
        for turn in range(6):
            append(it.path, *lines[turn * 1000 : (turn + 1) * 1000])  # more than a block
            await trio.sleep(SETTLED)
            it.path.rename(tmp_path / f"app.log.{9 - turn}")
            await trio.sleep(SETTLED)
        append(it.path, "last")
        await trio.sleep(SETTLED)
        assert out.texts == []
        out.open.set()
        await trio.sleep(SETTLED)
        assert out.texts == [*lines, "last"]
        assert out.notices == []
        assert max(len(batch.body) for batch in out.batches) <= BATCH_BYTES


async def test_a_reader_that_takes_nothing_does_not_hold_up_another(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with host(tmp_path) as it:
        slow, fast = await it.follow(), await it.follow()
        slow.shut()
        for turn in range(3):
            append(it.path, str(turn))
            await trio.sleep(SETTLED)
        assert (slow.texts, fast.texts) == ([], ["0", "1", "2"])
        slow.open.set()
        await trio.sleep(SETTLED)
        assert slow.texts == ["0", "1", "2"]


@pytest.mark.parametrize("rotated", [False, True])
async def test_context_comes_with_a_match_over_blocks_and_files(
    rotated: bool, tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with host(tmp_path) as it:
        out = await it.follow(keywords=(b"boom",), before=2, after=1)
        for text in ["1", "2", "3", "boom", "4", "5", "6"]:
            if text == "boom" and rotated:
                it.path.rename(tmp_path / "app.log.1")
            append(it.path, text)
            await trio.sleep(SETTLED)
        assert out.texts == ["2", "3", "boom", "4"]


async def test_an_event_is_given_whole_once_it_is_quiet(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with host(tmp_path) as it:
        out = await it.follow(unit=Unit.EVENT, keywords=(b"boom",))
        append(it.path, "2026-11-25T10:00:01Z begun")
        await trio.sleep(0.3)
        append(it.path, "  at boom")
        await trio.sleep(0.3)
        assert out.texts == []
        append(it.path, "  at last")
        await trio.sleep(SETTLED)
        assert out.texts == ["2026-11-25T10:00:01Z begun", "  at boom", "  at last"]


async def test_the_limits_of_an_answer_are_left_to_who_asks(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with host(tmp_path) as it:
        out = await it.follow(n=1, max_bytes=3)
        append(it.path, "1", "2", "3")
        await trio.sleep(SETTLED)
        assert out.texts == ["1", "2", "3"]
        assert it.outcomes == []


async def test_without_a_match_its_position_is_told_after_a_heartbeat(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with host(tmp_path) as it:
        out = await it.follow(keywords=(b"boom",), heartbeat=5.0)
        append(it.path, "1")
        await trio.sleep(4)
        assert len(out.batches) == 1
        await trio.sleep(2)
        assert (out.position.offset, out.lines) == (2, [])


async def test_logs_that_turn_up_are_followed_from_their_beginning(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with host(tmp_path, "0") as it:
        out = await it.follow(files=("*.log",))
        append(tmp_path / "new.log", "1")
        await trio.sleep(12)
        append(tmp_path / "new.log", "2")
        await trio.sleep(SETTLED)
        assert out.texts == ["1", "2"]


async def test_what_cannot_be_followed_is_said_once_and_the_rest_is_followed(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with host(tmp_path) as it:
        out = await it.follow(files=("app.log", "none.log"))
        append(it.path, "1")
        await trio.sleep(30)
        assert out.texts == ["1"]
        assert [notice.status for notice in out.notices] == [Status.NOT_FOUND]


async def test_all_is_given_back_when_a_follow_is_left(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with host(tmp_path) as it:
        one, other = it.begin(), it.begin()
        await trio.sleep(SETTLED)
        assert it.tails.under_way == 2
        one[1].cancel()
        await trio.sleep(SETTLED)
        assert it.tails.under_way == 2
        other[1].cancel()
        await trio.sleep(SETTLED)
        assert it.tails.under_way == 0


async def test_a_follow_goes_on_behind_a_position_whatever_was_rotated(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with host(tmp_path) as it:
        out, scope = it.begin()
        await trio.sleep(SETTLED)
        append(it.path, "1")
        await trio.sleep(SETTLED)
        scope.cancel()
        append(it.path, "2")
        it.path.rename(tmp_path / "app.log.2")
        append(it.path, "3")
        it.path.rename(tmp_path / "app.log.1")
        append(it.path, "4")
        resumed = await it.follow(positions=(out.position,))
        append(it.path, "5")
        await trio.sleep(SETTLED)
        assert (out.texts, resumed.texts) == (["1"], ["2", "3", "4", "5"])


STEPS = st.lists(st.sampled_from(["write", "half", "rotate", "pause", "shut", "open", "again"]), max_size=25)


@settings(max_examples=20, deadline=None)
@given(STEPS)
def test_whatever_is_written_and_rotated_and_when_follows_begin_each_line_comes_once(steps: list[str]) -> None:
    trio.run(carry_out, steps, clock=MockClock(autojump_threshold=0))


async def carry_out(steps: list[str]) -> None:
    """A follow that is left now and then, and gone on with where it came to."""
    with TemporaryDirectory() as name:
        async with host(Path(name), "0") as it:
            out, scope = it.begin()
            await trio.sleep(SETTLED)
            outs, written, rotated, half = [out], 0, 0, ""
            for step in [*steps, "write"]:
                if step == "write":
                    written += 1
                    text = f"line {written}"
                    append(it.path, text[len(half) :] if half and text.startswith(half) else text)
                    half = ""
                elif step == "half" and not half:
                    half = f"line {written + 1}"[:3]
                    append(it.path, half, end="")
                elif step == "rotate" and not half and it.path.stat().st_size:
                    rotated += 1
                    it.path.rename(it.directory / f"app.log.{99 - rotated}")
                    append(it.path)
                elif step == "pause":
                    await trio.sleep(0.05)  # all of them together are shorter than half a line is waited for
                elif step == "shut":
                    outs[-1].shut()
                elif step == "open":
                    outs[-1].open.set()
                elif step == "again" and it.path.stat().st_size:
                    scope.cancel()
                    out, scope = it.begin(positions=(positions(outs)[-1],))
                    outs.append(out)
                    await trio.sleep(0.05)
            outs[-1].open.set()
            await trio.sleep(SETTLED)
            assert [text for out in outs for text in out.texts] == [f"line {at + 1}" for at in range(written)]


async def test_what_is_written_while_a_follow_catches_up_comes_once(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with host(tmp_path, "0") as it:
        out, scope = it.begin()
        await trio.sleep(SETTLED)
        scope.cancel()
        it.path.rename(tmp_path / "app.log.1")
        append(it.path)
        resumed, _ = it.begin(positions=(out.position,))
        resumed.shut()  # it is held up in the midst of catching up
        await trio.sleep(0.05)
        append(it.path, "1")
        resumed.open.set()
        await trio.sleep(SETTLED)
        assert resumed.texts == ["1"]


# A log that is empty, or turns up.


@pytest.mark.parametrize("before", ["nothing", "an empty file", "a file", "an archive"])
async def test_behind_an_empty_log_nothing_is_missed_that_was_written_and_rotated_away(
    before: str, tmp_path: Path, autojump_clock: MockClock
) -> None:
    older = tmp_path / ("app.log.3.gz" if before == "an archive" else "app.log.3")
    async with host(tmp_path) as it:
        it.path.touch()
        if before != "nothing":
            text = b"" if before == "an empty file" else b"old\n"
            older.write_bytes(PACK[Compression.GZIP](text) if before == "an archive" else text)
        left, scope = it.begin()
        await trio.sleep(SETTLED)
        scope.cancel()
        for text, name in [("1", "app.log.2"), ("2", "app.log.1")]:
            append(it.path, text)
            it.path.rename(tmp_path / name)
        append(it.path, "3")
        resumed = await it.follow(positions=(left.position,))
        append(it.path, "4")
        await trio.sleep(SETTLED)
        assert (resumed.texts, resumed.notices) == (["1", "2", "3", "4"], [])


async def test_of_an_empty_log_late_lines_of_the_file_before_come(tmp_path: Path, autojump_clock: MockClock) -> None:
    """A program may write to what was renamed until it is told."""
    async with host(tmp_path, "0") as it:
        renamed = it.path.rename(tmp_path / "app.log.1")
        it.path.touch()
        out, scope = it.begin()
        await trio.sleep(SETTLED)
        append(renamed, "1")
        await trio.sleep(SETTLED)
        scope.cancel()
        append(renamed, "2")
        append(it.path, "3")
        resumed = await it.follow(positions=(out.position,))
        assert (out.texts, resumed.texts) == (["1"], ["2", "3"])


async def test_a_log_that_turns_up_has_all_that_was_rotated_since(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with host(tmp_path, "0") as it:
        out = await it.follow(files=("*.log",))
        other = tmp_path / "other.log"
        append(tmp_path / "other.log.3", "long ago")
        os.utime(tmp_path / "other.log.3", (1, 1))
        for text, name in [("1", "other.log.2"), ("2", "other.log.1")]:
            append(other, text)
            other.rename(tmp_path / name)
        append(other, "3")
        await trio.sleep(3 * SETTLED)
        append(other, "4")
        await trio.sleep(SETTLED)
        assert out.texts == ["1", "2", "3", "4"]


async def test_a_log_that_an_earlier_answer_did_not_know_comes_whole(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with host(tmp_path, "0") as it:
        out, scope = it.begin(files=("*.log",))
        await trio.sleep(SETTLED)
        scope.cancel()
        append(tmp_path / "other.log.1", "1")
        append(tmp_path / "other.log", "2")
        resumed = await it.follow(files=("*.log",), positions=(out.position,))
        assert resumed.texts == ["1", "2"]


async def test_of_too_many_logs_the_newest_are_followed_and_others_begin_at_their_end_when_it_goes_on(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    (tmp_path / "logs").mkdir()
    async with growing_logs(tmp_path / "logs", "1") as logs:
        for number in range(10):
            append(logs.directory / f"old{number}.log", f"old {number}")
            os.utime(logs.directory / f"old{number}.log", (number + 1, number + 1))
        host = Host(logs)
        out = await host.follow(files=("*.log",))
        assert [notice.status for notice in out.notices] == [Status.RESOURCE_EXHAUSTED]
        assert "11 files match; the newest 10 were followed" in out.notices[0].message
        begun = {position.log: position for position in positions([out])}
        assert set(begun) == {"app.log", *(f"old{number}.log" for number in range(1, 10))}
        (logs.directory / "old9.log").unlink()
        append(logs.directory / "more.log", "before")
        await trio.sleep(SETTLED)
        again = await host.follow(files=("*.log",), positions=tuple(begun.values()))
        append(logs.directory / "old8.log", "after")
        append(logs.path, "2")
        await trio.sleep(SETTLED)
        assert sorted(again.lines) == [b"2", b"after"]
