"""What was once read of a file's times excludes it later, as long as it is the same."""

from __future__ import annotations

import pytest

from logagent.core.query import Query
from logagent.core.units import SECOND
from logagent.disk.catalog.logs import Generation
from logagent.disk.search.known_times import KnownTimes
from logagent.disk.times.bisection import TOLERANCE

HOUR = 3600 * SECOND


def file(identity: tuple[int, int] | None = (1, 2), size: int = 10, modified: int = 99) -> Generation:
    return Generation("app.log", "app.log", size, modified, lambda: -1, identity=identity)


def asked(since: int | None = None, until: int | None = None) -> Query:
    return Query.of(files=("app.log",), since=since, until=until)


@pytest.mark.parametrize(
    ("query", "excluded"),
    [
        (asked(since=9 * HOUR), True),
        (asked(since=2 * HOUR + TOLERANCE), False),
        (asked(until=HOUR - TOLERANCE), True),
        (asked(until=HOUR), False),
        (asked(since=HOUR, until=2 * HOUR), False),
        (asked(), False),
    ],
)
def test_a_range_excludes_a_file_whose_times_lie_outside_and_well_so(query: Query, excluded: bool) -> None:
    known = KnownTimes()
    known.note(file(), HOUR, 2 * HOUR)
    assert known.exclude(file(), query) is excluded


@pytest.mark.parametrize("other", [file((1, 3)), file(size=11), file(modified=100), file(None)])
def test_a_file_that_is_another_or_has_changed_is_not_excluded(other: Generation) -> None:
    known = KnownTimes()
    known.note(file(), HOUR, 2 * HOUR)
    known.note(file(None), HOUR, 2 * HOUR)
    assert not known.exclude(other, asked(since=9 * HOUR))


def test_what_is_not_known_excludes_nothing() -> None:
    known = KnownTimes()
    known.note(file(), HOUR, None)
    assert not known.exclude(file(), asked(since=9 * HOUR))
    assert known.exclude(file(), asked(until=1))


def test_memory_is_bounded() -> None:
    known = KnownTimes(most=3)
    for number in range(10):
        known.note(file((1, number)), HOUR, HOUR)
    assert known.exclude(file((1, 9)), asked(until=1))
    assert sum(known.exclude(file((1, number)), asked(until=1)) for number in range(10)) <= 3
