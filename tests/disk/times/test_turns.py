"""Files whose dates, clocks or hours come several times."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo

import pytest

from logagent.core.batch import starts_of
from logagent.disk.times.heads import heads_of
from logagent.disk.times.sampling import judged
from logagent.disk.times.turns import MAX_TURNS, Hidden, stamps_in, stretches
from testbed.reading import joined
from testbed.times import BERLIN, NEW_YORK

Written = tuple[list[bytes], list[datetime]]


def written(begin: str, count: int, step: timedelta, form: str, zone: tzinfo = UTC) -> Written:
    times = [datetime.fromisoformat(begin).astimezone(UTC) + number * step for number in range(count)]
    return [f"{time.astimezone(zone):{form}} web a: parcel".encode() for time in times], times


def read(lines: Sequence[bytes], modified: datetime, zone: tzinfo = UTC) -> list[datetime | None]:
    heads, last = heads_of(joined(lines)), int(modified.timestamp()) * 10**9
    parts = stretches(heads, judged(heads, zone, last), zone, last)
    stamps = stamps_in(parts, starts_of(0, list(lines)), lines)
    return [None if stamp is None else datetime.fromtimestamp(stamp // 10**9, UTC) for stamp in stamps]


SYSLOG, CLOCK = "%b %e %H:%M:%S", "%H:%M:%S"


@pytest.mark.parametrize(
    ("begin", "count", "step"),
    [
        ("2021-03-03T10:00:00+00:00", 5, timedelta(days=200)),
        ("2021-03-03T10:00:00+00:00", 300, timedelta(days=7)),
        ("2021-03-03T10:00:00+00:00", 1500, timedelta(days=1)),
        ("2021-03-03T10:00:00+00:00", 20_000, timedelta(minutes=75)),
        ("2026-12-31T22:00:00+00:00", 60, timedelta(minutes=4)),
        ("2024-02-25T00:00:00+00:00", 20, timedelta(days=1)),
    ],
)
@pytest.mark.parametrize("later", [timedelta(0), timedelta(days=30)])
def test_a_year_is_counted_by_the_order_of_lines(begin: str, count: int, step: timedelta, later: timedelta) -> None:
    lines, times = written(begin, count, step, SYSLOG)
    assert read(lines, times[-1] + later) == times


def test_a_year_that_ended_before_the_last_change_is_the_last_one() -> None:
    lines, times = written("2026-01-05T00:00:00+00:00", 300, timedelta(days=1), SYSLOG)
    assert read(lines, datetime(2027, 1, 20, tzinfo=UTC)) == times


@pytest.mark.parametrize("later", [timedelta(0), timedelta(hours=3), timedelta(hours=20)])
@pytest.mark.parametrize(
    ("begin", "count", "step"),
    [
        ("2026-11-28T09:00:00+00:00", 30, timedelta(minutes=1)),
        ("2026-11-28T22:00:00+00:00", 200, timedelta(minutes=1)),
        ("2026-11-28T09:00:00+00:00", 400, timedelta(minutes=15)),
        ("2026-11-28T09:00:00+00:00", 30_000, timedelta(seconds=10)),
    ],
)
def test_a_day_is_counted_by_the_order_of_lines(begin: str, count: int, step: timedelta, later: timedelta) -> None:
    lines, times = written(begin, count, step, CLOCK)
    assert read(lines, times[-1] + later) == times


@pytest.mark.parametrize(
    ("form", "begin", "step"), [(CLOCK, "2026-11-28", timedelta(hours=5)), (SYSLOG, "1990-11-28", timedelta(days=300))]
)
def test_too_many_turns_are_said_to_be_so(form: str, begin: str, step: timedelta) -> None:
    lines, times = written(f"{begin}T00:00:00+00:00", 10 * MAX_TURNS, step, form)
    with pytest.raises(Hidden):
        read(lines, times[-1])


def test_lines_that_are_late_at_midnight_make_no_turn() -> None:
    texts = [b"23:59:58 web a", b"00:00:01 web b", b"23:59:59 web c", b"00:00:02 web d"]
    day = datetime(2026, 11, 29, tzinfo=UTC)
    times = [day + timedelta(seconds=seconds) for seconds in (-2, 1, -1, 2)]
    assert read(texts, times[-1]) == times


def test_nor_do_lines_that_are_late_at_new_year() -> None:
    lines, times = written("2026-12-31T23:59:50+00:00", 20, timedelta(seconds=1), SYSLOG)
    lines[9], lines[11], times[9], times[11] = lines[11], lines[9], times[11], times[9]
    assert read(lines, times[-1]) == times


def test_a_machine_that_starts_without_a_clock_makes_no_turn() -> None:
    boot = [b"Jan  1 00:00:%02d web kernel: up" % second for second in range(20)]
    parts = [written(f"2026-11-{day:02d}T10:00:00+00:00", 50, timedelta(minutes=5), SYSLOG) for day in (3, 9, 20)]
    lines = [line for texts, _ in parts for line in [*boot, *texts]]
    got = read(lines, parts[-1][1][-1])
    assert [time for time in got if time is not None and time.month == 11] == [
        time for _, times in parts for time in times
    ]


@pytest.mark.parametrize(
    ("zone", "begin"), [(BERLIN, "2026-10-24T22:00:00+00:00"), (NEW_YORK, "2026-11-01T04:00:00+00:00")]
)
@pytest.mark.parametrize(("count", "step"), [(40, 600), (200, 120), (20_000, 1)])
@pytest.mark.parametrize("form", ["%Y-%m-%d %H:%M:%S", SYSLOG])
def test_an_hour_that_comes_twice_is_told_by_the_order_of_lines(
    zone: tzinfo, begin: str, count: int, step: int, form: str
) -> None:
    lines, times = written(begin, count, timedelta(seconds=step), form, zone)
    assert read(lines, times[-1], zone) == times


@pytest.mark.parametrize("end", [18, 21, 24])
def test_also_where_the_file_ends_or_begins_in_it(end: int) -> None:
    lines, times = written("2026-10-24T22:00:00+00:00", end, timedelta(minutes=10), "%Y-%m-%d %H:%M:%S", BERLIN)
    assert read(lines, times[-1], BERLIN) == times
    lines, times = written("2026-10-25T00:30:00+00:00", end, timedelta(minutes=10), "%Y-%m-%d %H:%M:%S", BERLIN)
    assert read(lines, times[-1], BERLIN) == times


def test_dates_in_messages_make_no_turn() -> None:
    lines, times = written("2026-10-24T22:00:00+00:00", 100, timedelta(minutes=4), "%Y-%m-%d %H:%M:%S", BERLIN)
    lines = [line + b" due 2026-10-25 02:30:00" for line in lines]
    assert read(lines, times[-1], BERLIN) == times
