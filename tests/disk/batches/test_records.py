"""Selecting lines with context and whole events, over the borders of blocks and files."""

from __future__ import annotations

from typing import Any

import pytest

from logagent.core.batch import LineFlag
from logagent.core.matching.matcher import Matcher
from logagent.core.query import Order, Query, Unit
from logagent.disk.batches.lines import LineSelector, SelectedLines
from logagent.disk.batches.records import RecordSelector, selector_for
from logagent.disk.files.blocks import Block
from testbed.numbered import NumberedTimes

LEADS, TRAILS, CONTINUES, GAP = LineFlag.LEADS, LineFlag.TRAILS, LineFlag.CONTINUES, LineFlag.GAP


def selector(*, entered: bool = True, **asked: Any) -> RecordSelector:
    query = Query.of(files=("app.log",), **{"order": Order.OLDEST, **asked})
    selector = RecordSelector(query, Matcher.of(query))
    if entered:
        selector.enter(0, NumberedTimes())
    return selector


def flagged(*selected: SelectedLines) -> list[tuple[bytes, int]]:
    """The lines of some selections, and the flag of each."""
    return [pair for one in selected for pair in zip(one.lines, one.flags or bytes(len(one.lines)), strict=True)]


def events(**asked: Any) -> RecordSelector:
    return selector(unit=Unit.EVENT, **asked)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, LineSelector),
        ({"since": 1}, LineSelector),
        ({"before": 1}, RecordSelector),
        ({"after": 1}, RecordSelector),
        ({"unit": Unit.EVENT}, RecordSelector),
    ],
)
def test_context_and_events_need_every_line_looked_at(asked: dict[str, Any], expected: type) -> None:
    query = Query.of(files=("app.log",), **asked)
    assert type(selector_for(query, Matcher.of(query), starts=True)) is expected


# Context.


def test_context_comes_from_the_block_before() -> None:
    it = selector(keywords=(b"match",), before=1, after=1)
    first, second = it.add(Block(0, b"1 a\n2 b\n")), it.add(Block(8, b"3 match\n4 c\n5 d\n"))
    assert flagged(first, second) == [(b"2 b", LEADS), (b"3 match", 0), (b"4 c", TRAILS)]
    assert second.starts == [4, 8, 16]


def test_newest_first_context_comes_from_the_block_behind() -> None:
    it = selector(keywords=(b"match",), before=1, after=1, order=Order.NEWEST)
    first, second = it.add(Block(20, b"4 c\n5 d\n")), it.add(Block(0, b"1 a\n2 b\n3 xxx match\n"))
    assert flagged(first, second) == [(b"4 c", LEADS), (b"3 xxx match", 0), (b"2 b", TRAILS)]


@pytest.mark.parametrize("order", Order)
def test_there_is_no_context_across_a_stretch_that_was_passed_over(order: Order) -> None:
    it = selector(keywords=(b"match",), before=2, after=2, order=order)
    blocks = [Block(0, b"1 match\n2 a\n"), Block(1000, b"3 b\n4 match\n")]
    lines = flagged(*(it.add(block) for block in (blocks if order is Order.OLDEST else blocks[::-1])))
    (beside, away) = (TRAILS, LEADS) if order is Order.OLDEST else (LEADS, TRAILS)
    expected = [(b"1 match", 0), (b"2 a", beside), (b"3 b", away), (b"4 match", 0)]
    if order is Order.NEWEST:
        expected.reverse()
    expected[2] = (expected[2][0], expected[2][1] | GAP)
    assert lines == expected


def test_a_gap_drops_the_context_that_waits_and_that_which_is_owed() -> None:
    it = selector(keywords=(b"match",), before=1, after=3)
    it.add(Block(0, b"1 match\n"))
    assert flagged(it.add(Block(1000, b"2 a\n3 b\n"))) == []
    assert flagged(it.add(Block(2000, b"4 match\n"))) == [(b"4 match", GAP)]


def test_a_new_file_is_no_gap() -> None:
    it = selector(keywords=(b"match",), before=1)
    it.add(Block(500, b"1 a\n"))
    it.enter(1, NumberedTimes())
    selected = it.add(Block(0, b"2 match\n"))
    assert flagged(selected) == [(b"1 a", LEADS), (b"2 match", 0)]
    assert (selected.starts, selected.files) == ([500, 0], [0, 1])


def test_a_block_without_a_match_is_remembered_by_its_edge() -> None:
    it = selector(keywords=(b"match",), before=1)
    it.add(Block(0, b"1 a\n2 b\n3 c\n"))
    assert [(record.start, record.text) for record in it.kept] == [(8, b"3 c")]
    assert flagged(it.add(Block(12, b"4 match\n"))) == [(b"3 c", LEADS), (b"4 match", 0)]


def test_a_line_too_long_to_be_held_is_context_too() -> None:
    it = selector(keywords=(b"match",), before=1, after=1)
    assert flagged(it.add_long(0, b"1 long", False)) == []
    assert flagged(it.add(Block(100, b"2 match\n"))) == [(b"1 long", LEADS), (b"2 match", 0)]
    assert flagged(it.add_long(108, b"3 long", False)) == [(b"3 long", TRAILS)]


def test_context_lies_in_the_range_too() -> None:
    it = selector(keywords=(b"match",), before=2, since=2)
    selected = it.add(Block(0, b"1 a\n2 b\n3 match\n"))
    assert (selected.lines, selected.times) == ([b"2 b", b"3 match"], [2, 3])


# Events.


def test_an_event_comes_whole_once_the_next_one_begins() -> None:
    it = events(keywords=(b"cause",))
    first = it.add(Block(0, b"1 error\n at x\n"))
    assert (flagged(first), it.waits) == ([], True)
    assert [(record.start, record.text) for record in it.kept] == [(0, b"1 error\n at x")]
    second = it.add(Block(14, b" cause\n2 fine\n"))
    assert flagged(second) == [(b"1 error", 0), (b" at x", CONTINUES), (b" cause", CONTINUES)]
    assert second.starts == [0, 8, 14]
    assert (flagged(it.finish()), it.waits) == ([], False)


def test_an_event_that_waits_is_given_when_there_is_no_more() -> None:
    it = events(times=True)
    it.add(Block(0, b"1 error\n at x\n"))
    selected = it.finish()
    assert (selected.lines, selected.times, selected.files) == ([b"1 error", b" at x"], [1, 1], [0, 0])


def test_newest_first_events_keep_the_order_of_their_lines() -> None:
    it = events(order=Order.NEWEST)
    assert it.add(Block(0, b"1 a\n x\n2 b\n y\n")).lines == [b"2 b", b" y", b"1 a", b" x"]


def test_an_event_does_not_go_on_across_a_stretch_that_was_passed_over() -> None:
    it = events()
    it.add(Block(0, b"1 error\n"))
    assert flagged(it.add(Block(1000, b" at x\n2 fine\n"))) == [(b" at x", 0)]


def test_a_line_too_long_to_be_held_ends_the_event_before_it() -> None:
    it = events(keywords=(b"error",))
    it.add(Block(0, b"1 error\n at x\n"))
    assert flagged(it.add_long(14, b"2 long", True)) == [(b"1 error", 0), (b" at x", CONTINUES), (b"2 long", 0)]


def test_an_event_keeps_the_time_and_the_place_of_the_file_that_it_begins_in() -> None:
    it = events(times=True, keywords=(b"cause",))
    it.add(Block(300, b"1 error\n"))
    it.enter(1, NumberedTimes())
    selected = it.add(Block(0, b" cause\n2 fine\n"))
    assert (selected.times, selected.files, selected.starts[0]) == ([1, 1], [0, 0], 300)


def test_where_nobody_tells_times_each_line_is_an_event() -> None:
    it = events(entered=False, times=True)
    it.enter(0, None)
    selected = [it.add(Block(0, b"1 a\n b\n")), it.finish()]
    assert flagged(*selected) == [(b"1 a", 0), (b" b", 0)]
    assert [one.times for one in selected] == [[0], [0]]


def test_lines_that_nobody_times_have_the_time_zero() -> None:
    it = selector(entered=False, before=1, times=True)
    it.enter(0, None)
    assert it.add(Block(0, b"1 a\n")).times == [0]
