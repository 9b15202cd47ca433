"""The logs that operands name, in their order: listed before anything is read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from logagent.core.globs import fits, is_glob
from logagent.core.outcome import HostOutcome, Status
from logagent.core.query import Query
from logagent.core.wire.listing import ListedLog, Listing, joined
from logagent.core.wire.parameter_values import MAX_REPEATS
from logagent.terminal.unix.reading import Reading
from logagent.terminal.verdicts import hosts_told, notes_told


@dataclass(frozen=True, slots=True)
class Operand:
    """A FILE as typed.

    Attributes:
        typed: the word.
        names: the names and globs below the agent's roots that it means.
    """

    typed: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FoundLog:
    """A log that an operand names.

    Attributes:
        met: whether a glob or a directory led to it; else it was named.
    """

    listed: ListedLog
    met: bool

    @property
    def name(self) -> str:
        """Its name."""
        return self.listed.name

    @property
    def host(self) -> str:
        """The name of the agent that has it."""
        return self.listed.host

    @property
    def sizes(self) -> dict[str, int]:
        """The bytes of its files that are not compressed, by name."""
        return {file.name: file.size for file in self.listed.generations if not file.compressed}

    def about(self, query: Query) -> Query:
        """Return the query about this log alone."""
        return replace(query, files=(self.name,))

    def as_met(self, query: Query) -> Query | None:
        """Return the query as a glob asks it that stands for this log alone; None: it was named."""
        glob = re.sub(r"[*?\[]|[^/:](?=[^/:]*$)", r"[\g<0>]", self.name)
        return replace(query, files=(glob,)) if self.met else None


@dataclass(frozen=True, slots=True)
class Found:
    """The logs that some operands name.

    Attributes:
        logs: in the order of the operands, those of one operand by name; of a log with several hosts, by host.
        hosts: how each host that was asked answered.
    """

    logs: tuple[FoundLog, ...]
    hosts: tuple[HostOutcome, ...]

    @property
    def is_merged(self) -> bool:
        """Whether several hosts were asked, so that lines are merged by time."""
        return len({part.host for part in self.hosts}) > 1

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the logs, each once."""
        return tuple(dict.fromkeys(log.name for log in self.logs))


async def find(reading: Reading, operands: Sequence[Operand], query: Query) -> Found:
    """List the logs that operands name, and tell what is missing.

    Args:
        query: its hosts, and whether rotated generations belong to a log, are used.

    Raises:
        Failure: when there is no listing.
    """
    listing = await _listed(reading, operands, query)
    _tell(reading, listing)
    logs: list[FoundLog] = []
    missing: list[Operand] = []
    for operand in operands:
        some = sorted((log for log in listing.logs if is_named(log, operand)), key=lambda log: (log.name, log.host))
        logs += [FoundLog(log, met=not _is_name_of(log, operand)) for log in some]
        missing += [] if some or _is_hidden(listing) else [operand]
    if missing:
        await _tell_missing(reading, missing, query)
    return Found(tuple(logs), listing.hosts)


async def _listed(reading: Reading, operands: Sequence[Operand], query: Query) -> Listing:
    names = tuple(dict.fromkeys(name for operand in operands for name in operand.names))
    listings = [await reading.listing(replace(query, files=some)) for some in some_names(names)]
    return listings[0] if len(listings) == 1 else _each_once(joined(listings))


def some_names(names: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Divide names into as many as one question takes."""
    return (names[first : first + MAX_REPEATS] for first in range(0, len(names), MAX_REPEATS))


def _each_once(listing: Listing) -> Listing:
    """Return a listing with each log once, and each host once, with the way in which it failed if it did."""
    logs = {(log.host, log.name): log for log in listing.logs}
    hosts = {part.host: part for part in sorted(listing.hosts, key=lambda part: part.status is not Status.OK)}
    return replace(listing, logs=tuple(logs.values()), hosts=tuple(hosts.values()))


def _tell(reading: Reading, listing: Listing) -> None:
    """Tell which hosts did not list their logs; what a single log lacks is told when it is read."""
    of_logs = {(log.host, log.status) for log in listing.logs}
    failing = [part for part in listing.hosts if part.fails and (part.host, part.status) not in of_logs]
    for line in hosts_told(failing):
        reading.lacks(line)
    for line in notes_told(listing.notes, reading.url):
        reading.say(line)


def _is_hidden(listing: Listing) -> bool:
    """Whether nothing is known about a log that is not listed, since no host could list its logs."""
    return all(part.fails for part in listing.hosts)


async def _tell_missing(reading: Reading, missing: Sequence[Operand], query: Query) -> None:
    """Say of operands that each names no log, or that it is a directory."""
    if reading.silent:
        reading.incomplete = True
        return
    for operand in missing:
        if len(operand.names) == 1 and await _is_directory(reading, operand, query):
            reading.lacks(f"{operand.typed}: is a directory; {operand.typed}/ means all that lies in it")
        else:
            meant = await reading.meant(operand.names, query.hosts)
            reading.lacks("; ".join([f"{operand.typed}: no such file", *meant]))
            reading.say_what_is_here(operand.names)
    if sum(not any(map(is_glob, operand.names)) for operand in missing) > 1:
        reading.say("if a shell made these names of a glob: put it between quotes, as in '*.log'")


async def _is_directory(reading: Reading, operand: Operand, query: Query) -> bool:
    name = operand.names[0]
    return not is_glob(name) and bool((await reading.listing(replace(query, files=(f"{name}/**/*",)))).logs)


def _is_name_of(log: ListedLog, operand: Operand) -> bool:
    """Whether an operand names a log by one of its names that are no globs."""
    return is_named(log, replace(operand, names=tuple(name for name in operand.names if not is_glob(name))))


def is_named(log: ListedLog, operand: Operand) -> bool:
    """Whether an operand names a log."""
    bare = log.name.partition(":")[2] or log.name  # where several roots have it, its name begins with that of its root
    names = [below for name in operand.names for below in below_roots(name)]
    return any(stands_for(name, known) for name in names for known in {log.name, bare})


def below_roots(name: str) -> list[str]:
    """Return what a name may be below a root: itself, or any end of a path, since only agents know their roots."""
    parts = name.split("/")
    return [name, *("/".join(parts[first:]) for first in range(1, len(parts)) if name.startswith("/"))]


def stands_for(name: str, log: str) -> bool:
    """Whether a name or glob means a log; a glob without a slash means only what lies in no directory."""
    if name == log or not is_glob(name):
        return name == log
    return fits(name, log) and ("/" in name or "/" not in log or name == "**")
