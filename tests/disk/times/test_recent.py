"""What is kept of the results of a costly function, against one that keeps all."""

from __future__ import annotations

from functools import lru_cache

from hypothesis import given
from hypothesis import strategies as st

from logagent.disk.times.recent import Recent


@given(st.lists(st.integers(0, 6)), st.integers(1, 4))
def test_it_keeps_what_the_cache_of_the_standard_library_keeps(asked: list[int], most: int) -> None:
    made: list[int] = []
    expected: list[int] = []

    def make(number: int) -> str:
        made.append(number)
        return f"made of {number}"

    @lru_cache(most)
    def make_expected(number: int) -> str:
        expected.append(number)
        return f"made of {number}"

    recent = Recent[int, str](most)
    assert [recent.get(number, make) for number in asked] == [make_expected(number) for number in asked]
    assert made == expected
