"""Selecting lines each by itself: by match and by time, with the offsets at which a later answer goes on."""

from __future__ import annotations

from typing import Any

import pytest

from logagent.core.batch import LineFlag
from logagent.core.matching.matcher import Matcher
from logagent.core.query import Order, Query
from logagent.disk.batches.lines import NOTHING, LineSelector, SelectedLines
from logagent.disk.files.blocks import Block
from testbed.numbered import NumberedTimes

BODY = b"1 a\n2 b\n3 a\n"


def selector(*, starts: bool = True, **asked: Any) -> LineSelector:
    query = Query.of(files=("app.log",), **{"order": Order.OLDEST, **asked})
    selector = LineSelector(query, Matcher.of(query), starts=starts)
    selector.enter(0, NumberedTimes())
    return selector


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (Order.OLDEST, ([100, 108], [b"1 a", b"3 a"])),
        (Order.NEWEST, ([108, 100], [b"3 a", b"1 a"])),
    ],
)
def test_matching_lines_come_in_the_order_of_the_answer(order: Order, expected: tuple[list[int], list[bytes]]) -> None:
    selected = selector(order=order, keywords=(b"a",)).add(Block(100, BODY))
    assert ([*selected.starts], selected.lines) == expected
    assert (selected.flags, selected.times, selected.files) == (None, None, None)


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ({"since": 2}, [b"2 b", b"3 a"]),
        ({"until": 2}, [b"1 a"]),
        ({"since": 2, "until": 3}, [b"2 b"]),
        ({"since": 1, "until": 4}, [b"1 a", b"2 b", b"3 a"]),
        ({"since": 4}, []),
        ({"until": 1}, []),
    ],
)
@pytest.mark.parametrize("order", Order)
def test_each_bound_of_a_range_leaves_out_the_lines_beyond_it(
    order: Order, bounds: dict[str, int], expected: list[bytes]
) -> None:
    selected = selector(order=order, **bounds).add(Block(0, BODY))
    assert selected.lines == (expected if order is Order.OLDEST else expected[::-1])
    assert [*(selected.times or ())] == [int(line[:1]) for line in selected.lines]
    assert [*selected.starts] == [BODY.index(line) for line in selected.lines]


@pytest.mark.parametrize(
    ("time", "matches", "expected"),
    [(2, True, True), (2, False, False), (1, True, False), (3, True, False), (1, False, False)],
)
def test_a_long_line_is_selected_if_it_matches_and_lies_in_the_range(time: int, matches: bool, expected: bool) -> None:
    head = b"%d xxx" % time
    selected = selector(since=2, until=3).add_long(7, head, matches)
    assert ([*selected.starts], selected.lines) == (([7], [head]) if expected else ([], []))


def test_without_a_range_a_long_line_needs_no_time() -> None:
    bare = selector()
    bare.enter(1, None)
    assert bare.add_long(7, b"xxx", True).lines == [b"xxx"]
    assert bare.add_long(7, b"xxx", False) is NOTHING


def test_offsets_that_nobody_wants_are_found_when_they_are_needed() -> None:
    forward = selector(starts=False).add(Block(100, BODY))
    backward = selector(starts=False, order=Order.NEWEST).add(Block(100, BODY))
    assert not forward.starts
    assert not backward.starts
    assert [forward.start(place, newest=False) for place in range(3)] == [100, 104, 108]
    assert [backward.start(place, newest=True) for place in range(3)] == [108, 104, 100]


def test_no_line_waits_for_another_one() -> None:
    one = selector()
    one.add(Block(0, BODY))
    assert (one.waits, list(one.kept), one.finish()) == (False, [], NOTHING)


def test_a_flag_is_added_to_those_of_the_last_line() -> None:
    plain = SelectedLines([0, 4], [b"1 a", b"2 b"])
    flagged = plain.with_flag_on_last(LineFlag.PARTIAL)
    assert flagged.flags == bytes([0, LineFlag.PARTIAL])
    assert flagged.with_flag_on_last(LineFlag.GAP).flags == bytes([0, LineFlag.PARTIAL | LineFlag.GAP])


def test_a_record_reaches_from_its_first_line_to_the_last_that_continues_it() -> None:
    on = LineFlag.CONTINUES
    selected = SelectedLines([], [b""] * 6, bytes([0, on, on, LineFlag.GAP, 0, on]))
    assert [selected.first_of_record(place) for place in range(6)] == [0, 0, 0, 3, 4, 4]
    assert [selected.last_of_record(place) for place in range(6)] == [2, 2, 2, 3, 5, 5]


def test_without_flags_each_line_is_a_record() -> None:
    selected = SelectedLines([], [b""] * 3)
    assert (selected.first_of_record(1), selected.last_of_record(1)) == (1, 1)
