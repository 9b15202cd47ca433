"""Which limits an answer or a refusal has run into, told by what is said of it.

Each limit is reported in words of its own, also by peers; a test has every limit of the program reported, and holds
that it is found here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from http import HTTPStatus

from logagent.core.notes import NoteKind
from logagent.core.outcome import Outcome, Status
from logagent.telemetry.hook import Story

OTHER = "other"
"""A limit that only an agent of another version knows."""

_SAID = {
    "timeout": r"timeout=\S+ s reached|not looked into in time|did not keep the timeout",
    "patience": r"was left behind|no answer within",
    "max_bytes": r"max_bytes=\d+ reached",
    "max_files": r"files match; the newest|logs match, of which only those",
    "max_walk": r"more than max_walk=|too many files beside",
    "max_line": r"longer than \d+ bytes were cut",
    "generations": r"generations, more than \d+",
    "directory_depth": r"directories deep",
    "decoder_memory": r"for its decoder|needs a window of|bytes of memory, which is the limit",
    "memory": r"out of memory|the system gave no memory",
    "open_files": r"too many open files",
    "line_for_pattern": r"a line is too long for a pattern",
    "buckets": r"makes more than \d+ buckets",
    "listing": r"lists more than \d+ bytes",
    "question": r"the question is larger than|the body is larger than",
    "positions": r"too many logs to continue exactly",
    "caller": r"is not asked, since it cannot be told",
    "tree_depth": r"agents have passed the question on, and",
    "answers": r"too many answers are under way",
    "follows": r"too many follows are under way",
    "uploads": r"too many bodies are being read",
    "upload_time": r"the body did not come within",
}
LIMITS = (*_SAID, "cursor", OTHER)
"""The names of all limits."""

_ANY = re.compile("|".join(f"(?P<{name}>{said})" for name, said in _SAID.items()))
_OF_NOTES: dict[str, str] = {
    NoteKind.UNREAD: "max_files",
    NoteKind.CURSOR: "cursor",
    NoteKind.RECORD_CURSORS: "cursor",
}
_AT_A_LIMIT = frozenset({Status.RESOURCE_EXHAUSTED, Status.DEADLINE_EXCEEDED})
_REFUSED_AT_A_LIMIT = frozenset(
    {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.SERVICE_UNAVAILABLE}
)


def limits_of(story: Story) -> set[str]:
    """Return the limits that a request has run into, here or at a peer, each once."""
    found: set[str] = set()
    if story.outcome is not None:
        found |= limits_in(story.outcome)
    if story.status in _REFUSED_AT_A_LIMIT:
        found |= _named_in([story.reason])
    if any(asking.left for asking in story.askings.values()):
        found.add("patience")
    return found


def limits_in(outcome: Outcome) -> set[str]:
    """Return the limits that an answer has run into, here or at a peer, each once."""
    found = {_OF_NOTES[note.kind] for note in outcome.notes if note.kind in _OF_NOTES}
    parts = [part for part in outcome.hosts if part.status is not Status.OK]
    if outcome.status is Status.OK and not parts:
        return found
    named = _named_in([outcome.message, *(part.message for part in parts)])
    at_a_limit = outcome.status in _AT_A_LIMIT or any(part.status in _AT_A_LIMIT for part in parts)
    return found | named | ({OTHER} if at_a_limit and not named else set())


def _named_in(messages: Iterable[str]) -> set[str]:
    return {each.lastgroup for message in messages for each in _ANY.finditer(message) if each.lastgroup}
