"""Each format of the table is read, to the nanosecond, and what only looks like it is not."""

from __future__ import annotations

import datetime
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logagent.core.times.clocked_formats import CLOCKED, WORDED
from logagent.core.times.formats import LEAD, Format
from logagent.core.times.leading_formats import LEADING, LEADING_HINTS
from logagent.core.times.locating import LANDMARK, find_time
from logagent.core.times.stamper import Stamper
from testbed.times import MODIFIED, SAMPLES, UTC, ZONES, instant, ns, stamp, wall_times

READ_ANYWHERE = {"bgl", "date_and_time", "cef_utc", "windows_event", "slow_log"}
"""Leading formats whose samples hold a time that counts behind a word too."""


def test_each_format_has_a_name_and_a_sample_of_its_own() -> None:
    """Without one: see the module `formats`."""
    assert sorted(SAMPLES) == sorted(form.name for form in (*CLOCKED, *WORDED, *LEADING))


@pytest.mark.parametrize("form", [*CLOCKED, *WORDED, *LEADING], ids=lambda form: form.name)
def test_each_format_is_read_from_its_sample(form: Format) -> None:
    line, expected = SAMPLES[form.name]
    found = find_time(line)
    assert found is not None
    assert (found.form.name, stamp(line)) == (form.name, expected)
    assert Stamper(UTC, MODIFIED).stamps([line] * 4) == [expected] * 4


@pytest.mark.parametrize("form", CLOCKED, ids=lambda form: form.name)
def test_each_clocked_format_begins_within_the_lead_of_its_landmark(form: Format) -> None:
    line, _ = SAMPLES[form.name]
    found = form.pattern.search(line)
    assert found is not None
    assert any(landmark.start() - found.start() in form.leads for landmark in LANDMARK.finditer(line))
    assert max(form.leads) < LEAD


@pytest.mark.parametrize("form", LEADING, ids=lambda form: form.name)
def test_each_leading_format_is_hinted_at_and_is_no_other(form: Format) -> None:
    line, _ = SAMPLES[form.name]
    assert any(re.match(hint, line) for hint in LEADING_HINTS), "no hint matches the sample: see the module `formats`"
    assert [other.name for other in LEADING if other.pattern.match(line)] == [form.name]
    assert stamp(b"x " + line) is None or form.name in READ_ANYWHERE


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"2024-02-29 23:59:59", ns("2024-02-29 23:59:59")),
        (b"2024-02-29 23:59:59 a", ns("2024-02-29 23:59:59")),
        (b"2024-02-29t23:59:59z", ns("2024-02-29 23:59:59")),
        (b"2024-02-29T23:59:59Z", ns("2024-02-29 23:59:59")),
        (b"2024-02-29T23:59:59+01:30", ns("2024-02-29 22:29:59")),
        (b"2024-02-29T23:59:59+0130", ns("2024-02-29 22:29:59")),
        (b"2024-02-29T23:59:59+01", ns("2024-02-29 22:59:59")),
        (b"2024-02-29T23:59:59-01:30", ns("2024-03-01 01:29:59")),
        (b"2024-02-29T23:59:59-00:00", ns("2024-02-29 23:59:59")),
        (b"2024-02-29 23:59:59 UTC [7] LOG", ns("2024-02-29 23:59:59")),
        (b"2024-02-29 23:59:59 +0100 x", ns("2024-02-29 22:59:59")),
        (b"2024-02-29 23:59:59,123 - name - INFO", ns("2024-02-29 23:59:59.123")),
        (b"2024-02-29 23:59:59.5", ns("2024-02-29 23:59:59.5")),
        (b"2024-02-29 23:59:59.1234567891234 x", ns("2024-02-29 23:59:59.123456", 789)),
        (b"2024-02-29 23:59:59.000000001Z", ns("2024-02-29 23:59:59", 1)),
        (b"2024-02-29 23:59:59. Then", ns("2024-02-29 23:59:59")),
        (b"2024-02-29 23:59:59, then", ns("2024-02-29 23:59:59")),
        (b'{"level":"info","time":"2024-02-29T23:59:59Z"}', ns("2024-02-29 23:59:59")),
        (b"\x1b[32m2024-02-29 23:59:59\x1b[0m ok", ns("2024-02-29 23:59:59")),
        (b"1969-12-31 23:59:59.999999999Z", -1),
        (b"0001-01-01T00:00:00Z", ns("0001-01-01 00:00:00")),
        (b"0001-01-01T00:00:00+23:59", ns("0001-01-01 00:00:00") - (23 * 60 + 59) * 60 * 10**9),
        (b"9999-12-31T23:59:59.999999999Z", ns("9999-12-31 23:59:59.999999", 999)),
        (b"Jun 15 04:05:06 web-1 ok", ns("2024-06-15 04:05:06")),
        (b"Jun 15 04:05:06.789 web-1 ok", ns("2024-06-15 04:05:06.789")),
        (b"Jun 05 04:05:06 web-1 ok", ns("2024-06-05 04:05:06")),
        (b"Jun  5 04:05:06 10.0.0.1 ok", ns("2024-06-05 04:05:06")),
        (b"<134>1 2024-02-29T23:59:59Z web-1 app - - ok", ns("2024-02-29 23:59:59")),
        (b"Sat Jun 15 04:05:06 web-1 ok", ns("2024-06-15 04:05:06")),
        (b"Sun Dec 04 04:47:44 2005", ns("2005-12-04 04:47:44")),
        (b"::1 - - [29/Feb/2024:23:59:59 +0000]", ns("2024-02-29 23:59:59")),
        (b"haproxy: 10.0.0.1:33 [29/Feb/2024:23:59:59.123] web", ns("2024-02-29 23:59:59.123")),
        (b"Start-Date: 2024-02-29  23:59:59", ns("2024-02-29 23:59:59")),
        (b"2024-02-29\t23:59:59\tLAX1", ns("2024-02-29 23:59:59")),
        (b"2024-02-29 3:59:59 x", ns("2024-02-29 03:59:59")),
        (b"2024-02-29 23:59:59:123 x", ns("2024-02-29 23:59:59.123")),
        (b"2024-02-29 23:59:59.123 CET [7] LOG", ns("2024-02-29 22:59:59.123")),
        (b"2024-02-29 23:59:59.123 +03 [7] LOG", ns("2024-02-29 20:59:59.123")),
        (b"2024-02-29T23:59:59.5-07", ns("2024-03-01 06:59:59.5")),
        (b"2024-02-29T23:59:59+05:30", ns("2024-02-29 18:29:59")),
        (b"Thu 2024-02-29 23:59:59 UTC web-1 app[1]: ok", ns("2024-02-29 23:59:59")),
        (b"Feb 29 23:59:59.123456 web-1 app[1]: ok", ns("2024-02-29 23:59:59.123456")),
        (b"2024-02-29T23:59:59+0100 web-1 app[1]: ok", ns("2024-02-29 22:59:59")),
        (b"2016-10-06T00:17:09.669794202Z stdout F ok", ns("2016-10-06 00:17:09.669794", 202)),
        (b"2024-02-29T23:59:59.123456Z 0 [Note] ok", ns("2024-02-29 23:59:59.123456")),
        (b"[2024-02-29T23:59:59,123][INFO ][o.e.n.Node] ok", ns("2024-02-29 23:59:59.123")),
        (b"I, [2024-02-29T23:59:59.123456 #7]  INFO -- : ok", ns("2024-02-29 23:59:59.123456")),
        (b'10.0.0.1 - - [29/Feb/2024 23:59:59] "GET / HTTP/1.1" 200 -', ns("2024-02-29 23:59:59")),
        (b"Thu Feb 29 23:59:59 UTC 2024", ns("2024-02-29 23:59:59")),
        (b"Thu Feb 29 23:59:59 CET 2024: ok", ns("2024-02-29 22:59:59")),
        (b"Thu Feb 29 23:59:59 PST 2024: ok", ns("2024-03-01 07:59:59")),
        (b"Feb 29, 2024 11:59:59 PM com.example.Main run", ns("2024-02-29 23:59:59")),
        (b"2024-02-29 23:59", ns("2024-02-29 23:59:00")),
        (b"thu feb 29 23:59:59 2024", ns("2024-02-29 23:59:59")),
        (b"JUN 15 04:05:06 web-1 ok", ns("2024-06-15 04:05:06")),
        (b"Sept 15 04:05:06 web-1 ok", ns("2023-09-15 04:05:06")),
        (b"Jun 5 04:05:06 web-1 ok", ns("2024-06-05 04:05:06")),
        (b"Thu Feb 29 2024 23:59:59 GMT+0100 (CET) ok", ns("2024-02-29 22:59:59")),
        (b"Feb 29, 2024 23:59:59 ok", ns("2024-02-29 23:59:59")),
        (b"[29-Feb-2024 23:59:59 UTC] PHP Warning: no", ns("2024-02-29 23:59:59")),
        (b"29-FEB-2024 23:59:59 * (CONNECT_DATA=) * 0", ns("2024-02-29 23:59:59")),
        (b"=INFO REPORT==== 29-Feb-2024::23:59:59 ===", ns("2024-02-29 23:59:59")),
        (b"Date: Thu, 29 Feb 2024 23:59:59 -0100", ns("2024-03-01 00:59:59")),
        (b"[2024/02/29 23:59:59.123456,  3] smbd ok", ns("2024-02-29 23:59:59.123456")),
        (b"2024.02.29 23:59:59 ok", ns("2024-02-29 23:59:59")),
        (b"2024-Feb-29 23:59:59.5: ok", ns("2024-02-29 23:59:59.5")),
        (b"240229 23:59:59 [Note] ok", ns("2024-02-29 23:59:59")),
        (b"- 1732356672 2024.11.23 dn228 Nov 9 12:01:01 dn228/dn228 crond", ns("2024-11-23 10:11:12")),
        (b"20240229T235959Z", ns("2024-02-29 23:59:59")),
        (b"nova.log.1.2017-05-16_13:53:08 2017-05-16 00:00:00.008 7 INFO", ns("2017-05-16 00:00:00.008")),
        (b"1732356672", ns("2024-11-23 10:11:12")),
        (b"[1732356672] SERVICE ALERT: web-1", ns("2024-11-23 10:11:12")),
        (b"1732356672.123    921 10.0.0.1 TCP_MISS/200 1 GET", ns("2024-11-23 10:11:12.123")),
        (b"1732356672123 ok", ns("2024-11-23 10:11:12.123")),
        (b"1732356672123.25 ok", ns("2024-11-23 10:11:12.12325")),
        (b"1732356672123456 ok", ns("2024-11-23 10:11:12.123456")),
        (b"1732356672123456789 ok", ns("2024-11-23 10:11:12.123456", 789)),
    ],
    ids=lambda value: value.decode("latin-1") if isinstance(value, bytes) else "",
)
def test_times_are_read_to_the_nanosecond(line: bytes, expected: int) -> None:
    assert stamp(line) == expected


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"no time at all",
        b"\tat com.example.Main.run(Main.java:123)",
        b"took 12:34:56 in all",
        b"12024-02-29 23:59:59",
        b"2024-02-29 23:59:591",
        b"2024-02-29 23:60",
        b"2024-02-30 23:59:59",
        b"2023-02-29 23:59:59",
        b"2024-13-01 23:59:59",
        b"2024-00-01 23:59:59",
        b"0000-01-01 23:59:59",
        b"2024-02-29 24:00:00",
        b"2024-02-29 25:59:59",
        b"2024-02-29 23:60:59",
        b"2024-02-29 23:59:61",
        b"2024-02-29 23:59:59+24:00",
        b"2024-02-29 23:59:59+01:60",
        b"Feb 30 04:05:06 web-1",
        b"Jun  0 04:05:06 web-1",
        b"Juinn 5 04:05:06 web-1",
        b"[30/Feb/2024:23:59:59 +0000]",
        b"Sun Feb 30 04:47:44 2005",
        b"Feb 29, 2024 00:59:59 PM com.example.Main run",
        b"11/12/2024 10:11:12 ok",
        b"999999999 bytes",
        b"4100000000 bytes",
        b"17323566721 bytes",
        b"1732356672x",
        b"1732356672.123.com",
        b"1732356672-1",
        b"read 1732356672 bytes",
        b"241323 101112 ok",
        b"240229 256060 ok",
        b"240229 1011123 ok",
        b"I2924 10:11:12.123456 no such day",
        b"2024-02-29-25.11.12",
        b"[12345.678901] usb 1-1",
    ],
)
def test_what_is_no_time_is_none(line: bytes) -> None:
    assert stamp(line) is None


def test_a_long_fraction_is_cut_and_its_zone_still_read() -> None:
    assert stamp(b"2001-01-01T00:00:00." + b"123456789" * 100 + b"+01:00") == ns("2000-12-31 23:00:00.123456", 789)


@given(st.integers(1_000_000_000, 4_099_999_999), st.sampled_from([0, 3, 6, 9]), st.integers(0, 10**9 - 1))
def test_epoch_times_round_trip(second: int, digits: int, nanosecond: int) -> None:
    fraction = f"{nanosecond:09}"[:digits]
    expected = second * 10**9 + int(fraction.ljust(9, "0"))
    point = "." if digits else ""
    for line in (f"{second}{fraction} a", f"{second}{point}{fraction} a", f'{{"ts":{second}{point}{fraction}}}'):
        assert Stamper(UTC, MODIFIED).stamps([line.encode()] * 4) == [expected] * 4


@given(wall_times, st.sampled_from(ZONES))
def test_every_format_of_a_moment_is_that_moment(moment: datetime.datetime, zone: datetime.tzinfo) -> None:
    moment = moment.replace(year=2000 + moment.year % 60, day=min(moment.day, 28), tzinfo=UTC)
    month = f"{moment:%b}"
    for text in (
        f"{moment:%Y-%m-%dT%H:%M:%SZ}",
        f"{moment:%d}/{month}/{moment:%Y:%H:%M:%S} +0000",
        f"{month} {moment.day:2} {moment:%Y %H:%M:%S} GMT",
        f"{moment.day} {month} {moment:%Y %H:%M:%S} UTC",
        f"{moment:%Y/%m/%d %H:%M:%S} +00:00",
        f"{moment:%Y%m%dT%H%M%SZ}",
        f"{moment:%d.%m.%Y %H:%M:%S} UTC",
    ):
        for line in (text, f'{{"time":"{text}"}}', f'level=info time="{text}"'):
            assert Stamper(zone, MODIFIED).stamps([line.encode()] * 4) == [instant(moment)] * 4


def test_a_format_garbled_anywhere_never_raises() -> None:
    for line, _ in SAMPLES.values():
        for at in range(len(line)):
            for garbage in (b"9", b"", b"\0", b":", b'"', b"\xff"):
                stamp(line[:at] + garbage + line[at + 1 :])


UNANCHORED = [form for form in (*CLOCKED, *WORDED) if rb"\A" not in form.pattern.pattern]
WORDS = st.lists(
    st.sampled_from(["ok", "(x)", "=", "7", "1.2.3", "a:b", "GET", "/x", "ERROR", "took", "12ms", "-"]), max_size=6
)


@pytest.mark.parametrize("form", UNANCHORED, ids=lambda form: form.name)
@settings(max_examples=20, deadline=None)
@given(before=WORDS, after=WORDS)
def test_words_around_a_time_change_nothing_about_it(form: Format, before: list[str], after: list[str]) -> None:
    line, expected = SAMPLES[form.name]
    found = find_time(line)
    assert found is not None
    start, end = found.match.start(), found.match.end()
    words, more = (b"".join(b"%b " % word.encode() for word in each) for each in (before, after))
    near = line[max(0, start - 2) : start], line[end : end + 8]
    assert stamp(b"x " + words + near[0] + line[start:end] + near[1] + b" x " + more) == expected
