"""The tally: the number of lines that were counted for an answer, in place of the number of counts that it sent."""

from __future__ import annotations

from dataclasses import dataclass, replace

from logagent.core.batch import Batch, Out
from logagent.core.hits.counts import counts_of
from logagent.core.hits.steps import MAX_BUCKETS, too_many_buckets
from logagent.core.outcome import Outcome
from logagent.core.query import Query, Source


@dataclass(frozen=True, slots=True)
class Tallied:
    """A source of counts whose outcome says how many lines were counted, in all and on each host.

    If the query asks for a step, it forwards at most `MAX_BUCKETS` buckets, and then fails.

    Attributes:
        source: sends the counts.
    """

    source: Source

    async def pump(self, query: Query, out: Out) -> Outcome:
        """Forward the source's counts, and return its outcome with numbers of lines, not of counts (see `Source`)."""
        tally = _Tally(query.form.step, out)
        return tally.told(await self.source.pump(query, tally))


class _Tally:
    def __init__(self, step: int | None, out: Out) -> None:
        self._step = step
        self._out = out
        self._lines: dict[str, int] = {}
        self._starts: set[int] = set()

    async def send(self, batch: Batch) -> None:
        counts = list(counts_of(batch))
        self._starts.update(count.start for count in counts if count.origin.timed)
        if self._overflows:
            batch, counts = Batch(b"", 0, scanned=batch.scanned, planned=batch.planned), []
        for count in counts:
            self._lines[count.origin.host] = self._lines.get(count.origin.host, 0) + count.lines
        await self._out.send(batch)

    @property
    def _overflows(self) -> bool:
        return self._step is not None and len(self._starts) > MAX_BUCKETS

    def told(self, outcome: Outcome) -> Outcome:
        lines = sum(self._lines.values())
        parts = tuple(part._replace(lines=self._lines.get(part.host, 0)) for part in outcome.hosts)
        outcome = replace(outcome, lines=lines, hosts=parts)
        if self._step is None or not self._overflows:
            return outcome
        failure = too_many_buckets(self._step, max(self._starts) - min(self._starts))
        return replace(outcome, status=failure.status, message=failure.message)
