"""What reading leaves in the page cache: the pages that were there before, and no others."""

from __future__ import annotations

import errno
import os
import random
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC
from pathlib import Path

import pytest

from logagent.core.query import Order, Query
from logagent.disk.archives.compression import Compression
from logagent.disk.catalog.catalog import Catalog
from logagent.disk.files.page_cache import DONTCACHE, STEP, LeavingReads
from logagent.disk.files.residency import TOGETHER, UNIT, PuttingBack, absent, may_be_told
from logagent.disk.search.options import ReadOptions
from logagent.disk.search.source import LogSource
from logagent.disk.threads import DiskThreads
from testbed.packing import PACK
from testbed.reading import Collected
from testbed.trees import Unprivileged

MIB = 1024 * 1024
SIZE = 12 * MIB
HOT = range(4 * MIB, 5 * MIB)
"""What others have read before."""
OPTIONS = ReadOptions(host="web-1", zone=UTC, leaves_from=0)
LEEWAY = 2 * MIB
"""Bytes at the ends of what was read that may stay: what was announced and not read, and what was read to judge."""


class OnDisk:
    """A file whose pages can be dropped from the page cache."""

    def __init__(self, path: Path, content: bytes) -> None:
        path.write_bytes(content)
        self.path = path
        self.descriptor = os.open(path, os.O_RDWR)
        os.fsync(self.descriptor)
        os.posix_fadvise(self.descriptor, 0, 0, os.POSIX_FADV_RANDOM)  # what is read brings nothing else
        self.forget()
        if self.there > len(content) // 2:
            pytest.skip("this file system keeps everything in memory")

    def forget(self, but: range = range(0)) -> None:
        os.posix_fadvise(self.descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.pread(self.descriptor, len(but), but.start)

    def missing(self) -> list[range]:
        return absent(self.descriptor, 0, os.fstat(self.descriptor).st_size)

    @property
    def there(self) -> int:
        """Bytes in the page cache."""
        return os.fstat(self.descriptor).st_size - sum(map(len, self.missing()))

    def has(self, part: range) -> bool:
        return all(one.stop <= part.start or one.start >= part.stop for one in self.missing())


@pytest.fixture
def big(tmp_path: Path) -> Iterator[OnDisk]:
    line = b"2026-11-23T10:00:00Z %s\n" % (b"x" * 1000)
    file = OnDisk(tmp_path / "app.log", line * (SIZE // len(line)))
    yield file
    os.close(file.descriptor)


def read_through(file: OnDisk, reads: LeavingReads, *, backward: bool) -> bytes:
    """Read a file in blocks, each announced some blocks ahead, and return it."""
    size, block = os.fstat(file.descriptor).st_size, 4 * UNIT
    bodies = {}
    offsets = range(0, size, block)
    for offset in reversed(offsets) if backward else offsets:
        ahead = offset - MIB if backward else offset + MIB
        if 0 <= ahead < size:
            reads.announce(file.descriptor, ahead, block)
        bodies[offset] = reads.read(file.descriptor, block, offset)
    reads.finish(file.descriptor)
    return b"".join(bodies[offset] for offset in offsets)


@pytest.mark.parametrize("of_others", [False, True])
@pytest.mark.parametrize("backward", [False, True])
def test_what_was_there_stays_and_nothing_else(big: OnDisk, of_others: bool, backward: bool) -> None:
    big.forget(HOT)
    with Unprivileged() if of_others else nullcontext():
        body = read_through(big, LeavingReads(0), backward=backward)
    left, is_hot = big.there, big.has(HOT)
    assert body == big.path.read_bytes()
    assert is_hot
    assert left <= len(HOT) + LEEWAY


def test_what_follows_is_announced_once_where_reads_follow_each_other(
    big: OnDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[int, int]] = []

    def fadvise(descriptor: int, begin: int, size: int, advice: int) -> None:
        if advice == os.POSIX_FADV_WILLNEED:
            told.append((begin, size))

    monkeypatch.setattr(os, "posix_fadvise", fadvise)
    reads = LeavingReads()
    for offset in (0, 7 * MIB, 7 * MIB + UNIT, 7 * MIB + 2 * UNIT, 0):
        reads.read(big.descriptor, UNIT, offset)
    assert told == [(7 * MIB + 2 * UNIT + number * STEP, STEP) for number in range(5)]


def test_what_is_spared_is_read_as_always(big: OnDisk) -> None:
    read_through(big, LeavingReads(2 * SIZE), backward=True)
    assert big.there >= SIZE - LEEWAY


def test_pages_are_put_back_some_way_behind(big: OnDisk) -> None:
    reads = PuttingBack(behind=2)
    for offset in range(0, SIZE // 2, UNIT):
        reads.read(big.descriptor, UNIT, offset)
    assert 0 < big.there <= (2 + 2 * TOGETHER) * UNIT
    reads.finish(big.descriptor)
    assert big.there <= UNIT


def test_a_kernel_that_refuses_its_flag_is_asked_once(big: OnDisk, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def refuse(descriptor: int, buffers: list[bytearray], offset: int, flags: int) -> int:
        asked.append(flags)
        raise OSError(errno.EOPNOTSUPP, "not supported")

    monkeypatch.setattr(os, "preadv", refuse)
    reads = LeavingReads(0)
    with Unprivileged():
        assert [len(reads.read(big.descriptor, 9, offset)) for offset in (0, 9, 18)] == [9, 9, 9]
        assert asked == ([] if may_be_told(big.descriptor) else [DONTCACHE])


def test_the_pages_of_a_file_of_others_are_not_told(big: OnDisk) -> None:
    assert may_be_told(big.descriptor)
    with Unprivileged(), Path("/etc/passwd").open("rb") as file:
        assert not may_be_told(file.fileno())


@pytest.mark.parametrize("order", list(Order))
@pytest.mark.parametrize("keywords", [(), (b"nowhere",)], ids=["all", "sweep"])
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "archive"])
async def test_a_query_leaves_the_page_cache_as_it_was(
    tmp_path: Path, order: Order, keywords: tuple[bytes, ...], packed: bool
) -> None:
    chance = random.Random(7)
    text = b"".join(b"2026-11-23T10:00:00Z %b\n" % chance.randbytes(600).hex().encode() for _ in range(9000))
    content = PACK[Compression.ZSTD](text) if packed else text
    file = OnDisk(tmp_path / f"app.log{'.1.zst' if packed else ''}", content)
    [log] = Catalog([tmp_path]).find(["app.log"])
    got = Collected()
    source = LogSource("app.log", log.generations, DiskThreads(inline=True), OPTIONS)
    outcome = await source.pump(Query.of(files=("app.log",), order=order, keywords=keywords), got)
    left = file.there
    os.close(file.descriptor)
    assert (outcome.complete, outcome.lines) == (True, 0 if keywords else 9000)
    assert left <= LEEWAY


def test_only_logs_that_are_large_together_are_read_so(tmp_path: Path) -> None:
    for name in ("app.log", "app.log.1"):
        (tmp_path / name).write_bytes(b"x" * 50)
    [log] = Catalog([tmp_path]).find(["app.log"])
    plain = ReadOptions(host="web-1", zone=UTC)
    for size, leaves in ((100, True), (101, False), (0, True), (None, False)):
        read = replace(plain, leaves_from=size).for_files(log.generations).read
        assert (read is not os.pread) == leaves
