"""The logs of this host as they grow: one source, which ends only when it is cancelled."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import NoReturn

import trio

from logagent.core.batch import SIGN_OF_LIFE, Batch, Notice, Out, Position
from logagent.core.cursor import of_log
from logagent.core.outcome import Failure, Outcome, Status, failed
from logagent.core.query import Query
from logagent.disk.catalog import identity
from logagent.disk.catalog.catalog import Catalog
from logagent.disk.catalog.logs import Generation, Log
from logagent.disk.following.follower import EVENT_QUIET, LogFollower
from logagent.disk.following.new_logs import NewLogFinder
from logagent.disk.following.shared_tails import SharedTails
from logagent.disk.following.tail import Tail
from logagent.disk.search.options import ReadOptions
from logagent.disk.search.source import LogSource
from logagent.disk.threads import DiskThreads
from logagent.disk.watch.watching import Watching

LAG = 1_000_000_000
"""Nanoseconds by which a file's time of modification may lie behind this clock: the kernel's is coarser, and that of a
server of files is another one."""

logger = logging.getLogger(__name__)

Again = Callable[[str], Sequence[Generation]]
"""The generations of a log as they are by then, newest first."""


class FollowSource:
    """What is written to the logs of this host, as one source, log by log as it comes and not merged.

    It begins behind the query's positions, where they name a log; else at the end of what was there at the beginning,
    or at the beginning of what turned up later, or since those positions. options: of a log. again: called in a thread.
    max_files: logs at most.
    """

    def __init__(
        self,
        host: str,
        *,
        catalog: Catalog,
        threads: DiskThreads,
        tails: SharedTails,
        options: Callable[[Log], ReadOptions],
        again: Again,
        max_files: int,
    ) -> None:
        self.host = host
        self.catalog = catalog
        self.threads = threads
        self.tails = tails
        self.options = options
        self.again = again
        self.max_files = max_files

    async def pump(self, query: Query, out: Out) -> Outcome:
        """As `Source.pump`. Fails only where nothing can be followed at all; other trouble is told by notices."""
        try:
            await self._follow(query, out)
        except Failure as failure:
            return failed(failure)
        except Exception:  # a source ends here, and with it a bug; whoever asked learns that there is one
            logger.exception("following %s", ", ".join(query.files))
            return failed(Failure(Status.INTERNAL, "internal error while following"))

    async def _follow(self, query: Query, out: Out) -> NoReturn:
        async with self.tails.new_log_finder(
            query.files, self.catalog, rotated=query.rotated, limit=self.max_files
        ) as finder:
            following = _Following(self, finder, query, out)
            try:
                await following.run()
            finally:
                following.close()


class _Following:
    """One follow of this host's logs."""

    def __init__(self, logs: FollowSource, finder: NewLogFinder, query: Query, out: Out) -> None:
        self._logs = logs
        self._finder = finder
        self._query = query
        self._out = out
        self._news = trio.Event()
        self._ready: dict[LogFollower, None] = {}
        self._followers: dict[str, LogFollower] = {}
        self._tails: list[Tail] = []
        self._fed: dict[LogFollower, float] = {}
        self._positions_due = math.inf
        self._refused: set[str] = set()
        self._met = True
        self._began = time.time_ns() - LAG
        finder.listeners.add(self._meet_soon)

    def close(self) -> None:
        self._finder.listeners.discard(self._meet_soon)
        for follower in self._followers.values():
            follower.close()
        for tail in self._tails:
            self._logs.tails.give_back(tail)

    async def run(self) -> NoReturn:
        await self._meet(first=True)
        positions = tuple(follower.position for follower in self._followers.values())
        await self._out.send(replace(SIGN_OF_LIFE, positions=positions, live=True))
        while True:
            with trio.move_on_at(self._next_due()):
                await self._news.wait()
            self._news = trio.Event()
            if self._met:
                await self._meet(first=False)
            await self._serve_ready()
            await self._finish_events()
            await self._tell_positions()

    # Logs that turn up.

    def _meet_soon(self) -> None:
        self._met = True
        self._news.set()

    async def _meet(self, *, first: bool) -> None:
        self._met = False
        if self._finder.failure is not None:
            await self._refuse(self._finder.failure)
        for name, log in list(self._finder.logs.items()):
            if name not in self._followers:
                try:
                    await self._begin(log, first=first)
                except Failure as failure:
                    await self._refuse(failure)

    async def _refuse(self, failure: Failure) -> None:
        """What cannot be followed now is said once."""
        if failure.message not in self._refused:
            self._refused.add(failure.message)
            await self._say(failure)

    async def _say(self, failure: Failure) -> None:
        notice = Notice(self._logs.host, failure.status, failure.message)
        await self._out.send(replace(SIGN_OF_LIFE, notices=(notice,)))

    async def _begin(self, log: Log, *, first: bool) -> None:
        tail = await self._borrow(log)
        place = await self._place_in(log, tail, first=first)
        query = replace(self._query, limits=replace(self._query.limits, n=None, max_bytes=None))
        follower = LogFollower(query, tail, place, max_line=self._logs.options(log).max_line, woken=self._wake)
        self._followers[log.name] = follower
        self._wake(follower)

    async def _place_in(self, log: Log, tail: Tail, *, first: bool) -> tuple[int, int]:
        """Where to begin: behind the position, if there is one; at the end, if the follow begins now; or else with all
        that was written since it began, or since the earlier answer that knew of no such log."""
        position = of_log(self._query.positions, log.name)
        if first and not self._query.positions:
            return tail.chain.files.end()
        if first and position is not None:
            return tail.chain.files.place_of(position) or await self._catch_up(log, tail, position)
        since = 0 if first else self._began
        generations = await self._logs.threads.in_thread(self._generations, log.name, since)
        if len(generations) < 2:
            return tail.chain.files.beginning()
        return await self._catch_up(log, tail, Position(self._logs.host, log.name, 0, 0), since)

    def _generations(self, name: str, since: int) -> Sequence[Generation]:
        """In a thread: the files of a log, the newest one and those that were written to since then."""
        found = identity.listed(partial(self._logs.again, name))
        return [one for place, one in enumerate(found) if place == 0 or one.modified >= since]

    async def _borrow(self, log: Log) -> Tail:
        if log.root is None:
            log.generations[0].open()  # raises why it could not be reached
        options = self._logs.options(log)

        def make(threads: DiskThreads, watching: Watching) -> Tail:
            return Tail(log.name, lambda: self._logs.again(log.name), options, threads, watching)

        tail = await self._logs.tails.borrow(log.name, make)
        self._tails.append(tail)
        return tail

    async def _catch_up(self, log: Log, tail: Tail, position: Position, since: int = 0) -> tuple[int, int]:
        """What was written since an earlier answer, up to what the tail holds by now. since: files that were written
        to since then are of interest, in nanoseconds since the epoch."""
        query = replace(
            self._query,
            follow=None,
            positions=(position,),
            form=replace(self._query.form, whole=True),
            limits=replace(self._query.limits, n=None),
        )
        again = partial(self._generations, log.name, since)
        found = await self._logs.threads.in_thread(again)
        source = LogSource(log.name, found, self._logs.threads, self._logs.options(log), again)
        reached = _Reached(self._out, position)
        outcome = await source.pump(query, reached)
        if not outcome.complete:
            await self._say(Failure(outcome.status, outcome.message))
        place = tail.chain.files.place_of(reached.position)
        if place is None:
            await tail.see_all()  # it was read further than the tail has looked
            place = tail.chain.files.place_of(reached.position)
        return place or tail.chain.files.beginning()

    # Logs that grow.

    def _wake(self, follower: LogFollower) -> None:
        self._ready[follower] = None
        self._news.set()

    async def _serve_ready(self) -> None:
        """One block of each log that has news, so that none keeps the others waiting."""
        ready, self._ready = self._ready, {}
        for follower in ready:
            try:
                batch = await follower.next_batch()
            except Failure as failure:
                await self._give_up(follower, failure)
                continue
            if batch is not None:
                self._fed[follower] = trio.current_time()
                self._wake(follower)
                await self._pass_on(follower, batch)

    async def _give_up(self, follower: LogFollower, failure: Failure) -> None:
        follower.close()
        del self._followers[follower.name]
        self._fed.pop(follower, None)
        await self._say(failure)

    async def _pass_on(self, follower: LogFollower, batch: Batch) -> None:
        if batch.count or batch.notices:
            await self._out.send(batch)
        elif follower.untold is not None:
            self._positions_due = min(self._positions_due, trio.current_time() + self._query.live.heartbeat)

    async def _finish_events(self) -> None:
        now = trio.current_time()
        for follower, fed in list(self._fed.items()):
            if not follower.pending:
                del self._fed[follower]
            elif now >= fed + EVENT_QUIET:
                del self._fed[follower]
                await self._pass_on(follower, follower.finish_event())

    async def _tell_positions(self) -> None:
        """How far logs were gone through without a match: so that going on later need not go so far back."""
        if trio.current_time() < self._positions_due:
            return
        self._positions_due = math.inf
        for follower in self._followers.values():
            if follower.untold is not None:
                await self._out.send(follower.tell_position())

    def _next_due(self) -> float:
        return min([self._positions_due, *(fed + EVENT_QUIET for fed in self._fed.values())])


class _Reached:
    """Passes batches on, and keeps how far they have come."""

    def __init__(self, out: Out, position: Position) -> None:
        self._out = out
        self.position = position

    async def send(self, batch: Batch) -> None:
        await self._out.send(batch)
        for position in batch.positions:
            self.position = position
