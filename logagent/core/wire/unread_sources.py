"""Sources of hosts that an agent has never read: nobody knows which hosts they name, so an answer of all lacks some.

Each agent notes those of its own. That an answer is not complete for their sake is judged by the agent that a client
has asked, since a status that an agent tells another is about hosts.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from logagent.core.notes import NoteKind
from logagent.core.outcome import Outcome, Status


def lacking_hosts(outcome: Outcome, read_since: Collection[str] = ()) -> Outcome:
    """Return an outcome that is UNAVAILABLE if its notes tell of unread sources and nothing else has failed.

    Args:
        outcome: of an answer; that no host has the log is no failure beside such a source.
        read_since: names of agents that have read all of theirs since they noted them.
    """
    unread = [note for note in outcome.notes if note.kind == NoteKind.UNREAD_SOURCES and note.host not in read_since]
    if not unread or outcome.status not in (Status.OK, Status.NOT_FOUND):
        return outcome
    told = [f"{note.host}: {note.sentence}" for note in unread]
    before = [outcome.message] if outcome.status is Status.NOT_FOUND and outcome.message else []
    return replace(outcome, status=Status.UNAVAILABLE, message="; ".join([*told, *before]))
