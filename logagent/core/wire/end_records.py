"""The verdict as the last record of a body that can hold it, encoder beside decoder; and notes in JSON documents."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from logagent.core.batch import shown
from logagent.core.escapes import in_line
from logagent.core.notes import Note
from logagent.core.outcome import HostOutcome, Outcome, Status, Untold
from logagent.core.wire.documents import BadListing, Document
from logagent.core.wire.trace import read_trace_id
from logagent.core.wire.verdict import BadVerdict, failing_first

_MILLISECOND = 1_000_000
"""Nanoseconds."""


def end_record(outcome: Outcome) -> dict[str, Any]:
    """Return the verdict as the last record of a body that can hold it."""
    return {
        "end": {
            "status": int(outcome.status),
            "message": in_line(outcome.message),
            "complete": outcome.complete,
            "lines": outcome.lines,
            "bytes_scanned": outcome.bytes_scanned,
            "cursor": outcome.cursor or None,
            "hosts": [
                {
                    "host": shown(part.host),
                    "status": int(part.status),
                    "lines": part.lines,
                    "message": in_line(part.message),
                }
                for part in failing_first(outcome.hosts)
            ],
            "notes": notes_to_json(outcome.notes),
            "timings_ms": {stage: round(ns / 1e6, 3) for stage, ns in outcome.timings.items()},
            "trace_id": outcome.trace or None,
            **_left_out(outcome),
        }
    }


def _left_out(outcome: Outcome) -> dict[str, int]:
    """Return what other agents left out of their verdicts, which had no room for it; nothing if they left out none."""
    omitted = outcome.omitted
    failed = sum(part.fails for part in outcome.hosts) + omitted.failing
    told = {"hosts_omitted": omitted.hosts, "hosts_failed": failed} if omitted.hosts else {}
    return told | ({"notes_omitted": omitted.notes} if omitted.notes else {})


def from_end_record(end: object) -> Outcome:
    """Read the outcome of an answer from the member `end` of its last record.

    Members that older agents do not tell may be missing: the notes, the timings and the trace.

    Raises:
        BadVerdict: when it is none, or says that an answer is complete and is not.
    """
    try:
        told = Document(end)
        outcome = Outcome(
            status_in(told),
            told.text_if_any("message"),
            told.take("lines", int),
            told.take("bytes_scanned", int),
            tuple(_part(Document(part)) for part in told.list_if_any("hosts")),
            _timings(told.take("timings_ms", dict) if "timings_ms" in told else {}),
            told.text_if_any("cursor"),
            tuple(note_from(Document(note)) for note in told.list_if_any("notes")),
            read_trace_id(told.text_if_any("trace_id")),
        )
        outcome = replace(outcome, omitted=_omitted(told, outcome))
        complete = told.flag_if_any("complete")
    except BadListing as error:
        raise BadVerdict(str(error)) from None
    if complete not in (None, outcome.complete):
        raise BadVerdict(f"the status is {int(outcome.status)}, and complete is {complete}")
    return outcome


def _omitted(told: Document, outcome: Outcome) -> Untold:
    hosts, failed, notes = (
        told.take(name, int) if name in told else 0 for name in ("hosts_omitted", "hosts_failed", "notes_omitted")
    )
    return Untold(hosts, min(max(failed - sum(part.fails for part in outcome.hosts), 0), hosts), notes)


def _part(part: Document) -> HostOutcome:
    return HostOutcome(part.take("host", str), status_in(part), part.text_if_any("message"), part.take("lines", int))


def _timings(told: dict[object, object]) -> dict[str, int]:
    """Return the stages that have a number, in nanoseconds; nothing depends on them."""
    return {
        stage: round(ms * _MILLISECOND)
        for stage, ms in told.items()
        if isinstance(stage, str) and isinstance(ms, int | float) and 0 <= ms < 1e12
    }


def status_in(told: Document) -> Status:
    """Return the member `status` of an object.

    Raises:
        BadListing: when there is none, or none that is known.
    """
    try:
        return Status(told.take("status", int))
    except ValueError as error:
        raise BadListing(str(error)) from None


def notes_to_json(notes: Iterable[Note]) -> list[dict[str, Any]]:
    """Return notes as they stand in a JSON document."""
    return [
        {
            "host": shown(note.host),
            "kind": shown(note.kind),
            "count": note.count,
            "files": list(map(shown, note.files)),
            "message": in_line(note.sentence),
        }
        for note in notes
    ]


def note_from(note: Document) -> Note:
    """Read a note from the object that `notes_to_json` made of it.

    Raises:
        BadListing: when it is none.
    """
    return Note(note.take("kind", str), note.texts("files"), note.take("count", int), note.take("host", str))
