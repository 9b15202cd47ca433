"""Reading a log only as far back as whoever asks may."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from logagent.core.batch import Out
from logagent.core.outcome import Outcome
from logagent.core.query import Query, Source
from logagent.disk.catalog.logs import Log


def aged(query: Query, log: Log) -> Query:
    """Return a query for no older lines of a log than whoever asks may read at this moment."""
    if (back := log.back) is None:
        return query
    since = time.time_ns() - back
    first = since if query.range.since is None else max(since, query.range.since)
    return replace(query, range=query.range._replace(since=first))


@dataclass(frozen=True, slots=True)
class Aged:
    """One log as a source, without the lines that are too old for whoever asks.

    Attributes:
        source: of its lines.
        log: the log.
    """

    source: Source
    log: Log

    async def pump(self, query: Query, out: Out) -> Outcome:
        """Send the lines that a query asks for; see `Source.pump`."""
        return await self.source.pump(aged(query, self.log), out)
