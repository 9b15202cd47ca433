"""Zones are read by offset or by a name that has one meaning, and by no other."""

from __future__ import annotations

import datetime
import re
import zoneinfo

import pytest

from logagent.core.times.zones import ABBREVIATIONS, AMBIGUOUS, WORDS, none_of, offset_of
from logagent.core.units import HOUR, MINUTE
from testbed.times import NEW_YORK, UTC, ns, stamp


@pytest.mark.parametrize(
    ("zone", "offset"),
    [
        (b"Z", 0),
        (b" UTC", 0),
        (b"GMT", 0),
        (b"+01", HOUR),
        (b"-0130", -HOUR - 30 * MINUTE),
        (b"+05:45", 5 * HOUR + 45 * MINUTE),
        (b"GMT+1", HOUR),
        (b"UTC-5:30", -5 * HOUR - 30 * MINUTE),
        (b"GMT+0530", 5 * HOUR + 30 * MINUTE),
        (b"+060", HOUR),
        (b"-210", -3 * HOUR - 30 * MINUTE),
        (b" CEST", 2 * HOUR),
        (b"NST", -3 * HOUR - 30 * MINUTE),
        ("\N{MINUS SIGN}01:30".encode(), -HOUR - 30 * MINUTE),
        (b" CAT", 2 * HOUR),
        (b"pst", -8 * HOUR),
        (b"XYZ", None),
        (b"CST", None),
        (b"+24:00", None),
        (b"+01:60", None),
    ],
)
def test_a_zone_is_read(zone: bytes, offset: int | None) -> None:
    assert offset_of(zone) == offset


def test_an_ambiguous_name_is_read_only_where_the_zone_of_the_file_agrees() -> None:
    assert not AMBIGUOUS.keys() & ABBREVIATIONS.keys()
    chicago, shanghai = zoneinfo.ZoneInfo("America/Chicago"), zoneinfo.ZoneInfo("Asia/Shanghai")
    for line in (b"2026-11-28 10:08:22 CST x", b"Sat Nov 28 10:08:22 CST 2026", b"Nov 28 2026 10:08:22.5 CST: x"):
        more = 500_000_000 * (b".5" in line)
        assert stamp(line, chicago) == ns("2026-11-28 16:08:22") + more
        assert stamp(line, shanghai) == ns("2026-11-28 02:08:22") + more
        assert stamp(line, NEW_YORK) is stamp(line, UTC) is None
    for name in AMBIGUOUS:
        assert stamp(b"2026-11-28 10:08:22 %b x" % name, datetime.timezone(datetime.timedelta(minutes=1))) is None


def test_no_name_begins_as_a_level_does() -> None:
    """Lines with different levels are told to be alike by the two letters behind their times."""
    levels = "TRACE DEBUG INFO NOTICE WARN ERROR CRITICAL ALERT EMERG FATAL SEVERE FINE CONFIG PANIC VERBOSE LOG STDERR"
    begins = {level[:2].encode() for level in levels.split()}
    assert not [name for name in (*ABBREVIATIONS, *AMBIGUOUS, *WORDS) if name[:2] in begins]


def test_a_name_that_only_the_zone_of_the_file_knows_is_read() -> None:
    havana = zoneinfo.ZoneInfo("America/Havana")
    assert stamp(b"2026-11-28 10:08:22 CST x", havana) == ns("2026-11-28 15:08:22")
    assert stamp(b"Sat Nov 28 10:08:22 XYZ 2026", havana) is None


def test_words_are_names_only_where_a_time_ends() -> None:
    assert stamp(b"2026-11-28 10:08:22 CAT chased BOT") == ns("2026-11-28 10:08:22")
    assert stamp(b"[2026-11-28 10:08:22 CAT] ready") == ns("2026-11-28 08:08:22")
    assert stamp(b"2026-11-28 10:08:22 cest ready") == ns("2026-11-28 08:08:22")
    assert stamp(b"2026-11-28 10:08:22 cet homme") == ns("2026-11-28 10:08:22")


def test_a_name_is_read_behind_clock_and_year() -> None:
    for name, offset in ABBREVIATIONS.items():
        expected = ns("2024-02-28 10:08:22") - offset
        assert stamp(b"2024-02-28 10:08:22 %b x" % name) == expected
        assert stamp(b"Feb 28 2024 10:08:22.5 %b: x" % name) == expected + 5 * 10**8
        assert stamp(b"Feb 28 10:08:22 %b: x" % name) == expected
        assert stamp(b"Wed Feb 28 10:08:22 %b 2024" % name) == expected
        assert stamp(b"Wed Feb 28 10:08:22 2024 %b" % name) == expected


@pytest.mark.parametrize(
    ("text", "settling"),
    [(b"INFO", b"I"), (b"ERROR", b"ER"), (b"ES", b"ES"), (b"WESTERN", b"WESTE"), (b"UT", b"UT"), (b"", b"")],
)
def test_the_shortest_text_settles_that_no_word_stands_there(text: bytes, settling: bytes) -> None:
    found = re.match(none_of([b"EST", b"WET", b"WEST", b"UTC"], b"+"), text)
    assert found is not None
    assert found[0] == settling


@pytest.mark.parametrize("text", [b"EST", b"EST ", b"WET", b"WEST-", b"UTC", b"+"])
def test_a_word_settles_nothing(text: bytes) -> None:
    found = re.match(none_of([b"EST", b"WET", b"WEST", b"UTC"], b"+"), text)
    assert found is None
