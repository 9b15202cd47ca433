"""An answer holds no more than it may: whole records, whole events, whole lines."""

from __future__ import annotations

from itertools import accumulate, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logagent.core.batch import LineFlag
from logagent.core.limits import Allowance

RECORD, CONTINUES, LEADS, TRAILS, GAP = 0, LineFlag.CONTINUES, LineFlag.LEADS, LineFlag.TRAILS, LineFlag.GAP


def admitted(allowance: Allowance, *flags: int) -> int:
    return allowance.admit([b"x"] * len(flags), bytes(flags))


def test_records_are_counted_from_batch_to_batch() -> None:
    allowance = Allowance(3, None)
    assert (allowance.admit([b"1", b"2"]), allowance.used_up) == (2, False)
    assert (allowance.admit([b"3", b"4"]), allowance.used_up) == (1, True)
    assert not allowance.refused


def test_bytes_are_counted_from_batch_to_batch_with_their_line_breaks() -> None:
    allowance = Allowance(None, 10)
    assert (allowance.admit([b"123", b"1"]), allowance.used_up) == (2, False)
    assert (allowance.admit([b"", b"", b"12", b""]), allowance.refused) == (2, True)
    assert allowance.used_up


def test_bytes_of_the_last_line_that_fits_are_counted_too() -> None:
    allowance = Allowance(None, 9)
    assert allowance.admit([b"1", b"123"]) == 2
    assert allowance.admit([b"12"]) == 1
    assert not allowance.refused
    assert allowance.admit([b""]) == 0
    assert allowance.refused


def test_nothing_at_all_is_admitted_without_being_refused() -> None:
    allowance = Allowance(None, 0)
    assert (allowance.admit([]), allowance.refused) == (0, False)


def test_the_last_record_comes_with_the_further_lines_of_its_event() -> None:
    allowance = Allowance(2, None)
    assert admitted(allowance, RECORD, CONTINUES, RECORD, CONTINUES, CONTINUES, RECORD) == 5
    assert allowance.used_up


def test_context_does_not_count() -> None:
    allowance = Allowance(2, None)
    assert admitted(allowance, LEADS, RECORD, TRAILS, LEADS | GAP, RECORD) == 5
    assert allowance.used_up


@pytest.mark.parametrize(("trailing", "count"), [(0, 1), (1, 2), (2, 3), (3, 3)])
def test_as_much_context_as_was_asked_for_trails_the_last_record(trailing: int, count: int) -> None:
    allowance = Allowance(1, None, trailing)
    assert admitted(allowance, RECORD, TRAILS, TRAILS, RECORD) == count
    assert allowance.used_up


def test_what_trails_the_last_record_may_come_with_a_later_batch() -> None:
    allowance = Allowance(1, None, 2)
    assert (admitted(allowance, RECORD, TRAILS), allowance.used_up) == (2, False)
    assert (admitted(allowance, CONTINUES, TRAILS, CONTINUES, TRAILS), allowance.used_up) == (3, True)


def test_context_that_leads_to_a_record_beyond_the_last_is_left_out() -> None:
    allowance = Allowance(1, None, 2)
    assert admitted(allowance, RECORD, LEADS, RECORD) == 1
    assert allowance.used_up


def test_an_event_that_does_not_fit_is_left_out_whole() -> None:
    allowance = Allowance(None, 7)
    assert admitted(allowance, RECORD, RECORD, CONTINUES, CONTINUES) == 1
    assert allowance.refused


def test_an_event_that_fits_exactly_is_admitted_whole() -> None:
    allowance = Allowance(None, 8)
    assert admitted(allowance, RECORD, RECORD, CONTINUES, CONTINUES) == 4
    assert not allowance.refused


FLAGS = st.lists(st.sampled_from([RECORD, RECORD, CONTINUES, LEADS, TRAILS, GAP])).map(bytes)


@settings(max_examples=200, deadline=None)
@given(FLAGS, st.integers(1, 8), st.integers(0, 2), st.none() | st.integers(1, 30))
def test_records_one_by_one_are_admitted_as_all_at_once(
    flags: bytes, n: int, trailing: int, max_bytes: int | None
) -> None:
    whole, parts = Allowance(n, max_bytes, trailing), Allowance(n, max_bytes, trailing)
    count = 0
    for record in records(flags):
        if not parts.used_up:
            count += parts.admit([b"x"] * len(record), record)
    assert whole.admit([b"x"] * len(flags), flags) == count
    assert whole.refused == parts.refused


def records(flags: bytes) -> list[bytes]:
    begins = [place for place, flag in enumerate(flags) if not place or not flag & CONTINUES]
    return [flags[begin:end] for begin, end in pairwise([*begins, len(flags)])]


@settings(max_examples=200, deadline=None)
@given(FLAGS, st.integers(0, 60))
def test_no_more_bytes_are_admitted_than_allowed_and_no_event_is_cut(flags: bytes, max_bytes: int) -> None:
    lines = [b"x" * (place % 4) for place in range(len(flags))]
    ends = [0, *accumulate(len(line) + 1 for line in lines)]
    allowance = Allowance(None, max_bytes)
    count = allowance.admit(lines, flags)
    assert ends[count] <= max_bytes
    assert allowance.refused == (ends[-1] > max_bytes)
    assert count == len(flags) or not count or not flags[count] & CONTINUES


LINES = st.lists(st.integers(0, 4).map(lambda length: b"x" * length), max_size=8)


@given(st.lists(LINES, max_size=4), st.none() | st.integers(0, 12), st.none() | st.integers(0, 60))
def test_lines_whose_size_is_told_are_admitted_as_if_they_were_added_up(
    batches: list[list[bytes]], n: int | None, max_bytes: int | None
) -> None:
    told, added_up = Allowance(n, max_bytes), Allowance(n, max_bytes)
    for lines in batches:
        size = sum(len(line) + 1 for line in lines)
        assert told.admit(lines, None, size) == added_up.admit(lines)
        assert (told.refused, told.used_up) == (added_up.refused, added_up.used_up)


@given(st.lists(LINES, max_size=4), st.none() | st.integers(0, 12), st.none() | st.integers(0, 60))
def test_lines_are_admitted_whole_where_they_fit_and_leave_a_record_to_come(
    batches: list[list[bytes]], n: int | None, max_bytes: int | None
) -> None:
    whole, one_by_one = Allowance(n, max_bytes), Allowance(n, max_bytes)
    for lines in batches:
        if one_by_one.used_up:
            break
        taken = whole.admit_whole(len(lines), sum(len(line) + 1 for line in lines))
        count = one_by_one.admit(lines)
        assert taken == (count == len(lines) and not one_by_one.used_up)
        assert taken or whole.admit(lines) == count
        assert (whole.refused, whole.used_up) == (one_by_one.refused, one_by_one.used_up)
