"""Steps nest, a sensible step makes few buckets but not too few, and each is spelled as clients spell it."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logagent.core.hits.steps import LADDER, MOST_ROWS, SENT_BUCKETS, coarser, regrouped, sensible_step, spelled_step
from logagent.core.units import DAY, MILLISECOND, MINUTE, SECOND
from testbed.counts import by_step, times


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


def test_what_is_sent_is_more_than_what_is_shown() -> None:
    assert SENT_BUCKETS > MOST_ROWS


def test_the_next_coarser_step_is_the_next_of_the_ladder() -> None:
    assert [coarser(step) for step in LADDER[:-1]] == list(LADDER[1:])
    assert coarser(90 * SECOND) == 5 * MINUTE


@given(some=st.lists(times, max_size=20), steps=st.tuples(st.sampled_from(LADDER), st.sampled_from(LADDER)))
def test_counts_by_a_fine_step_become_counts_by_a_coarse_one(some: list[int], steps: tuple[int, int]) -> None:
    fine, coarse = sorted(steps)
    assert regrouped(by_step(some, fine), coarse) == by_step(some, coarse)
