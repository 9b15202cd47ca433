"""Lines are counted in a single pass over an archive, and in large blocks of a plain file."""

from __future__ import annotations

import os
from collections import Counter
from datetime import UTC
from typing import Any

import pytest

from logagent.core.hits.counts import counts_of
from logagent.core.query import Order, Query
from logagent.core.units import HOUR, MINUTE, SECOND
from logagent.disk.archives.compression import Compression
from logagent.disk.search.options import ReadOptions
from logagent.disk.search.source import LogSource
from logagent.disk.threads import DiskThreads
from testbed.packing import PACK
from testbed.reading import Collected, found

FIRST = 1_600_000_000
LINES = 5000
TEXT = b"".join(
    b"%d.000 %b%b\n" % (FIRST + 7 * number, b"match" if number % 3 else b"a", b"x" * 200_000 * (number == 999))
    for number in range(LINES)
)
"""With a line in it that is too long to be held."""


async def counted(content: bytes, **asked: Any) -> tuple[list[int], Counter[int], int]:
    """The beginnings of the buckets as they came, the lines in each, and the bytes that were scanned."""
    options = ReadOptions(host="web-1", zone=UTC, sizes=(5000,), kept=1, max_line=1000, life_bytes=9000)
    source = LogSource("app.log", [found("app.log", content)], DiskThreads(inline=True), options)
    out = Collected()
    outcome = await source.pump(Query.of(files=("app.log",), hits=True, times=True, places=True, **asked), out)
    assert outcome.complete
    counts = [count for batch in out.batches if batch.count for count in counts_of(batch)]
    lines = Counter[int]()
    for count in counts:
        lines[count.start] += count.lines
    return [count.start for count in counts], lines, sum(batch.scanned for batch in out.batches)


@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize("keywords", [(), (b"match",)])
@pytest.mark.parametrize("since", [None, FIRST * SECOND + HOUR])
async def test_counts_are_those_of_a_plain_file(order: Order, keywords: tuple[bytes, ...], since: int | None) -> None:
    asked = {"order": order, "keywords": keywords, "since": since, "step": MINUTE}
    _, plain, _ = await counted(TEXT, **asked)
    _, lines, scanned = await counted(PACK[Compression.ZSTD](TEXT), **asked)
    assert lines == plain
    assert scanned == len(TEXT)


@pytest.mark.parametrize("order", Order)
async def test_counts_come_in_the_order_of_the_answer(order: Order) -> None:
    buckets, _, _ = await counted(PACK[Compression.GZIP](TEXT), order=order, step=MINUTE)
    assert buckets == sorted(buckets, reverse=order is Order.NEWEST)
    assert len(buckets) > LINES * 7 // 60


@pytest.mark.parametrize("order", Order)
async def test_matches_are_counted_in_larger_blocks_than_lines_are_collected(order: Order) -> None:
    large = []
    for asked in ({"hits": True, "times": True}, {}):
        sizes: list[int] = []

        def read(descriptor: int, count: int, offset: int, sizes: list[int] = sizes) -> bytes:
            sizes.append(count)
            return os.pread(descriptor, count, offset)

        options = ReadOptions(host="web-1", zone=UTC, sizes=(7000,), read=read)
        source = LogSource("app.log", [found("app.log", TEXT[-60_000:])], DiskThreads(inline=True), options)
        query = Query.of(files=("app.log",), keywords=(b"match",), order=order, **asked)
        assert (await source.pump(query, Collected())).complete
        large.append(28_000 in sizes)
    assert large == [True, False]
