"""A follow never gives the bytes of an archive, nor those of UTF-16, nor NULs at the head of a file."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from logagent.core.outcome import Status
from testbed.packing import zipped
from testbed.tailing import SETTLED, growing_logs


@pytest.mark.parametrize(
    "text",
    [
        gzip.compress(b"packed\n", mtime=0),
        "line\n".encode("utf-16"),
        bytes(4001) + ("line\n" * 9).encode("utf-16-be")[1:],
    ],
)
async def test_of_an_archive_nothing_is_given_and_then_what_takes_its_place(
    autojump_clock: MockClock, tmp_path: Path, text: bytes
) -> None:
    async with growing_logs(tmp_path) as logs:
        logs.path.write_bytes(text)
        reader = await logs.reader()
        with logs.path.open("ab") as file:
            file.write(b"\n\n more\n")
        await trio.sleep(SETTLED)
        assert reader.lines == []
        logs.path.rename(tmp_path / "app.log.1")
        logs.path.write_bytes(b"text\n")
        await trio.sleep(SETTLED)
        assert reader.lines == ["text"]


async def test_where_only_an_archive_is_there_the_log_is_followed_from_its_beginning(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    async with growing_logs(tmp_path) as logs:
        logs.path.unlink()
        (tmp_path / "app.log.1.gz").write_bytes(gzip.compress(b"packed\n"))
        reader = await logs.reader()
        logs.path.write_bytes(b"text\n")
        await trio.sleep(SETTLED)
        assert reader.lines == ["text"]


async def test_a_file_that_turns_out_to_be_an_archive_is_told_and_passed_over(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    async with growing_logs(tmp_path) as logs:
        reader = await logs.reader()
        logs.path.write_bytes(zipped(b"packed\n" * 9) + b"\n")
        await trio.sleep(SETTLED)
        assert reader.lines == []
        assert [(one.status, one.message) for one in reader.notices] == [
            (Status.DATA_LOSS, "app.log: is a zip archive, and is not followed")
        ]


@pytest.mark.parametrize("nuls", [1, 995, 5000, 3_000_000, 1 << 40])
async def test_nuls_at_the_head_are_passed_over(autojump_clock: MockClock, tmp_path: Path, nuls: int) -> None:
    async with growing_logs(tmp_path) as logs:
        reader = await logs.reader()
        for number in range(3):
            with logs.path.open("r+b") as file:
                file.seek(nuls + 6 * number)
                file.write(b"line%d\n" % number)
            await trio.sleep(SETTLED)
        assert reader.lines == ["line0", "line1", "line2"]
        assert not any(reader.partial)


async def test_a_mark_is_no_part_of_the_first_line(autojump_clock: MockClock, tmp_path: Path) -> None:
    async with growing_logs(tmp_path) as logs:
        reader = await logs.reader()
        logs.path.write_bytes(b"\xef\xbb\xbfline\n")
        await trio.sleep(SETTLED)
        assert reader.lines == ["line"]


async def test_a_file_with_nuls_at_its_head_is_told_from_the_next_one_with_them(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    async with growing_logs(tmp_path) as logs:
        logs.path.write_bytes(bytes(5000) + b"old\n")
        reader = await logs.reader()
        for number in range(3):
            for age in reversed(range(number)):
                (tmp_path / f"app.log.{age + 1}").rename(tmp_path / f"app.log.{age + 2}")
            logs.path.rename(tmp_path / "app.log.1")
            logs.path.write_bytes(bytes(5000) + b"first of %d\n" % number)
            await trio.sleep(SETTLED)
        assert reader.lines == [f"first of {number}" for number in range(3)]
        logs.path.write_bytes(bytes(5000) + b"overwritten, and longer\n")
        await trio.sleep(SETTLED)
        assert reader.lines[3:] == ["overwritten, and longer"]
