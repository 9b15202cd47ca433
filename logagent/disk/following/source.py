"""The source that follows the logs of this host; it ends only when it is cancelled."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import replace
from typing import NoReturn

import trio

from logagent.core.batch import SIGN_OF_LIFE, Batch, Out
from logagent.core.notes import Note, add_up
from logagent.core.outcome import Failure, Outcome, Status, failed
from logagent.core.query import Query
from logagent.disk.archives.foreign import grows_as_text, not_followed
from logagent.disk.catalog.carried_positions import carried_over
from logagent.disk.catalog.catalog import Catalog
from logagent.disk.catalog.logs import Log
from logagent.disk.following.catch_up import Again, CatchUp, notice_of, there_again
from logagent.disk.following.follower import EVENT_QUIET, LogFollower
from logagent.disk.following.new_logs import NewLogFinder
from logagent.disk.following.shared_tails import SharedTails
from logagent.disk.following.tail import Tail
from logagent.disk.search.aged import aged
from logagent.disk.search.options import ReadOptions
from logagent.disk.threads import DiskThreads
from logagent.disk.watch.watching import Watching

logger = logging.getLogger(__name__)


class FollowSource:
    """Sends the lines that are written to the logs of this host, as they are read, not merged.

    `CatchUp.place_in` says where it begins in each log.

    Args:
        host: this host's name.
        catalog: finds the logs.
        threads: that read the disk.
        tails: shared by all follows.
        options: how a log is read.
        again: lists the files of a log; called in a thread.
        max_files: logs at most in one follow.
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
        """Send lines until it is cancelled (see `Source.pump`).

        Returns:
            Why nothing can be followed at all; other failures are reported by notices.
        """
        try:
            await self._follow(query, out)
        except Failure as failure:
            return failed(failure)
        except Exception:  # a bug ends at the edge of its source; the client learns that there is one
            logger.exception("following %s", ", ".join(query.files))
            return failed(Failure(Status.INTERNAL, "internal error while following"))

    async def _follow(self, query: Query, out: Out) -> NoReturn:
        async with self.tails.new_log_finder(
            query.files, self.catalog, rotated=query.rotated, limit=self.max_files
        ) as finder:
            query = await self.threads.in_thread(carried_over, query, list(finder.logs.values()))
            follow = _LocalFollow(self, finder, query, out)
            try:
                await follow.run()
            finally:
                follow.close()


class _LocalFollow:
    """One follow of this host's logs.

    Logs are found by a `NewLogFinder` and followed by a `LogFollower` each; both wake the one task that runs here.
    """

    def __init__(self, logs: FollowSource, finder: NewLogFinder, query: Query, out: Out) -> None:
        self._logs = logs
        self._finder = finder
        self._query = query
        self._out = out
        self._news = trio.Event()
        self._ready: dict[LogFollower, None] = {}
        self._followers: dict[str, LogFollower] = {}
        self._tails: list[Tail] = []
        self._last_fed: dict[LogFollower, float] = {}
        self._positions_due = math.inf
        self._refused: dict[str, Failure] = {}
        self._foreign: list[Failure] = []
        self._logs_found = True
        self._told_notes: tuple[Note, ...] = ()
        self._catch_up = CatchUp(
            query, out, host=logs.host, threads=logs.threads, options=logs.options, again=logs.again
        )
        finder.listeners.add(self._note_logs)

    def close(self) -> None:
        self._finder.listeners.discard(self._note_logs)
        for follower in self._followers.values():
            follower.close()
        for tail in self._tails:
            self._logs.tails.give_back(tail)
        for followers in (self._followers, self._ready, self._last_fed):
            followers.clear()  # each follower has what wakes this follow

    async def run(self) -> NoReturn:
        await self._begin_new(first=True)
        positions = tuple(follower.position for follower in self._followers.values())
        await self._out.send(replace(SIGN_OF_LIFE, positions=positions, live=True))
        while True:
            await self._tell_foreign()
            with trio.move_on_at(self._next_due()):
                await self._news.wait()
            self._news = trio.Event()
            if self._logs_found:
                await self._begin_new(first=False)
            await self._serve_ready()
            await self._finish_events()
            await self._tell_positions()

    # Logs that appear.

    def _note_logs(self) -> None:
        self._logs_found = True
        self._news.set()

    async def _begin_new(self, *, first: bool) -> None:
        self._logs_found = False
        refused = {}
        if self._finder.failure is not None and not self._tells_itself(self._finder.failure):
            refused[", ".join(self._query.files)] = self._finder.failure
        for name, log in [*self._finder.logs.items(), *self._finder.refused.items()]:
            if name not in self._followers and (first or not self._is_followed(log)):
                try:
                    await self._begin(log, first=first)
                except Failure as failure:
                    refused[name] = failure
        await self._tell_refused(refused)
        await self._tell_notes()

    def _tells_itself(self, failure: Failure) -> bool:
        """Return whether a failure is that nothing is found of logs that are followed, which their followers tell."""
        return failure.status in (Status.NOT_FOUND, Status.UNAVAILABLE) and bool(self._followers)

    def _is_followed(self, log: Log) -> bool:
        """Return whether the newest file of a log is followed by another name, which it may have had before.

        `web.1` alone is a generation of `web`, until a `web.2` shows that both are logs of their own. Only files that
        are held open count: the inode of any other one may be used again.
        """
        inode = log.generations[0].identity
        files = (file for tail in self._tails for file in tuple(tail.chain.files) if file.descriptor is not None)
        return inode is not None and any(file.identity == inode for file in files)

    async def _tell_notes(self) -> None:
        told, self._told_notes = self._told_notes, add_up((*self._finder.notes, *self._catch_up.notes.told()))
        if self._told_notes != told:
            await self._out.send(replace(SIGN_OF_LIFE, notes=self._told_notes))

    async def _tell_refused(self, refused: dict[str, Failure]) -> None:
        """Report what cannot be followed now and could be before, and what is there again."""
        before, self._refused = self._refused, refused
        known = {failure.message for failure in before.values()}
        for failure in {failure.message: failure for failure in refused.values()}.values():
            if failure.message not in known:
                await self._report(failure)
        for name, failure in before.items():
            if name not in refused and failure.status in (Status.UNAVAILABLE, Status.NOT_FOUND):
                await self._out.send(there_again(self._logs.host, name))

    async def _report(self, failure: Failure) -> None:
        await self._out.send(notice_of(self._logs.host, failure))

    async def _begin(self, log: Log, *, first: bool) -> None:
        tail = await self._borrow(log)
        place = await self._catch_up.place_in(log, tail, first=first, only_known=self._finder.is_full)
        query = replace(aged(self._query, log), limits=replace(self._query.limits.uncounted(), max_bytes=None))
        follower = LogFollower(query, tail, place, max_line=self._logs.options(log).max_line, woken=self._wake)
        self._followers[log.name] = follower
        self._wake(follower)
        newest = tail.chain.files.newest
        grows = newest.name == log.name and (log.name in self._query.files or grows_as_text(newest.foreign))
        if newest.foreign is not None and grows:
            self._foreign.append(Failure(Status.DATA_LOSS, f"{log.name}: {not_followed(newest.foreign)}"))

    async def _tell_foreign(self) -> None:
        """Report the logs that are not followed, behind the live batch, which holds their end."""
        while self._foreign:
            await self._report(self._foreign.pop(0))

    async def _borrow(self, log: Log) -> Tail:
        if log.root is None:
            log.generations[0].open()  # always raises: the log was found, but cannot be reached
        logs, options = self._logs, self._logs.options(log)

        def make(threads: DiskThreads, watching: Watching) -> Tail:  # it may outlive this follow
            return Tail(log.name, lambda: logs.again(log), options, threads, watching, logs.catalog.presence)

        tail = await logs.tails.borrow((logs.catalog.key, log.asked, log.name), make)
        self._tails.append(tail)
        return tail

    # Logs that grow.

    def _wake(self, follower: LogFollower) -> None:
        self._ready[follower] = None
        self._news.set()

    async def _serve_ready(self) -> None:
        """Send one block of each log that has more to read, so that no log keeps the others waiting."""
        ready, self._ready = self._ready, {}
        for follower in ready:
            try:
                batch = await follower.next_batch()
            except Failure as failure:
                await self._give_up(follower, failure)
                continue
            if batch is not None:
                self._last_fed[follower] = trio.current_time()
                self._wake(follower)
                await self._pass_on(follower, batch)

    async def _give_up(self, follower: LogFollower, failure: Failure) -> None:
        follower.close()
        del self._followers[follower.name]
        self._last_fed.pop(follower, None)
        await self._report(failure)

    async def _pass_on(self, follower: LogFollower, batch: Batch) -> None:
        if batch.count or batch.notices:
            await self._out.send(batch)
        elif follower.untold is not None:
            self._positions_due = min(self._positions_due, trio.current_time() + self._query.follow_options.heartbeat)

    async def _finish_events(self) -> None:
        now = trio.current_time()
        for follower, fed in list(self._last_fed.items()):
            if not follower.pending:
                del self._last_fed[follower]
            elif now >= fed + EVENT_QUIET:
                del self._last_fed[follower]
                await self._pass_on(follower, follower.finish_event())

    async def _tell_positions(self) -> None:
        """Send the positions of logs that were read without a match, so that a resumed follow skips the read part."""
        if trio.current_time() < self._positions_due:
            return
        self._positions_due = math.inf
        for follower in self._followers.values():
            if follower.untold is not None:
                await self._out.send(follower.tell_position())

    def _next_due(self) -> float:
        return min([self._positions_due, *(fed + EVENT_QUIET for fed in self._last_fed.values())])
