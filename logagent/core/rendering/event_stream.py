"""Batches as server-sent events: what a browser's EventSource reads.

Format: https://html.spec.whatwg.org/multipage/server-sent-events.html. Data are JSON objects as in NDJSON, in which no
line breaks can stand: JSON escapes both that the format knows, `\\n` and `\\r`.
"""

from __future__ import annotations

from logagent.core.batch import SIGN_OF_LIFE, Batch
from logagent.core.merging.record_cursors import RecordCursors
from logagent.core.outcome import Outcome
from logagent.core.rendering.records import LIVE, json_end, json_notice, json_records

ALIVE = ": alive\n\n"
"""A comment, which a reader skips."""


class EventStream:
    """One event a record, its id being the cursor behind it; events `notice`, `live`, and at last `end`, the verdict.

    Needs the columns of times and places. follow: whether signs of life are shown.
    """

    def __init__(self, *, follow: bool, cursors: RecordCursors) -> None:
        self._follow = follow
        self._cursors = cursors

    def batch(self, batch: Batch) -> bytes:
        if batch == SIGN_OF_LIFE:
            return ALIVE.encode() if self._follow else b""
        notices = [f"event: notice\ndata: {json_notice(notice)}\n\n" for notice in batch.notices]
        live = [f"event: live\ndata: {LIVE}\n\n"] if batch.live else []
        return "".join([*notices, *self._records(batch), *live]).encode()

    def end(self, outcome: Outcome) -> bytes:
        return b"%bevent: end\ndata: %b\n\n" % (_id(outcome.cursor).encode(), json_end(outcome))

    def _records(self, batch: Batch) -> list[str]:
        if not batch.count:
            # An id without data is remembered by the reader, and shown to nobody.
            cursor = self._cursors.moved(batch)
            return [f"{_id(cursor)}\n"] if cursor else []
        rows, cursors = json_records(batch), self._cursors.behind(batch)
        return [f"{_id(cursor)}data: {row}\n\n" for row, cursor in zip(rows, cursors, strict=True)]


def _id(cursor: str) -> str:
    """The field of an id; without it the reader keeps the one before, from which nothing is lost but told twice."""
    return f"id: {cursor}\n" if cursor else ""
