"""Rows: which lines have one shape, and where what may not differ between them does."""

from __future__ import annotations

import pytest

from logagent.core.arrays import line_starts
from logagent.core.hits.uniform_times import UniformLines, uniform_with
from logagent.disk.times.line_rows import LineRows, Rows

LINE = b"2026-10-25T01:23:45.678Z INFO x"
MANY = 1000
"""Cuts that are as many as one likes."""


def shape_of(line: bytes) -> UniformLines:
    found = uniform_with(line)
    assert found is not None
    return found


def rows_of(first: bytes, *others: bytes) -> tuple[LineRows, Rows | None]:
    """The rows of these lines by the shape of the first; more text follows the last."""
    body = b"\n".join([first, *others, b"more text, enough for a row of any of these shapes"])
    rows = LineRows(shape_of(first))
    return rows, rows.of(body, line_starts(body)[:-1])


def are_alike(first: bytes, *others: bytes) -> bool:
    """Whether all these lines have the shape of the first, as far as the bytes tell from its minutes on."""
    rows, read = rows_of(first, *others)
    return read is not None and all(rows.has_signs(read.line(cut)) for cut in rows.cuts(read, MANY))


@pytest.mark.parametrize(
    ("level", "cuts"), [(0, [0, 5]), (1, [0, 4, 5]), (2, [0, 3, 4, 5]), (3, [0, 2, 3, 4, 5]), (4, [0, 1, 2, 3, 4, 5])]
)
def test_lines_are_cut_where_their_times_differ_up_to_a_level(level: int, cuts: list[int]) -> None:
    clocks = [b"01:23:45", b"01:23:46", b"01:23:56", b"01:24:56", b"01:34:56", b"02:34:56"]
    rows, read = rows_of(*(b"2026-10-25T%b.%03dZ x" % (clock, number) for number, clock in enumerate(clocks)))
    assert read is not None
    assert rows.cuts(read, MANY, level) == cuts
    assert rows.cuts(read, len(cuts), level) == cuts
    assert rows.cuts(read, len(cuts) - 1, level) == []


def test_times_with_other_digits_and_what_follows_them_are_alike() -> None:
    assert are_alike(LINE, b"2030-01-31T23:59:59.999Z W", b"2030-01-31T23:59:59.999Z  \r")


LEVELS = [b"INFO", b"ERROR", b"WARN", b"CRITICAL", b"NOTICE", b"ALERT", b"SEVERE", b"DEBUG", b"[x]", b"web"]


@pytest.mark.parametrize("level", LEVELS)
def test_lines_with_different_levels_behind_their_times_are_alike(level: bytes) -> None:
    lines = [b"2026-10-25 01:23:45,678 %b x" % each for each in (level, *LEVELS)]
    assert are_alike(*lines)
    assert all(line in shape_of(lines[0]) for line in lines)


@pytest.mark.parametrize(
    "zone", [b"EST", b"WET", b"CEST", b"PM", b"am", b"MSK x", b"UTC", b"NZDT", b"+01", b"WESTERN", b"E"]
)
def test_a_zone_or_half_of_the_day_behind_a_time_is_not_alike(zone: bytes) -> None:
    assert not are_alike(b"2026-10-25 01:23:45,678 ERROR x", b"2026-10-25 01:23:45,678 %b" % zone)


@pytest.mark.parametrize(
    "stray",
    [
        b"",
        b"2026-10-25T01:23:60.678Z INFO",
        b"2026-10-25T01:63:45.678Z INFO",
        b"2026-10-25T01:23:45,678Z INFO",
        b"2026-10-25T01:23:45.67Z INFO",
        b"2026-10-25T01:23:45.678+02:00 x",
        b"2026-10-25T01:23:45.678 INFO",
        b"2026-10-25T01:23:45.678Z",
        b"2026-10-25T01:23:45.678Z +0200",
        b"2026-10-25T01:23:45.678Z UTC",
        b"2026-10-25T01:",
        b"2026-10-25T01:2",
    ],
)
def test_what_differs_in_more_is_not(stray: bytes) -> None:
    assert not are_alike(LINE, stray)
    assert not are_alike(LINE, stray, LINE)
    assert not are_alike(LINE, stray, stray, LINE)


def test_a_lines_end_is_part_of_its_shape() -> None:
    assert are_alike(b"2026-10-25 01:23:45", b"2026-10-25 01:23:45")
    assert not are_alike(b"2026-10-25 01:23:45", b"2026-10-25 01:23:45 x")
