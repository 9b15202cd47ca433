"""Times in leading formats are remembered."""

from __future__ import annotations

from logagent.core.times.leading_times import LeadingTimes
from logagent.core.times.locating import FoundTime, find_leading
from logagent.core.times.wall_clock import WallClock
from logagent.core.units import SECOND
from testbed.times import UTC


def found(line: bytes) -> FoundTime:
    time = find_leading(line)
    assert time is not None
    return time


def test_the_same_text_is_the_same_time_and_another_is_another() -> None:
    times = LeadingTimes(WallClock(UTC, 0))
    first = found(b"20261128T100822Z x")
    assert times.read(first.form, first.match) == 1_795_860_502 * SECOND
    assert times.read(first.form, found(b"20261128T100822Z y").match) == 1_795_860_502 * SECOND
    assert times.read(first.form, found(b"20261128T100823Z y").match) == 1_795_860_503 * SECOND


def test_one_text_in_two_formats_has_two_times() -> None:
    times = LeadingTimes(WallClock(UTC, 0))
    for line, second in ((b"1795860502 x", 1_795_860_502), (b"261128 100822 x", 1_795_860_502)):
        time = found(line)
        assert times.read(time.form, time.match) == second * SECOND


def test_no_time_is_remembered_for_an_impossible_date() -> None:
    times = LeadingTimes(WallClock(UTC, 0))
    time = found(b"20260230T100822Z x")
    assert [times.read(time.form, time.match) for _ in range(2)] == [None, None]
