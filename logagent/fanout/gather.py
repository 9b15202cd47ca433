"""Combining sources that end into one: pumps each in its own task, merges them by time, and names each failure.

A source that sends neither lines nor a sign of life for `patience` seconds while the merge waits for it is left behind:
it is cancelled, the others' lines are still sent, and the outcome names it. So is one that only says for much longer
that it is alive, without reading anything.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import trio

from logagent.core.batch import LARGEST_BATCH, SIGN_OF_LIFE, Batch, Out
from logagent.core.columns import pieces
from logagent.core.limits import Allowance
from logagent.core.merging.merge import Merge
from logagent.core.merging.relay import Relay
from logagent.core.outcome import Outcome, Status
from logagent.core.query import Order, Query, Source
from logagent.fanout.feed import NEVER, OVERDUE, Feed
from logagent.fanout.merging import Merging
from logagent.fanout.parts import Parts
from logagent.fanout.roll_call import UNQUESTIONED, RollCall
from logagent.fanout.saying import News, Saying
from logagent.fanout.site import Site
from logagent.telemetry import hook

LAST_WORDS = 0.1
"""Seconds to wait for the outcomes of sources once the answer has all its lines: time for a round trip, too short to be
noticed."""
SIGNS = 5
"""How many times in its patience an agent that waits tells the agent that asked it that work goes on."""


@dataclass(frozen=True, slots=True)
class Gather:
    """A source made of several named ones.

    Lines of equal time come in the order in which the sources are given. The query's timeout, `n` and `max_bytes` hold
    for the whole.

    Attributes:
        sources: each source's name, and the source.
        patience: seconds that the merge waits for a source that sends nothing.
        of_hosts: whether the names are hosts, each with its own part in the outcome; else they are logs of one host,
            whose messages name them already.
        roll: knows which of the hosts are one.
        sites: those of the hosts that answer for others too, by name.
        through: whether an agent has asked, for all that is behind this one: it is told that work goes on while a
            source is waited for, else it would leave this agent behind together with that source, and which hosts have
            failed so far.
    """

    sources: Sequence[tuple[str, Source]]
    patience: float
    of_hosts: bool = False
    roll: RollCall = UNQUESTIONED
    sites: Mapping[str, Site] = field(default_factory=dict)
    through: bool = False

    async def pump(self, query: Query, out: Out) -> Outcome:
        """Send the sources' lines merged by time; see `Source.pump`.

        There is one nursery, with a task for each source; cancelling reaches all of them.
        """
        gathering = _Gathering(self, query, out)
        try:
            with trio.move_on_after(math.inf if query.limits.timeout is None else query.limits.timeout) as scope:
                await gathering.run()
            if scope.cancelled_caught:
                gathering.run_out_of_time(f"timeout={query.limits.timeout:g} s reached")
            await gathering.tell_the_rest()
            return gathering.outcome()
        finally:
            gathering.drop_batches()


def _merge(sources: int, query: Query, *, places: bool) -> Merge | Relay:
    if sources == 1:
        return Relay()
    return Merge(sources, newest=query.form.order is Order.NEWEST, times=query.form.times, places=places)


class _Gathering:
    """One run of a `Gather`."""

    def __init__(self, gather: Gather, query: Query, out: Out) -> None:
        self._query = query
        self._out = out
        self._patience = gather.patience
        self._of_hosts = gather.of_hosts
        self._through = gather.through
        self._parts = Parts(query, len(gather.sources), gather.of_hosts, gather.roll, gather.sites, gather.through)
        self._news = News()
        self._spoke = trio.current_time()
        self._waited = NEVER  # from when to when a whole patience was waited last
        self._merge = _merge(len(gather.sources), query, places=query.form.places or bool(gather.sites))
        self._merging = Merging(self._merge)
        give_on = self._give_on if len(gather.sources) == 1 and not gather.through else None
        self._feeds = [
            Feed(
                name,
                source,
                partial(self._news.tell, number),
                pass_by=partial(self._note_if_empty, number),
                give_on=give_on,
            )
            for number, (name, source) in enumerate(gather.sources)
        ]
        self._allowance = Allowance(query.limits.n, query.limits.max_bytes, query.trailing)
        self._ended: list[Feed] = []
        self._lines = 0
        self._merge_ns = 0
        self._saying = Saying(lambda: self._parts.notes(self._feeds, self._ended), self._merge.news)

    async def run(self) -> None:
        async with trio.open_nursery() as nursery:
            for feed in self._feeds:
                nursery.start_soon(feed.run, self._parts.question(feed.name))
            while not (self._merge.done or self._allowance.used_up):
                await self._hear()
                await self._give()
            await self._await_last_words()
            nursery.cancel_scope.cancel()

    def _note_if_empty(self, number: int, batch: Batch) -> bool:
        """Note the progress of a batch, and the positions of one without lines; return whether it had none."""
        self._saying.hear(batch)
        if batch.count:
            return False
        if batch.positions:
            self._merging.note(number, batch.positions)
            self._saying.moved = True
        self._news.tell(number, alive=True)
        return True

    async def _await_last_words(self) -> None:
        """Wait a moment for the outcomes of sources that have sent all n lines and so are about to end."""
        sated = [feed for feed in self._feeds if feed.records == self._query.limits.n]
        with trio.move_on_after(LAST_WORDS):
            while any(feed.outcome is None for feed in sated):
                await self._news.wait()

    async def _hear(self) -> None:
        """Wait until the merge has what it needs of every source that is not left behind."""
        since = trio.current_time()
        # Before that nobody is left behind, so that nobody is looked at.
        first = since + (self._patience if self._waited == NEVER else min(OVERDUE, self._patience))
        while True:
            self._collect()
            if not self._merge.waiting_for:
                break
            if self._news.alive:
                self._news.alive = False
                await self._say_alive()
            with trio.move_on_at(min(first, self._next_sign)) as waiting:
                await self._news.wait()
            if waiting.cancelled_caught and trio.current_time() >= first:
                first = self._leave_behind_the_silent(since)
            elif waiting.cancelled_caught:
                await self._say_alive()
        if trio.current_time() >= since + self._patience:
            self._waited = since, trio.current_time()

    async def _say_alive(self) -> None:
        await self._out.send(self._saying.told_with(SIGN_OF_LIFE))
        self._spoke = trio.current_time()

    @property
    def _next_sign(self) -> float:
        """Trio's time at which the agent that asked is told that work goes on."""
        return self._spoke + self._patience / SIGNS if self._through else math.inf

    def _leave_behind_the_silent(self, since: float) -> float:
        """Leave those behind whose patience has ended; return Trio's time at which that of others may end next."""
        now = trio.current_time()
        waiting, waited = self._merge.waiting_for, self._waited
        ends = {number: self._feeds[number].patience_ends(since, self._patience, waited) for number in waiting}
        late = [number for number, end in ends.items() if end <= now]
        self._leave_behind(late)
        return min((end for end in ends.values() if end > now), default=math.inf)

    def _collect(self) -> None:
        started = time.perf_counter_ns()
        told = self._news.take_told()
        waiting = self._merge.waiting_for
        for number in told & waiting | told & self._merge.runs_short:
            feed = self._feeds[number]
            if feed.slot is not None:
                self._merge.add(number, feed.slot)
                self._saying.moved = True
                feed.take()
            elif number in waiting and feed.outcome is not None:
                self._merge.end(number)
                self._ended.append(feed)
                self._saying.urgent |= self._through and not feed.outcome.complete
        self._merge_ns += time.perf_counter_ns() - started

    def _leave_behind(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            feed = self._feeds[number]
            if feed.slot is None and feed.outcome is None:
                message = feed.leave_behind(self._patience)
                self._news.tell(number)
                if self._of_hosts:
                    hook.current().leave_behind(feed.name, message)

    async def _give_on(self, batch: Batch) -> None:
        """Give out the batch of the only source, in that source's own task."""
        if self._note_if_empty(0, batch):
            self._news.alive = False
            await self._say_alive()
            return
        self._merge.add(0, batch)
        self._saying.moved = True
        await self._give()

    async def _give(self) -> None:
        started = time.perf_counter_ns()
        merged = await self._merging.take(self._allowance)
        self._saying.moved |= merged is not None
        self._merge_ns += time.perf_counter_ns() - started
        if merged is None:
            return
        batch = self._parts.counted(merged.batch)
        for piece in pieces(self._saying.told_with(batch), LARGEST_BATCH):
            await self._out.send(piece)
            self._lines += piece.count
        self._spoke = trio.current_time()
        for number, lines in merged.given.items():
            self._feeds[number].given += lines
        self._news.told.update(merged.given)  # those that are waited for now may have their next batch ready

    async def tell_the_rest(self) -> None:
        """Send the progress that was made since the last batch, if there is any."""
        rest = self._saying.told_with(SIGN_OF_LIFE, last=True)
        if rest != SIGN_OF_LIFE:
            await self._out.send(rest)

    def run_out_of_time(self, message: str) -> None:
        """Set the outcome of all sources whose end the merge has not seen to DEADLINE_EXCEEDED."""
        for feed in self._feeds:
            if feed not in self._ended:
                feed.outcome = Outcome(Status.DEADLINE_EXCEEDED, message)
                self._ended.append(feed)

    def drop_batches(self) -> None:
        """Let go of the sources, with what they have ready: they refer back to this, which is garbage that stays."""
        self._feeds.clear()
        self._ended.clear()
        del self._saying

    def outcome(self) -> Outcome:
        """Combine the sources' outcomes."""
        reached = Outcome(Status.RESOURCE_EXHAUSTED, f"max_bytes={self._query.limits.max_bytes} reached")
        first = [reached] if self._allowance.refused else []
        return self._parts.outcome(self._feeds, self._ended, first=first, lines=self._lines, merge_ns=self._merge_ns)
