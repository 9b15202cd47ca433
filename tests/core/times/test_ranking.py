"""Which place is the main one, as places look and their times go."""

from __future__ import annotations

from datetime import UTC

import pytest

from logagent.core.times.places import TimePlace
from logagent.core.times.ranking import are_heads, main_place
from logagent.core.times.sightings import Sightings, sightings, times_of
from logagent.core.times.wall_clock import WallClock
from logagent.core.units import SECOND

MODIFIED = 1_795_860_502 * SECOND  # 2026-11-28 10:08:22 UTC


def seen(*lines: bytes) -> Sightings:
    return sightings(lines, WallClock(UTC, MODIFIED))


def main(*lines: bytes) -> TimePlace | None:
    return main_place(seen(*lines), MODIFIED)[0]


OWN = b"2026-11-28 10:08:22 begun"


@pytest.mark.parametrize(
    "other",
    [
        b"    2026-11-28 10:08:21 was expected",
        b"the job was due at 28/Nov/2026:10:08:20 +0000",
        b'{"due": "2026-11-28T10:08:20Z"}',
        b'  "time": "2026-11-28T10:08:20Z",',
        b"took 00:00:07",
    ],
)
def test_one_time_at_a_head_outweighs_many_that_are_mentioned(other: bytes) -> None:
    assert main(OWN, *[other] * 20) == main(OWN)


def test_a_better_place_may_be_rare() -> None:
    access = b'10.0.0.7 - - [28/Nov/2026:10:08:%02d +0000] "GET / HTTP/1.1" 200 7'
    lines = [access % second for second in range(20)]
    assert main(OWN, *lines) == main(*lines)


def test_what_lies_far_ahead_weighs_less() -> None:
    line = b'{"till":"2027-06-01T00:00:00Z","when":"2026-11-28T10:08:20Z"}'
    place = main(line, line)
    assert place is not None
    assert place.name == "when"


def test_times_that_go_to_and_fro_are_contradictory() -> None:
    lines = [b"it was sent on 20%02d-01-01 00:00:00" % (7 * number % 20) for number in range(20)]
    assert main_place(seen(*lines), MODIFIED) == (None, True)
    assert main_place(seen(b"nothing"), MODIFIED) == (None, False)


def test_most_decide_whether_times_head_their_lines() -> None:
    found = next(
        iter(seen(b"a b 2026-11-28 10:08:20", b"ab cd 2026-11-28 10:08:20", b"a c 2026-11-28 10:08:20").values())
    )
    assert are_heads(found)


def test_a_time_is_seen_once_in_each_line() -> None:
    line = b'{"time":"2026-11-28T10:08:22Z"}'
    assert list(times_of(seen(line, line)).values()) == [[MODIFIED, MODIFIED]]
