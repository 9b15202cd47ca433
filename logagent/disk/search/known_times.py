"""A cache of the times found in files, so that a query with a range of time need not open files outside of it."""

from __future__ import annotations

from typing import NamedTuple

from logagent.core.query import Query
from logagent.disk.catalog.logs import Generation
from logagent.disk.times.bisection import TOLERANCE

MAX_KNOWN = 10_000
"""Files in the cache: some megabytes. When one more is added, the cache is cleared first."""


class _FileTimes(NamedTuple):
    """The earliest and the latest time found in a file when it had this size and time of modification."""

    size: int
    modified: int
    first: int | None
    last: int | None


class KnownTimes:
    """The earliest and the latest time found in each file, valid while the file is unchanged.

    Any thread may call it.

    Args:
        most: files to remember.
    """

    def __init__(self, most: int = MAX_KNOWN) -> None:
        self._most = most
        self._by_identity: dict[tuple[int, int], _FileTimes] = {}

    def note(self, file: Generation, first: int | None, last: int | None) -> None:
        """Remember the times of a file.

        Args:
            first: the earliest time in it, in nanoseconds since the epoch; None: unknown.
            last: the latest time in it, in nanoseconds since the epoch; None: unknown.
        """
        if file.identity is None or (first is None and last is None):
            return
        if len(self._by_identity) >= self._most:
            self._by_identity.clear()
        self._by_identity[file.identity] = _FileTimes(file.size, file.modified, first, last)

    def exclude(self, file: Generation, query: Query) -> bool:
        """Return whether no line of a file can lie in the query's range, even if some are out of order."""
        known = self._by_identity.get(file.identity) if file.identity is not None else None
        if known is None or (known.size, known.modified) != (file.size, file.modified):
            return False
        since, until = query.range.since, query.range.until
        too_old = since is not None and known.last is not None and known.last + TOLERANCE < since
        too_new = until is not None and known.first is not None and known.first - TOLERANCE >= until
        return too_old or too_new
