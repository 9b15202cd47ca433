"""Which times are read out of lines, and that reading many lines at once or in any order changes none of them."""

import datetime
import re
import zoneinfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from logagent.core.times.formats import CLOCKED, LEAD, LEADING, LEADING_HINTS, Format
from logagent.core.times.layout import CACHED
from logagent.core.times.locating import LANDMARK, MAX_FIELDS, WINDOW, count_formats, find_time
from logagent.core.times.stamper import Stamper
from logagent.core.times.structured_fields import LONGEST

UTC = datetime.UTC
BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
NEW_YORK = zoneinfo.ZoneInfo("America/New_York")
ZONES = [UTC, BERLIN, NEW_YORK, zoneinfo.ZoneInfo("Australia/Lord_Howe"), zoneinfo.ZoneInfo("Asia/Kathmandu")]
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = datetime.timedelta(microseconds=1)


def ns(text: str, more: int = 0) -> int:
    """Nanoseconds since the epoch of an ISO time (UTC unless it says otherwise), and some more."""
    moment = datetime.datetime.fromisoformat(text)
    return instant(moment if moment.tzinfo else moment.replace(tzinfo=UTC)) + more


def instant(moment: datetime.datetime) -> int:
    return (moment - EPOCH) // MICROSECOND * 1000


MODIFIED = ns("2024-06-15 12:00:00")


def stamp(line: bytes, zone: datetime.tzinfo = UTC, modified: int = MODIFIED) -> int | None:
    return Stamper(zone, modified).stamp(line)


SAMPLES = {
    "iso": (b"2000-10-10T13:55:36.123456789+02:00 web-1 started", ns("2000-10-10 11:55:36.123456", 789)),
    "common": (b'10.0.0.1 - ann [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.0" 200 23', ns("2000-10-10 20:55:36")),
    "ctime": (b"[Tue Oct 10 13:55:36.25 2000] [notice] ready", ns("2000-10-10 13:55:36.25")),
    "syslog": (b"<13>Nov  3 04:05:06 web-1 app[1]: ready", ns("2023-11-03 04:05:06")),
    "month_day_year": (b"*Oct 10 2000 13:55:36.123: %SYS-5-CONFIG_I: ready", ns("2000-10-10 13:55:36.123")),
    "slashed": (b"2000/10/10 13:55:36 [error] 7#7: *1 open() failed", ns("2000-10-10 13:55:36")),
    "glog": (b"I1123 10:11:12.123456       7 main.go:12] ready", ns("2023-11-23 10:11:12.123456")),
    "glog_year": (b"E20001010 13:55:36.123456     7 main.cc:12] ready", ns("2000-10-10 13:55:36.123456")),
    "day_month_year": (b"7:M 10 Oct 2000 13:55:36.123 * Ready", ns("2000-10-10 13:55:36.123")),
    "day_month": (b"[7] 10 Oct 13:55:36.123 * Ready", ns("2023-10-10 13:55:36.123")),
    "year_month_day": (b"2000 Oct 10 13:55:36.123 CET: %FWSM: ready", ns("2000-10-10 13:55:36.123")),
    "dotted": (b"10.11.2000 13:55:36,5 bereit", ns("2000-11-10 13:55:36.5")),
    "compact": (b"20001010-13:55:36:123|Step|ready", ns("2000-10-10 13:55:36.123")),
    "mysql": (b"001010  3:55:36 [Note] ready", ns("2000-10-10 03:55:36")),
    "spark": (b"00/10/11 13:55:36 INFO Executor: ready", ns("2000-10-11 13:55:36")),
    "android": (b"03-17 16:13:38.811  1702  2395 D WindowManager: ready", ns("2024-03-17 16:13:38.811")),
    "month_day": (b"[03.17 16:13:38] app - proxy open", ns("2024-03-17 16:13:38")),
    "epoch": (b"1732356672.123456 web-1 app[1]: ready", ns("2024-11-23 10:11:12.123456")),
    "scientific": (b"1.7323566721234567e+09\tINFO\tready", ns("2024-11-23 10:11:12.123456", 700)),
    "audit": (b"type=SYSCALL msg=audit(1732356672.123:24287): arch=c000003e", ns("2024-11-23 10:11:12.123")),
    "bgl": (b"- 1732356672 2024.11.23 R02 2024-11-23-10.11.12.675872 R02 RAS", ns("2024-11-23 10:11:12")),
    "hdfs": (b"001010 135536 148 INFO dfs.DataNode: ready", ns("2000-10-10 13:55:36")),
    "basic": (b"20001010T135536.5+0200 ready", ns("2000-10-10 11:55:36.5")),
    "db2": (b"2000-10-10-13.55.36.123456 I1A2 LEVEL: Event", ns("2000-10-10 13:55:36.123456")),
    "chromium": (b"[0317/161338.811000:ERROR:file.cc(12)] ready", ns("2024-03-17 16:13:38.811")),
}


@pytest.mark.parametrize("form", [*CLOCKED, *LEADING], ids=lambda form: form.name)
def test_each_format_is_read_from_its_sample(form: Format) -> None:
    line, expected = SAMPLES[form.name]
    found = find_time(line)
    assert found is not None
    assert (found.form.name, stamp(line)) == (form.name, expected)
    assert Stamper(UTC, MODIFIED).stamps([line] * 4) == [expected] * 4


@pytest.mark.parametrize("form", CLOCKED, ids=lambda form: form.name)
def test_each_clocked_format_begins_within_the_lead_of_its_landmark(form: Format) -> None:
    line, _ = SAMPLES[form.name]
    found, landmark = form.pattern.search(line), LANDMARK.search(line)
    assert found is not None
    assert landmark is not None
    assert landmark.start() - found.start() in form.leads
    assert max(form.leads) < LEAD


@pytest.mark.parametrize("form", LEADING, ids=lambda form: form.name)
def test_each_leading_format_is_hinted_at_and_is_no_other(form: Format) -> None:
    line, _ = SAMPLES[form.name]
    assert any(re.match(hint, line) for hint in LEADING_HINTS)
    assert [other.name for other in LEADING if other.pattern.match(line)] == [form.name]
    assert stamp(b"x " + line) is None or form.name == "bgl"


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
        (b"2024-02-29 23:59:59.123 CET [7] LOG", ns("2024-02-29 23:59:59.123")),
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
        (b"Thu Feb 29 23:59:59 CET 2024: ok", ns("2024-02-29 23:59:59")),
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
        b"2024-02-29 23:59",
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
        b"Juin 5 04:05:06 web-1",
        b"[30/Feb/2024:23:59:59 +0000]",
        b"Sun Feb 30 04:47:44 2005",
        b"Feb 29, 2024 11:59:59 PM com.example.Main run",
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


FIELD = b"2024-02-29T23:59:59.5Z"
FIELD_TIME = ns("2024-02-29 23:59:59.5")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        *((b'{"level":"info","%b":"%b"}' % (name, FIELD), FIELD_TIME) for name in (b"time", b"ts", b"timestamp", b"t")),
        (b'{"@timestamp":"%b"}' % FIELD, FIELD_TIME),
        (b'{ "Timestamp" : "%b" }' % FIELD, FIELD_TIME),
        (b'{"msg":"restored 2001-01-01T00:00:00Z","time":"%b"}' % FIELD, FIELD_TIME),
        (b'{"msg":"\\"time\\":\\"2001-01-01T00:00:00Z\\"","time":"%b"}' % FIELD, FIELD_TIME),
        (b'{"log":"%b","stream":"stdout","time":"%b"}' % (b"x" * 3000, FIELD), FIELD_TIME),
        (b'{"log":"%b\\n","stream":"stdout","time":"%b"}' % (b"x" * 20_000, FIELD), FIELD_TIME),
        (b'{"t":{"$date":"%b"},"s":"I","c":"NETWORK"}' % FIELD, FIELD_TIME),
        (b'{"time":"soon","ts":"%b"}' % FIELD, FIELD_TIME),
        (b'{"req":{"time":0.25},"ts":"%b"}' % FIELD, FIELD_TIME),
        (b'{"t":12,"time":"29/Feb/2024:23:59:59 +0000"}', ns("2024-02-29 23:59:59")),
        (b'{"ts":1732356672}', ns("2024-11-23 10:11:12")),
        (b'{"ts":1732356672.123456,"level":"info"}', ns("2024-11-23 10:11:12.123456")),
        (b'{"ts":1.7323566721234567e+09,"level":"info"}', ns("2024-11-23 10:11:12.123456", 700)),
        (b'{"level":30,"time":1732356672123,"pid":1}', ns("2024-11-23 10:11:12.123")),
        (b'{"time":1732356672123.25}', ns("2024-11-23 10:11:12.12325")),
        (b'{"t":1732356672123456789}', ns("2024-11-23 10:11:12.123456", 789)),
        (b'{"__REALTIME_TIMESTAMP":"1732356672123456","MESSAGE":"ok"}', ns("2024-11-23 10:11:12.123456")),
        (b'{"log":"2024-02-29T23:59:59.5Z ok"}', FIELD_TIME),
        (b'{"time":"2024-02-30T00:00:00Z","ts":"%b"}' % FIELD, None),
        (b'{"time":12}', None),
        (b'{"time":17323566721}', None),
        (b'{"log":"%b","time":"%b"}' % (b"x" * LONGEST, FIELD), None),
        (b"time=%b level=info" % FIELD, FIELD_TIME),
        (b'time="%b" level=info' % FIELD, FIELD_TIME),
        (b"level=info ts=%b caller=main.go:12" % FIELD, FIELD_TIME),
        (b'level=info msg="until 2001-01-01T00:00:00Z" t=%b' % FIELD, FIELD_TIME),
        (b'level=info msg="a \\" ts=2001-01-01T00:00:00Z" ts=%b' % FIELD, FIELD_TIME),
        (b'time=soon timestamp="2024-02-29 23:59:59.5"', FIELD_TIME),
        (b"level=info ts=1732356672 msg=ok", ns("2024-11-23 10:11:12")),
        (b"ts=1732356672.123456 msg=ok", ns("2024-11-23 10:11:12.123456")),
        (b'ts="1732356672123" msg=ok', ns("2024-11-23 10:11:12.123")),
        (b"ts=1.7323566721e+09 msg=ok", ns("2024-11-23 10:11:12.1")),
        (b"level=info at 2024-02-29T23:59:59.5Z", FIELD_TIME),
        (b"level=info size=1732356672 time=12ms", None),
        (b'2024-02-29T23:59:59.5Z stdout F {"time":"2001-01-01T00:00:00Z"}', FIELD_TIME),
        (b"2024-02-29T23:59:59.5Z INFO done time=1732356672", FIELD_TIME),
    ],
    ids=lambda value: value[:60].decode() if isinstance(value, bytes) else "",
)
def test_the_time_field_of_a_structured_line_decides(line: bytes, expected: int | None) -> None:
    assert stamp(line) == expected
    assert Stamper(UTC, MODIFIED).stamps([line] * 4) == [expected] * 4


def test_no_more_time_fields_than_a_few_are_looked_at() -> None:
    point = b'{"t":1},'
    assert stamp(b'{"points":[' + point * (MAX_FIELDS - 1) + b'{}],"ts":1732356672}') == ns("2024-11-23 10:11:12")
    assert stamp(b'{"points":[' + point * MAX_FIELDS + b'{}],"ts":1732356672}') is None


def test_formats_are_counted_with_the_kind_of_line_that_they_stand_in() -> None:
    lines = [b'{"time":"%b"}' % FIELD] * 3 + [b"level=info ts=1732356672", b"none"] * 2 + [FIELD]
    assert count_formats(lines) == {"json iso": 3, "logfmt epoch": 2, "none": 2, "iso": 1}


def test_zones_of_many_kinds_in_one_file() -> None:
    lines = [b"2024-06-15T12:00:00%b ok" % zone for zone in (b"+05:30", b"Z", b"", b" UTC", b"-0800", b" CEST")] * 50
    hours = ["06:30", "12:00", "10:00", "12:00", "20:00", "10:00"] * 50
    assert Stamper(BERLIN, MODIFIED).stamps(lines) == [ns(f"2024-06-15 {hour}:00") for hour in hours]


def test_ten_thousand_lines_of_one_time() -> None:
    for line, expected in SAMPLES.values():
        assert set(Stamper(UTC, MODIFIED).stamps([line] * 10_000)) == {expected}


def test_formats_may_change_within_a_file() -> None:
    lines = [line for line, _ in SAMPLES.values() for _ in range(5)] * 2
    assert Stamper(UTC, MODIFIED).stamps(lines) == [worth for _, worth in SAMPLES.values() for _ in range(5)] * 2


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


def test_the_earliest_time_counts() -> None:
    assert stamp(b"Jun 15 04:05:06 web-1 app: at 2001-01-01T00:00:00Z") == ns("2024-06-15 04:05:06")
    assert stamp(b"2001-01-01T00:00:00Z after Jun 15 04:05:06") == ns("2001-01-01 00:00:00")


def test_a_clock_without_date_does_not_hide_the_time_after_it() -> None:
    assert stamp(b"took 00:12:34 until 2001-01-01T00:00:00Z") == ns("2001-01-01 00:00:00")


def test_the_earliest_shape_counts_even_where_there_is_no_such_time() -> None:
    assert stamp(b"2001-13-01T00:00:00Z then 2001-12-01T00:00:00Z") is None


def test_a_time_counts_up_to_the_end_of_the_window() -> None:
    line = b"x" * (WINDOW - 20) + b" 2001-01-01 00:00:00.125Z"
    assert stamp(line) == ns("2001-01-01 00:00:00.125")
    assert stamp(b"x" + line) is None


def test_a_long_fraction_is_cut_and_its_zone_still_read() -> None:
    assert stamp(b"2001-01-01T00:00:00." + b"123456789" * 100 + b"+01:00") == ns("2000-12-31 23:00:00.123456", 789)


def utc_offset(moment: datetime.datetime) -> datetime.timedelta:
    offset = moment.utcoffset()
    assert offset is not None
    return offset


def fraction_text(nanosecond: int, digits: int) -> str:
    return f".{nanosecond:09}"[: digits + 1] if digits else ""


wall_times = st.datetimes(timezones=st.sampled_from(ZONES), allow_imaginary=False).map(
    lambda moment: moment.replace(fold=0, microsecond=0)
)


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


@given(st.lists(st.binary(max_size=WINDOW + 40)))
def test_garbage_never_raises(lines: list[bytes]) -> None:
    assert len(Stamper(UTC, MODIFIED).stamps(lines)) == len(lines)


STARTS = ["", "", "<13>", "[", "0", "Sun ", "x" * 20 + " ", "10.0.0.1 - - [", ":12:34 ", "2024-01-01 "]

DATES = ["2024-03-31 02", "2023-10-29T02", "9999-12-31T23", "Jun 16 12", "Feb 29 12", "Sun Jun 16 12", "31/Mar/2024:02"]
DATES += ["I0616 12", "16 Jun 2024 12", "2024/06/16 12", "Jun 16 2024 12", "240616 12"]
STRUCTURED = ['{"a":"', '{"t":"', '{"m":1,"time":"', "t=", "level=info ts=", "level=info x ", 'a=" t=', "{"]
NUMBERS = ["240613 115959 ", "1732356672.5 ", "1732356672", "[1732356672] ", "- 1732356672 2024.11.23 "]
CLOCKS = [":00:00", ":00:01", ":59:59", ":59:60", ":30:99", ":1:2"]
FRACTIONS = ["", ".", ",5", ".123", ".12345", ".123456", ".999999999", ".1234567891"]
ZONES_NAMED = ["", "Z", "+01:00", "+01", "+", " UTC", " GMT", " +0100", " -07:00", " 2005", " 1999"]
ENDS = [
    "",
    '"}',
    '","time":1732356672}',
    " ts=1732356672",
    " time=2001-01-01T00:00:00Z",
    " -",
    " U",
    " G",
    " GET",
    " I",
    "-",
    ":",
    ".",
    ",",
    "]",
    "0",
    " 10.0.0.1",
    " web-1",
]
PARTS = (STARTS + STRUCTURED + NUMBERS, DATES, CLOCKS, FRACTIONS, ZONES_NAMED, ENDS)


@st.composite
def like_lines(draw: st.DrawFn) -> list[bytes]:
    """Lines as one file has them, each part of a time written in one way or in two or three."""
    ways = [draw(st.lists(st.sampled_from(part), min_size=1, max_size=3)) for part in PARTS]
    lines = draw(st.lists(st.tuples(*map(st.sampled_from, ways)), min_size=5, max_size=40))
    return ["".join(parts).encode() for parts in lines]


EPOCH_IN_JSON = b'{"abc":"Jun 13 12:00:00","time":1732356672.5}'


@settings(max_examples=300, deadline=None)
@given(like_lines(), st.sampled_from(ZONES))
@example([b"Sun Jun 16 02:00:00 10.0.0.1"] * 4 + [b"Sun Jun 16 02:00:00 1999"], UTC)
@example([b"2024-03-31 02:00:00 - I"] * 4 + [b"2024-03-31 02:00:00 -07:00"], UTC)
@example([b"2024-03-31 02:00:00] I"] * 4 + [b"2024-03-31 02:00:00 I"] * 4 + [b"2024-03-31 02:00:00 +0100"], UTC)
@example([b"x" * many + b":12:34 2024-03-31 02:00:00 I" for many in (50, 50, 50, 50, WINDOW - 15)], UTC)
@example([b"2024-03-31 02:00:00"] * 4 + [b"2024-03-31 02:00:00+0100"], UTC)
@example([b"x " + EPOCH_IN_JSON] * 4 + [EPOCH_IN_JSON] + [b"x " + EPOCH_IN_JSON], UTC)
@example([b"x " + EPOCH_IN_JSON] * 4 + [EPOCH_IN_JSON] + [b"12345678" + EPOCH_IN_JSON[8:]] * 4, UTC)
@example([b'a=b "Jun 13 12:00:00" b=2'] * 4 + [b'a=b "Jun 13 12:00:00" ts=1732356672.5'], UTC)
@example([b'{"t":"Jun 13 12:00:00"'] * 4 + [b'{"t":"Jun 13 12:00:00 2001"'], UTC)
@example([b"2024-03-31 02:00:00 "] * 4 + [b"2024-03-31 02:00:00 +0100"], UTC)
def test_lines_mean_the_same_whatever_lines_came_before(lines: list[bytes], zone: datetime.tzinfo) -> None:
    fresh = [stamp(line, zone) for line in lines]
    single, many = Stamper(zone, MODIFIED), Stamper(zone, MODIFIED)
    assert [single.stamp(line) for line in lines] == fresh
    assert many.stamps(lines) + many.stamps(lines) == fresh + fresh


def test_every_second_of_a_day_when_the_clocks_change() -> None:
    start = ns("2023-10-28 22:00:00")
    lines, expected = [], []
    for second in range(0, 25 * 3600, 7):
        local = datetime.datetime.fromtimestamp(start // 10**9 + second, BERLIN)
        lines.append(local.strftime("%Y-%m-%d %H:%M:%S.125 INFO ok").encode())
        expected.append(instant(local.replace(fold=0, microsecond=125_000)))
    assert Stamper(BERLIN, MODIFIED).stamps(lines) == expected


def test_every_second_round_the_end_of_a_files_year() -> None:
    lines = [b"Jun 16 %02d:%02d:%02d web-1 ok" % (h, m, s) for h in (11, 12, 13) for m in range(60) for s in range(60)]
    assert Stamper(UTC, MODIFIED + 30_500_000_000).stamps(lines) == [
        ns(f"{2024 if line[7:15] <= b'12:00:30' else 2023}-06-16 {line[7:15].decode()}") for line in lines
    ]


def test_more_texts_than_the_caches_hold() -> None:
    lines = [
        b"2024-06-%02d %02d:00:00.%06d %c%c"
        % (1 + i % 28, i // 28 % 24, i * 7919 % 10**6, 65 + i % 26, 65 + i // 26 % 26)
        for i in range(3 * CACHED)
    ]
    assert Stamper(BERLIN, MODIFIED).stamps(lines) == [stamp(line, BERLIN) for line in lines]
