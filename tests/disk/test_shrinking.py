"""Files that shrink at any moment: before each look at one, an answer is whole, or says that it is not."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC
from itertools import count, takewhile
from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from logagent.core.batch import Position
from logagent.core.outcome import Outcome, Status
from logagent.core.query import Order, Query
from logagent.disk.catalog.catalog import Catalog
from logagent.disk.catalog.logs import Generation
from logagent.disk.search.options import ReadOptions
from logagent.disk.search.source import LogSource
from logagent.disk.threads import DiskThreads
from testbed.looking import change_before_look
from testbed.packing import PACK
from testbed.reading import Collected, joined
from testbed.tailing import SETTLED, append, generations, growing_logs

LINES = [b"2026-03-01T00:%02d:%02dZ line %d" % (n // 60, n % 60, n) for n in range(12)]
LINE = len(LINES[0]) + 1
MIDDLE = 1772323206 * 10**9
"""The time of the line in the middle."""
OLDEST = {"order": Order.OLDEST}
LONG = [b"%s, which says more than the others do" % line for line in LINES * 3]
"""Lines that are longer than the part of a file by which it is known."""


async def answer(path: Path, **asked: Any) -> tuple[list[bytes], Outcome, Position | None]:
    """The lines of a log in a directory, how the answer ended, and how far it came."""

    def find() -> Sequence[Generation]:
        return generations(Catalog([path.parent]), path.name)

    options = ReadOptions(host="web-1", zone=UTC, sizes=(90,), read=lambda *part: os.pread(*part))
    out = Collected()
    source = LogSource(path.name, find(), DiskThreads(inline=True), options, again=find)
    outcome = await source.pump(Query.of(**{"files": (path.name,), "times": True, "places": True, **asked}), out)
    positions = [position for batch in out.batches for position in batch.positions]
    return out.lines, outcome, positions[-1] if positions else None


@contextmanager
def shrinking(path: Path, body: bytes, size: int) -> Iterator[Iterator[Any]]:
    """For each look at a file with this body, a way to have it shrink just before that look."""
    looked = True

    def before(number: int) -> Any:
        @contextmanager
        def meanwhile() -> Iterator[None]:
            nonlocal looked
            path.write_bytes(body)
            with change_before_look(path, number, lambda: os.truncate(path, size)) as looks:
                yield
            looked = looks() > number

        return meanwhile()

    yield takewhile(lambda _: looked, map(before, count()))


@pytest.mark.parametrize(
    ("asked", "size"),
    [
        ({}, 0),
        ({}, 3 * LINE + 5),
        (OLDEST, 3 * LINE),
        ({"keywords": (b"line",), "n": 5}, 3 * LINE),
        ({"since": MIDDLE}, 8 * LINE),
        ({"hits": True, "step": 10**9}, 3 * LINE),
    ],
)
async def test_an_answer_is_whole_or_says_that_its_file_shrank(tmp_path: Path, asked: Any, size: int) -> None:
    path, body = tmp_path / "app.log", joined(LINES)
    path.write_bytes(body)
    whole = (await answer(path, **asked))[0]
    path.write_bytes(body[:size])
    rest = (await answer(path, **asked))[0]
    ends = set()
    with shrinking(path, body, size) as moments:
        for meanwhile in moments:
            with meanwhile:
                lines, outcome, _ = await answer(path, **asked)
            ends.add(outcome.status)
            assert outcome.status in (Status.OK, Status.DATA_LOSS)
            assert outcome.status is Status.DATA_LOSS or lines in (whole, rest)
            assert "hits" in asked or len(set(lines)) == len(lines)
    assert ends == {Status.OK, Status.DATA_LOSS}


@pytest.mark.parametrize(("kind", "asked"), [("gzip", {}), ("zstd", OLDEST)])
async def test_an_archive_that_shrinks_while_it_is_read_is_whole_or_damaged(
    tmp_path: Path, kind: str, asked: Any
) -> None:
    path = tmp_path / "app.log"
    packed = next(pack for of, pack in PACK.items() if of.value == kind)(joined(LINES))
    with shrinking(path, packed, len(packed) // 2) as moments:
        for meanwhile in moments:
            with meanwhile:
                lines, outcome, _ = await answer(path, **asked)
            assert outcome.status in (Status.OK, Status.DATA_LOSS)
            assert outcome.status is Status.DATA_LOSS or sorted(lines) == sorted(LINES)
            assert len(set(lines)) == len(lines)


@pytest.mark.parametrize(("asked", "size"), [({}, 0), ({}, 6 * LINE - 3), (OLDEST, 2 * LINE)])
async def test_a_further_page_misses_nothing_silently(tmp_path: Path, asked: Any, size: int) -> None:
    path, body = tmp_path / "app.log", joined(LINES)
    path.write_bytes(body)
    first, _, position = await answer(path, n=4, **asked)
    whole = LINES if asked else LINES[::-1]
    with shrinking(path, body, size) as moments:
        for meanwhile in moments:
            with meanwhile:
                lines, outcome, _ = await answer(path, positions=(position,), **asked)
            assert outcome.status is Status.DATA_LOSS or first + lines == whole or (asked and size > 4 * LINE)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize(("asked", "n"), [({}, 4), (OLDEST, 30)])
async def test_a_file_that_ends_before_the_place_of_a_cursor_is_a_loss(
    tmp_path: Path, encoding: str, asked: Any, n: int
) -> None:
    """It is known by its first bytes, which are unchanged."""
    path = tmp_path / "app.log"
    path.write_bytes(joined(LONG).decode().encode(encoding))
    _, _, position = await answer(path, n=n, **asked)
    assert position is not None
    assert (await answer(path, positions=(position,), **asked))[1].complete
    os.truncate(path, position.offset - 100)
    lines, outcome, _ = await answer(path, positions=(position,), **asked)
    assert (len(lines) > 0) is not bool(asked)
    assert outcome.status is Status.DATA_LOSS
    assert outcome.message == (
        f"app.log: ends before byte {position.offset}, up to which the earlier answer had read it; lines may be missing"
    )


async def test_an_archive_that_ends_before_the_place_of_a_cursor_is_a_loss(tmp_path: Path) -> None:
    path, pack = tmp_path / "app.log.1", next(iter(PACK.values()))
    path.write_bytes(pack(joined(LONG)))
    _, _, position = await answer(path, n=4)
    assert position is not None
    path.write_bytes(pack(joined(LONG)[: position.offset - 100]))
    _, outcome, _ = await answer(path, positions=(position,))
    assert outcome.message.startswith(f"app.log.1: ends before byte {position.offset}, up to which")


async def test_a_cursor_behind_a_last_line_without_a_line_break_is_none(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    path.write_bytes(joined(LINES)[:-1])
    _, _, position = await answer(path, **OLDEST)
    assert position is not None
    assert (await answer(path, positions=(position,), **OLDEST))[1].complete


@pytest.mark.parametrize("size", [0, 5])
async def test_a_follow_gives_every_line_or_tells_of_the_truncation(
    tmp_path: Path, autojump_clock: MockClock, size: int
) -> None:
    texts = [f"line {n}" for n in range(8)]
    for number in range(0, 60, 6):
        directory = tmp_path / str(number)
        directory.mkdir()
        async with growing_logs(directory, *texts, poll=0.1) as logs:
            with change_before_look(logs.path, number, lambda: os.truncate(logs.path, size)):
                reader = await logs.reader(place=(0, 0))
                await trio.sleep(SETTLED)
                append(logs.path, "more")
                await trio.sleep(SETTLED)
            append(logs.path, "last")
            await trio.sleep(SETTLED)
        assert reader.lines[-1].endswith("last")
        assert len(set(reader.lines)) == len(reader.lines)
        assert reader.notices or reader.lines in ([*texts, "more", "last"], ["more", "last"], ["line more", "last"])
