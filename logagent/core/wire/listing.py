"""The logs of hosts with their properties, as `/files` lists them, and their conversion to JSON and back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl

from logagent.core.batch import shown
from logagent.core.escapes import in_line
from logagent.core.merging.shared_reasons import ALONE, told_together
from logagent.core.notes import Note, add_up, of_host
from logagent.core.outcome import HostOutcome, Outcome, Status
from logagent.core.query import BadParameter, Query
from logagent.core.times import moments
from logagent.core.wire.documents import BadListing, Document
from logagent.core.wire.end_records import note_from, notes_to_json, status_in
from logagent.core.wire.listed_times import ListedTimes, times_from, times_to_json
from logagent.core.wire.parameter_table import EVERYTHING, FILES, TABLE
from logagent.core.wire.parameters import MAX_QUERY_STRING, parse
from logagent.core.wire.trace import read_trace_id
from logagent.core.wire.unread_sources import lacking_hosts

PARAMETERS = tuple(row.name for row in TABLE if FILES in row.of)
"""The names that a query string of `/files` may hold."""
UNTIMED = "no times were recognised: merged as one block, by its time of modification"
"""The message of a log in which no time is recognised."""
UNTRUSTED = "{}: merged as one block, by its time of modification"
"""The message of a log whose times are not trusted, for the reason in it."""


@dataclass(frozen=True, slots=True)
class ListedFile:
    """One generation of a log.

    Attributes:
        name: of the file, below its root.
        size: bytes on the disk.
        modified: nanoseconds since the epoch.
        compressed: whether it is compressed.
    """

    name: str
    size: int
    modified: int
    compressed: bool = False


@dataclass(frozen=True, slots=True)
class ListedLog:
    """A log of one host.

    Attributes:
        host: the name of the agent that has it.
        name: of the log.
        generations: newest first, at least one.
        oldest: the time of the oldest line, in nanoseconds since the epoch; None if it is not known.
        newest: the time of the newest line, in nanoseconds since the epoch; None if it is not known.
        formats: how its times are written, the most frequent first.
        zone: the time zone of times that name none.
        timed: whether any time was recognised; None if the log could not be read, or has no line.
        message: what people should know.
        times: what was taken for its times; None if it could not be read, has no line, or the agent does not tell.
        status: OK if each of its files can be read, else how looking into the first that cannot ended.
        written: its text in the document of a listing, once somebody wrote it.
    """

    host: str
    name: str
    generations: tuple[ListedFile, ...]
    oldest: int | None = None
    newest: int | None = None
    formats: tuple[str, ...] = ()
    zone: str = ""
    timed: bool | None = None
    message: str = ""
    times: ListedTimes | None = None
    status: Status = Status.OK
    written: list[bytes] = field(default_factory=list, init=False, compare=False, repr=False)

    @property
    def size(self) -> int:
        """Bytes of all generations."""
        return sum(generation.size for generation in self.generations)

    @property
    def modified(self) -> int:
        """When its newest generation was modified, in nanoseconds since the epoch."""
        return self.generations[0].modified

    @property
    def is_looked_into(self) -> bool:
        """Whether some of its files could be looked into."""
        return self.status is Status.OK or self.timed is not None


@dataclass(frozen=True, slots=True)
class Listing:
    """The logs of some hosts.

    Attributes:
        logs: by host and name.
        hosts: how each host that was asked answered.
        notes: what was judged and did not fail.
        trace: the id of the trace that the question belongs to; empty if it is not known.
        asks: the hosts that were asked, for an agent that asked for all behind this one; none: no agent has.
        unmatched: patterns of hosts that match none behind the agent that was asked.
    """

    logs: tuple[ListedLog, ...]
    hosts: tuple[HostOutcome, ...]
    notes: tuple[Note, ...] = ()
    trace: str = ""
    asks: tuple[str, ...] = ()
    unmatched: tuple[str, ...] = ()

    @property
    def outcome(self) -> Outcome:
        """How the listing ended: with the status of the first host that failed; NOT_FOUND is not a failure here.

        It is UNAVAILABLE where sources of hosts were never read.

        Its lines are the logs that could be looked into.
        """
        failing = [part for part in self.hosts if part.fails]
        first = failing[0] if failing else HostOutcome("", Status.OK)
        message = first.message if len(failing) <= ALONE else told_together(failing, len(self.hosts))
        looked_into = sum(log.is_looked_into for log in self.logs)
        outcome = Outcome(first.status, message, looked_into, hosts=self.hosts, notes=self.notes)
        return lacking_hosts(replace(outcome, trace=self.trace))

    def is_denied_by(self, host: str) -> bool:
        """Return whether nothing of what was asked for may be read on any host, for want of permission on this one."""
        denied = {part.host for part in self.hosts if part.status is Status.PERMISSION_DENIED}
        statuses = {part.status for part in self.hosts} - {Status.NOT_FOUND, Status.PERMISSION_DENIED}
        return host in denied and not statuses and not self.outcome.lines

    def of_host(self, host: str) -> Listing:
        """Return the listing of one host, with the name that this agent has for the host."""
        logs = tuple(log if log.host == host else replace(log, host=host) for log in self.logs)
        parts = tuple(part._replace(host=host) for part in self.hosts[:1])
        return Listing(logs, parts, of_host(self.notes, host))


def failing(host: str, status: Status, message: str) -> Listing:
    """Return a listing without logs for a host that failed to give one."""
    return Listing((), (HostOutcome(host, status, message),))


def joined(listings: Iterable[Listing]) -> Listing:
    """Return the listings of several hosts as one."""
    parts = list(listings)
    logs = sorted((log for one in parts for log in one.logs), key=lambda log: (log.host, log.name))
    notes = add_up(note for one in parts for note in one.notes)
    return Listing(tuple(logs), tuple(part for one in parts for part in one.hosts), notes)


def parse_listing(query_string: bytes) -> Query:
    """Read the query string of a URL of `/files`.

    Raises:
        BadParameter: when a parameter is unknown or cannot be used.
    """
    if len(query_string) <= MAX_QUERY_STRING:  # a longer one is refused below
        names = {name for name, _ in parse_qsl(query_string.decode("latin-1"), keep_blank_values=True)}
        if unknown := sorted(names.difference(PARAMETERS)):
            raise BadParameter(unknown[0], f"unknown parameter; known are {', '.join(PARAMETERS)}")
        if "filename" not in names:
            query_string += f"&filename={EVERYTHING}".encode()
    return parse(query_string, now=0)


def to_json(listing: Listing) -> dict[str, Any]:
    """Return the JSON document of a listing; bytes of names that are not UTF-8 are escaped with a backslash."""
    return around_logs(listing) | {"files": [log_to_json(log) for log in listing.logs]}


def around_logs(listing: Listing) -> dict[str, Any]:
    """Return the JSON document of a listing without its logs: with an empty list for them, which comes first."""
    outcome = listing.outcome
    return {
        "files": [],
        "hosts": [
            {"host": shown(part.host), "status": int(part.status), "message": in_line(part.message)}
            for part in listing.hosts
        ],
        "status": int(outcome.status),
        "message": in_line(outcome.message),
        "complete": outcome.complete,
        "notes": notes_to_json(listing.notes),
        "trace_id": listing.trace or None,
    }


def log_to_json(log: ListedLog) -> dict[str, Any]:
    """Return one log in the JSON document of a listing."""
    return {
        "host": shown(log.host),
        "name": shown(log.name),
        "size": log.size,
        "modified": rfc3339(log.modified),
        "oldest": None if log.oldest is None else rfc3339(log.oldest),
        "newest": None if log.newest is None else rfc3339(log.newest),
        "formats": list(log.formats),
        "zone": log.zone,
        "timed": log.timed,
        "status": int(log.status),
        "message": in_line(log.message),
        "times": None if log.times is None else times_to_json(log.times),
        "generations": [_file(generation) for generation in log.generations],
    }


def _file(file: ListedFile) -> dict[str, Any]:
    return {
        "name": shown(file.name),
        "size": file.size,
        "modified": rfc3339(file.modified),
        "compressed": file.compressed,
    }


def rfc3339(moment: int) -> str:
    """Spell nanoseconds since the epoch as RFC 3339 does, in UTC, to the nanosecond."""
    seconds, fraction = divmod(moment, 1_000_000_000)
    return f"{moments.whole_second(seconds)}.{fraction:09d}Z"


def from_json(document: object) -> Listing:
    """Read a listing from the document that `to_json` made of it; see `any_listing` for those of old agents.

    Raises:
        BadListing: when the document is not a listing.
    """
    whole = Document(document)
    listing = Listing(
        tuple(_read_log(Document(log)) for log in whole.take("files", list)),
        tuple(_read_part(Document(part)) for part in whole.take("hosts", list)),
        tuple(note_from(Document(note)) for note in whole.list_if_any("notes")),
        read_trace_id(whole.text_if_any("trace_id")),
    )
    if whole.flag_if_any("complete") not in (None, listing.outcome.complete):
        raise BadListing("complete contradicts the status of the hosts")
    return listing


def _read_log(log: Document) -> ListedLog:
    generations = tuple(_read_file(Document(file)) for file in log.take("generations", list))
    if not generations:
        raise BadListing("a log without generations")
    return ListedLog(
        log.take("host", str),
        log.take("name", str),
        generations,
        log.moment_if_any("oldest"),
        log.moment_if_any("newest"),
        log.texts("formats"),
        log.take("zone", str),
        log.flag_if_any("timed"),
        log.take("message", str),
        times_from(log.document_if_any("times")),
        status_in(log) if "status" in log else Status.OK,
    )


def _read_file(file: Document) -> ListedFile:
    return ListedFile(
        file.take("name", str), file.take("size", int), file.moment("modified"), file.take("compressed", bool)
    )


def _read_part(part: Document) -> HostOutcome:
    return HostOutcome(part.take("host", str), status_in(part), part.take("message", str))
