"""A wall clock's times are right in every zone, over changes of the clocks, and with years that are left out."""

from __future__ import annotations

import datetime
import zoneinfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from logagent.core.times.stamper import Stamper
from testbed.times import BERLIN, EPOCH, MICROSECOND, MODIFIED, NEW_YORK, UTC, ZONES, instant, ns, stamp, wall_times


def test_a_leap_second_is_the_second_after_it() -> None:
    assert stamp(b"2016-12-31T23:59:60.25Z") == ns("2017-01-01 00:00:00.25")


def test_a_line_without_zone_is_in_the_given_one() -> None:
    assert stamp(b"2024-06-15 12:00:00", BERLIN) == ns("2024-06-15 10:00:00")
    assert stamp(b"Jan 15 12:00:00 web-1", BERLIN) == ns("2024-01-15 11:00:00")
    assert stamp(b"[Mon Jan 15 12:00:00 2024]", BERLIN) == ns("2024-01-15 11:00:00")


def test_an_hour_that_comes_twice_is_the_first_one() -> None:
    assert stamp(b"2023-10-29 02:30:00", BERLIN) == ns("2023-10-29T02:30:00+02:00")


def test_an_hour_that_never_was_counts_on_from_the_offset_before() -> None:
    assert stamp(b"2024-03-31 02:30:00", BERLIN) == ns("2024-03-31T02:30:00+01:00")


@pytest.mark.parametrize(
    ("modified", "line", "expected"),
    [
        ("2024-06-15 12:00:00", b"Jun 15 13:00:00", "2024-06-15 13:00:00"),
        ("2024-06-15 12:00:00", b"Jun 16 12:00:00", "2024-06-16 12:00:00"),
        ("2024-06-15 12:00:00", b"Jun 16 12:00:01", "2023-06-16 12:00:01"),
        ("2024-06-15 12:00:00", b"Jun 16 12:00:00.5", "2024-06-16 12:00:00.5"),
        ("2024-06-15 11:59:59", b"Jun 16 11:59:60", "2024-06-16 12:00:00"),
        ("2024-01-01 00:30:00", b"Dec 31 23:59:59", "2023-12-31 23:59:59"),
        ("2023-12-31 23:59:00", b"Jan  1 00:00:10", "2024-01-01 00:00:10"),
        ("2024-02-28 12:00:00", b"Feb 29 11:00:00", "2024-02-29 11:00:00"),
        ("2023-06-15 12:00:00", b"Feb 29 11:00:00", "2020-02-29 11:00:00"),
        ("1904-02-27 10:00:00", b"Feb 29 11:00:00", "1896-02-29 11:00:00"),
        ("9999-12-31 12:00:00", b"Dec 31 11:00:00", "9999-12-31 11:00:00"),
    ],
)
def test_a_time_without_year_is_at_most_a_day_after_the_file(modified: str, line: bytes, expected: str) -> None:
    assert stamp(line, modified=ns(modified)) == ns(expected)


def test_the_year_is_that_of_the_zone() -> None:
    auckland = zoneinfo.ZoneInfo("Pacific/Auckland")
    assert stamp(b"Jan  1 20:00:00", auckland, ns("2023-12-30 12:00:00")) == ns("2023-01-01 07:00:00")
    assert stamp(b"Jan  1 01:00:00", auckland, ns("2023-12-30 12:00:00")) == ns("2023-12-31 12:00:00")


@pytest.mark.parametrize("modified", [-(2**80), 2**80])
def test_a_file_modified_in_no_year_at_all_gives_an_answer(modified: int) -> None:
    assert stamp(b"2024-02-29 23:59:59", modified=modified) == ns("2024-02-29 23:59:59")
    stamp(b"Feb 28 23:59:59", modified=modified)


def test_years_left_out_are_right_over_new_year() -> None:
    days = [(b"Dec 30", 2023), (b"Dec 31", 2023), (b"Jan  1", 2024), (b"Jan  2", 2024)]
    lines = [b"%b %02d:59:59 web-1 ok" % (day, hour) for day, _ in days for hour in range(24)]
    expected = [
        ns(f"{year}-{'12' if day < b'E' else '01'}-{int(day[4:]):02} {hour:02}:59:59")
        for day, year in days
        for hour in range(24)
    ]
    assert Stamper(UTC, ns("2024-01-02 23:59:59")).stamps(lines) == expected


def test_29_february_without_a_year_is_in_a_leap_year() -> None:
    lines = [b"Feb 28 23:59:59 a", b"Feb 29 00:00:00 a", b"Feb 29 23:59:59 a", b"Mar  1 00:00:00 a"] * 10
    texts = ["2024-02-28 23:59:59", "2024-02-29 00:00:00", "2024-02-29 23:59:59", "2024-03-01 00:00:00"] * 10
    assert Stamper(UTC, ns("2024-03-01 08:00:00")).stamps(lines) == [ns(text) for text in texts]


def utc_offset(moment: datetime.datetime) -> datetime.timedelta:
    offset = moment.utcoffset()
    assert offset is not None
    return offset


def fraction_text(nanosecond: int, digits: int) -> str:
    return f".{nanosecond:09}"[: digits + 1] if digits else ""


@given(wall_times, st.integers(0, 10**9 - 1), st.integers(0, 9), st.sampled_from(" T"))
@example(datetime.datetime(1, 1, 1, tzinfo=BERLIN), 0, 9, "T")
@example(datetime.datetime(9999, 12, 31, 23, 59, 59, tzinfo=NEW_YORK), 999_999_999, 9, "T")
def test_local_times_round_trip(moment: datetime.datetime, nanosecond: int, digits: int, between: str) -> None:
    text = moment.replace(tzinfo=None).isoformat(between) + fraction_text(nanosecond, digits)
    kept = nanosecond - nanosecond % 10 ** (9 - digits)
    expected = (
        moment.replace(tzinfo=None) - EPOCH.replace(tzinfo=None) - utc_offset(moment)
    ) // MICROSECOND * 1000 + kept
    assert moment.tzinfo is not None
    assert Stamper(moment.tzinfo, MODIFIED).stamps([text.encode()] * 4) == [expected] * 4


offsets = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(
    lambda minutes: datetime.timezone(datetime.timedelta(minutes=minutes))
)


@given(st.datetimes(timezones=offsets), st.sampled_from(ZONES))
def test_times_with_an_offset_round_trip_in_any_zone(moment: datetime.datetime, zone: datetime.tzinfo) -> None:
    text = moment.isoformat(timespec="microseconds").encode()
    expected = (moment.replace(tzinfo=UTC) - EPOCH - utc_offset(moment)) // MICROSECOND * 1000
    assert Stamper(zone, MODIFIED).stamps([text] * 4) == [expected] * 4


@given(st.integers(ns("2023-06-17 12:00:00") // 10**9, ns("2024-06-16 00:00:00") // 10**9), st.sampled_from(ZONES))
def test_syslog_times_round_trip(second: int, zone: datetime.tzinfo) -> None:
    moment = datetime.datetime.fromtimestamp(second, zone)
    line = f"{moment:%b} {moment.day:2} {moment:%H:%M:%S} web-1 app: ok".encode()
    expected = instant(moment.replace(fold=0))
    assert Stamper(zone, ns("2024-06-15 22:00:00")).stamps([line] * 4) == [expected] * 4
