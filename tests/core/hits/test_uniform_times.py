"""Lines alike: which lines have one shape, and which stretches of time their beginnings stand for."""

from __future__ import annotations

from datetime import UTC
from zoneinfo import ZoneInfo

import pytest

from logagent.core.hits.uniform_times import PrefixRange, UniformLines, uniform_with
from logagent.core.times.stamper import Stamper
from logagent.core.units import HOUR, MINUTE, SECOND

MODIFIED = 1_793_000_000 * SECOND
LINE = b"2026-10-25T01:23:45.678Z INFO x"
ONE = 1_792_890_000 * SECOND
"""2026-10-25T01:00:00Z"""


def lines_like(line: bytes) -> UniformLines:
    found = uniform_with(line)
    assert found is not None
    return found


def stretches(line: bytes, zone: str = "UTC") -> list[PrefixRange]:
    return list(lines_like(line).prefix_ranges(line, Stamper(ZoneInfo(zone), MODIFIED).stamp))


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"no time",
        b"2026-10-25",
        b"1793000000.123 x",
        b'{"time":"2026-10-25T01:23:45Z"}',
        b"time=2026-10-25T01:23:45Z",
        b"10.11.12.13 - - [25/Oct/2026:01:23:45 +0000]",
    ],
)
def test_some_lines_settle_nothing(line: bytes) -> None:
    assert uniform_with(line) is None


def test_a_line_of_another_format_with_the_same_looks_does_not_have_the_shape() -> None:
    like = lines_like(b"2026-10-25 01:23:45 x")
    assert b"2026/10/25 01:23:45 x" not in like
    assert b"2026-10-26 02:00:00 y" in like


def test_stretches_are_the_hour_its_tens_of_minutes_and_so_on() -> None:
    last = SECOND - 10**6
    assert stretches(LINE) == [
        PrefixRange(LINE[:14], ONE, ONE + HOUR - 10**6),
        PrefixRange(LINE[:15], ONE + 20 * MINUTE, ONE + 30 * MINUTE - 10**6),
        PrefixRange(LINE[:17], ONE + 23 * MINUTE, ONE + 24 * MINUTE - 10**6),
        PrefixRange(LINE[:18], ONE + 23 * MINUTE + 40 * SECOND, ONE + 23 * MINUTE + 49 * SECOND + last),
        PrefixRange(LINE[:19], ONE + 23 * MINUTE + 45 * SECOND, ONE + 23 * MINUTE + 45 * SECOND + last),
    ]


def test_an_hour_in_which_clocks_change_is_no_stretch_but_its_parts_are() -> None:
    found = stretches(b"2026-10-04 02:15:00 x", "Australia/Lord_Howe")  # clocks go from 2:00 to 2:30
    assert {len(stretch.prefix) for stretch in found}.isdisjoint({len(b"2026-10-04 02:")})
    assert len(b"2026-10-04 02:15:") in {len(stretch.prefix) for stretch in found}


def test_a_date_that_there_is_not_has_no_stretches() -> None:
    assert stretches(b"2026-02-30 01:23:45 x") == []


def test_stretches_are_those_of_each_line_by_itself() -> None:
    like, stamp = lines_like(LINE), Stamper(UTC, MODIFIED).stamp
    for line in (LINE, LINE.replace(b"T01:23", b"T01:59"), LINE.replace(b"T01", b"T25"), LINE):
        assert list(like.prefix_ranges(line, stamp)) == ([] if b"T25" in line else stretches(line))
