"""Ranges of time where the calendar is tricky, from the file to the answer."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

import pytest

from logagent.core.query import Order
from testbed.reading import answer, joined

BERLIN = ZoneInfo("Europe/Berlin")
SECOND = 10**9


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * SECOND


LEAP = [b"Feb 28 23:59:59 web a", b"Feb 29 00:00:00 web b", b"Feb 29 23:59:59 web c", b"Mar  1 00:00:00 web d"]
NEW_YEAR = [b"Dec 31 23:59:58 web a", b"Dec 31 23:59:59 web b", b"Jan  1 00:00:00 web c", b"Jan  1 00:00:01 web d"]
FORWARD = [b"2024-03-31 01:59:59 a", b"2024-03-31 03:00:00 b", b"2024-03-31 03:00:01 c"]
BACK = [b"2024-10-27 01:59:59 a", b"2024-10-27 02:30:00 b", b"2024-10-27 03:00:00 c", b"2024-10-27 03:00:01 d"]
MIXED = [
    b"2024-05-01T10:00:00Z a",
    b"2024-05-01T15:30:01+05:30 b",
    b"2024-05-01 12:00:02 c",  # no zone: Berlin's
    b"2024-05-01T10:00:03+00:00 d",
]


@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize(
    ("lines", "modified", "zone", "since", "until", "inside"),
    [
        (LEAP, "2024-03-02T00:00:00+00:00", UTC, "2024-02-29T00:00:00+00:00", "2024-03-01T00:00:00+00:00", "bc"),
        (LEAP, "2026-03-02T00:00:00+00:00", UTC, "2024-02-29T00:00:00+00:00", "2024-03-01T00:00:00+00:00", "bc"),
        (NEW_YEAR, "2025-01-01T08:00:00+00:00", UTC, "2024-12-31T23:59:59+00:00", "2025-01-01T00:00:01+00:00", "bc"),
        (NEW_YEAR, "2025-01-01T08:00:00+00:00", UTC, "2025-01-01T00:00:00+00:00", "2025-01-02T00:00:00+00:00", "cd"),
        (FORWARD, "2024-04-01T00:00:00+00:00", BERLIN, "2024-03-31T01:00:00+00:00", "2024-03-31T01:00:01+00:00", "b"),
        (BACK, "2024-11-01T00:00:00+00:00", BERLIN, "2024-10-27T00:30:00+00:00", "2024-10-27T02:00:01+00:00", "bc"),
        (MIXED, "2024-05-02T00:00:00+00:00", BERLIN, "2024-05-01T10:00:01+00:00", "2024-05-01T10:00:03+00:00", "bc"),
    ],
    ids=["29 February", "29 February long ago", "to New Year", "from New Year", "forward", "back", "zones in one file"],
)
async def test_a_range_has_the_lines_whose_times_lie_in_it(
    lines: list[bytes], modified: str, zone: tzinfo, since: str, until: str, inside: str, order: Order
) -> None:
    out, outcome = await answer(
        [joined(lines)], modified=at(modified), zone=zone, order=order, since=at(since), until=at(until)
    )
    wanted = [line for line in lines if line[-1:].decode() in inside]
    assert out.lines == (wanted if order is Order.OLDEST else wanted[::-1])
    assert outcome.complete


@pytest.mark.parametrize("order", Order)
async def test_ten_thousand_lines_with_one_time_are_all_in_the_range_or_none(order: Order) -> None:
    """In a file large enough to be bisected."""
    before = [b"2024-05-01T09:%02d:%02dZ before %d" % (n // 600, n // 10 % 60, n) for n in range(36_000)]
    same = [b"2024-05-01T10:30:00Z same %d" % number for number in range(10_000)]
    after = [b"2024-05-01T11:%02d:%02dZ after %d" % (n // 600, n // 10 % 60, n) for n in range(36_000)]
    sizes = (16 * 1024, 256 * 1024)
    for since, until, wanted in (
        ("2024-05-01T10:30:00+00:00", "2024-05-01T10:30:01+00:00", same),
        ("2024-05-01T10:30:01+00:00", "2024-05-01T11:00:00+00:00", []),
        ("2024-05-01T09:59:59+00:00", "2024-05-01T10:30:00+00:00", before[-10:]),
    ):
        out, outcome = await answer(
            [joined([*before, *same, *after])],
            sizes,
            modified=at("2024-05-01T12:00:00+00:00"),
            order=order,
            since=at(since),
            until=at(until),
        )
        assert out.lines == (wanted if order is Order.OLDEST else wanted[::-1])
        assert outcome.bytes_scanned < 1_500_000
