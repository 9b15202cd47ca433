"""A column of numbers holds times where they go on, in nearly all lines, up to when the file was written."""

from __future__ import annotations

from logagent.core.times.decided_formats import EPOCH_COLUMN
from logagent.core.times.number_columns import number_column
from logagent.core.times.places import Kind, TimePlace
from logagent.core.units import DAY, SECOND
from testbed.times import ns

MODIFIED = ns("2026-11-28 12:00:00")
PLACE = TimePlace(Kind.TEXT, EPOCH_COLUMN.name, 3)
LATER = PLACE._replace(column=4)


def test_numbers_that_go_on_are_times() -> None:
    times = [MODIFIED - second * SECOND for second in range(10, 0, -1)]
    assert number_column({LATER: times, PLACE: times}, 10, MODIFIED) == PLACE
    assert number_column({PLACE: times}, 13, MODIFIED) is None
    assert number_column({PLACE: times}, 10, MODIFIED + 400 * DAY) is None
    assert number_column({PLACE: times[:2]}, 2, MODIFIED) is None
    assert number_column({PLACE: [times[0]] * 10}, 10, MODIFIED) is None
    assert number_column({PLACE._replace(name="iso"): times}, 10, MODIFIED) is None


def test_numbers_that_go_back_are_none() -> None:
    times = [MODIFIED - second * DAY for second in (10, 3, 8, 1, 9, 2)]
    assert number_column({PLACE: times}, 6, MODIFIED) is None
