"""Answers over files of this machine, as an agent would give that had them in its roots."""

from __future__ import annotations

import math
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import tzinfo

import trio

from logagent.compiling import compiling
from logagent.config.page_cache import leaves_from
from logagent.config.table import SKIP_FILES
from logagent.core.batch import Batch, Out
from logagent.core.hits.tally import Tallied
from logagent.core.merging.answer_cursors import Continuable
from logagent.core.outcome import Failure, Outcome, Status, failed
from logagent.core.query import BadParameter, FollowOptions, Order, Query, Source
from logagent.core.wire.listing import ListedFile, ListedLog, Listing
from logagent.disk.catalog.listed_logs import LogLister
from logagent.disk.catalog.logs import Generation, Log
from logagent.disk.catalog.path_catalog import PathCatalog
from logagent.disk.catalog.streams import Stream, is_stream
from logagent.disk.catalog.typed_paths import spellings
from logagent.disk.following.shared_tails import open_shared_tails
from logagent.disk.search.options import ReadOptions
from logagent.disk.threads import DiskThreads
from logagent.disk.watch.watching import Watching
from logagent.fanout.follow import Follow
from logagent.fanout.gather import Gather
from logagent.flowing import Flow
from logagent.local import PATIENCE_OF_FILES, LocalLogs, LocalSource
from logagent.local_listing import LocalLister
from logagent.terminal.local_files import LocalFiles, is_local

PATIENCE = 5.0
"""Seconds that a merge waits for a file that sends nothing, as an agent does for a host."""


@dataclass
class FileReader:
    """Answers queries over files of this machine.

    Attributes:
        logs: finds and reads them.
        catalog: theirs.
        say: called with what whoever asks has to know at once.
        is_denied: whether something may not be read by whoever asks.
    """

    logs: LocalLogs
    catalog: PathCatalog
    say: Callable[[str], None]
    is_denied: bool = False

    async def pump(self, query: Query, out: Out) -> Outcome:
        """Answer a query; see `Source.pump`."""
        try:
            if (compiles := compiling(query)) is not None:
                await self.logs.threads.in_thread(compiles)
        except BadParameter as wrong:
            return failed(Failure(Status.INTERNAL, f"{wrong.name}: {wrong.reason}"))
        guarded = _Guarded(out)
        try:
            with guarded.scope:
                outcome = await self._answered(query, guarded)
            if guarded.error is not None:
                raise guarded.error
        except Failure as failure:
            outcome = failed(failure).of_host(self.logs.host)
        statuses = {outcome.status, *(part.status for part in outcome.hosts)}
        self.is_denied |= Status.PERMISSION_DENIED in statuses
        return outcome

    async def _answered(self, query: Query, out: Out) -> Outcome:
        streams, query = await self._begun(query)
        if query.follow is None and not _flows(query, streams):
            return await self._ended_answer(await self._in_time(query, [each.fill for each in streams]), out)
        query = await self._in_time(query, [stream.look_ahead for stream in streams])
        if not all(stream.is_text for stream in streams if stream.is_copied):
            # What is compressed is told apart by its end, as an archive: it is read once all of it is there.
            whole = replace(query, follow=None, form=replace(query.form, order=Order.OLDEST))
            return await self._ended_answer(await self._in_time(whole, [each.fill for each in streams]), out)
        live = [(self.logs.host, self.logs.live())]
        follow = Follow(live, lambda _: self._ended(), PATIENCE)
        copied = [stream for stream in streams if stream.is_copied]
        if not copied:
            return await follow.pump(query, out)
        flow = Flow(follow, copied, self.logs.threads, ends=len(copied) == len(set(query.files)))
        return await flow.pump(replace(query, follow=query.follow or FollowOptions(patience=0.0)), out)

    async def _begun(self, query: Query) -> tuple[list[Stream], Query]:
        """Open what among the files of a query is none; return it, and the query as `_in_time`."""
        for file in query.files:
            if file not in self.catalog.streams and await self.logs.threads.in_thread(is_stream, file):
                stream = self.catalog.streams[file] = Stream(file)
                if stream.is_terminal:
                    self.say("reads standard input, which is a terminal: Ctrl-D ends it")
        streams = [self.catalog.streams[file] for file in dict.fromkeys(query.files) if file in self.catalog.streams]
        return streams, await self._in_time(query, [stream.begin for stream in streams])

    async def _in_time(self, query: Query, acts: Sequence[Callable[[], None]]) -> Query:
        """Do what blocks, one after the other; return the query with the time that is left.

        Raises:
            Failure: when one of them fails, or they take longer than the query's timeout.
        """
        began, timeout = trio.current_time(), query.limits.timeout
        with trio.move_on_after(math.inf if timeout is None else timeout) as scope:
            for act in acts:
                await self.logs.threads.work(act)
        if timeout is None or not acts:
            return query
        if scope.cancelled_caught:
            raise Failure(Status.DEADLINE_EXCEEDED, "timeout reached before its input ended")
        left = max(0.001, began + timeout - trio.current_time())
        return replace(query, limits=replace(query.limits, timeout=left))

    async def _ended_answer(self, query: Query, out: Out) -> Outcome:
        source = Tallied(self._ended()) if query.form.hits else self._ended()
        return await Continuable(source, self.logs.host).pump(query, out)

    def _ended(self) -> Source:
        source = LocalSource(self.logs, PATIENCE * PATIENCE_OF_FILES, narrows=True)
        return Gather([(self.logs.host, source)], PATIENCE, of_hosts=True)

    async def list_files(self, query: Query, patience: float) -> Listing:
        """List files, within so many seconds; streams are listed without being read."""
        files = tuple(filter(is_local, query.files))
        streams = [file for file in files if is_stream(file)]
        others = tuple(file for file in files if file not in streams)
        listing = await self._listed(replace(query, files=others), patience) if others else Listing((), ())
        logs = [ListedLog(self.logs.host, file, (ListedFile(file, 0, 0, False),)) for file in dict.fromkeys(streams)]
        return replace(listing, logs=(*logs, *_by_all_spellings(listing.logs, files)))

    async def list_read(self, query: Query, patience: float) -> Listing:
        """List files, within so many seconds; streams are read to their ends for that."""
        streams, _ = await self._begun(query)
        await self._in_time(query, [stream.fill for stream in streams])
        return await self._listed(query, patience)

    async def _listed(self, query: Query, patience: float) -> Listing:
        lister = LocalLister(self.logs, LogLister(self.logs.lister))
        listing = await lister.listing(query, patience / PATIENCE_OF_FILES)
        self.is_denied |= any(part.status is Status.PERMISSION_DENIED for part in listing.hosts)
        return listing


@dataclass(frozen=True, slots=True, kw_only=True)
class _LogsAtPaths(LocalLogs):
    """Logs at paths as they were typed.

    Attributes:
        zones: the zone of times that state none, for files below some directories.
    """

    zones: Mapping[str, tzinfo]

    def zone_of(self, found: Log | Generation) -> tzinfo:
        """Return the zone of times that state none, in a log or in one of its files; reads links."""
        zone = self._zone_at(found.name) if self.zones else self.options.zone
        named = self.named_for(found)
        return zone if named is None else named.zone_or(zone)

    def _zone_at(self, path: str) -> tzinfo:
        real = os.path.realpath(path)
        around = [directory for directory in self.zones if real.startswith(f"{directory.rstrip('/')}/")]
        return self.zones[max(around, key=len)] if around else self.options.zone


def _flows(query: Query, streams: Sequence[Stream]) -> bool:
    """Return whether an answer about a stream can be given as it comes: in its order, and up to its end.

    Where it is told in which place lines stand, they are read again, or with others: then all of it has to be there.
    """
    limits, span = query.limits, query.range
    is_bounded = not (limits.n is None and limits.n_per_file is None and span.since is None and span.until is None)
    form = query.form
    in_order = form.order is Order.OLDEST and not (form.hits or form.places or query.positions)
    copied = [stream for stream in streams if stream.is_copied]
    return in_order and not is_bounded and len(copied) == len(set(query.files)) == 1


class _Guarded:
    """Forwards batches; where whoever takes them raises, the answer is cancelled, and that is no fault of its sources.

    Attributes:
        scope: holds the answer.
        error: what was raised; None: nothing was.
    """

    def __init__(self, out: Out) -> None:
        self.scope = trio.CancelScope()
        self.error: Exception | None = None
        self._out = out

    async def send(self, batch: Batch) -> None:
        """Forward a batch."""
        try:
            await self._out.send(batch)
        except Exception as error:
            self.error = error
            self.scope.cancel()
            await trio.lowlevel.checkpoint()


def _by_all_spellings(logs: Sequence[ListedLog], files: Sequence[str]) -> list[ListedLog]:
    """Return logs, each under all the paths that name it."""
    others = spellings(files)
    return [each for log in logs for each in (log, *(_called(log, path) for path in others.get(log.name, ())))]


def _called(log: ListedLog, path: str) -> ListedLog:
    end = len(log.name)
    files = tuple(
        replace(file, name=path + file.name[end:]) if file.name.startswith(log.name) else file
        for file in log.generations
    )
    return replace(log, name=path, generations=files)


@asynccontextmanager
async def reading(asked: LocalFiles, say: Callable[[str], None]) -> AsyncIterator[FileReader]:
    """Provide what reads files of this machine.

    Args:
        asked: says how.
        say: called with what whoever asks has to know at once.
    """
    skip, walk = SKIP_FILES.split(","), asked.max_walk
    threads, catalog = DiskThreads(), PathCatalog(skip=skip, formats=asked.formats, max_walk=walk)
    async with open_shared_tails(threads, Watching()) as tails:
        options = ReadOptions(
            host=asked.host, zone=asked.zone, max_line=asked.max_line, leaves_from=leaves_from("auto")
        )
        logs = _LogsAtPaths(
            catalog=catalog,
            threads=threads,
            options=options,
            max_files=asked.max_files,
            zones=asked.zones,
            tails=tails,
            formats=asked.formats,
        )
        try:
            yield FileReader(logs, catalog, say)
        finally:
            for stream in catalog.streams.values():
                stream.close()
