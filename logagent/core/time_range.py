"""The range of time of a query."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from logagent.core.arrays import as_array, as_values, is_long, numpy

FARTHEST = 10**21 - 1
"""Nanoseconds from the epoch, in either direction, that a range may reach: seconds of twelve digits, some 30,000 years,
which agents spell to each other."""


class TimeRange(NamedTuple):
    """The times from `since` on and before `until`.

    Attributes:
        since: nanoseconds since the epoch, UTC, included; None: from the beginning of time.
        until: nanoseconds since the epoch, UTC, not included; None: without an end.
    """

    since: int | None = None
    until: int | None = None

    @property
    def is_bounded(self) -> bool:
        """Whether any time lies outside of the range."""
        return self.since is not None or self.until is not None

    def of_file(self, *, timed: bool) -> TimeRange:
        """Return the range for the lines of a file: without an end, if their times are not known.

        They may then have been written long before the file's modification time, which they all have, and those that
        may lie in the range are kept.

        Args:
            timed: whether the times of its lines are known.
        """
        return self if timed else TimeRange(self.since, None)

    def places(self, times: Sequence[int]) -> Sequence[int]:
        """Return the indices of the times that lie in the range."""
        since, until = self
        if since is None and until is None:
            return range(len(times))
        if is_long(times):
            return self._long_places(as_array(times))
        return [
            place
            for place, time in enumerate(times)
            if (since is None or since <= time) and (until is None or time < until)
        ]

    def _long_places(self, times: Any) -> Sequence[int]:
        inside = numpy().ones(len(times), bool)
        if self.since is not None:
            inside &= times >= self.since
        if self.until is not None:
            inside &= times < self.until
        return as_values(inside.nonzero()[0])

    def among(self, times: list[int]) -> list[int]:
        """Return the times that lie in the range."""
        since, until = self
        if since is not None:
            times = [time for time in times if time >= since]
        return times if until is None else [time for time in times if time < until]


ALL_TIME = TimeRange()
