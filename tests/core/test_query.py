"""A query is made of fields in groups, which may be named without them."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from logagent.core.batch import Position
from logagent.core.query import (
    HEARTBEAT,
    PATIENCE,
    AnswerForm,
    BadParameter,
    FollowOptions,
    Limits,
    Match,
    Order,
    Query,
    Unit,
)
from logagent.core.time_range import TimeRange
from testbed.queries import changed

FIELDS: dict[str, Any] = {
    "files": ("a.log",),
    "hosts": ("web-1",),
    "rotated": False,
    "own": True,
    "keywords": (b"x",),
    "exclude": (b"y",),
    "regex": (b"z",),
    "exclude_regex": (b"w",),
    "ignore_case": True,
    "before": 1,
    "after": 2,
    "since": 3,
    "until": 4,
    "n": 5,
    "max_bytes": 6,
    "timeout": 7.0,
    "follow": True,
    "patience": 8.0,
    "heartbeat": 9.0,
    "order": Order.OLDEST,
    "unit": Unit.EVENT,
    "hits": True,
    "step": 10,
    "prefix": True,
    "times": True,
    "places": True,
    "whole": True,
    "cursors": True,
    "positions": (Position("web-1", "a.log", 11, 12),),
    "trace": "00-ab-cd-01",
}
WHOLE = Query(
    files=("a.log",),
    hosts=("web-1",),
    rotated=False,
    own=True,
    match=Match(
        keywords=(b"x",), exclude=(b"y",), regex=(b"z",), exclude_regex=(b"w",), ignore_case=True, before=1, after=2
    ),
    range=TimeRange(3, 4),
    limits=Limits(n=5, max_bytes=6, timeout=7.0),
    follow=FollowOptions(patience=8.0, heartbeat=9.0),
    form=AnswerForm(
        order=Order.OLDEST,
        unit=Unit.EVENT,
        hits=True,
        step=10,
        prefix=True,
        times=True,
        places=True,
        whole=True,
        cursors=True,
    ),
    positions=(Position("web-1", "a.log", 11, 12),),
    trace="00-ab-cd-01",
)


def test_every_field_finds_its_group() -> None:
    assert Query.of(**FIELDS) == WHOLE


@pytest.mark.parametrize("name", FIELDS)
def test_each_field_can_be_named_alone(name: str) -> None:
    given = {"files": ("a.log",), "follow": True} | {name: FIELDS[name]}
    assert changed(Query.of(**given), **FIELDS) == WHOLE
    assert Query.of(**given) == changed(Query.of(files=("a.log",), follow=True), **{name: FIELDS[name]})


def test_no_two_groups_have_a_field_of_one_name() -> None:
    groups = [Match, Limits, FollowOptions, AnswerForm, Query]
    names = [field.name for group in groups for field in fields(group)] + [*TimeRange._fields]
    assert len(names) == len(set(names))


def test_a_field_of_no_group_is_refused() -> None:
    with pytest.raises(TypeError, match="grep"):
        Query.of(files=("a.log",), grep=b"x")


def test_a_query_asks_for_all_lines_newest_first_and_ends() -> None:
    query = Query.of(files=("a.log",))
    assert query == Query(files=("a.log",))
    assert (query.follow, query.is_newest_first, query.rotated, query.own) == (None, True, True, False)
    assert query.limits == Limits(n=None, max_bytes=None, timeout=None)
    assert not query.range.is_bounded


def test_only_a_query_that_follows_has_options_of_it() -> None:
    followed = Query.of(files=("a.log",), follow=True)
    assert followed.follow_options == FollowOptions(patience=PATIENCE, heartbeat=HEARTBEAT)
    with pytest.raises(AssertionError, match="ends"):
        assert Query.of(files=("a.log",), follow=False, patience=1.0).follow_options


@pytest.mark.parametrize(("order", "trailing"), [(Order.NEWEST, 3), (Order.OLDEST, 5)])
def test_context_before_a_match_trails_it_newest_first(order: Order, trailing: int) -> None:
    query = Query.of(files=("a.log",), before=3, after=5, order=order)
    assert query.trailing == trailing
    assert query.is_newest_first == (order is Order.NEWEST)


def test_context_is_wanted_on_either_side() -> None:
    assert not Match().has_context
    assert Match(before=1).has_context
    assert Match(after=1).has_context


def test_a_query_is_passed_on_with_a_group_changed() -> None:
    query = Query.of(files=("a.log",), n=5, timeout=1.0)
    assert replace(query, limits=replace(query.limits, timeout=None)) == Query.of(files=("a.log",), n=5)


def test_a_bad_parameter_tells_its_name_and_what_would_be_right() -> None:
    error = BadParameter("n", "must be a whole number from 1")
    assert (error.name, error.reason, str(error)) == (
        "n",
        "must be a whole number from 1",
        "n: must be a whole number from 1",
    )
