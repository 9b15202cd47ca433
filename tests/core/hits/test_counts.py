"""Counts of one file agree with `collections.Counter`, and no step makes more buckets than can be borne."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logagent.core.batch import Batch
from logagent.core.hits.counts import Counts, are_counts, counts_of, lines_in
from logagent.core.hits.steps import LADDER, MAX_BUCKETS
from logagent.core.outcome import Failure, Status
from logagent.core.units import DAY, MILLISECOND, MINUTE, SECOND
from testbed.counts import by_step, counts, times

steps = st.sampled_from(LADDER) | st.integers(1, 10**6).map(lambda n: n * MILLISECOND)


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
