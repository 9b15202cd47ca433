"""What is known of the times in files that were read before, so that a range of time need not open them again."""

from __future__ import annotations

from typing import NamedTuple

from logagent.core.query import Query
from logagent.disk.catalog.logs import Generation
from logagent.disk.times.bisection import TOLERANCE

MOST = 10_000
"""Files that are remembered: some megabytes. Then it starts anew."""


class _Span(NamedTuple):
    size: int
    modified: int
    first: int | None
    last: int | None


class Spans:
    """The earliest and the latest time of files, as far as they were met, each for as long as its file is unchanged.

    To be asked by any thread.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._spans: dict[tuple[int, int], _Span] = {}

    def note(self, file: Generation, first: int | None, last: int | None) -> None:
        """Times of a file, in nanoseconds since the epoch, None where it is not known."""
        if file.identity is None or (first is None and last is None):
            return
        if len(self._spans) >= self._most:
            self._spans.clear()
        self._spans[file.identity] = _Span(file.size, file.modified, first, last)

    def exclude(self, file: Generation, query: Query) -> bool:
        """Whether no line of a file can lie in the range of time that is asked for, even if some come a little late."""
        span = self._spans.get(file.identity) if file.identity is not None else None
        if span is None or (span.size, span.modified) != (file.size, file.modified):
            return False
        too_old = query.range.since is not None and span.last is not None and span.last + TOLERANCE < query.range.since
        too_new = (
            query.range.until is not None and span.first is not None and span.first - TOLERANCE >= query.range.until
        )
        return too_old or too_new
