"""The agent: what it serves itself and whom it knows, put together. The composition root."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from pathlib import Path

import trio

from logagent import __version__
from logagent.core.batch import Out
from logagent.core.host import HostState, chosen
from logagent.core.matching import check
from logagent.core.outcome import Failure, Outcome, failed
from logagent.core.query import Query, Source
from logagent.core.tally import Tallied
from logagent.disk.catalog import Catalog, Log
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

    def zone_of(self, log: Log) -> tzinfo:
        """What times that name no zone mean in a log."""
        return self.zone if log.root is None else self.root_zones.get(log.root, self.zone)


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
        reading = self.reading
        logs = await reading.threads.in_thread(self._found, query)
        return [
            (
                log.name,
                FileSource(
                    log.open,
                    host=self.host,
                    name=log.name,
                    threads=reading.threads,
                    zone=reading.zone_of(log),
                    max_line=reading.max_line,
                ),
            )
            for log in logs
        ]

    def _found(self, query: Query) -> list[Log]:
        return self.reading.catalog.find(query.files, limit=self.reading.max_files)


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

    async def check(self, query: Query) -> None:
        """Get the query's expressions ready. Raises `BadParameter` for one that cannot be searched for."""
        if query.regex or query.exclude_regex:
            await self._reading.threads.in_thread(check, query)

    def answer(self, query: Query) -> Source:
        """The source that answers `query`. Raises `Failure` for a host that is not known."""
        known = [self.name] if query.own else [self.name, *self._peers.names]
        hosts = [self.name] if query.own else chosen(query.hosts, known)
        source = Gather([(host, self._source(host)) for host in hosts], self._patience, of_hosts=True)
        return Tallied(source) if query.hits else source

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

    def _source(self, host: str) -> Source:
        if host == self.name:
            return OwnLogs(host, self._reading, self._patience * PATIENCE_OF_FILES)
        return self._peers.source(host)
