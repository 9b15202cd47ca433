"""From matches to instants, fractions included."""

from __future__ import annotations

import pytest

from logagent.core.times.instants import EPOCH, epoch_time, instant_of, nanoseconds
from logagent.core.times.locating import find_time
from logagent.core.times.wall_clock import WallClock
from logagent.core.units import SECOND
from testbed.times import UTC

CLOCK = WallClock(UTC, 1_795_860_502 * SECOND)


@pytest.mark.parametrize(
    ("line", "time"),
    [
        (b"1795860502 x", 1_795_860_502_000_000_000),
        (b"1795860502.118 x", 1_795_860_502_118_000_000),
        (b"1795860502118 x", 1_795_860_502_118_000_000),
        (b"1795860502118000001 x", 1_795_860_502_118_000_001),
        (b"2026-11-28T10:08:22.118Z x", 1_795_860_502_118_000_000),
        (b"2026-11-28T10:08:22.1234567891Z x", 1_795_860_502_123_456_789),
    ],
)
def test_an_instant_has_nanoseconds(line: bytes, time: int) -> None:
    found = find_time(line)
    assert found is not None
    assert instant_of(found.form, found.match, CLOCK) == time


def test_an_impossible_date_is_none() -> None:
    found = find_time(b"2026-02-30 10:08:22 x")
    assert found is not None
    assert instant_of(found.form, found.match, CLOCK) is None


def test_epoch_times_are_read_without_a_clock() -> None:
    match = EPOCH.pattern.match(b"1795860502.5")
    assert match is not None
    assert epoch_time(match) == 1_795_860_502_500_000_000


@pytest.mark.parametrize(("digits", "value"), [(b"", 0), (b"5", 500_000_000), (b"000000001", 1), (b"0000000019", 1)])
def test_digits_are_parts_of_a_second(digits: bytes, value: int) -> None:
    assert nanoseconds(digits) == value
