"""The way of a question through agents, as it stands in headers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logagent.core.wire.identity import Identity
from logagent.core.wire.through import (
    MOST_ASKS,
    BadThrough,
    Through,
    from_names,
    takes_through,
    through_from_header,
    through_to_header,
    to_names,
)

TOP, SITE = Identity("top", "a" * 32), Identity("site-a", "b" * 32)


def test_way_is_read_as_it_was_written_and_grows_with_each_agent() -> None:
    through = Through("0" * 32, (TOP,)).on(SITE)
    assert through_from_header(through_to_header(through)) == through
    assert through.passed(TOP)
    assert through.passed(Identity("another name", "b" * 32))
    assert not through.passed(Identity("top", "c" * 32))


@pytest.mark.parametrize(
    "value",
    [
        "",
        'id="0", way=("top";id="' + "a" * 32 + '")',
        f'id="{"0" * 32}", way=()',
        f'id="{"0" * 32}", way=("top")',
        f'id="{"0" * 32}", way=("top";id="{"a" * 32}"  "b";id="{"a" * 32}")',
        f'id="{"0" * 32}", way=("../x";id="{"a" * 32}")',
        f'id="{"0" * 32}", way=("top";id="{"a" * 32}"), more=1',
        f'id="{"0" * 32}", way=({"x" * 5000})',
    ],
)
def test_anything_else_is_no_way(value: str) -> None:
    with pytest.raises(BadThrough):
        through_from_header(value)


@given(st.lists(st.text(min_size=1, max_size=20), max_size=20))
def test_names_and_patterns_are_read_as_they_were_written(names: list[str]) -> None:
    spelled = to_names(names)
    assert spelled.isascii()
    assert spelled.isprintable()
    assert from_names(spelled) == tuple(names)


def test_names_are_bounded_and_none_is_cut() -> None:
    names = [f"host-{number}" for number in range(10_000)]
    spelled = to_names(names)
    assert len(spelled) <= MOST_ASKS
    assert list(from_names(spelled)) == names[: len(from_names(spelled))]


def test_an_agent_says_that_it_can_be_asked_as_a_primary() -> None:
    assert takes_through({"log-takes": "caller, through"})
    assert not takes_through({"log-takes": "caller"})
    assert not takes_through({})
