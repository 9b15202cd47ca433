"""One host of a follow: what it has sent last, how it stands with it, and how it ended."""

from __future__ import annotations

from collections.abc import Callable

import trio

from logagent.core.batch import SIGN_OF_LIFE, Batch, Notice, Position
from logagent.core.outcome import HostOutcome, Outcome, Status
from logagent.core.query import Query, Source


class Feed:
    """One host under way: a slot that holds a batch, how it stands with it, and how it ended.

    begun: whether it has said where it begins. anchors: these places.
    """

    def __init__(self, name: str, source: Source, tell: Callable[[], None]) -> None:
        self.name = name
        self.slot: Batch | None = None
        self.outcome: Outcome | None = None
        self.begun = False
        self.anchors: tuple[Position, ...] = ()
        self.state = Notice(name, Status.OK, "")
        self.loss: Notice | None = None
        self.lines = 0
        self._source = source
        self._tell = tell
        self._free = trio.Event()

    async def send(self, batch: Batch) -> None:
        """Put a batch into the slot and wait until it is taken. A mere sign of life is for whoever reads the host."""
        if batch == SIGN_OF_LIFE:
            await trio.lowlevel.checkpoint()
            return
        self.slot = batch
        self._free = trio.Event()
        self._tell()
        await self._free.wait()

    def take(self) -> Batch | None:
        batch, self.slot = self.slot, None
        self._free.set()
        return batch

    async def run(self, query: Query) -> None:
        self.outcome = await self._source.pump(query, self)
        self._tell()

    def begin(self) -> list[Notice]:
        """Take what the host says before its first line. What people should know of it."""
        notices: list[Notice] = []
        if self.slot is not None and not self.begun and not self.slot.count:
            batch = self.slot
            self.take()
            notices += [self.note(notice) for notice in batch.notices]
            self.anchors += batch.positions
            self.begun = batch.live or any(notice.status is Status.UNAVAILABLE for notice in notices)
        elif self.slot is not None:
            self.begun = True
        return notices

    def note(self, notice: Notice) -> Notice:
        """The notice under the name that the host has here; and what it says of the host."""
        notice = notice._replace(host=self.name)
        if notice.status is Status.DATA_LOSS:
            self.loss = self.loss or notice
        elif notice.status in (Status.OK, Status.UNAVAILABLE):
            self.state = notice
        return notice

    def share(self) -> Outcome:
        """How its part of the follow stands, or ended."""
        if self.outcome is not None and not self.outcome.complete:
            status, message = self.outcome.status, self.outcome.message
        elif self.loss is not None:
            status, message = self.loss.status, self.loss.message
        else:
            status, message = self.state.status, "" if self.state.status is Status.OK else self.state.message
        named = f"{self.name}: {message}" if message else ""
        return Outcome(status, named, self.lines, hosts=(HostOutcome(self.name, status, message, self.lines),))
