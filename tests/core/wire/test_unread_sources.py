"""An answer of all hosts is not complete while a source of hosts was never read."""

from __future__ import annotations

import pytest

from logagent.core.notes import Note, NoteKind
from logagent.core.outcome import HostOutcome, Outcome, Status
from logagent.core.wire.unread_sources import lacking_hosts

NOTE = Note(NoteKind.UNREAD_SOURCES, ("dns SRV _x._tcp.a (SERVFAIL)",), 1, "web-0")
SAID = f"web-0: 1 source of agents was never read, so that hosts which it names may be missing: {NOTE.files[0]}"


def test_a_complete_answer_is_not_complete_beside_such_a_note() -> None:
    outcome = Outcome(lines=3, notes=(NOTE,), hosts=(HostOutcome("web-0", Status.OK),))
    found = lacking_hosts(outcome)
    assert (found.status, found.message, found.lines, found.hosts) == (Status.UNAVAILABLE, SAID, 3, outcome.hosts)
    assert lacking_hosts(found) == found


def test_that_no_host_has_the_log_is_not_known_then() -> None:
    found = lacking_hosts(Outcome(Status.NOT_FOUND, "no such file: a.log", notes=(NOTE,)))
    assert (found.status, found.message) == (Status.UNAVAILABLE, f"{SAID}; no such file: a.log")


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome(notes=(Note(NoteKind.ABSENT_SOURCES, ("file t.yml",), 1, "web-0"),)),
        Outcome(notes=(Note(NoteKind.UNREAD, (), 1, "web-0"),)),
        Outcome(Status.RESOURCE_EXHAUSTED, "max_bytes=9 reached", notes=(NOTE,)),
        Outcome(),
    ],
)
def test_other_answers_are_as_they_are(outcome: Outcome) -> None:
    assert lacking_hosts(outcome) == outcome


def test_what_was_read_meanwhile_lacks_nothing() -> None:
    outcome = Outcome(notes=(NOTE,))
    assert lacking_hosts(outcome, ("web-0",)) == outcome
    assert not lacking_hosts(outcome, ("web-1",)).complete
