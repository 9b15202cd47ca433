"""A source that is one host, of which it is told when it is asked, when its first lines come, and how it ends."""

from __future__ import annotations

import time
from dataclasses import dataclass

from logagent.core.batch import Batch, Out
from logagent.core.outcome import Outcome
from logagent.core.query import Query, Source
from logagent.telemetry import hook


@dataclass(frozen=True, slots=True)
class AskedSource:
    """A source that is one host, of which it is told when it is asked, when its first lines come, and how it ends.

    Attributes:
        host: its name.
        source: sends the batches.
    """

    host: str
    source: Source

    async def pump(self, query: Query, out: Out) -> Outcome:
        """Forward the source's batches; see `Source.pump`."""
        if not hook.current().listeners:
            return await self.source.pump(query, out)
        with hook.asking(self.host) as one:
            one.outcome = await self.source.pump(query, _Heard(out, one))
            return one.outcome


class _Heard:
    """Forwards batches, and tells of the first that holds lines."""

    def __init__(self, out: Out, asking: hook.Asking) -> None:
        self._out = out
        self._asking = asking

    async def send(self, batch: Batch) -> None:
        if batch.count and self._asking.first is None:
            self._asking.first = time.perf_counter_ns()
            hook.current().tell("first_batch", self._asking)
        await self._out.send(batch)
