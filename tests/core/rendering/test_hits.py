"""Counts as JSON, NDJSON and text: nothing until the end, then all of it, with the verdict where there is room."""

from __future__ import annotations

import json

import pytest

from logagent.core.batch import SIGN_OF_LIFE
from logagent.core.outcome import HostOutcome, Outcome, Status
from logagent.core.rendering.hits import ByTime, HitsJson, HitsNdjson, HitsText, rfc3339, seconds
from logagent.core.units import DAY, HOUR, MILLISECOND, MINUTE, SECOND
from logagent.core.wire.end_records import end_record
from testbed.counts import counts

OUTCOME = Outcome(Status.UNAVAILABLE, "db-2: cannot connect", 10, hosts=(HostOutcome("db-2", Status.UNAVAILABLE, "x"),))
BATCHES = (
    counts((MINUTE, 1), (0, 2)),
    SIGN_OF_LIFE,
    counts((0, 3), host="a\udcff"),
    counts((0, 4)),
    counts((DAY, 5), timed=False),
)
HITS = [
    {"time": "1970-01-01T00:00:00Z", "host": "a\\xff", "count": 3},
    {"time": "1970-01-01T00:00:00Z", "host": "web-1", "count": 6},
    {"time": "1970-01-01T00:01:00Z", "host": "web-1", "count": 1},
    {"time": None, "host": "web-1", "count": 5},
]


def rendered(rendering: HitsJson | HitsNdjson | HitsText) -> bytes:
    assert b"".join(map(rendering.batch, BATCHES)) == b""
    return rendering.end(OUTCOME)


def test_json_is_one_object() -> None:
    document = json.loads(rendered(HitsJson(ByTime(MINUTE))))
    assert document == {"step_seconds": 60, "hits": HITS} | end_record(OUTCOME)


def test_ndjson_is_a_record_for_each_count_and_then_the_verdict_with_the_step() -> None:
    *records, end = map(json.loads, rendered(HitsNdjson(ByTime(MINUTE))).splitlines())
    assert records == HITS
    assert end == {"end": end_record(OUTCOME)["end"] | {"step_seconds": 60}}


def test_text_is_columns() -> None:
    assert rendered(HitsText(ByTime(MINUTE))).decode().splitlines() == [
        r"1970-01-01T00:00:00Z a\xff 3",
        "1970-01-01T00:00:00Z web-1 6",
        "1970-01-01T00:01:00Z web-1 1",
        "-                    web-1 5",
    ]


def test_a_host_name_with_a_line_feed_forges_no_line_of_text() -> None:
    text = HitsText(ByTime(MINUTE))
    text.batch(counts((0, 1), host="a\n1970-01-01T00:00:00Z b 5"))
    assert text.end(OUTCOME).count(b"\n") == 1


def test_nothing_counted_is_nothing_but_the_verdict() -> None:
    assert HitsText(ByTime(None)).end(OUTCOME) == b""
    assert json.loads(HitsJson(ByTime(HOUR)).end(OUTCOME)) == {"step_seconds": 3600, "hits": []} | end_record(OUTCOME)


@pytest.mark.parametrize(("step", "told"), [(SECOND, 1), (DAY, 86400), (1500 * MILLISECOND, 1.5), (MILLISECOND, 0.001)])
def test_a_step_is_a_whole_number_of_seconds_where_it_can_be(step: int, told: float) -> None:
    assert (seconds(step), type(seconds(step))) == (told, type(told))


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (-SECOND, "1969-12-31T23:59:59Z"),
        (1500 * MILLISECOND, "1970-01-01T00:00:01.500Z"),
        (-(10**21), "0001-01-01T00:00:00Z"),
        (10**21, "9999-12-31T23:59:59Z"),
    ],
)
def test_times_are_rfc_3339(time: int, text: str) -> None:
    assert rfc3339(time) == text
