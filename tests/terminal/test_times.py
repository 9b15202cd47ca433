"""Times as people type them."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logagent.terminal.times import NoTime, StillToCome, completed, read

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("2026-11-23", "2026-11-23T00:00:00+01:00"),
        ("2026-07-01 10:00", "2026-07-01T10:00:00+02:00"),
        ("2026-11-23T10:00:30.5", "2026-11-23T10:00:30.500000+01:00"),
        ("9:05", "2026-11-23T09:05:00+01:00"),
        ("10:00:30", "2026-11-23T10:00:30+01:00"),
        ("today", "2026-11-23T00:00:00+01:00"),
        ("Today 8:30", "2026-11-23T08:30:00+01:00"),
        ("yesterday", "2026-11-22T00:00:00+01:00"),
        ("yesterday  23:59:59", "2026-11-22T23:59:59+01:00"),
        ("now", "2026-11-23T12:00:00+01:00"),
        ("22 Nov 10:00", "2026-11-22T10:00:00+01:00"),
        ("Nov 22 10:00:05", "2026-11-22T10:00:05+01:00"),
        ("1 july", "2026-07-01T00:00:00+02:00"),
        ("24 Nov", "2025-11-24T00:00:00+01:00"),
        ("29 Feb", "2024-02-29T00:00:00+01:00"),
        ("November 3, 2025 8:00", "2025-11-03T08:00:00+01:00"),
        ("22/Nov/2026:10:00:00 +0000", "2026-11-22T10:00:00+00:00"),
        ("[2/Nov/2026:10:00:00 -0130]", "2026-11-02T10:00:00-01:30"),
        ("10min", "600s"),
        ("1h30m", "5400s"),
        ("1 h 30 min", "5400s"),
        ("-1h", "3600s"),
        ("1 hour ago", "3600s"),
        ("2 Weeks ago", "1209600s"),
        ("@1764000000", "1764000000"),
        ("@1764000000.5", "1764000000.5"),
    ],
)
def test_what_is_left_out_is_this_machines(typed: str, meant: str) -> None:
    assert completed(typed, NOW, BERLIN) == meant


@pytest.mark.parametrize(
    "typed",
    [
        "15m",
        "1700000000.123456789",
        "2026-11-23T10:00:00.123456789Z",
        "tomorrow",
        "25:00",
        "2026-02-30",
        "",
        "31 Nov",
        "1 Foo",
        "yesterday noon",
        "1h30",
        "5x",
        "ago",
        "@",
        "40/Nov/2026:10:00:00 +0000",
        "-5",
    ],
)
def test_all_else_is_the_agents_to_judge(typed: str) -> None:
    assert completed(typed, NOW, BERLIN) == typed


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("foo", "foo is no time; such are 10:30, "),
        ("yesteday 10:00", "yesteday 10:00 is no time; is 'yesterday 10:00' meant? such are "),
        ("monday", "monday is no time; such are "),
        ("today 25:00", "today 25:00 is no time; such are "),
    ],
)
def test_what_is_no_time_is_told_with_some_that_are(typed: str, said: str) -> None:
    with pytest.raises(NoTime) as error:
        read(typed, NOW)
    assert str(error.value).startswith(said)


def test_the_machines_own_zone_is_taken_for_the_day_that_is_named() -> None:
    local = datetime(2026, 7, 1, 10, 0).astimezone()
    assert datetime.fromisoformat(completed("2026-07-01 10:00", NOW)) == local


@pytest.mark.parametrize("typed", ["12:00:01", "23:59"])
def test_a_time_of_today_that_is_still_to_come_is_doubted(typed: str) -> None:
    with pytest.raises(StillToCome, match=f"^{typed} is still to come today; is 'yesterday {typed}' meant\\?$"):
        completed(typed, NOW, BERLIN)


@given(
    ago=st.integers(0, 10**8),
    form=st.sampled_from(["%Y-%m-%d %H:%M:%S", "%d %b %Y %H:%M:%S", "%B %d, %Y %H:%M:%S", "%d/%b/%Y:%H:%M:%S %z"]),
)
def test_each_form_is_read_as_the_c_library_writes_it(ago: int, form: str) -> None:
    written = NOW - timedelta(seconds=ago)
    assert datetime.fromisoformat(completed(written.strftime(form), NOW, BERLIN)) == written


@given(ago=st.integers(1, 31_000_000), form=st.sampled_from(["%d %b %H:%M:%S", "%b %d %H:%M:%S"]))
def test_a_day_without_a_year_is_the_last_one(ago: int, form: str) -> None:
    written = NOW - timedelta(seconds=ago)
    assert datetime.fromisoformat(completed(written.strftime(form), NOW, BERLIN)) == written
