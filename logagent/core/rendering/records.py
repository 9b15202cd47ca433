"""Batches as text or NDJSON: what people and their programs read."""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Callable, Iterable, Iterator
from json.encoder import encode_basestring

from logagent.core.batch import SIGN_OF_LIFE, Batch, LineFlag, Notice, shown
from logagent.core.escapes import in_line, line_prefix
from logagent.core.merging.record_cursors import RecordCursors
from logagent.core.notes import Note
from logagent.core.outcome import Outcome, Status
from logagent.core.rendering.host_labels import LabelsOf, with_labels
from logagent.core.rendering.json_text import without_line_breaks
from logagent.core.rendering.ndjson_blocks import plain_records
from logagent.core.times.moments import whole_second
from logagent.core.wire.end_records import end_record

_quote: Callable[[str], str] = encode_basestring

SEPARATOR = b"--"
"""The line between groups of lines with context, as grep prints it."""
LIVE_RECORD = '{"live":true}'
"""The record after which all records were written since the follow began."""
HEARTBEAT_RECORD = '{"heartbeat":true}'
"""The record of a sign of life."""


class Groups:
    """Finds where groups of neighbouring lines begin, over all batches of an answer."""

    def __init__(self) -> None:
        self._last: tuple[str, str] | None = None

    def begins(self, batch: Batch) -> set[int]:
        """Return the indices of a batch's lines that begin a group, except for the very first line of the answer.

        Batches are to be given in their order.
        """
        begins: set[int] = set()
        flags = batch.flags or bytes(batch.count)
        for place, (flag, index) in enumerate(zip(flags, batch.origin_of_each(), strict=True)):
            log = batch.origins[index].log_id  # not the file: from one file of a log to the next there is no gap
            if self._last is not None and (flag & LineFlag.GAP or log != self._last):
                begins.add(place)
            self._last = log
        return begins


def separated(lines: list[bytes], begins: set[int]) -> bytes:
    """Return lines as a text, with a separator before those whose indices are in `begins`."""
    rows = [b"%b\n%b" % (SEPARATOR, line) if place in begins else line for place, line in enumerate(lines)]
    return b"\n".join(rows) + b"\n"


class RecordsText:
    """Renders lines as their own bytes, each ended by `\\n`.

    Args:
        prefix: whether each line begins with `host file: `, escaped so that no name can forge a line.
        groups: whether `--` is put between lines that are not neighbours; then batches need their places.
    """

    def __init__(self, prefix: bool, groups: bool = False) -> None:
        self._prefix = prefix
        self._groups = Groups() if groups else None

    def batch(self, batch: Batch) -> bytes:
        """Return the lines of a batch."""
        if not batch.count:
            return b""
        body = self._prefixed(batch) if self._prefix else batch.body
        return body if self._groups is None else separated(body[:-1].split(b"\n"), self._groups.begins(batch))

    def end(self, outcome: Outcome) -> bytes:
        """Return nothing: the verdict of a text is only in the trailers."""
        return b""

    def _prefixed(self, batch: Batch) -> bytes:
        prefixes = [line_prefix(origin.host, origin.file).encode() for origin in batch.origins]
        if batch.origin is None:
            prefix = prefixes[0]
            return prefix + batch.body[:-1].replace(b"\n", b"\n" + prefix) + b"\n"
        lines = batch.lines()
        return b"\n".join([prefixes[index] + line for index, line in zip(batch.origin, lines, strict=True)]) + b"\n"


class RecordsNdjson:
    """Renders an answer as one JSON record for each line or event, the last one being the verdict.

    Batches need the columns of times and places.

    Args:
        follow: whether notices, signs of life, and the beginning of live lines are records too.
        cursors: makes the cursor of each record; None if none are wanted.
        labels_of: knows the labels of hosts; None if none are wanted.
    """

    def __init__(
        self, *, follow: bool = False, cursors: RecordCursors | None = None, labels_of: LabelsOf | None = None
    ) -> None:
        self._labels_of = labels_of
        self._follow = follow
        self._cursors = cursors

    def batch(self, batch: Batch) -> bytes:
        """Return the records of a batch."""
        records = self._records(batch)
        if not self._follow:
            return records
        lack = self._cursors.news_of_lack() if self._cursors is not None else []
        return _joined(map(json_notice, notices_of(batch, lack))) + records + _joined(_signs(batch))

    def end(self, outcome: Outcome) -> bytes:
        """Return the last record, the verdict."""
        return json_end(outcome) + b"\n"

    def _records(self, batch: Batch) -> bytes:
        if self._cursors is None and self._labels_of is None and (plain := plain_records(batch)) is not None:
            return plain
        rows = json_records(batch)
        if self._labels_of is not None:
            rows = with_labels(rows, batch, self._labels_of)
        if self._cursors is None:
            return _joined(rows)
        return _joined(_with_cursor(row, cursor) for row, cursor in zip(rows, self._cursors.behind(batch), strict=True))


def json_records(batch: Batch) -> list[str]:
    """Return the records of a batch with times and places, each as a JSON object without line breaks."""
    times, offsets = batch.times or [0] * batch.count, batch.offsets or [0] * batch.count
    origins = [
        (origin.timed, f'"host":{_quote(shown(origin.host))},"file":{_quote(shown(origin.file))},"offset":')
        for origin in batch.origins
    ]
    rfc3339 = _Rfc3339()
    rows = zip(batch.lines(), times, offsets, map(origins.__getitem__, batch.origin_of_each()), strict=True)
    if batch.flags is not None:
        return list(_flagged(list(rows), batch.flags, rfc3339))
    return [
        f'{{"time":{rfc3339(time) if timed else "null"},{where}{offset},{_line(line)}}}'
        for line, time, offset, (timed, where) in rows
    ]


def notices_of(batch: Batch, further: Iterable[Note] = ()) -> list[Notice]:
    """Return what people should know before the lines of a batch: its notices, and its notes and others as notices."""
    notes = [Notice(note.host, Status.OK, f"note: {note.sentence}") for note in (*batch.notes, *further)]
    return [*batch.notices, *notes]


def json_notice(notice: Notice) -> str:
    """Return a notice as a JSON object without line breaks."""
    told = {"host": shown(notice.host), "status": int(notice.status), "message": in_line(notice.message)}
    return json.dumps({"notice": told}, ensure_ascii=False)


def json_end(outcome: Outcome) -> bytes:
    """Return the verdict as a JSON object without line breaks."""
    return without_line_breaks(json.dumps(end_record(outcome), ensure_ascii=False))


def _joined(rows: Iterable[str]) -> bytes:
    """Return JSON texts as bytes, each on a line of its own."""
    return without_line_breaks("".join([f"{row}\n" for row in rows]))


def _signs(batch: Batch) -> list[str]:
    if batch == SIGN_OF_LIFE:
        return [HEARTBEAT_RECORD]
    return [LIVE_RECORD] if batch.live else []


def _with_cursor(row: str, cursor: str) -> str:
    return f'{row[:-1]},"cursor":"{cursor}"}}' if cursor else row


_Row = tuple[bytes, int, int, tuple[bool, str]]


def _flagged(rows: list[_Row], flags: bytes, rfc3339: _Rfc3339) -> Iterator[str]:
    """Yield the records of lines with flags: some are context, and some have several lines."""
    firsts = [place for place, flag in enumerate(flags) if not flag & LineFlag.CONTINUES]
    for first, behind in itertools.pairwise([*firsts, len(rows)]):
        _, time, offset, (timed, where) = rows[first]
        text = b"\n".join(line for line, *_ in rows[first:behind])
        beside = ',"context":true' if flags[first] & (LineFlag.LEADS | LineFlag.TRAILS) else ""
        beside += ',"partial":true' if flags[behind - 1] & LineFlag.PARTIAL else ""
        yield f'{{"time":{rfc3339(time) if timed else "null"},{where}{offset},{_line(text)}{beside}}}'


class _Rfc3339:
    """Spells nanoseconds as a quoted RFC 3339 time; caches the last second, which neighbouring lines often share."""

    def __init__(self) -> None:
        self._second: int | None = None
        self._text = ""

    def __call__(self, time: int) -> str:
        second, fraction = divmod(time, 1_000_000_000)
        if second != self._second:
            self._second = second
            self._text = whole_second(second)
        return f'"{self._text}.{fraction:09d}Z"'


def _line(line: bytes) -> str:
    try:
        return f'"line":{_quote(line.decode())}'
    except UnicodeDecodeError:
        return f'"line_base64":"{base64.b64encode(line).decode()}"'
