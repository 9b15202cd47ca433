"""Time zones by name, by rule, and the machine's own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

import pytest

from logagent.config import timezones


def summer_hours(zone: tzinfo) -> float:
    offset = datetime(2026, 7, 1, tzinfo=zone).utcoffset()
    assert offset is not None
    return offset / timedelta(hours=1)


@pytest.mark.parametrize(
    ("spelled", "winter", "summer"),
    [
        (":Europe/Berlin", 1, 2),
        ("CET-1CEST,M3.5.0,M10.5.0/3", 1, 2),
        ("<+03>-3", 3, 3),
        ("UTC0", 0, 0),
        ("/usr/share/zoneinfo/Europe/Berlin", 1, 2),
    ],
)
def test_every_spelling_of_tz_is_understood(spelled: str, winter: int, summer: int) -> None:
    zone = timezones.of_machine({"TZ": spelled})
    assert datetime(2026, 1, 1, tzinfo=zone).utcoffset() == timedelta(hours=winter)
    assert summer_hours(zone) == summer


def test_zone_of_localtime_keeps_its_name(tmp_path: Path) -> None:
    localtime = tmp_path / "localtime"
    localtime.symlink_to("/usr/share/zoneinfo/Europe/Berlin")
    assert str(timezones.of_machine({}, localtime)) == "Europe/Berlin"


def test_copied_localtime_is_read(tmp_path: Path) -> None:
    localtime = tmp_path / "localtime"
    localtime.write_bytes(Path("/usr/share/zoneinfo/Europe/Berlin").read_bytes())
    assert summer_hours(timezones.of_machine({}, localtime)) == 2


def test_machine_without_localtime_is_in_utc(tmp_path: Path) -> None:
    assert timezones.of_machine({}, tmp_path / "localtime") is UTC
