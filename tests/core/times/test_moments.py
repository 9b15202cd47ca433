"""Moments: every spelling that is promised, exact to the nanosecond, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logagent.core.time_range import FARTHEST
from logagent.core.times.moments import read, spelled

SECOND = 10**9
NOW = 1_700_000_000 * SECOND


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("0", 0),
        ("1700000000", NOW),
        ("1700000000.000000001", NOW + 1),
        ("1700000000.5", NOW + SECOND // 2),
        ("-1.5", -SECOND - SECOND // 2),
        ("500ms", NOW - SECOND // 2),
        ("1.5s", NOW - 3 * SECOND // 2),
        ("15m", NOW - 900 * SECOND),
        ("2h", NOW - 7200 * SECOND),
        ("7d", NOW - 7 * 86400 * SECOND),
        ("1w", NOW - 7 * 86400 * SECOND),
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01t00:00:00z", 0),
        ("1970-01-01 00:00Z", 0),
        ("1970-01-01T02:00:00+02:00", 0),
        ("1970-01-01T02:00:00 02:00", 0),
        ("1969-12-31T18:30:00-0530", 0),
        ("2023-11-14T22:13:20.123456789Z", NOW + 123_456_789),
        ("2023-11-14T22:13:20,1234567891Z", NOW + 123_456_789),
        ("2016-12-31T23:59:60Z", 1_483_228_800 * SECOND),
        ("2024-02-29T00:00:00Z", 1_709_164_800 * SECOND),
    ],
)
def test_a_promised_spelling_names_its_moment(text: str, moment: int) -> None:
    assert read(text, NOW) == moment


@pytest.mark.parametrize(
    "text",
    [
        *["", "now", "-5m", "m", "1e9", "1y", "1700000000.", "\u0661\u0662", "24:00", "2023-11-14"],
        *["2023-11-14T22:13:20", "2023-02-29T00:00:00Z", "2023-11-14T25:00:00Z", "2023-11-14T22:13:20Z "],
    ],
)
def test_anything_else_names_none(text: str) -> None:
    assert read(text, NOW) is None


def test_a_span_goes_back_no_further_than_can_be_spelled() -> None:
    moment = read("999999999w", NOW)
    assert moment == -FARTHEST
    assert read(spelled(moment), NOW) == moment


@given(st.integers(-FARTHEST, FARTHEST))
def test_a_moment_survives_its_spelling(moment: int) -> None:
    assert read(spelled(moment), NOW) == moment
