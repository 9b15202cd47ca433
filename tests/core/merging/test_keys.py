"""The keys of many lines, on which numpy works, are those of few, and so is their order."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from logagent.core.arrays import MANY, is_long
from logagent.core.batch import as_column
from logagent.core.merging.keys import order_of, reversed_keys, running_maximum

QUICK = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

FARTHEST = 2**63
TIMES = st.one_of(
    st.integers(0, 9),
    st.integers(-FARTHEST, FARTHEST - 1),
    st.sampled_from([-FARTHEST, FARTHEST - 1]),
)
FAR = st.sampled_from([-(2**70), 2**70, FARTHEST])


def many(values: Sequence[int]) -> list[int]:
    return [*values] * (MANY // len(values) + 1)


def orders(one: Sequence[int], other: Sequence[int]) -> bool:
    """Whether values lie in the opposite order of others, pair by pair with their neighbours."""
    return all((a < b) == (c > d) for a, b, c, d in zip(one, one[1:], other, other[1:], strict=False))


@QUICK
@given(st.lists(TIMES, min_size=1, max_size=8), st.one_of(st.none(), TIMES, FAR), st.booleans())
def test_many_keys_are_raised_as_few_are(times: list[int], least: int | None, rising: bool) -> None:
    keys = sorted(many(times)) if rising else many(times)
    column = as_column(keys)
    assert is_long(column)
    lowest = min(keys) if least is None else least
    assert [*running_maximum(column, least)] == [*accumulate([max(key, lowest) for key in keys], max)]
    assert [*column] == keys


@QUICK
@given(st.lists(st.one_of(TIMES, FAR), min_size=1, max_size=8), st.one_of(st.none(), TIMES, FAR))
def test_few_keys_and_keys_of_more_than_64_bits_are_raised(keys: list[int], least: int | None) -> None:
    lowest = min(keys) if least is None else least
    expected = [*accumulate([max(key, lowest) for key in keys], max)]
    assert [*running_maximum(as_column(keys), least)] == expected
    far = many([*keys, 2**70])
    assert [*running_maximum(as_column(far), None)] == [*accumulate(far, max)]


@QUICK
@given(st.lists(TIMES, min_size=1, max_size=8))
def test_keys_are_reversed_however_many_they_are(times: list[int]) -> None:
    few, long = reversed_keys(as_column(times)), reversed_keys(as_column(many(times)))
    assert orders(times, few)
    assert [*long] == many(few)
    assert [*reversed_keys(as_column([2**70, 0]))] == [~(2**70), ~0]


@pytest.mark.parametrize("most", [8, 4 * MANY])
@QUICK
@given(st.data())
def test_lines_are_ordered_by_key_then_run_then_place(most: int, data: st.DataObject) -> None:
    drawn = data.draw(st.lists(st.lists(TIMES, min_size=1, max_size=8), min_size=1, max_size=4))
    runs = [sorted(times if most == 8 else many(times)) for times in drawn]
    rows = [(key, run, place) for run, keys in enumerate(runs) for place, key in enumerate(keys)]
    before = [0, *accumulate(map(len, runs))]
    expected = [before[run] + place for _, run, place in sorted(rows)]
    assert [*order_of([as_column(keys) for keys in runs])] == expected


def test_lines_with_keys_of_more_than_64_bits_are_ordered_too() -> None:
    runs = [as_column(many([2**70])), as_column(many([0]))]
    assert [*order_of(runs)] == [*range(len(runs[0]), len(runs[0]) + len(runs[1])), *range(len(runs[0]))]
