"""A token bucket: many at once, then so many a second."""

from __future__ import annotations

from trio.testing import MockClock

from logagent.web.server.limits import TokenBucket

LONG = 1000.0


def late_bucket(clock: MockClock, capacity: int) -> TokenBucket:
    """A full bucket with a token a second, made when the clock has run for long."""
    clock.jump(LONG)
    return TokenBucket(capacity, per_second=1)


async def test_full_bucket_allows_its_capacity_at_once(mock_clock: MockClock) -> None:
    bucket = late_bucket(mock_clock, 3)
    assert [bucket.spend() for _ in range(5)] == [True, True, True, False, False]


async def test_tokens_come_back_one_by_one(mock_clock: MockClock) -> None:
    bucket = late_bucket(mock_clock, 3)
    spent = [bucket.spend() for _ in range(3)]
    for _ in range(4):
        mock_clock.jump(1)
        spent.append(bucket.spend())
    assert spent == [True] * 7
    assert not bucket.spend()


async def test_bucket_never_holds_more_than_its_capacity(mock_clock: MockClock) -> None:
    bucket = late_bucket(mock_clock, 3)
    mock_clock.jump(LONG)
    assert [bucket.spend() for _ in range(4)] == [True, True, True, False]


async def test_overdrawn_bucket_stays_so_until_enough_was_added(mock_clock: MockClock) -> None:
    bucket = late_bucket(mock_clock, 1)
    assert [bucket.spend() for _ in range(3)] == [True, False, False]
    mock_clock.jump(2)
    assert not bucket.spend()
    mock_clock.jump(3)
    assert bucket.spend()
