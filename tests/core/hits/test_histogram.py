"""Counts of many hosts and files, by different steps, add up to the rows of one histogram."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from logagent.core.hits.histogram import Histogram, Row
from logagent.core.hits.steps import LADDER, MAX_BUCKETS, MOST_ROWS
from logagent.core.units import DAY, HOUR, MINUTE, SECOND
from testbed.counts import by_step, counts, times


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


def test_buckets_are_bounded_however_many_a_host_sends() -> None:
    histogram = Histogram()
    for part in range(12):
        starts = range(part * 1000, (part + 1) * 1000)
        histogram.add(counts(*((time * 1000 * SECOND, 1) for time in starts), step=SECOND))
        assert histogram.held <= MAX_BUCKETS
    assert sum(row.lines for row in histogram.rows()) == 12_000
    assert histogram.step >= LADDER[1]
