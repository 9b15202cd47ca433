"""This host's logs, as an agent serves them: as one source, as a follow, and as a listing."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from functools import partial
from pathlib import Path

import trio

from logagent.core.batch import SIGN_OF_LIFE, Noted, Out
from logagent.core.notes import Note, Notes, add_up, of_host
from logagent.core.outcome import Failure, HostOutcome, Outcome, Status, combine, failed
from logagent.core.query import Query, Source
from logagent.core.times.named_formats import FormatRules, NamedFormat
from logagent.core.wire.listing import ListedLog, Listing, failing
from logagent.disk.catalog.carried_positions import carried_over
from logagent.disk.catalog.catalog import Catalog, Generation, Log
from logagent.disk.catalog.ends import Ends, Lister
from logagent.disk.catalog.format_names import names_of
from logagent.disk.catalog.latest_times import latest_times
from logagent.disk.catalog.left_out import LeftOut, Wanted
from logagent.disk.catalog.listed_logs import MAX_LISTED, LogLister, sorted_out, unlooked
from logagent.disk.following.shared_tails import SharedTails
from logagent.disk.following.source import FollowSource
from logagent.disk.search.known_times import KnownTimes
from logagent.disk.search.options import ReadOptions
from logagent.disk.search.source import LogSource
from logagent.disk.threads import DiskThreads
from logagent.disk.times.known_judgements import KnownJudgements
from logagent.fanout.gather import Gather
from logagent.fanout.narrowed import Narrowed, may_be_narrowed
from logagent.fanout.unread import Unread, UnreadGuard

LEAST_KEPT = 256 * 1024
"""Bytes of an archive that each log may hold in memory at least, however many archives a query reads: one block."""
PATIENCE_OF_FILES = 0.5
"""The fraction of the agent's patience for one of its own logs: a log that hangs is left behind before other agents
leave the whole host behind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalLogs:
    """The logs of this host, and how they are read.

    Attributes:
        catalog: finds the logs.
        threads: where they are read.
        options: how a log is read; its zone is for logs whose root has no own zone.
        max_files: logs of one query at most.
        tails: shared by all follows; None: nothing may be followed.
        root_zones: the zone of times that state none, by the absolute path of a root.
        formats: the formats of time that were named.
        lister: reads the ends of their files, and remembers them.
    """

    catalog: Catalog
    threads: DiskThreads
    options: ReadOptions
    max_files: int
    tails: SharedTails | None = None
    root_zones: Mapping[Path, tzinfo] = field(default_factory=dict)
    formats: FormatRules = field(default_factory=FormatRules)
    lister: Lister = field(default_factory=Lister, init=False, repr=False)
    _of_formats: dict[NamedFormat, ReadOptions] = field(default_factory=dict, init=False, repr=False)

    @property
    def host(self) -> str:
        """The name of this host."""
        return self.options.host

    def zone_of(self, found: Log | Generation) -> tzinfo:
        """Return the zone of times that state none, in a log or in one of its files."""
        zone = self.options.zone if found.root is None else self.root_zones.get(found.root, self.options.zone)
        named = self.named_for(found)
        return zone if named is None else named.zone_or(zone)

    def named_for(self, found: Log | Generation) -> NamedFormat | None:
        """Return the format of time that was named for a log, or for one of its files; None if none was."""
        return self.formats.named_for(names_of(found)) if self.formats else None

    def ends_of(self, log: Log, file: Generation) -> Ends:
        """Return the times at the ends of one file of a log; reads the disk.

        Raises:
            Failure: when it cannot be read.
        """
        return self.lister.ends(file, self.zone_of(log), self.named_for(log))

    def ends_if_known(self, log: Log, file: Generation) -> Ends | None:
        """Return the times at the ends of one file of a log, if they are known since it was looked into."""
        return self.lister.known(file, self.zone_of(log), self.named_for(log))

    def ends_of_met(self, log: Log, file: Generation) -> Ends:
        """Return the times at the ends of one file of a log; reads the disk unless they are known, as `ends_of`."""
        return self.lister.ends(file, self.zone_of(log), self.named_for(log), opened=False)

    def options_of(self, log: Log) -> ReadOptions:
        """Return the options for reading one log alone."""
        return replace(self._options_for(self.named_for(log)), zone=self.zone_of(log))

    def _options_for(self, named: NamedFormat | None) -> ReadOptions:
        """Return the options for logs of a named format: what is known of a file's times holds for one format only."""
        if named is None:
            return self.options
        fresh = replace(self.options, named=named, known_times=KnownTimes(), known_judgements=KnownJudgements())
        return self._of_formats.setdefault(named, fresh)

    def options_of_each(self, logs: Sequence[Log]) -> list[ReadOptions]:
        """Return the options for reading several logs at the same time.

        Together they hold no more of their archives in memory than one log alone, unless there are so many logs that
        each holds `LEAST_KEPT`.
        """
        archives = sum(any(generation.compressed for generation in log.generations) for log in logs)
        kept = max(LEAST_KEPT, self.options.kept // max(1, archives))
        return [replace(self.options_of(log), kept=kept, alone=len(logs) == 1) for log in logs]

    def live(self) -> FollowSource:
        """Return the source of the lines that are written to these logs from now on.

        Raises:
            Failure: if nothing may be followed.
        """
        if self.tails is None:
            raise Failure(Status.UNAVAILABLE, "this agent follows nothing")
        return FollowSource(
            self.host,
            catalog=self.catalog,
            threads=self.threads,
            tails=self.tails,
            options=self.options_of,
            again=self.catalog.again,
            max_files=self.max_files,
        )


@dataclass(frozen=True, slots=True)
class LocalSource:
    """The logs of this host that a query names, as one source that ends.

    Attributes:
        logs: all logs of this host.
        patience: seconds that a log has to send something before it is left behind.
        narrows: whether only logs are read that may have one of the newest lines, where there are very many; then the
            answer says how far it came in none of them.
    """

    logs: LocalLogs
    patience: float
    narrows: bool = False

    async def pump(self, query: Query, out: Out) -> Outcome:
        """Send the lines of all logs that the query names, merged; see `Source.pump`."""
        found, left_out, threads = Notes(), LeftOut(), self.logs.threads.for_query(query.beside)
        try:
            logs = await self._find(query, out, found, left_out, threads)
            if query.positions:
                query = await threads.in_thread(carried_over, query, logs)
        except Failure as failure:
            return replace(failed(failure), notes=found.told())
        noted = Noted(out, found.told())
        guard = UnreadGuard(query, noted, self._unread(left_out, threads) if left_out else None)
        await guard.begin()
        outcome = guard.judged(await (await self._source_of(query, logs, threads)).pump(guard.question, guard))
        return replace(outcome, notes=add_up((*found.told(), *outcome.notes)))

    def _unread(self, left_out: LeftOut, threads: DiskThreads) -> Unread:
        async def looked_into() -> int:
            return await threads.in_slices(left_out.looked_into(self.logs.ends_of))

        return Unread(left_out.failure(), left_out.count, left_out.latest, left_out.least, looked_into)

    async def _source_of(self, query: Query, logs: Sequence[Log], threads: DiskThreads) -> Source:
        if not (self.narrows and may_be_narrowed(query, len(logs))):
            return self._merged(self._sources(query, logs, threads))
        known, ends = self.logs.ends_if_known, self.logs.ends_of_met

        def merged(chosen: Sequence[int]) -> Source:
            return self._merged(self._sources(query, [logs[number] for number in chosen], threads))

        async def looked_into(chosen: Sequence[int]) -> list[int]:
            return await threads.in_slices(latest_times([logs[number] for number in chosen], ends, looks=True))

        return Narrowed(await threads.in_slices(latest_times(logs, known, looks=False)), merged, looked_into)

    def _merged(self, sources: list[tuple[str, Source]]) -> Source:
        return sources[0][1] if len(sources) == 1 else Gather(sources, self.patience)

    def _sources(self, query: Query, logs: Sequence[Log], threads: DiskThreads) -> list[tuple[str, Source]]:
        return [
            (log.name, self._source(log, options, query, threads))
            for log, options in zip(logs, self.logs.options_of_each(logs), strict=True)
        ]

    def _source(self, log: Log, options: ReadOptions, query: Query, threads: DiskThreads) -> LogSource:
        again = partial(self.logs.catalog.again, log, rotated=query.rotated)
        return LogSource(log.name, log.generations, threads, options, again, named=log.named)

    async def _find(self, query: Query, out: Out, notes: Notes, left_out: LeftOut, threads: DiskThreads) -> list[Log]:
        begun = {position.log for position in query.positions}
        wanted = Wanted(self.logs.max_files, begun)
        steps = self.logs.catalog.finding(
            query.files, rotated=query.rotated, wanted=wanted, notes=notes, left_out=left_out
        )
        return await threads.in_slices(steps, partial(out.send, SIGN_OF_LIFE))


@dataclass(frozen=True, slots=True)
class LocalLister:
    """Lists the logs of this host within a part of the time that others wait for it.

    Attributes:
        logs: all logs of this host.
        lister: looks into files for the times of their first and last lines.
    """

    logs: LocalLogs
    lister: LogLister

    async def listing(self, query: Query, patience: float) -> Listing:
        """List the logs that a query names; logs that could not be read in time are listed without their times.

        Args:
            query: its files, and whether rotated ones belong to them.
            patience: seconds that others wait for this host.
        """
        looked: list[ListedLog] = []
        notes, left_out = Notes(), LeftOut()
        seconds = patience * PATIENCE_OF_FILES
        with trio.move_on_after(seconds) as in_time:
            try:
                found = await self.logs.threads.in_slices(self._finding(query, notes, left_out))
            except Failure as failure:
                return replace(failing(self.logs.host, failure.status, failure.message), notes=self._told(notes))
        if in_time.cancelled_caught:
            return failing(self.logs.host, Status.UNAVAILABLE, f"no answer from the disk within {seconds:g} s")
        logs, failures = sorted_out(found)
        with trio.move_on_at(in_time.deadline):
            await self.logs.threads.in_slices(self._looking_into(logs, looked, notes))
        listed = looked.copy()  # a thread that is left behind may still add to it
        failures += [*_unreadable(logs, listed), *([left_out.failure("listed")] if left_out else [])]
        every = (*listed, *map(self._unlooked, logs[len(listed) :]))
        return Listing(every, (self._part(logs, listed, failures),), self._told(notes))

    def _finding(self, query: Query, notes: Notes, left_out: LeftOut) -> Generator[None, None, list[Log]]:
        wanted = Wanted(MAX_LISTED)
        return self.logs.catalog.finding(
            query.files, rotated=query.rotated, wanted=wanted, notes=notes, unreadable=True, left_out=left_out
        )

    def _told(self, notes: Notes) -> tuple[Note, ...]:
        return of_host(notes.told(), self.logs.host)

    def _looking_into(self, logs: Sequence[Log], looked: list[ListedLog], notes: Notes) -> Generator[None, None, None]:
        """Look into one log after the other, and add what is found; yields after each."""
        host, local = self.logs.host, self.logs
        for log in logs:
            looked.append(self.lister.look(host, log, local.zone_of(log), local.named_for(log), notes))
            yield

    def _unlooked(self, log: Log) -> ListedLog:
        return unlooked(self.logs.host, log, self.logs.zone_of(log), "not looked into in time")

    def _part(self, logs: list[Log], listed: list[ListedLog], failures: list[Failure]) -> HostOutcome:
        outcomes = [failed(failure) for failure in failures]
        if len(listed) < len(logs):
            message = f"{len(logs) - len(listed)} of {len(logs)} logs were not looked into in time; ask again for them"
            outcomes.append(Outcome(Status.DEADLINE_EXCEEDED, message))
        whole = combine([*outcomes, Outcome()], lines=len(logs), timings={})
        return HostOutcome(self.logs.host, whole.status, whole.message)


def _unreadable(logs: Sequence[Log], listed: Sequence[ListedLog]) -> list[Failure]:
    """Return a failure for each log that could not be looked into; one that is gone by now is none.

    Logs that globs met and that may not be read are noted instead, unless no file at all may be read.
    """
    unread = [(log, one) for log, one in zip(logs, listed, strict=False) if one.status not in _WELL]
    noted = [one for log, one in unread if one.status is Status.PERMISSION_DENIED and not log.named]
    is_any_readable = any(file.readable for log in logs for file in log.generations)
    failing = [one for _, one in unread if one not in noted or not is_any_readable]
    return [Failure(one.status, one.message) for one in failing]


_WELL = (Status.OK, Status.NOT_FOUND)
