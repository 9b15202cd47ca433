"""Units of time are nanoseconds."""

from __future__ import annotations

from logagent.core.units import DAY, HOUR, MILLISECOND, MINUTE, SECOND, UNITS


def test_each_unit_is_as_many_nanoseconds_as_it_lasts() -> None:
    assert (MILLISECOND, SECOND, MINUTE, HOUR, DAY) == (10**6, 10**9, 60 * 10**9, 3600 * 10**9, 86_400 * 10**9)


def test_people_spell_units_by_one_or_two_letters() -> None:
    assert UNITS == {"ms": MILLISECOND, "s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY, "w": 7 * DAY}
