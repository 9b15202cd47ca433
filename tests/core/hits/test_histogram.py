"""Counts agree with `collections.Counter`, whatever their steps, and no step makes more buckets than can be borne."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logagent.core.batch import Batch
from logagent.core.hits.counts import Counts, are_counts, counts_of, lines_in
from logagent.core.hits.histogram import Histogram, Row
from logagent.core.hits.steps import LADDER, MAX_BUCKETS, MOST_ROWS, SENT_BUCKETS, sensible_step, spelled_step
from logagent.core.outcome import Failure, Status
from logagent.core.units import DAY, HOUR, MILLISECOND, MINUTE, SECOND
from testbed.counts import counts

times = st.integers(-(2**63), 2**63 - 1) | st.integers(-(10**13), 10**13) | st.integers(0, 50).map(lambda n: n * HOUR)
steps = st.sampled_from(LADDER) | st.integers(1, 10**6).map(lambda n: n * MILLISECOND)


def by_step(times: list[int], step: int) -> dict[int, int]:
    return dict(Counter(time // step * step for time in times))


def test_each_step_is_a_whole_multiple_of_the_one_before() -> None:
    assert all(coarse % fine == 0 for fine, coarse in pairwise(LADDER))


@given(span=st.integers(0, 2**64))
def test_a_sensible_step_is_the_finest_that_makes_few_buckets(span: int) -> None:
    step = sensible_step(span)
    assert span <= MOST_ROWS * step or step == LADDER[-1]
    assert all(span > MOST_ROWS * finer for finer in LADDER if finer < step)


def test_a_sensible_step_makes_some_thirty_buckets_at_least() -> None:
    rows = [(MOST_ROWS * fine + 1) / sensible_step(MOST_ROWS * fine + 1) for fine in LADDER[:12]]
    assert min(rows) >= 24


@pytest.mark.parametrize(
    ("step", "spelled"), [(90 * SECOND, "90s"), (60 * SECOND, "1m"), (7 * DAY, "7d"), (1500 * MILLISECOND, "1500ms")]
)
def test_steps_are_spelled_in_the_largest_unit_that_fits(step: int, spelled: str) -> None:
    assert spelled_step(step) == spelled


@given(asked=st.lists(st.lists(times, max_size=20), max_size=5), step=steps)
def test_a_step_that_is_asked_for_is_exact(asked: list[list[int]], step: int) -> None:
    counted = Counts(step)
    for some in asked:
        counted.add(some)
    assert dict(counted.take()) == by_step([time for some in asked for time in some], step)
    assert counted.take() == []


@given(asked=st.lists(st.tuples(times, st.integers(1, 9))), span=st.integers(0, 10**18), most=st.integers(1, 6))
def test_a_step_that_is_not_asked_for_grows_until_buckets_are_few(
    asked: list[tuple[int, int]], span: int, most: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("logagent.core.hits.counts.SENT_BUCKETS", most)
        counted = Counts(span=span)
        for time, lines in asked:
            counted.put(time, lines)
    taken = counted.take()
    assert dict(taken) == by_step([time for time, lines in asked for _ in range(lines)], counted.step)
    assert taken == sorted(taken)
    assert len(taken) <= most or counted.step == LADDER[-1]


def test_too_many_buckets_are_a_failure_that_says_which_step_would_do() -> None:
    counted = Counts(SECOND)
    with pytest.raises(Failure, match=f"^step=1s makes more than {MAX_BUCKETS} buckets; step=5m would do$") as failed:
        counted.add(range(0, (MAX_BUCKETS + 1) * SECOND, SECOND))
    assert failed.value.status is Status.RESOURCE_EXHAUSTED
    assert len(counted) == MAX_BUCKETS


def test_buckets_count_as_seen_once_they_are_taken() -> None:
    counted = Counts(SECOND)
    for time in range(MAX_BUCKETS):
        counted.put(time * SECOND, 1)
    counted.take()
    counted.put(0, 1)
    with pytest.raises(Failure):
        counted.put(MAX_BUCKETS * SECOND, 1)


def test_a_step_is_never_said_to_do_that_is_as_fine() -> None:
    counted = Counts(DAY)
    with pytest.raises(Failure, match="step=364d would do"):
        counted.add(range(0, (MAX_BUCKETS + 1) * DAY, DAY))


@given(
    asked=st.lists(st.tuples(st.sampled_from(LADDER), st.sampled_from("abc"), st.lists(times, max_size=9)), max_size=6)
)
def test_counts_by_different_steps_come_to_one(asked: list[tuple[int, str, list[int]]]) -> None:
    histogram = Histogram()
    for step, host, some in asked:
        histogram.add(counts(*by_step(some, step).items(), step=step, host=host))
    rows = histogram.rows()
    told = {(row.start, host): lines for row in rows for host, lines in row.hosts.items()}
    step = histogram.step
    assert told == Counter((time // step * step, host) for _, host, some in asked for time in some)
    assert rows == sorted(rows)
    assert step >= max((step for step, _, some in asked if some), default=0)
    assert len(rows) <= MOST_ROWS or step == LADDER[-1]


def test_the_step_that_was_asked_for_stays_however_many_buckets_it_makes() -> None:
    histogram = Histogram(SECOND)
    histogram.add(counts(*((time * SECOND, 1) for time in range(MOST_ROWS + 1)), step=SECOND))
    assert (histogram.step, len(histogram.rows())) == (SECOND, MOST_ROWS + 1)


def test_one_wild_time_does_not_decide_about_the_step() -> None:
    histogram = Histogram()
    histogram.add(counts((0, 1), *((DAY * 20_000 + n * MINUTE, 1) for n in range(60)), step=MINUTE))
    assert histogram.step == MINUTE


def test_a_few_lines_over_days_are_not_counted_by_the_second() -> None:
    histogram = Histogram()
    histogram.add(counts(*((n * DAY, 1) for n in range(40)), step=SECOND))
    assert histogram.step == 12 * HOUR


def test_lines_without_times_are_a_row_of_their_own() -> None:
    histogram = Histogram()
    histogram.add(counts((5 * DAY, 3), timed=False, step=364 * DAY))
    histogram.add(counts((DAY, 1), host="db-2", step=SECOND))
    assert histogram.rows() == [Row(DAY, {"db-2": 1}), Row(None, {"web-1": 3})]
    assert (histogram.step, histogram.hosts, histogram.rows()[1].lines) == (SECOND, ["db-2", "web-1"], 3)


def test_a_batch_tells_counts_or_something_else() -> None:
    batch = counts((0, 7), (MINUTE, 10))
    assert are_counts(batch)
    assert lines_in(batch) == 17
    told = [(count.start, count.step, count.lines) for count in counts_of(batch)]
    assert told == [(0, MINUTE, 7), (MINUTE, MINUTE, 10)]
    for body in (b"7\n", b"7 0\n", b"7 60s\n", b"-7 60\n", b"7 60", b"7 60\nx\n"):
        assert not are_counts(Batch(body, 1, [0], [0], batch.origins)), body
    assert not are_counts(Batch(b"7 60\n", 1, None, None, batch.origins))
    assert not are_counts(Batch(b"7 60\n", 1, [0]))


def test_what_is_sent_is_more_than_what_is_shown() -> None:
    assert SENT_BUCKETS > MOST_ROWS
