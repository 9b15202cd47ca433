"""How questions are spelled, and that they have the parameters of the API."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logagent.client.asked import (
    FilesKeywords,
    FollowKeywords,
    HitsKeywords,
    LogsKeywords,
    pairs_of,
    query_string,
)
from logagent.core.query import BadParameter, Query
from logagent.core.wire import listing
from logagent.core.wire.parameters import HITS_PARAMETERS, PARAMETERS, parse, parse_hits

NOW = 1_790_000_000_000_000_000
LOGS, HITS = LogsKeywords.__annotations__.keys(), HitsKeywords.__annotations__.keys()
FOLLOW, FILES = FollowKeywords.__annotations__.keys(), FilesKeywords.__annotations__.keys()
OF_TEXT = {"prefix"}
"""The parameter that changes texts only, and records in nothing."""
BY_ITSELF = {"filename", "paths"}
"""What is an argument of its own, and what goes along with it."""


def read(filename: Any = "app.log", **asked: Any) -> Query:
    """What an agent understands."""
    return parse(query_string(pairs_of(filename, asked, LOGS)).encode(), NOW)


def test_the_keywords_are_the_parameters_of_the_api() -> None:
    of_follow = {"follow", "patience", "heartbeat"}
    assert set(PARAMETERS) - OF_TEXT - BY_ITSELF - of_follow == LOGS
    assert set(HITS_PARAMETERS) - BY_ITSELF == HITS
    assert set(listing.PARAMETERS) - BY_ITSELF == FILES
    never = {"follow", "order", "until", "cursors"}  # said by asking for a follow, refused of one, and in its events
    assert set(PARAMETERS) - OF_TEXT - BY_ITSELF - never == FOLLOW


def test_every_keyword_is_understood_as_it_is_meant() -> None:
    asked = read(
        ["a.log", "b/*.log"],
        hostname=("web-*", "db-2"),
        keyword=["x y", b"\xff+&=%"],
        exclude="no",
        regex=r"\d+",
        exclude_regex=[],
        ignore_case=True,
        since=datetime(2026, 11, 23, 10, tzinfo=timezone(timedelta(hours=1))),
        until=1_795_431_600.5,
        n=5,
        n_per_file=2,
        unit="event",
        order="oldest",
        before_context=1,
        after_context=2,
        rotated=False,
        timeout=timedelta(milliseconds=1500),
        max_bytes=1000,
        whole=True,
        cursors=True,
        labels=True,
        cursor=None,
    )
    assert asked == Query.of(
        files=("a.log", "b/*.log"),
        hosts=("web-*", "db-2"),
        keywords=(b"x y", b"\xff+&=%"),
        exclude=(b"no",),
        regex=(rb"\d+",),
        ignore_case=True,
        since=1_795_424_400 * 10**9,
        until=1_795_431_600_500_000_000,
        n=5,
        n_per_file=2,
        unit="event",
        order="oldest",
        before=1,
        after=2,
        rotated=False,
        timeout=1.5,
        max_bytes=1000,
        whole=True,
        cursors=True,
        labels=True,
    )
    assert read(keyword=["a", "b"], any=True, context=3) == Query.of(
        files=("app.log",), keywords=(b"a", b"b"), any=True, before=3, after=3
    )


@pytest.mark.parametrize("span", [timedelta(minutes=15), "15m", "900s"])
def test_a_span_goes_back_from_the_agents_now(span: Any) -> None:
    assert read(since=span).range.since == NOW - 900 * 10**9


@pytest.mark.parametrize("step", [timedelta(minutes=10), "10m", 600, 600.0])
def test_a_step_is_a_span(step: Any) -> None:
    pairs = pairs_of("app.log", {"step": step, "by": None}, HITS)
    assert parse_hits(query_string(pairs).encode(), NOW).form.step == 600 * 10**9


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_moment_is_exact_to_the_microsecond(moment: datetime) -> None:
    since = read(since=moment).range.since
    assert since is not None
    assert datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=since // 1000) == moment
    assert since % 1000 == 0


@given(st.lists(st.binary(min_size=1).filter(lambda each: b"\n" not in each), min_size=1, max_size=5))
def test_any_bytes_can_be_looked_for(keywords: list[bytes]) -> None:
    assert read(keyword=keywords).match.keywords == tuple(keywords)


def test_paths_of_the_host_say_so() -> None:
    assert ("paths", b"true") in pairs_of("/var/log/syslog", {}, LOGS)
    assert "paths" not in dict(pairs_of("syslog", {}, LOGS))


def test_no_file_is_no_parameter() -> None:
    assert pairs_of((), {"hostname": "web-1"}, FILES) == [("hostname", b"web-1")]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"keywords": "x"}, "unexpected keyword 'keywords'; known are after_context, any, "),
        ({"keyword": 5}, "keyword must be a text, or several"),
        ({"keyword": ["x", 5]}, "keyword must be a text, not 5"),
        ({"any": "true"}, "any must be True or False, not 'true'"),
        ({"n": "5"}, "n must be a whole number, not '5'"),
        ({"n": True}, "n must be a whole number, not True"),
        ({"since": True}, "since must be a text, not True"),
        ({"timeout": None, "order": 1}, "order must be a text, not 1"),
    ],
)
def test_what_is_of_another_kind_is_told_at_once(asked: dict[str, Any], said: str) -> None:
    with pytest.raises(TypeError) as refused:
        read(**asked)
    assert str(refused.value).startswith(said)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"since": datetime(2026, 11, 23, tzinfo=UTC).replace(tzinfo=None)}, "since: 2026-11-23 00:00:00 has no zone"),
        ({"since": timedelta(seconds=-1)}, "since: must be a span from 0, not -1 day"),
        ({"timeout": -0.5}, "timeout: must be a span from 0"),
        ({"keyword": "\ud800"}, "keyword: is no text"),
    ],
)
def test_what_cannot_be_spelled_is_told_at_once(asked: dict[str, Any], said: str) -> None:
    with pytest.raises(BadParameter) as refused:
        read(**asked)
    assert str(refused.value).startswith(said)


@pytest.mark.parametrize("step", [timedelta(0), timedelta(microseconds=1), 0.0005])
def test_a_step_of_no_milliseconds_is_told_at_once(step: Any) -> None:
    with pytest.raises(BadParameter, match="step: must be a span of whole milliseconds"):
        pairs_of("app.log", {"step": step}, HITS)
