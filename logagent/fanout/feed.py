"""One running source: the batch that it has ready, its progress, and how it ended."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable

import trio

from logagent.core.batch import SIGN_OF_LIFE, Batch
from logagent.core.notes import Note
from logagent.core.outcome import Outcome, Status
from logagent.core.query import Query, Source

IDLE = 12
"""A source that reads nothing but says that it is alive is waited for this many times the patience (a minute by
default): it may wait for its turn at a busy disk, but a disk that hangs, or a peer that lies, holds nobody up."""

OVERDUE = 0.05
"""Seconds that a source is waited for that was silent while a whole patience was waited for others already: its batch
may have come while the processor was busy."""


NEVER = (-math.inf, -math.inf)


class Feed:
    """One running source, with a slot that holds one batch until it is taken.

    `send` waits until the batch is taken: this back-pressure keeps a source one batch ahead at most. Where nothing is
    to be merged, it gives the batch on itself: a slot would cost two turns of tasks, and hold one batch more.

    Args:
        name: the source's name in the answer.
        source: what `run` pumps.
        tell: called when there is a batch to take, and when the source has ended.
        pass_by: called with each batch first; returns True if it has handled the batch, which then is not put into the
            slot.
        give_on: gives each batch on, in place of `pass_by` and the slot; None: they are used.

    Attributes:
        slot: the batch to take; None: there is none.
        outcome: how the source ended; None: it is running. An outcome that is set from outside stays.
        scope: cancels the source.
        heard: Trio's time at which the source last sent something.
        advanced: Trio's time at which it last sent more than that it is alive.
        records: number of records that it sent.
        scanned: bytes of log that it scanned.
        planned: bytes of log that it scans in all, at most.
        given: number of its lines that the reader got.
        notes: what it has told ahead of its outcome.
    """

    def __init__(
        self,
        name: str,
        source: Source,
        tell: Callable[[], None],
        *,
        pass_by: Callable[[Batch], bool],
        give_on: Callable[[Batch], Awaitable[None]] | None = None,
    ) -> None:
        self.name = name
        self.slot: Batch | None = None
        self.outcome: Outcome | None = None
        self.scope = trio.CancelScope()
        self.heard = self.advanced = self._free_since = -math.inf
        self.records = self.scanned = self.planned = self.given = 0
        self.notes: tuple[Note, ...] = ()
        self._source = source
        self._tell = tell
        self._pass_by = pass_by
        self._give_on = give_on
        self._is_giving_on = False
        self._free = trio.Event()

    def patience_ends(self, since: float, patience: float, before: tuple[float, float] = NEVER) -> float:
        """Return Trio's time at which nobody waits for the source any longer, if nothing more comes of it.

        Args:
            since: Trio's time since which it is waited for. While a batch is given on, nobody waits for the source.
            patience: seconds.
            before: from when to when a whole patience was waited for others. It counts for all that were silent, or of
                a hundred hosts that stall each would take its own, one after the other.
        """
        if self._is_giving_on:
            since = trio.current_time()
        begun, ended = before
        spent = max(ended - max(self.heard, self._free_since, begun), 0.0)
        left = max(patience - spent, min(OVERDUE, patience))
        return min(max(self.heard + patience, since + left), max(self.advanced, since) + IDLE * patience)

    def silence(self, patience: float) -> str:
        """Return in words what the source did not do while its patience lasted, in seconds."""
        if trio.current_time() < self.heard + patience:
            return f"read nothing for {IDLE * patience:g} s, though it said that it was alive,"
        return f"sent nothing for {patience:g} s"

    def leave_behind(self, patience: float) -> str:
        """Cancel the source, which did nothing for its patience, in seconds; return why, as its outcome says."""
        self.scope.cancel()
        message = f"{self.silence(patience)} and was left behind"
        self.outcome = Outcome(Status.UNAVAILABLE, message)
        return message

    async def run(self, query: Query) -> None:
        """Pump the source until it ends or `scope` is cancelled."""
        self._free_since = trio.current_time()
        with self.scope:
            await self._pump(query)
        self._tell()

    async def _pump(self, query: Query) -> None:
        outcome = await self._source.pump(query, self)
        # A source may end normally while it is cancelled; an outcome that was set before stays.
        self.outcome = self.outcome or outcome

    async def send(self, batch: Batch) -> None:
        """Put a batch into the slot and wait until it is taken, unless `pass_by` handles it."""
        self.heard = trio.current_time()
        self.advanced = self.advanced if batch == SIGN_OF_LIFE else self.heard
        self.records += batch.records
        self.scanned += batch.scanned
        self.planned += batch.planned
        self.notes = batch.notes or self.notes
        if self._give_on is not None:
            await self._given_on(batch, self._give_on)
            return
        if self._pass_by(batch):
            await trio.lowlevel.checkpoint()
            return
        self.slot = batch
        self._free = trio.Event()
        self._tell()
        await self._free.wait()

    async def _given_on(self, batch: Batch, give_on: Callable[[Batch], Awaitable[None]]) -> None:
        self._is_giving_on = True
        try:
            await give_on(batch)
        finally:
            self._is_giving_on = False
        self.heard = trio.current_time()
        self.advanced = self.advanced if batch == SIGN_OF_LIFE else self.heard

    def take(self) -> Batch | None:
        """Take the batch out of the slot, so that the source continues."""
        batch, self.slot = self.slot, None
        self._free_since = trio.current_time()
        self._free.set()
        return batch
