"""The stages of reading add up, and none is counted twice."""

from __future__ import annotations

import pytest

from logagent.disk.search import timings
from logagent.disk.search.timings import Timings


class Clock:
    """Nanoseconds, as a test says."""

    def __init__(self) -> None:
        self.now = 0

    def perf_counter_ns(self) -> int:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(timings, "time", clock)
    return clock


def test_the_time_of_a_stage_within_another_is_not_the_outer_ones(clock: Clock) -> None:
    it = Timings()
    with it.timed("open"):
        clock.now += 5
        with it.timed("seek"):
            clock.now += 100
        clock.now += 3
    with it.timed("scan"):
        clock.now += 50
    assert it.with_decompressing(0) == {"open": 8, "seek": 100, "scan": 50}


def test_decompressing_is_taken_from_scanning(clock: Clock) -> None:
    it = Timings()
    with it.timed("scan"):
        clock.now += 50
    assert it.with_decompressing(20) == {"open": 0, "scan": 30, "decompress": 20}


def fail_after(clock: Clock, it: Timings) -> None:
    with it.timed("open"):
        clock.now += 5
        raise OSError("x")


def test_a_stage_that_fails_is_counted(clock: Clock) -> None:
    it = Timings()
    with pytest.raises(OSError, match="x"):
        fail_after(clock, it)
    assert it.with_decompressing(0) == {"open": 5, "scan": 0}
