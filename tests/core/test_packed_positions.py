"""Positions are read as they were packed, whatever hosts and logs are called."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from logagent.core.batch import Position
from logagent.core.packed_positions import pack, unpack

NUMBERS = st.integers(0, 2**63 - 1)
NAMES = st.text(max_size=20) | st.text("ab/.1", max_size=200) | st.just("x" * 300) | st.just("x" * 301)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.builds(Position, NAMES, NAMES, NUMBERS, NUMBERS), max_size=20, unique_by=lambda p: p[:2]))
def test_positions_are_read_as_they_were_packed(positions: list[Position]) -> None:
    assert unpack(pack(positions)) == sorted(positions)


def test_the_last_position_of_a_log_counts() -> None:
    assert unpack(pack([Position("a", "b", 1, 1), Position("a", "b", 2, 2)])) == [Position("a", "b", 2, 2)]
