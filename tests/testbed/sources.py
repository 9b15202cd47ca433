"""Sources that take one step after another, and a reader that keeps what it gets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import trio

from logagent.core.batch import Batch, Notice, Origin, Out
from logagent.core.outcome import Outcome
from logagent.core.query import Query

NEVER = float("inf")

Step = Batch | float | trio.Event
"""What a source does next: send a batch, be busy for some seconds, or wait for an event."""


def lines(*times: int, host: str = "h", file: str = "f", scanned: int = 0) -> Batch:
    """A batch of one line for each time, which says so."""
    body = b"".join(b"%d\n" % time for time in times)
    return Batch(body, len(times), list(times), list(times), (Origin(host, file),), scanned=scanned)


@dataclass
class ScriptedSource:
    """A source that takes its steps one by one, then ends. `on_cancel` runs when it is cancelled."""

    steps: Sequence[Step] = ()
    outcome: Outcome = field(default_factory=Outcome)
    on_cancel: Callable[[], Outcome] | None = None
    query: Query | None = None
    begun: int = 0
    sent: int = 0
    cancelled: bool = False

    async def pump(self, query: Query, out: Out) -> Outcome:
        self.query = query
        try:
            for step in self.steps:
                await self._take(step, out)
        except trio.Cancelled:  # noqa: ASYNC103 (some fakes end well while they are cancelled)
            self.cancelled = True
            if self.on_cancel is None:
                raise
            return self.on_cancel()  # noqa: ASYNC104 (as said)
        return self.outcome

    async def _take(self, step: Step, out: Out) -> None:
        if isinstance(step, Batch):
            self.begun += 1
            await out.send(step)
            self.sent += 1
        elif isinstance(step, trio.Event):
            await step.wait()
        else:
            await trio.sleep(step)


def source(*steps: Step, outcome: Outcome | None = None) -> ScriptedSource:
    return ScriptedSource(steps, outcome or Outcome())


@dataclass
class Reader:
    """Takes what is sent, each batch in `delay` seconds."""

    delay: float = 0
    batches: list[Batch] = field(default_factory=list)

    async def send(self, batch: Batch, /) -> None:
        await trio.sleep(self.delay)
        self.batches.append(batch)

    @property
    def times(self) -> list[int]:
        return [int(line) for batch in self.batches for line in batch.lines()]

    @property
    def notices(self) -> list[Notice]:
        return [notice for batch in self.batches for notice in batch.notices]

    @property
    def signs_of_life(self) -> int:
        return sum(not batch.count for batch in self.batches)
