"""Times as people type them."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from logagent.terminal.times import completed

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("2026-11-23", "2026-11-23T00:00:00+01:00"),
        ("2026-07-01 10:00", "2026-07-01T10:00:00+02:00"),
        ("2026-11-23T10:00:30.5", "2026-11-23T10:00:30.500000+01:00"),
        ("9:05", "2026-11-23T09:05:00+01:00"),
        ("10:00:30", "2026-11-23T10:00:30+01:00"),
    ],
)
def test_what_is_left_out_is_this_machines(typed: str, meant: str) -> None:
    assert completed(typed, NOW, BERLIN) == meant


@pytest.mark.parametrize(
    "typed", ["15m", "1700000000.123456789", "2026-11-23T10:00:00.123456789Z", "tomorrow", "25:00", "2026-02-30", ""]
)
def test_all_else_is_the_agents_to_judge(typed: str) -> None:
    assert completed(typed, NOW, BERLIN) == typed


def test_the_machines_own_zone_is_taken_for_the_day_that_is_named() -> None:
    local = datetime(2026, 7, 1, 10, 0).astimezone()
    assert datetime.fromisoformat(completed("2026-07-01 10:00", NOW)) == local
