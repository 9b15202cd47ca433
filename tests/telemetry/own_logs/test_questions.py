"""Questions as lines tell them."""

from __future__ import annotations

from typing import Any

import pytest

from logagent.core.query import Query
from logagent.core.wire.parameters import HITS_PARAMETERS, PARAMETERS, parse, parse_hits
from logagent.telemetry.own_logs.questions import MOST_NAMED, asked_for, members, named, who_asks
from testbed.own_log import SECRET

NOW = 1_800_000_000 * 10**9
NOT_TOLD = {"prefix", "cursors", "labels", "whole", "patience", "heartbeat", "paths"}
"""Parameters about how an answer looks or is sent, not about what is looked for."""
CALLED = {
    "filename": "files",
    "hostname": "hosts",
    "context": "before_context",
    "rotated": "without_rotated",
    "cursor": "continued",
}
GIVEN = {
    "filename": ("app.log", ["app.log"]),
    "hostname": ("web-*", ["web-*"]),
    "keyword": ("a", SECRET.spelled([b"a"])),
    "exclude": ("b", SECRET.spelled([b"b"])),
    "regex": ("c.*d", SECRET.spelled([b"c.*d"])),
    "exclude_regex": ("e%2B", SECRET.spelled([b"e+"])),
    "any": ("true&keyword=a&keyword=b", True),
    "ignore_case": ("true", True),
    "n": ("7", 7),
    "n_per_file": ("3&by=file", 3),
    "since": ("2026-11-23T10:00:00Z", "2026-11-23T10:00:00Z"),
    "until": ("2026-11-23T10:00:00.5Z", "2026-11-23T10:00:00.500000Z"),
    "order": ("oldest", "oldest"),
    "unit": ("event", "event"),
    "context": ("2", 2),
    "before_context": ("2", 2),
    "after_context": ("2", 2),
    "rotated": ("false", True),
    "timeout": ("30s", 30.0),
    "max_bytes": ("1000", 1000),
    "follow": ("true", True),
    "step": ("5m", "5m"),
    "by": ("file", "file"),
}


def test_a_label_that_is_counted_by_is_told() -> None:
    assert _members(parse_hits(b"filename=x&by=label:role", NOW))["by"] == "label:role"


@pytest.mark.parametrize("parameter", [*GIVEN])
def test_what_was_given_is_told(parameter: str) -> None:
    value, told = GIVEN[parameter]
    query = "" if parameter == "filename" else "filename=x&"
    read = parse if parameter in PARAMETERS and "by=" not in value else parse_hits
    assert _members(read(f"{query}{parameter}={value}".encode(), NOW))[CALLED.get(parameter, parameter)] == told


def test_every_parameter_is_told_or_named_as_one_that_is_not() -> None:
    assert {*PARAMETERS, *HITS_PARAMETERS} == {*GIVEN, *NOT_TOLD, "cursor"}


def test_only_what_was_given_is_told() -> None:
    assert _members(Query.of(files=("app.log",))) == {"files": ["app.log"]}


def test_a_question_in_words() -> None:
    given = b"filename=a.log&filename=b.log&hostname=web-1&keyword=x&exclude=y&regex=z&n=1&unit=event&since=1800000000"
    assert asked_for(parse(given, NOW)) == (
        "asks for a.log, b.log of web-1: 2 words; 1 pattern; since 2027-01-15T08:00:00Z; the newest 1 event"
    )
    assert (
        asked_for(parse(b"filename=a.log&follow=true&n=10", NOW)) == "follows a.log of all hosts: the earlier 10 lines"
    )
    assert asked_for(parse_hits(b"filename=a%0ab.log", NOW)) == r"counts lines of a\x0ab.log of all hosts"


def test_who_asks() -> None:
    assert who_asks("token:ann", (), own=False) == "token:ann"
    assert who_asks("token:ann", ("web-0", "top"), own=True) == "web-0 and top, for token:ann,"
    assert who_asks("anonymous", (), own=True) == "an agent, for anonymous,"
    assert who_asks("", (), own=False) == "somebody"


def test_a_time_beyond_all_calendars_is_told_in_seconds() -> None:
    assert _members(Query.of(files=("a",), since=-(10**21) + 1))["since"] == "-1000000000000"


def test_of_many_names_some_are_told() -> None:
    assert named([str(number) for number in range(MOST_NAMED + 5)])[-1] == "and 5 more"


def _members(query: Query) -> dict[str, Any]:
    return members(query, SECRET)
