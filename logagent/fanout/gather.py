"""Many sources as one: each pumped in a task of its own, merged by time, the slow bounded, the failed named.

A source that has sent neither lines nor a sign of life for `patience` seconds while the merge waits for it is left
behind: it is cancelled, the others' lines go on, and the outcome names it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import trio

from logagent.core.batch import LARGEST_BATCH, SIGN_OF_LIFE, Batch, Out, Position
from logagent.core.columns import pieces
from logagent.core.cursor import of_host
from logagent.core.limits import Allowance
from logagent.core.merging.merge import Merge, Relay
from logagent.core.outcome import HostOutcome, Outcome, Status, combine
from logagent.core.query import Order, Query, Source

LAST_WORDS = 0.1
"""Seconds for sources to say how they ended once the answer is whole: a round trip, and nobody notices."""


@dataclass(frozen=True, slots=True)
class Gather:
    """A source made of several, named ones. Equal times come in the order in which the sources are given.

    of_hosts: whether the names are hosts, each with a part of its own in the outcome; else they are files of one host,
        whose messages already name them. patience: seconds. The query's timeout is kept here, and n and max_bytes for
        the whole; the sources are told the same, as none can need more.
    """

    sources: Sequence[tuple[str, Source]]
    patience: float
    of_hosts: bool = False

    async def pump(self, query: Query, out: Out) -> Outcome:
        """As `Source.pump`. One nursery, a task for each source; cancelling reaches all of them."""
        gathering = _Gathering(self, query, out)
        with trio.move_on_after(math.inf if query.limits.timeout is None else query.limits.timeout) as scope:
            await gathering.run()
        if scope.cancelled_caught:
            gathering.out_of_time(f"timeout={query.limits.timeout:g} s reached")
        await gathering.tell_the_rest()
        return gathering.outcome()


class _Feed:
    """One source under way: where it sends its batches, a slot that holds one, and how it ended."""

    def __init__(self, name: str, source: Source, news: _News, note: Callable[[Iterable[Position]], None]) -> None:
        self.name = name
        self.source = source
        self._note = note
        self.scope = trio.CancelScope()
        self.slot: Batch | None = None
        self.heard = -math.inf
        self.records = 0
        self.given = 0
        self.scanned = self.planned = 0
        self.outcome: Outcome | None = None
        self._news = news
        self._free = trio.Event()

    async def send(self, batch: Batch) -> None:
        """Put a batch into the slot and wait until it is taken. A sign of life does not wait."""
        self.heard = trio.current_time()
        self.scanned += batch.scanned
        self.planned += batch.planned
        if batch.count:
            self.records += batch.records
            self.slot = batch
            self._free = trio.Event()
            self._news.tell()
            await self._free.wait()
        else:
            self._note(batch.positions)
            self._news.tell(alive=True)
            await trio.lowlevel.checkpoint()

    def take(self) -> Batch | None:
        batch, self.slot = self.slot, None
        self._free.set()
        return batch

    async def run(self, query: Query) -> None:
        with self.scope:
            outcome = await self.source.pump(query, self)
            # A source that ends well while it is being cancelled is left behind all the same.
            self.outcome = self.outcome or outcome
        self._news.tell()


def _as_far_as_wanted(outcome: Outcome | None) -> Outcome:
    """Of a source that was stopped: whatever befell it behind the last line that was wanted does not count."""
    return outcome if outcome and outcome.complete else Outcome()


class _News:
    """Wakes the one task that merges when any source has something for it."""

    def __init__(self) -> None:
        self._event = trio.Event()
        self.alive = False

    def tell(self, *, alive: bool = False) -> None:
        self.alive = self.alive or alive
        self._event.set()

    async def wait(self) -> None:
        await self._event.wait()
        self._event = trio.Event()


def _merge(sources: int, query: Query) -> Merge | Relay:
    if sources == 1:
        return Relay()
    return Merge(sources, newest=query.form.order is Order.NEWEST, times=query.form.times, places=query.form.places)


class _Gathering:
    """One run of a `Gather`."""

    def __init__(self, gather: Gather, query: Query, out: Out) -> None:
        self._query = query
        self._out = out
        self._patience = gather.patience
        self._of_hosts = gather.of_hosts
        self._news = _News()
        self._merge = _merge(len(gather.sources), query)
        self._feeds = [
            _Feed(name, source, self._news, partial(self._merge.note, number))
            for number, (name, source) in enumerate(gather.sources)
        ]
        self._allowance = Allowance(query.limits.n, query.limits.max_bytes, query.trailing)
        self._ended: list[_Feed] = []
        self._lines = 0
        self._merging = 0
        self._told = (0, 0)
        self._told_positions: set[Position] = set()

    async def run(self) -> None:
        async with trio.open_nursery() as nursery:
            for feed in self._feeds:
                nursery.start_soon(feed.run, self._share_of(feed))
            while not (self._merge.done or self._allowance.used_up):
                await self._hear()
                await self._give()
            await self._await_last_words()
            nursery.cancel_scope.cancel()

    async def _await_last_words(self) -> None:
        """A source that has sent all n lines is about to end by itself: what it did for them is worth a moment."""
        sated = [feed for feed in self._feeds if feed.records == self._query.limits.n]
        with trio.move_on_after(LAST_WORDS):
            while any(feed.outcome is None for feed in sated):
                await self._news.wait()

    def _share_of(self, feed: _Feed) -> Query:
        """What a source is asked: columns to merge by, and no budget of bytes, of which each would take the whole.

        A host is asked for its own files only, so that agents never ask in circles.
        """
        query = replace(self._query, limits=replace(self._query.limits, timeout=None))
        if self._of_hosts:
            positions = query.positions if query.own else of_host(query.positions, feed.name)
            query = replace(query, hosts=(), own=True, positions=positions)
        return (
            query
            if len(self._feeds) == 1
            else replace(
                query, form=replace(query.form, times=True, places=True), limits=replace(query.limits, max_bytes=None)
            )
        )

    async def _hear(self) -> None:
        """Wait until the merge has what it needs of every source, or has given up on it."""
        since = trio.current_time()
        while True:
            self._collect()
            silent = [self._feeds[number] for number in self._merge.waiting_for]
            if not silent:
                return
            if self._news.alive:
                self._news.alive = False
                await self._out.send(self._telling_progress(SIGN_OF_LIFE))
            first = min(max(feed.heard, since) for feed in silent) + self._patience
            with trio.move_on_at(first) as waiting:
                await self._news.wait()
            if waiting.cancelled_caught:
                self._leave_behind([feed for feed in silent if max(feed.heard, since) + self._patience <= first])

    def _collect(self) -> None:
        started = time.perf_counter_ns()
        for number in self._merge.waiting_for:
            feed = self._feeds[number]
            if feed.slot is not None:
                self._merge.add(number, feed.slot)
                feed.take()
            elif feed.outcome is not None:
                self._merge.end(number)
                self._ended.append(feed)
        self._merging += time.perf_counter_ns() - started

    def _leave_behind(self, feeds: list[_Feed]) -> None:
        for feed in feeds:
            if feed.slot is None and feed.outcome is None:
                feed.scope.cancel()
                feed.outcome = Outcome(Status.UNAVAILABLE, f"sent nothing for {self._patience:g} s and was left behind")

    async def _give(self) -> None:
        started = time.perf_counter_ns()
        merged = self._merge.take(self._allowance)
        self._merging += time.perf_counter_ns() - started
        if merged is None:
            return
        for piece in pieces(self._telling_progress(merged.batch), LARGEST_BATCH):
            await self._out.send(piece)
            self._lines += piece.count
        for number, lines in merged.given.items():
            self._feeds[number].given += lines

    async def tell_the_rest(self) -> None:
        """How far it came behind the last batch."""
        rest = self._telling_progress(SIGN_OF_LIFE)
        if rest != SIGN_OF_LIFE:
            await self._out.send(rest)

    def _telling_progress(self, batch: Batch) -> Batch:
        scanned, planned = (sum(feed.scanned for feed in self._feeds), sum(feed.planned for feed in self._feeds))
        told, self._told = self._told, (scanned, planned)
        return replace(batch, scanned=scanned - told[0], planned=planned - told[1], positions=self._news_of_positions())

    def _news_of_positions(self) -> tuple[Position, ...]:
        """How far the logs are done, as far as that has not been said yet."""
        now = self._merge.positions
        new = tuple(position for position in now if position not in self._told_positions)
        self._told_positions = set(now)
        return new

    def out_of_time(self, message: str) -> None:
        """Every source that has not ended has run out of time."""
        for feed in self._feeds:
            if feed not in self._ended:
                feed.outcome = Outcome(Status.DEADLINE_EXCEEDED, message)
                self._ended.append(feed)

    def outcome(self) -> Outcome:
        """What all of it came to. A source that was stopped because nothing more was wanted of it is in order."""
        stopped = [feed for feed in self._feeds if feed not in self._ended]
        outcomes = [self._share(feed, feed.outcome or Outcome()) for feed in self._ended]
        outcomes += [self._share(feed, _as_far_as_wanted(feed.outcome)) for feed in stopped]
        if self._allowance.refused:
            outcomes.insert(0, Outcome(Status.RESOURCE_EXHAUSTED, f"max_bytes={self._query.limits.max_bytes} reached"))
        timings = {"merge": self._merging} if len(self._feeds) > 1 else {}
        return combine(outcomes, lines=self._lines, timings=timings)

    def _share(self, feed: _Feed, outcome: Outcome) -> Outcome:
        outcome = replace(outcome, bytes_scanned=max(outcome.bytes_scanned, feed.scanned))
        if not self._of_hosts:
            return outcome
        part = HostOutcome(feed.name, outcome.status, outcome.message, feed.given)
        named = f"{feed.name}: {outcome.message}" if outcome.message and len(self._feeds) > 1 else outcome.message
        return replace(outcome, hosts=(part,), message=named)
