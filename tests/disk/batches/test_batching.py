"""Batches: their columns, what cuts and ends them, and how far a log is done with them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from logagent.core.batch import Batch, LineFlag, Origin
from logagent.core.matching.matcher import Matcher
from logagent.core.query import Order, Query, Unit
from logagent.disk.batches.batching import BatchBuilder
from logagent.disk.files.blocks import Block
from testbed.numbered import NumberedTimes

NEW, OLD = Origin("web", "app.log", fingerprint=7), Origin("web", "app.log.1", fingerprint=8)


def builder(max_line: int = 100, *, entered: bool = True, **asked: Any) -> BatchBuilder:
    query = Query.of(files=("app.log",), **{"order": Order.OLDEST, **asked})
    builder = BatchBuilder(query, Matcher.of(query), max_line)
    if entered:
        builder.enter(NEW, NumberedTimes())
    return builder


def columns(batch: Batch) -> dict[str, Any]:
    return {
        name: value
        for name in ("times", "offsets", "origin", "flags", "keys")
        if (value := getattr(batch, name)) is not None
    }


# Columns.


def test_a_batch_has_the_lines_since_the_last_one() -> None:
    it = builder()
    it.add(Block(0, b"1 a\n2 b\n"))
    assert (it.count, it.size, it.sent) == (2, 8, 0)
    assert it.take().body == b"1 a\n2 b\n"
    it.add(Block(8, b"3 c"))
    assert (it.take().body, it.sent, it.count, it.size) == (b"3 c\n", 3, 0, 0)


def test_only_the_columns_that_are_asked_for_are_filled() -> None:
    for asked, expected in [
        ({}, {}),
        ({"times": True}, {"times": [1, 2]}),
        ({"places": True}, {"offsets": [50, 54]}),
    ]:
        it = builder(**asked)
        it.add(Block(50, b"1 a\n2 b\n"))
        assert {name: [*column] for name, column in columns(it.take()).items()} == expected


def test_newest_first_the_columns_are_turned_too() -> None:
    it = builder(times=True, places=True, order=Order.NEWEST)
    it.add(Block(50, b"1 a\n b\n3 c\n"))
    batch = it.take()
    assert batch == replace(batch, body=b"3 c\n b\n1 a\n", times=[3, 1, 1], offsets=[57, 54, 50])


def test_lines_that_nobody_times_have_the_time_zero() -> None:
    it = builder(times=True, entered=False)
    it.enter(NEW, None)
    it.add(Block(0, b"1 a\n"))
    assert [*(it.take().times or ())] == [0]


def test_a_batch_names_the_files_of_its_lines() -> None:
    it = builder()
    it.add(Block(0, b"1 a\n2 b\n"))
    it.enter(OLD, NumberedTimes())
    it.add(Block(0, b"3 c\n"))
    both = it.take()
    assert (both.origins, [*(both.origin or ())]) == ((NEW, OLD), [0, 0, 1])
    it.add(Block(4, b"4 d\n"))
    alone = it.take()
    assert (alone.origins, alone.origin) == ((OLD,), None)


def test_the_lines_of_an_event_have_its_time_for_a_key() -> None:
    it = builder(unit=Unit.EVENT, times=True)
    it.add(Block(0, b"1 a\n x\n2 b\n"))
    it.finish()
    batch = it.take()
    assert batch == replace(batch, times=[1, 1, 2], keys=[1, 1, 2])
    assert batch.flags == bytes([0, LineFlag.CONTINUES, 0])


def test_context_has_the_time_of_its_match_for_a_key() -> None:
    it = builder(before=1, after=1, keywords=(b"match",), times=True)
    it.add(Block(0, b"1 a\n2 match\n3 b\n"))
    batch = it.take()
    assert batch == replace(batch, times=[1, 2, 3], keys=[2, 2, 2])


@pytest.mark.parametrize("asked", [{"unit": Unit.EVENT}, {"before": 1}])
def test_without_times_there_are_no_keys(asked: dict[str, Any]) -> None:
    it = builder(**asked)
    it.add(Block(0, b"1 a\n2 b\n"))
    it.finish()
    batch = it.take()
    assert (batch.count, batch.times, batch.keys) == (2, None, None)


# Pieces and long lines.


def test_the_last_line_of_a_block_that_ends_within_it_is_flagged() -> None:
    it = builder(places=True)
    it.add(Block(0, b"1 a\n2 b"), partial=True)
    assert it.take().flags == bytes([0, LineFlag.PARTIAL])


def test_a_piece_that_does_not_match_flags_no_other_line() -> None:
    it = builder(keywords=(b"a",), places=True)
    it.add(Block(0, b"1 a\n2 b"), partial=True)
    batch = it.take()
    assert (batch.lines(), batch.flags) == ([b"1 a"], None)


def test_long_lines_are_cut_and_counted() -> None:
    it = builder(max_line=5)
    it.add(Block(0, b"1 abcdef\n2 b\n"))
    it.add_long(13, b"3 abcdef", matches=True)
    it.add_long(900, b"4 abcdef", matches=False)
    assert (it.take().lines(), it.cut) == ([b"1 abc", b"2 b", b"3 abc"], 2)


def test_an_event_that_waits_is_cut_when_it_is_given() -> None:
    it = builder(max_line=5, unit=Unit.EVENT)
    it.add(Block(0, b"1 a\n bcdefgh\n"))
    it.finish()
    assert (it.take().lines(), it.cut) == ([b"1 a", b" bcde"], 1)


def test_what_waits_is_told() -> None:
    it = builder(unit=Unit.EVENT)
    it.add(Block(0, b"1 a\n"))
    assert it.waits
    it.finish()
    assert not it.waits


# Limits, and how far the log is done.


@pytest.mark.parametrize(
    ("order", "lines", "reached"), [(Order.OLDEST, [b"1 a", b"2 b"], 8), (Order.NEWEST, [b"3 c", b"2 b"], 4)]
)
def test_it_ends_with_the_nth_line_and_says_where(order: Order, lines: list[bytes], reached: int) -> None:
    it = builder(n=2, order=order)
    it.add(Block(0, b"1 a\n2 b\n3 c\n"))
    assert (it.done, it.refused) == (True, False)
    assert (it.take().lines(), it.reached(99)) == (lines, (NEW.fingerprint, reached))


@pytest.mark.parametrize(("order", "reached"), [(Order.OLDEST, 0), (Order.NEWEST, 12)])
def test_if_the_first_line_is_refused_nothing_of_the_block_is_done(order: Order, reached: int) -> None:
    it = builder(max_bytes=3, order=order)
    it.add(Block(0, b"1 a\n2 b\n3 c\n"))
    assert (it.done, it.refused, it.count) == (True, True, 0)
    assert it.reached(99) == (NEW.fingerprint, reached)


def test_newest_first_an_event_that_is_refused_is_still_to_come_but_not_the_one_behind_it() -> None:
    it = builder(max_bytes=3, order=Order.NEWEST, unit=Unit.EVENT)
    it.add(Block(0, b"1 a\n x\n2 b\n y\n"))
    assert (it.refused, it.count) == (True, 0)
    assert it.reached(99) == (NEW.fingerprint, len(b"1 a\n x\n2 b\n y\n"))


def test_newest_first_it_is_done_down_to_the_first_line_of_the_last_event_that_it_has() -> None:
    it = builder(max_bytes=8, order=Order.NEWEST, unit=Unit.EVENT)
    it.add(Block(0, b"1 a\n x\n2 b\n y\n"))
    assert it.take().lines() == [b"2 b", b" y"]
    assert it.reached(99) == (NEW.fingerprint, len(b"1 a\n x\n"))


@pytest.mark.parametrize("most", range(4, 20))
@pytest.mark.parametrize("size", [1, 2, 5])
def test_pages_that_end_by_bytes_have_each_event_and_its_context_once(size: int, most: int) -> None:
    """Newest first, in blocks of a few lines; each page goes on below the offset that the one before it reached."""
    lines = [b"1 a", b"2 match", b"3 b", b"4 c", b"5 match", b"6 d"]
    asked = {"order": Order.NEWEST, "unit": Unit.EVENT, "keywords": (b"match",), "before": 1, "max_bytes": most}
    given, end = [], sum(len(line) + 1 for line in lines)
    for _ in range(20):
        page = builder(**asked)
        _add_backward(page, lines, size, end)
        batch, (_, reached) = page.take(), page.reached(0)
        given += [line for line, flag in zip(batch.lines(), batch.flags or b"", strict=False) if not flag]
        if not page.refused or reached == end:
            break
        end = reached
    assert given == ([b"5 match", b"2 match"] if most >= 8 else [])


def _add_backward(page: BatchBuilder, lines: list[bytes], size: int, end: int) -> None:
    """Add the lines before an offset, from the last on, in blocks of so many lines."""
    starts = [sum(len(line) + 1 for line in lines[:place]) for place in range(len(lines))]
    there = [place for place, start in enumerate(starts) if start < end]
    while there and not page.done:
        block, there = there[-size:], there[:-size]
        page.add(Block(starts[block[0]], b"".join(lines[place] + b"\n" for place in block)))
    if not page.done:
        page.finish()


def test_an_event_that_waits_is_not_done() -> None:
    it = builder(unit=Unit.EVENT)
    it.add(Block(0, b"1 a\n2 b\n"))
    assert it.reached(8) == (NEW.fingerprint, 4)
    it.enter(OLD, NumberedTimes())
    assert it.reached(0) == (NEW.fingerprint, 4)
    it.add(Block(0, b" x\n3 c\n"))
    assert it.reached(7) == (OLD.fingerprint, 3)


def test_newest_first_context_that_waits_is_not_done() -> None:
    it = builder(order=Order.NEWEST, after=1, keywords=(b"match",))
    it.add(Block(8, b"3 a\n4 b\n"))
    assert it.reached(8) == (NEW.fingerprint, 12)


def test_without_anything_that_waits_it_is_done_as_far_as_blocks_were_added() -> None:
    it = builder(keywords=(b"match",))
    it.add(Block(0, b"1 a\n"))
    assert it.reached(4) == (NEW.fingerprint, 4)
