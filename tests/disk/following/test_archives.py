"""Follows of logs whose newest file is an archive: what is appended to it, or comes behind it, and no more."""

from __future__ import annotations

import gzip
import os
import zlib
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from logagent.core.outcome import Status
from logagent.disk.archives.compression import Compression
from logagent.disk.rotation.growing_archive import AGAIN, AHEAD, STEP
from testbed.packing import PACK
from testbed.tailing import SETTLED, Reader, growing_logs

EVERY_KIND = pytest.mark.parametrize("kind", list(PACK))


def add(path: Path, content: bytes) -> None:
    with path.open("ab") as file:
        file.write(content)


@EVERY_KIND
async def test_archives_that_are_appended_to_an_archive_are_unpacked(
    kind: Compression, autojump_clock: MockClock, tmp_path: Path
) -> None:
    async with growing_logs(tmp_path) as logs:
        logs.path.write_bytes(PACK[kind](b"old\n" * 9))
        reader = await logs.reader()
        await trio.sleep(SETTLED)
        assert reader.lines == []
        for number in range(3):
            add(logs.path, PACK[kind](b"line %d\nmore\n" % number))
            await trio.sleep(1)
            assert reader.lines[2 * number :] == [f"line {number}", "more"]
        logs.path.rename(tmp_path / "app.log.1")
        logs.path.write_bytes(b"text\n")
        await trio.sleep(SETTLED)
        assert reader.lines[6:] == ["text"]
        assert reader.notices == []


async def test_an_archive_that_is_written_from_an_empty_file_on_is_unpacked_as_it_is_flushed(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    async with growing_logs(tmp_path) as logs:
        reader = await logs.reader()
        packer = zlib.compressobj(wbits=16 + zlib.MAX_WBITS)
        for number in range(4):
            add(logs.path, packer.compress(b"line %d\n" % number) + packer.flush(zlib.Z_SYNC_FLUSH))
            await trio.sleep(1)
            assert reader.lines == [f"line {one}" for one in range(number + 1)]
        add(logs.path, packer.flush())
        await trio.sleep(1)
        assert (len(reader.lines), reader.notices) == (4, [])


async def test_damage_of_what_is_appended_is_told_once_and_the_next_file_is_followed(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    async with growing_logs(tmp_path) as logs:
        logs.path.write_bytes(gzip.compress(b"old\n"))
        reader = await logs.reader()
        add(logs.path, gzip.compress(b"new\n") + b"no archive")
        await trio.sleep(1)
        add(logs.path, b"no archive")
        await trio.sleep(1)
        assert reader.lines == ["new"]
        assert [notice.status for notice in reader.notices] == [Status.DATA_LOSS]
        logs.path.rename(tmp_path / "app.log.1")
        logs.path.write_bytes(b"text\n")
        await trio.sleep(SETTLED)
        assert reader.lines == ["new", "text"]


async def test_a_bomb_that_is_appended_waits_for_its_reader(autojump_clock: MockClock, tmp_path: Path) -> None:
    bomb = gzip.compress((b"x" * 63 + b"\n") * (1 << 14)) * 20
    async with growing_logs(tmp_path) as logs:
        logs.path.write_bytes(gzip.compress(b"old\n"))
        tail = await logs.tail()
        slow = Reader(tail)
        add(logs.path, bomb)
        await trio.sleep(5)
        newest = tail.chain.files.newest
        assert newest.searched < AHEAD + 2 * STEP
        while newest.searched < len(b"old\n") + (20 << 20):
            await slow.read()
            await trio.sleep(AGAIN)
        await trio.sleep(1)
        await slow.read()
        assert len(slow.lines) == 20 << 14
        assert newest.descriptor is not None
        assert os.fstat(newest.descriptor).st_blocks * 512 < AHEAD + 2 * STEP


async def test_an_archive_that_is_written_anew_comes_whole(autojump_clock: MockClock, tmp_path: Path) -> None:
    async with growing_logs(tmp_path) as logs:
        logs.path.write_bytes(gzip.compress(b"old\n" * 99))
        reader = await logs.reader()
        await trio.sleep(SETTLED)
        logs.path.write_bytes(gzip.compress(b"new\n"))
        await trio.sleep(3)
        assert reader.lines == ["new"]


@EVERY_KIND
async def test_the_bytes_of_a_head_that_is_cut_are_no_lines(
    kind: Compression, autojump_clock: MockClock, tmp_path: Path
) -> None:
    async with growing_logs(tmp_path) as logs:
        logs.path.unlink()
        (tmp_path / "app.log.1.gz").write_bytes(PACK[kind](b"old\n")[:2])
        reader = await logs.reader()
        await trio.sleep(5)
        logs.path.write_bytes(b"text\n")
        await trio.sleep(SETTLED)
        assert reader.lines == ["text"]
