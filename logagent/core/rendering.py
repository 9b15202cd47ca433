"""Batches as text or NDJSON: what people and their programs read."""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Callable, Iterator
from json.encoder import encode_basestring

from logagent.core.batch import Batch, Mark, shown
from logagent.core.moments import whole_second
from logagent.core.outcome import Outcome
from logagent.core.verdict import end_record

_quote: Callable[[str], str] = encode_basestring


SEPARATOR = b"--"
"""Between groups of lines with context, as grep has it."""


class Groups:
    """Tells where lines stop being neighbours, in the batches of one answer after the other."""

    def __init__(self) -> None:
        self._last: tuple[str, str] | None = None

    def begins(self, batch: Batch) -> set[int]:
        """The places in a batch of the lines that are no neighbours of the line before, the very first one left out."""
        begins: set[int] = set()
        marks = batch.marks or bytes(batch.count)
        for place, (mark, index) in enumerate(zip(marks, batch.origin_of_each(), strict=True)):
            origin = batch.origins[index]
            log = origin.host, origin.log or origin.file  # from one file of a log to the next there is no gap
            if self._last is not None and (mark & Mark.GAP or log != self._last):
                begins.add(place)
            self._last = log
        return begins


def separated(lines: list[bytes], begins: set[int]) -> bytes:
    """Lines as a text, with a separator before those at the places `begins`."""
    rows = [b"%b\n%b" % (SEPARATOR, line) if place in begins else line for place, line in enumerate(lines)]
    return b"\n".join(rows) + b"\n"


class Text:
    """The lines' own bytes, each ended by `\\n`; with `prefix`, `host file: ` before each; with `groups`, `--` between
    those that are no neighbours, for which batches need their places."""

    def __init__(self, prefix: bool, groups: bool = False) -> None:
        self._prefix = prefix
        self._groups = Groups() if groups else None

    def batch(self, batch: Batch) -> bytes:
        if not batch.count:
            return b""
        body = self._prefixed(batch) if self._prefix else batch.body
        return body if self._groups is None else separated(body[:-1].split(b"\n"), self._groups.begins(batch))

    def end(self, outcome: Outcome) -> bytes:
        """Nothing: a text has no room for a verdict beside the trailers."""
        return b""

    def _prefixed(self, batch: Batch) -> bytes:
        prefixes = [_bytes(f"{origin.host} {origin.file}: ") for origin in batch.origins]
        if batch.origin is None:
            prefix = prefixes[0]
            return prefix + batch.body[:-1].replace(b"\n", b"\n" + prefix) + b"\n"
        lines = batch.lines()
        return b"\n".join([prefixes[index] + line for index, line in zip(batch.origin, lines, strict=True)]) + b"\n"


class Ndjson:
    """One JSON record a line or event, the last one the verdict. Needs the columns of times and places."""

    def batch(self, batch: Batch) -> bytes:
        times, offsets = batch.times or [0] * batch.count, batch.offsets or [0] * batch.count
        origins = [
            (origin.timed, f'"host":{_quote(shown(origin.host))},"file":{_quote(shown(origin.file))},"offset":')
            for origin in batch.origins
        ]
        rfc3339 = _Rfc3339()
        rows = zip(batch.lines(), times, offsets, map(origins.__getitem__, batch.origin_of_each()), strict=True)
        if batch.marks is not None:
            return b"".join(_marked(list(rows), batch.marks, rfc3339))
        return b"".join(
            f'{{"time":{rfc3339(time) if timed else "null"},{where}{offset},{_line(line)}}}\n'.encode()
            for line, time, offset, (timed, where) in rows
        )

    def end(self, outcome: Outcome) -> bytes:
        return json.dumps(end_record(outcome), ensure_ascii=False).encode("utf-8", "replace") + b"\n"


_Row = tuple[bytes, int, int, tuple[bool, str]]


def _marked(rows: list[_Row], marks: bytes, rfc3339: _Rfc3339) -> Iterator[bytes]:
    """Records of which some are context, and some have several lines."""
    firsts = [place for place, mark in enumerate(marks) if not mark & Mark.CONTINUES]
    for first, behind in itertools.pairwise([*firsts, len(rows)]):
        _, time, offset, (timed, where) = rows[first]
        text = b"\n".join(line for line, *_ in rows[first:behind])
        beside = ',"context":true' if marks[first] & (Mark.LEADS | Mark.TRAILS) else ""
        yield f'{{"time":{rfc3339(time) if timed else "null"},{where}{offset},{_line(text)}{beside}}}\n'.encode()


class _Rfc3339:
    """Nanoseconds since the epoch as a quoted RFC 3339 time; the second is kept, since neighbours share it."""

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


def _bytes(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")
