"""The agent: what it serves itself and whom it knows, put together. The composition root."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from pathlib import Path

import trio

from logagent import __version__
from logagent.core.batch import Out
from logagent.core.files import ListedLog, Listing, failing, joined
from logagent.core.host import HostState, chosen
from logagent.core.matching import check
from logagent.core.outcome import Failure, Outcome, Part, Status, combine, failed
from logagent.core.query import Query, Source
from logagent.disk.catalog import Catalog, Generation, Log
from logagent.disk.listing import MAX_LISTED, Lister, sorted_out, unlooked
from logagent.disk.source import FileSource
from logagent.disk.threads import DiskThreads
from logagent.gather import Gather
from logagent.peers.discovery import Peers

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
    root_zones: Mapping[Path, tzinfo] = field(default_factory=dict)

    def zone_of(self, found: Log | Generation) -> tzinfo:
        """What times that name no zone mean in a log, or in one of its files."""
        return self.zone if found.root is None else self.root_zones.get(found.root, self.zone)


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
        files = [generation for log in logs for generation in _readable(log)]
        if len(files) > self.reading.max_files:
            message = f"{len(files)} files match with their rotated generations, more than {self.reading.max_files}"
            raise Failure(Status.RESOURCE_EXHAUSTED, f"{message}; narrow the glob, or leave these out")
        return [(file.name, self._file(file)) for file in files]

    def _file(self, generation: Generation) -> FileSource:
        return FileSource(
            generation.open,
            host=self.host,
            name=generation.name,
            threads=self.reading.threads,
            zone=self.reading.zone_of(generation),
            max_line=self.reading.max_line,
        )

    def _found(self, query: Query) -> list[Log]:
        reading = self.reading
        return reading.catalog.find(query.files, rotated=query.rotated, limit=reading.max_files)


def _readable(log: Log) -> Sequence[Generation]:
    # Compressed generations are not read yet; a log that has no others is read as it is.
    return [generation for generation in log.generations if not generation.packed] or log.generations


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


class Agent:
    """One agent: answers queries over its own logs and its peers'.

    name: its own host's. addresses: where it is reached, for people. peers: the caller's to close. patience: seconds
    that a merge waits for a source that sends nothing.
    """

    def __init__(
        self, name: str, *, reading: Reading, peers: Peers, patience: float, addresses: Sequence[str] = ()
    ) -> None:
        self.name = name
        self.addresses = tuple(addresses)
        self._reading = reading
        self._peers = peers
        self._patience = patience
        self._own_files = OwnFiles(name, reading, Lister())

    async def check(self, query: Query) -> None:
        """Get the query's expressions ready. Raises `BadParameter` for one that cannot be searched for."""
        if query.regex or query.exclude_regex:
            await self._reading.threads.in_thread(check, query)

    def answer(self, query: Query) -> Source:
        """The source that answers `query`. Raises `Failure` for a host that is not known."""
        return Gather([(host, self._source(host)) for host in self._asked(query)], self._patience, of_hosts=True)

    async def files(self, query: Query) -> Listing:
        """What can be asked for on the hosts that `query` names: its files, hosts, rotated, own and timeout count.

        All are asked at the same time, each waited for with the usual patience, or less if the timeout is less. Raises
        `Failure` for a host that is not known.
        """
        hosts = self._asked(query)
        patience = min(self._patience, query.timeout or self._patience)
        share = replace(query, hosts=(), own=True, timeout=patience)
        listings: dict[str, Listing] = {}

        async def ask(host: str) -> None:
            if host == self.name:
                listings[host] = await self._own_files.listing(share, patience)
            else:
                listings[host] = await self._peers.files(host, share, patience)

        async with trio.open_nursery() as nursery:
            for host in hosts:
                nursery.start_soon(ask, host)
        return joined(listings[host] for host in hosts)

    async def hosts(self) -> list[HostState]:
        """This agent and all that it knows, asked at the same time, each waited for with the usual patience."""
        states = {self.name: HostState(self.name, ", ".join(self.addresses), True, __version__, 0.0)}

        async def ask(peer: str) -> None:
            states[peer] = await self._peers.state(peer, self._patience)

        async with trio.open_nursery() as nursery:
            for peer in self._peers.names:
                nursery.start_soon(ask, peer)
        return [states[name] for name in sorted(states)]

    async def unready(self) -> list[str]:
        """Why this agent cannot answer yet, a sentence each; none if it can."""
        return await self._reading.threads.in_thread(self._reading.catalog.unready)

    def _asked(self, query: Query) -> list[str]:
        """The hosts that a query is for. Raises `Failure` for one that is not known."""
        return [self.name] if query.own else chosen(query.hosts, [self.name, *self._peers.names])

    def _source(self, host: str) -> Source:
        if host == self.name:
            return OwnLogs(host, self._reading, self._patience * PATIENCE_OF_FILES)
        return self._peers.source(host)
