"""An answer of hosts behind primaries: whether each pattern of hosts has matched one somewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from logagent.core.batch import Out
from logagent.core.outcome import Outcome, Status
from logagent.core.query import Query, Source
from logagent.fanout.claims import Claims


@dataclass(frozen=True, slots=True)
class Selecting:
    """A source that asks primaries for patterns, of which only they know whether these match a host.

    Attributes:
        source: sends the batches.
        nowhere: returns the patterns that match no host anywhere, once the answers are there.
        told: returns what is told of such patterns that match nowhere.
        through: whether an agent has asked, which asks others too.
        claims: of the sources.
    """

    source: Source
    nowhere: Callable[[], tuple[str, ...]]
    told: Callable[[Sequence[str]], str]
    through: bool
    claims: Claims

    async def pump(self, query: Query, out: Out) -> Outcome:
        """Forward the source's batches, and judge its patterns at the end; see `Source.pump`."""
        outcome = self.claims.told(await self.source.pump(query, out))
        nowhere = self.nowhere()
        if self.through:
            return replace(outcome, unmatched=nowhere)
        if nowhere and outcome.complete:
            return replace(outcome, status=Status.NOT_FOUND, message=self.told(nowhere))
        return outcome
