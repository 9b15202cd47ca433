"""What makes the batches of a query from the blocks of one log: its lines, or counts of them."""

from __future__ import annotations

from logagent.core.batch import Origin
from logagent.core.matching.matcher import Matcher
from logagent.core.query import Query
from logagent.disk.batches.batching import BatchBuilder
from logagent.disk.batches.counting import HitCounter
from logagent.disk.batches.file_counting import FileCounter

Builder = BatchBuilder | HitCounter | FileCounter


def builder_for(query: Query, matcher: Matcher, log: Origin, max_line: int, *, is_unread: bool) -> Builder:
    """Return what makes the batches of a query.

    Args:
        log: the log, for what is said of it as a whole.
        max_line: bytes to which lines are cut.
        is_unread: whether none of its files is going to be read, since no line of them can be in the query's range.
    """
    if query.form.by_file:
        return FileCounter(query, matcher, log, is_counted=is_unread)
    return HitCounter(query, matcher) if query.form.hits else BatchBuilder(query, matcher, max_line)
