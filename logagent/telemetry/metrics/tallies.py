"""Numbers as they are counted: how often something was so large, and with which trace it was so last."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import NamedTuple


class Example(NamedTuple):
    """One value that was counted, by which its trace is found.

    Attributes:
        trace: the `traceparent` of the request.
        value: in the unit of what is counted.
        at: when, in seconds since the epoch.
    """

    trace: str
    value: float
    at: float


class Spread:
    """How often a value lay between which bounds.

    Args:
        bounds: the highest value of each bucket but the last, which has none; ascending.
        clock: seconds since the epoch.

    Attributes:
        bounds: those.
        counts: values by bucket.
        total: the sum of all values.
        examples: the last value of each bucket that has a trace; None: there is none.
    """

    __slots__ = ("_clock", "bounds", "counts", "examples", "total")

    def __init__(self, bounds: Sequence[float], clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self.bounds = tuple(bounds)
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0
        self.examples: list[Example | None] = [None] * (len(bounds) + 1)

    def add(self, value: float, trace: str = "") -> None:
        """Count a value, of a request if it has a trace."""
        place = bisect_left(self.bounds, value)
        self.counts[place] += 1
        self.total += value
        if trace:
            self.examples[place] = Example(trace, value, self._clock())
