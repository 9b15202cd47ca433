"""What an agent serves itself: this host's logs as one source, and the list of what there is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from functools import partial
from pathlib import Path

import trio

from logagent.core.batch import Out
from logagent.core.outcome import Failure, Outcome, Part, Status, combine, failed
from logagent.core.query import Query, Source
from logagent.core.wire.listing import ListedLog, Listing, failing
from logagent.disk.archives.archive import KEPT
from logagent.disk.catalog.catalog import Catalog, Generation, Log
from logagent.disk.catalog.ends import MAX_LISTED, Lister, sorted_out, unlooked
from logagent.disk.following.shared_tails import Tails
from logagent.disk.following.source import LiveLogs
from logagent.disk.search.known_times import Spans
from logagent.disk.search.options import Ways
from logagent.disk.search.source import LogSource
from logagent.disk.threads import DiskThreads
from logagent.fanout.gather import Gather

LEAST_KEPT = 256 * 1024
"""Bytes of an archive that a log may hold at least, however many archives a query reads: a block."""
PATIENCE_OF_FILES = 0.5
"""The part of the patience after which a host leaves one of its files behind: before others leave the host behind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How this host's files are read. max_files: of one query. max_line: bytes. zone: of times that name none.

    root_zones: the same for the files of some roots, by the root's absolute path.
    """

    catalog: Catalog
    threads: DiskThreads
    zone: tzinfo
    max_files: int
    max_line: int
    tails: Tails | None = None
    root_zones: Mapping[Path, tzinfo] = field(default_factory=dict)
    spans: Spans = field(default_factory=Spans)

    def zone_of(self, found: Log | Generation) -> tzinfo:
        """What times that name no zone mean in a log, or in one of its files."""
        return self.zone if found.root is None else self.root_zones.get(found.root, self.zone)

    def ways(self, host: str, log: Log, kept: int = KEPT) -> Ways:
        """How one log of this host is read, `kept` bytes of its archives being held."""
        zone = self.zone_of(log)
        return Ways(host=host, zone=zone, max_line=self.max_line, spans=self.spans, kept=kept)

    def again(self, name: str, rotated: bool = True) -> Sequence[Generation]:
        """The generations of a log as they are now; none if it is gone."""
        try:
            logs = self.catalog.find([name], rotated=rotated)
        except Failure:
            return ()
        return next((log.generations for log in logs if log.name == name), ())


@dataclass(frozen=True, slots=True)
class OwnLogs:
    """The files of this host that a query names, as one source."""

    host: str
    reading: Reading
    patience: float

    async def pump(self, query: Query, out: Out) -> Outcome:
        """As `Source.pump`."""
        try:
            sources = await self._files(query)
        except Failure as failure:
            return failed(failure)
        if len(sources) == 1:
            ((_, alone),) = sources
            return await alone.pump(query, out)
        return await Gather(sources, self.patience).pump(query, out)

    async def _files(self, query: Query) -> list[tuple[str, Source]]:
        logs = await self.reading.threads.in_thread(self._found, query)
        kept = _share_of_memory(logs)
        return [(log.name, self._source(log, query, kept)) for log in logs]

    def _source(self, log: Log, query: Query, kept: int) -> LogSource:
        reading = self.reading
        again = partial(reading.again, log.name, query.rotated)
        return LogSource(log.name, log.generations, reading.threads, reading.ways(self.host, log, kept), again)

    def _found(self, query: Query) -> list[Log]:
        reading = self.reading
        return reading.catalog.find(query.files, rotated=query.rotated, limit=reading.max_files)


def own_live(host: str, reading: Reading) -> LiveLogs:
    """What is written to this host's logs, as one source. Raises `Failure` where nothing may be followed."""
    if reading.tails is None:
        raise Failure(Status.UNAVAILABLE, "this agent follows nothing")
    return LiveLogs(
        host,
        catalog=reading.catalog,
        threads=reading.threads,
        tails=reading.tails,
        ways=partial(reading.ways, host),
        again=reading.again,
        max_files=reading.max_files,
    )


def _share_of_memory(logs: Sequence[Log]) -> int:
    """Bytes that each log may hold of an archive, so that all of one query hold no more than one log alone."""
    packed = sum(any(generation.compressed for generation in log.generations) for log in logs)
    return max(LEAST_KEPT, KEPT // max(1, packed))


@dataclass(frozen=True, slots=True)
class OwnFiles:
    """What there is on this host to be asked for, looked up within some of the time that others wait for it."""

    host: str
    reading: Reading
    lister: Lister

    async def listing(self, query: Query, patience: float) -> Listing:
        """The logs that a query names. Those that could not be looked into in time are listed without their times."""
        listed: list[ListedLog] = []
        seconds = patience * PATIENCE_OF_FILES
        with trio.move_on_after(seconds) as in_time:
            try:
                found = await self.reading.threads.in_thread(self._found, query)
            except Failure as failure:
                return failing(self.host, failure.status, failure.message)
        if in_time.cancelled_caught:
            return failing(self.host, Status.UNAVAILABLE, f"no answer from the disk within {seconds:g} s")
        logs, failures = sorted_out(found)
        with trio.move_on_at(in_time.deadline):
            for log in logs:
                listed.append(await self._looked_into(log))
        return Listing((*listed, *map(self._unlooked, logs[len(listed) :])), (self._part(logs, listed, failures),))

    def _found(self, query: Query) -> list[Log]:
        return self.reading.catalog.find(query.files, rotated=query.rotated, limit=MAX_LISTED)

    async def _looked_into(self, log: Log) -> ListedLog:
        return await self.reading.threads.in_thread(self.lister.look, self.host, log, self.reading.zone_of(log))

    def _unlooked(self, log: Log) -> ListedLog:
        return unlooked(self.host, log, self.reading.zone_of(log), "not looked into in time")

    def _part(self, logs: list[Log], listed: list[ListedLog], failures: list[Failure]) -> Part:
        outcomes = [failed(failure) for failure in failures]
        if len(listed) < len(logs):
            message = f"{len(logs) - len(listed)} of {len(logs)} logs were not looked into in time; ask again for them"
            outcomes.append(Outcome(Status.DEADLINE_EXCEEDED, message))
        whole = combine([*outcomes, Outcome()], lines=len(logs), timings={})
        return Part(self.host, whole.status, whole.message)
