"""Listings of agents of any version: the first ones told of no status for each log, but only why it was not read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from logagent.core.notes import Note, NoteKind
from logagent.core.outcome import HostOutcome, Status
from logagent.core.wire.listing import ListedLog, Listing, from_json

_DENIED = "permission denied"
"""How the message of a log begins that may not be read."""


def any_listing(document: object) -> Listing:
    """Read a listing from the document of an agent of any version.

    Raises:
        BadListing: when the document is not a listing.
    """
    listing = from_json(document)
    return listing if isinstance(document, Mapping) and "status" in document else _with_statuses(listing)


def _with_statuses(listing: Listing) -> Listing:
    """Return the listing of an agent that is too old for statuses, with those that its messages show.

    Such an agent says of a log that could not be looked into only why, and of its host that all is well. Logs that a
    glob met and that may not be read are in its notes too; they are no failure.
    """
    logs = tuple(replace(log, status=_told_by_message(log)) for log in listing.logs)
    return replace(listing, logs=logs, hosts=tuple(_with_logs(part, logs, listing.notes) for part in listing.hosts))


def _told_by_message(log: ListedLog) -> Status:
    if log.timed is not None or not log.message:
        return Status.OK
    return Status.PERMISSION_DENIED if log.message.startswith(_DENIED) else Status.UNAVAILABLE


def _with_logs(part: HostOutcome, logs: Iterable[ListedLog], notes: Iterable[Note]) -> HostOutcome:
    if part.status is not Status.OK:
        return part
    noted = sum(note.count for note in notes if note.host == part.host and note.kind == NoteKind.UNREADABLE)
    failed = [log for log in logs if log.host == part.host and log.status is not Status.OK]
    denied = [log for log in failed if log.status is Status.PERMISSION_DENIED]
    first = next((log for log in failed if log not in denied or len(denied) > noted), None)
    return part if first is None else part._replace(status=first.status, message=first.message)
