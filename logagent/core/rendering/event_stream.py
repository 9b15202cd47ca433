"""Batches as server-sent events: what a browser's EventSource reads.

Format: https://html.spec.whatwg.org/multipage/server-sent-events.html. Data are JSON objects as in NDJSON. They hold no
line breaks, since JSON escapes both that the format has, `\\n` and `\\r`, and `json_text` those that readers add.
"""

from __future__ import annotations

from logagent.core.batch import SIGN_OF_LIFE, Batch
from logagent.core.merging.record_cursors import RecordCursors
from logagent.core.outcome import Outcome
from logagent.core.rendering.host_labels import LabelsOf, with_labels
from logagent.core.rendering.json_text import without_line_breaks
from logagent.core.rendering.records import LIVE_RECORD, json_end, json_notice, json_records, notices_of

ALIVE = ": alive\n\n"
"""A sign of life: a comment, which a reader skips."""


class EventStream:
    """Renders an answer as one event for each record, whose id is the cursor after it.

    Further events are `notice`, `live` and, as the last one, `end` with the verdict. Batches need the columns of times
    and places.

    Args:
        follow: whether signs of life are shown.
        cursors: makes the cursors of the answer.
        labels_of: knows the labels of hosts; None if none are wanted.
    """

    def __init__(self, *, follow: bool, cursors: RecordCursors, labels_of: LabelsOf | None = None) -> None:
        self._labels_of = labels_of
        self._follow = follow
        self._cursors = cursors

    def batch(self, batch: Batch) -> bytes:
        """Return the events of a batch."""
        if batch == SIGN_OF_LIFE:
            return ALIVE.encode() if self._follow else b""
        records, lack = self._records(batch), self._cursors.news_of_lack()
        said = notices_of(batch, lack) if self._follow else batch.notices
        notices = [f"event: notice\ndata: {json_notice(notice)}\n\n" for notice in said]
        live = [f"event: live\ndata: {LIVE_RECORD}\n\n"] if batch.live else []
        return without_line_breaks("".join([*notices, *records, *live]))

    def end(self, outcome: Outcome) -> bytes:
        """Return the last event, the verdict."""
        return b"%bevent: end\ndata: %b\n\n" % (_id(outcome.cursor).encode(), json_end(outcome))

    def _records(self, batch: Batch) -> list[str]:
        if not batch.count:
            # A browser remembers an id without data, and dispatches no event for it.
            cursor = self._cursors.moved(batch)
            return [f"{_id(cursor)}\n"] if cursor else []
        rows, cursors = json_records(batch), self._cursors.behind(batch)
        if self._labels_of is not None:
            rows = with_labels(rows, batch, self._labels_of)
        return [f"{_id(cursor)}data: {row}\n\n" for row, cursor in zip(rows, cursors, strict=True)]


def _id(cursor: str) -> str:
    """Return the id field. Without it the reader keeps the last id: resuming there repeats lines, but loses none."""
    return f"id: {cursor}\n" if cursor else ""
