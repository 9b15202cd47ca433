"""A range of time includes its beginning and not its end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logagent.core.time_range import ALL_TIME, TimeRange

TIMES = [4, 5, 6, 9, 10, 5]


@pytest.mark.parametrize(
    ("asked", "places"),
    [
        (ALL_TIME, [0, 1, 2, 3, 4, 5]),
        (TimeRange(since=5), [1, 2, 3, 4, 5]),
        (TimeRange(until=5), [0]),
        (TimeRange(5, 10), [1, 2, 3, 5]),
        (TimeRange(0, 0), []),
        (TimeRange(until=0), []),
    ],
)
def test_times_lie_in_a_range_from_its_beginning_to_before_its_end(asked: TimeRange, places: list[int]) -> None:
    assert [*asked.places(TIMES)] == places
    assert asked.among(TIMES) == [TIMES[place] for place in places]


@given(
    st.builds(TimeRange, st.none() | st.integers(-5, 5), st.none() | st.integers(-5, 5)), st.lists(st.integers(-7, 7))
)
def test_the_times_in_a_range_are_those_at_their_places(asked: TimeRange, times: list[int]) -> None:
    assert asked.among(times) == [times[place] for place in asked.places(times)]


def test_a_range_with_a_beginning_or_an_end_is_bounded() -> None:
    assert not ALL_TIME.is_bounded
    assert TimeRange(since=0).is_bounded
    assert TimeRange(until=0).is_bounded
