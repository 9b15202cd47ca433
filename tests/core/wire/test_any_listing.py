"""Listings of agents of any version: what is read of one that told of no status for each log."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from logagent.core.notes import Note
from logagent.core.outcome import HostOutcome, Status
from logagent.core.wire.any_listing import any_listing
from logagent.core.wire.listing import ListedFile, ListedLog, Listing, to_json

FILE = ListedFile("app.log", 10, 1_700_000_000_000_000_001)
LOG = ListedLog("web-1", "app.log", (FILE,), 1, 2, ("iso",), "Europe/Berlin", True)


def test_a_listing_with_statuses_is_read_as_it_is() -> None:
    listing = Listing((replace(LOG, message="permission denied: app.log"),), (HostOutcome("web-1", Status.OK),))
    assert any_listing(to_json(listing)) == listing


def of_old_agent(*logs: ListedLog, notes: tuple[Note, ...] = ()) -> Listing:
    """What is read of an agent that knows no statuses of logs."""
    document = to_json(Listing(logs, (HostOutcome("web-1", Status.OK),), notes))
    for log in document["files"]:
        del log["status"]
    del document["status"], document["message"]
    return any_listing(json.loads(json.dumps(document)))


UNREAD = replace(LOG, timed=None, message="input/output error: app.log")
DENIED = replace(LOG, timed=None, message="permission denied: app.log")


@pytest.mark.parametrize(
    ("logs", "noted", "status"),
    [
        ((LOG,), 0, Status.OK),
        ((replace(LOG, timed=False, message="merged as one block"),), 0, Status.OK),
        ((replace(LOG, timed=None),), 0, Status.OK),
        ((LOG, UNREAD), 0, Status.UNAVAILABLE),
        ((LOG, DENIED), 0, Status.PERMISSION_DENIED),
        ((LOG, DENIED), 1, Status.OK),
        ((LOG, DENIED, DENIED), 1, Status.PERMISSION_DENIED),
        ((DENIED, UNREAD), 1, Status.UNAVAILABLE),
    ],
)
def test_listing_of_an_agent_without_statuses_has_those_that_its_messages_show(
    logs: tuple[ListedLog, ...], noted: int, status: Status
) -> None:
    read = of_old_agent(*logs, notes=(Note("unreadable", ("app.log",), noted, "web-1"),) if noted else ())
    assert (read.hosts[0].status, read.outcome.complete) == (status, status is Status.OK)
