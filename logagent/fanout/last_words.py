"""What is kept of the outcome of a source that was stopped, since the answer has all the lines that are wanted."""

from __future__ import annotations

from collections.abc import Iterable

from logagent.core.notes import Note, NoteKind
from logagent.core.outcome import Outcome, Status
from logagent.fanout.feed import Feed

_TOLD = (Status.DATA_LOSS, Status.PERMISSION_DENIED, Status.RESOURCE_EXHAUSTED, Status.INTERNAL)
"""How a source ends that speaks of its files, or that cannot be trusted: that concerns lines which it sent before."""


def last_words(feed: Feed, *, of_hosts: bool) -> Outcome:
    """Return the outcome of a source that was stopped, with OK where it was lost after the last wanted line.

    What a host has already said of its files is kept: it may concern lines that should have come before. That logs
    were too many to be read concerns only lines behind the place where a note told so.

    Args:
        feed: the source; it may be running.
        of_hosts: whether the sources are hosts.
    """
    unread = _unread_in(feed.notes)
    if feed.outcome is None:
        message = "" if unread is None else f"{unread.sentence}; narrow the glob"
        return Outcome() if unread is None else Outcome(Status.RESOURCE_EXHAUSTED, message)
    outcome = feed.outcome
    is_later = outcome.status is Status.RESOURCE_EXHAUSTED and _unread_in(outcome.notes) is not None
    is_told = unread is not None or (of_hosts and outcome.status in _TOLD and not is_later)
    return outcome if outcome.complete or is_told else Outcome()


def _unread_in(notes: Iterable[Note]) -> Note | None:
    return next((note for note in notes if note.kind == NoteKind.UNREAD), None)
