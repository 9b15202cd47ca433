"""This host's logs, as an agent serves them: as one source, as a follow, and as a listing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from functools import partial
from pathlib import Path

from logagent.core.batch import SIGN_OF_LIFE, Noted, Out
from logagent.core.notes import Notes, add_up
from logagent.core.outcome import Failure, Outcome, Status, failed
from logagent.core.query import Query, Source
from logagent.core.times.named_formats import FormatRules, NamedFormat
from logagent.disk.catalog.carried_positions import carried_over
from logagent.disk.catalog.catalog import Catalog, Generation, Log
from logagent.disk.catalog.ends import Ends, Lister
from logagent.disk.catalog.format_names import names_of
from logagent.disk.catalog.latest_times import latest_times
from logagent.disk.catalog.left_out import LeftOut, Wanted
from logagent.disk.catalog.shown import FileSight
from logagent.disk.following.shared_tails import SharedTails
from logagent.disk.following.source import FollowSource
from logagent.disk.search.aged import Aged
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

    def seen_with(self, sight: FileSight | None) -> LocalLogs:
        """Return the logs as they are for whoever has a sight: the others are as if they were not there; None: none is.

        Both share what they remember.
        """
        if sight is None:
            return self
        seen = copy(self)
        object.__setattr__(seen, "catalog", self.catalog.seen_with(sight, self.ends_of_file))
        return seen

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

    def ends_of_file(self, file: Generation) -> Ends:
        """Return the times at the ends of one file by itself; reads the disk unless they are known, as `ends_of`."""
        return self.lister.ends(file, self.zone_of(file), self.named_for(file), opened=False)

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

    def _source(self, log: Log, options: ReadOptions, query: Query, threads: DiskThreads) -> Source:
        again = partial(self.logs.catalog.again, log, rotated=query.rotated)
        source = LogSource(log.name, log.generations, threads, options, again, named=log.named)
        return source if log.back is None else Aged(source, log)

    async def _find(self, query: Query, out: Out, notes: Notes, left_out: LeftOut, threads: DiskThreads) -> list[Log]:
        begun = {position.log for position in query.positions}
        wanted = Wanted(self.logs.max_files, begun)
        steps = self.logs.catalog.finding(
            query.files, rotated=query.rotated, wanted=wanted, notes=notes, left_out=left_out
        )
        return await threads.in_slices(steps, partial(out.send, SIGN_OF_LIFE))
