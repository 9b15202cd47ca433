"""The live lines of an agent that may be found elsewhere while they are followed."""

from __future__ import annotations

import trio

from logagent.core.batch import Batch, Out
from logagent.core.outcome import Outcome, Status
from logagent.core.query import Query, Source


class Leaver:
    """Passes batches on until the agent is found elsewhere; never breaks off while one is passed on.

    So whoever takes the batches always knows which it has got, and nothing comes twice or is lost.

    Args:
        out: takes the batches.

    Attributes:
        scope: of the question to the agent.
    """

    def __init__(self, out: Out) -> None:
        self.scope = trio.CancelScope()
        self._out = out
        self._is_passing = self._leaves = False

    def leave(self) -> None:
        """End the question as soon as no batch is being passed on."""
        self._leaves = True
        if not self._is_passing:
            self.scope.cancel()

    async def send(self, batch: Batch) -> None:
        """Pass a batch on."""
        await trio.lowlevel.checkpoint_if_cancelled()
        self._is_passing = True
        try:
            await self._out.send(batch)
        finally:
            self._is_passing = False
            if self._leaves:
                self.scope.cancel()


async def pump_until_it_moves(source: Source, query: Query, out: Out, leavers: set[Leaver]) -> Outcome:
    """Pump a source; it is UNAVAILABLE as soon as its agent is found elsewhere.

    Args:
        source: asks the agent.
        query: for its live lines.
        out: takes the batches.
        leavers: told when the agent is found elsewhere.
    """
    leaver = Leaver(out)
    leavers.add(leaver)
    try:
        with leaver.scope:
            return await source.pump(query, leaver)
    finally:
        leavers.discard(leaver)
    return Outcome(Status.UNAVAILABLE, "is found at another address now")
