"""Formats of time as people name them: what each directive reads, and what is refused."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logagent.core.times.named_formats import named_format
from logagent.core.times.named_judging import judge_with
from logagent.core.times.stampers import stamper_for
from logagent.core.times.strptime import BadTimeFormat
from testbed.times import EPOCH, MODIFIED, UTC, instant, ns


def read(text: str, line: str, zone: datetime.tzinfo = UTC) -> int | None:
    """The time of a line in a format, read four times."""
    judgement = judge_with(named_format(text), [line.encode()], zone, MODIFIED)
    [stamp] = set(stamper_for(zone, MODIFIED, judgement).stamps([line.encode()] * 4))
    return stamp


@pytest.mark.parametrize(
    ("text", "line", "expected"),
    [
        ("%d/%m/%y %H.%M", "27/11/23 13.55 ready", "2023-11-27 13:55"),
        ("%d/%m/%Y %I:%M:%S %p", "7/3/2023 1:55:36 p.m. ready", "2023-03-07 13:55:36"),
        ("%e.%m.%Y %k:%M", " 7.03.2023  3:05 ready", "2023-03-07 03:05"),
        ("%A, %d. %B %Y, %H:%M Uhr", "Freitag, 3. März 2023, 13:55 Uhr", "2023-03-03 13:55"),
        ("%a %b %d %T %Y", "Fri Mar 3 13:55:36 2023", "2023-03-03 13:55:36"),
        ("[%D %R]", "[03/07/23 13:55] ready", "2023-03-07 13:55"),
        ("%F", "2023-03-07 ready", "2023-03-07"),
        ("%F %r", "2023-03-07 01:55:36 AM", "2023-03-07 01:55:36"),
        ("%Y%m%d%H%M%S%f", "20230307135536123456 ready", "2023-03-07 13:55:36.123456"),
        ("%Y%m%d%H%M%S%3N", "20230307135536123 ready", "2023-03-07 13:55:36.123"),
        ("%F %T,%f", "2023-03-07 13:55:36,5 ready", "2023-03-07 13:55:36.5"),
        ("%F %T.%L", "2023-03-07 13:55:36.123 ready", "2023-03-07 13:55:36.123"),
        ("%Y.%j/%T", "2023.066/13:55:36 ready", "2023-03-07 13:55:36"),
        ("%y-%j %T", "23-066 13:55:36 ready", "2023-03-07 13:55:36"),
        ("%F %T%z", "2023-03-07 13:55:36+0130 ready", "2023-03-07 12:25:36"),
        ("%F %T%:z", "2023-03-07 13:55:36+01:30 ready", "2023-03-07 12:25:36"),
        ("%F %T %Z", "2023-03-07 13:55:36 CET ready", "2023-03-07 12:55:36"),
        ("%F %T %Z", "2023-03-07 13:55:36 GMT+2 ready", "2023-03-07 11:55:36"),
        ("%F %T %z %Z", "2023-03-07 13:55:36 +0200 CET ready", "2023-03-07 11:55:36"),
        ("%F %T %Z", "2023-03-07 13:55:36 CST ready", "2023-03-07 13:55:36"),
        ("%s", "1678197336 ready", "2023-03-07 13:55:36"),
        ("t=%s%3N", "t=1678197336123 ready", "2023-03-07 13:55:36.123"),
        ("%m/%d %T", "03/07 13:55:36 ready", "2024-03-07 13:55:36"),
        ("%m/%d %T", "12/07 13:55:36 ready", "2023-12-07 13:55:36"),
        ("%T", "11:55:36 ready", "2024-06-15 11:55:36"),
        ("%H%%%M", "11%55 ready", "2024-06-15 11:55"),
        ("%-d/%-m/%Y %_H:%M", "7/3/2023  3:05 ready", "2023-03-07 03:05"),
        ("%F\t%T", "2023-03-07   13:55:36 ready", "2023-03-07 13:55:36"),
        ("%F %T", "2016-12-31 23:59:60 ready", "2017-01-01 00:00:00"),
    ],
)
def test_directives_read_what_they_name(text: str, line: str, expected: str) -> None:
    assert read(text, line) == ns(expected)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("%d/%m/%y %H.%M", "27/11/2023 13.55"),
        ("%d/%m/%y %H.%M", "27/11/23 13.555"),
        ("%d/%m/%y %H.%M", "30/02/23 13.55"),
        ("%d/%m/%y %H.%M", "11/27/23 13.55"),
        ("%d %b %Y", "3 Foo 2023"),
        ("%Y%m%d", "2023115 ready"),
        ("%I:%M %p", "13:55 x"),
        ("%I:%M %p", "0:55 AM"),
        ("%F %T", "2023-03-07 25:55:36"),
        ("%F %T %Z", "2023-03-07 13:55:36 Europe/Berlin"),
        ("%F %T%z", "2023-03-07 13:55:36+9900"),
        ("%F %T.%f", "2023-03-07 13:55:36.1234567890"),
        ("%F", " 2023-03-07"),
        ("%F", "at 2023-03-07"),
    ],
)
def test_what_is_no_such_time_is_none(text: str, line: str) -> None:
    assert read(text, line) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "names neither a date nor a clock"),
        ("ready", "names neither a date nor a clock"),
        ("%Y-%m", "names neither a date nor a clock"),
        ("%F %Q", "%Q is not known; known are %Y %y"),
        ("%c", "%c is not known"),
        ("%3d %m", "%3d is not known"),
        ("%F %", "ends with a single %"),
        ("%F %T %H", "%H and %H both give the hour"),
        ("%F %b", "%m and %b both give the month"),
        ("%I:%M", "%I needs %p"),
        ("%F %M", "%M needs %H"),
        ("%F %H %S", "%S needs %M"),
        ("%F %H:%M.%f", "%f needs %S"),
        ("%F %z", "%z and %Z need a clock"),
        ("%d %H", "%d needs %m or %b"),
        ("%m %H", "%m and %b need %d"),
        ("%j %H", "%j needs %Y"),
        ("%Y %H", "%Y needs %m and %d"),
        ("%s %Y", "%s is a whole time by itself"),
        ("%F %j", "%j is a date with %Y"),
    ],
)
def test_what_makes_no_time_is_refused_with_what_would_be_right(text: str, message: str) -> None:
    with pytest.raises(BadTimeFormat, match=message.replace("%%", "%")):
        named_format(text)


@given(
    st.integers(0, 2_800_000_000 * 10**6),
    st.sampled_from(["%d/%m/%Y %H.%M.%S,%f", "%Y%m%d%H%M%S%f", "%b %d %Y %I:%M:%S.%f %p", "%A %d %B %Y-%H/%M/%S/%f"]),
)
def test_what_strftime_writes_is_read(microseconds: int, text: str) -> None:
    moment = EPOCH + datetime.timedelta(microseconds=microseconds)
    assert read(text, moment.strftime(text)) == instant(moment)
