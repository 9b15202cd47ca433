"""Reading many lines at once, or in any order, changes none of their times."""

from __future__ import annotations

import datetime

from hypothesis import example, given, settings
from hypothesis import strategies as st

from logagent.core.times.layout import CACHED
from logagent.core.times.locating import WINDOW
from logagent.core.times.stamper import Stamper
from testbed.times import BERLIN, MODIFIED, SAMPLES, UTC, ZONES, instant, ns, stamp


def test_zones_of_many_kinds_in_one_file() -> None:
    lines = [b"2024-06-15T12:00:00%b ok" % zone for zone in (b"+05:30", b"Z", b"", b" UTC", b"-0800", b" CEST")] * 50
    hours = ["06:30", "12:00", "10:00", "12:00", "20:00", "10:00"] * 50
    assert Stamper(BERLIN, MODIFIED).stamps(lines) == [ns(f"2024-06-15 {hour}:00") for hour in hours]


def test_ten_thousand_lines_of_one_time() -> None:
    for line, expected in SAMPLES.values():
        assert set(Stamper(UTC, MODIFIED).stamps([line] * 10_000)) == {expected}


def test_formats_may_change_within_a_file() -> None:
    lines = [line for line, _ in SAMPLES.values() for _ in range(5)] * 2
    assert Stamper(UTC, MODIFIED).stamps(lines) == [time for _, time in SAMPLES.values() for _ in range(5)] * 2


@given(st.lists(st.binary(max_size=WINDOW + 40)))
def test_garbage_never_raises(lines: list[bytes]) -> None:
    assert len(Stamper(UTC, MODIFIED).stamps(lines)) == len(lines)


STARTS = ["", "", "<13>", "[", "0", "Sun ", "x" * 20 + " ", "10.0.0.1 - - [", ":12:34 ", "2024-01-01 "]

DATES = ["2024-03-31 02", "2023-10-29T02", "9999-12-31T23", "Jun 16 12", "Feb 29 12", "Sun Jun 16 12", "31/Mar/2024:02"]

DATES += ["I0616 12", "16 Jun 2024 12", "2024/06/16 12", "Jun 16 2024 12", "240616 12"]
DATES += [
    "Nov-28-23 10",
    "2024-06-16-10",
    "2024-06-16_10",
    "2024:06:16-10",
    "2024-168T10",
    "22-Feb-24 9",
    "28Nov2023 10",
]
DATES += [
    "3. März 2024 10",
    "September 03 08",
    "Jun 5, 2024, 10",
    "3/16-10",
    "10/11/2024 -- 10",
    "# Time: 240616 12",
    "2024-6-6 9",
]
STARTS += ["\ufeff", "\x1b[32m", "web-1  | ", "@4000000039e31fdb075bcd15 ", "L "]
STRUCTURED = ['{"a":"', '{"t":"', '{"m":1,"time":"', "t=", "level=info ts=", "level=info x ", 'a=" t=', "{"]
STRUCTURED += ['{"o":{"time":"2001-01-01T00:00:00Z"},"time":"', '{"m":"}","time":"', '{"a":"\\"{","@timestamp":"']
STRUCTURED += [
    '{"o":{"time":"',
    '{"time":"soon","timestamp":"',
    '{"ts":1732356672,"timestamp":"',
    "date=2024-06-16 time=12:00:00 ",
]
NUMBERS = ["240613 115959 ", "1732356672.5 ", "1732356672", "[1732356672] ", "- 1732356672 2024.11.23 "]
CLOCKS = [":00:00", ":00:01", ":59:59", ":59:60", ":30:99", ":1:2"]
FRACTIONS = ["", ".", ",5", ".123", ".12345", ".123456", ".999999999", ".1234567891"]
ZONES_NAMED = ["", "Z", "+01:00", "+01", "+", " UTC", " GMT", " +0100", " -07:00", " 2005", " 1999"]
ZONES_NAMED += [
    " PM",
    "PM",
    " a.m.",
    " am",
    " CET",
    " CST",
    " EST:",
    " UTC 2005",
    " 2005 +0100",
    " GMT+1",
    " CEST 2005",
    " MAIL",
]
ZONES_NAMED += [" 2005 CET", " EST [", " PM CET", " MST 1999 -0700", "UTC", " XYZ 2005", " 20055", " 2005:"]
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
    *(
        " A",
        " AM",
        " am host",
        " E",
        " ES",
        " ESX",
        " EST",
        " EST x",
        " MESS",
        " p",
        " pm",
        " 20",
        " 2005.1",
        " MAIL x",
        " MAIL 2",
    ),
    "-06-16 12:00:00",
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
@example([b"Jun 16 12:00:00 EST ["] * 5, BERLIN)
@example([b"# Time: 240616 12:00:00"] * 4 + [b"<13># Time: 240616 12:00:00"], UTC)
@example([b"June 10, 2000 13:00:00 x"] * 4 + [b"xune 10, 2000 13:00:00 x"], UTC)
@example([b"x" * 20 + b" June 10, 2000 13:00:00 x"] * 4 + [b"x" * 20 + b" xune 10, 2000 13:00:00 x"], UTC)
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
