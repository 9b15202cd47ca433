"""Batches as text or NDJSON: what people and their programs read."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from json.encoder import encode_basestring

from logagent.core.batch import Batch
from logagent.core.outcome import Outcome
from logagent.core.verdict import end_record

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST, _LAST = -62_135_596_800, 253_402_300_799
"""Seconds from which to which the year has four digits, as RFC 3339 wants it: a zone can lead out of year 1 or 9999."""
_quote: Callable[[str], str] = encode_basestring


class Text:
    """The lines' own bytes, each ended by `\\n`; with `prefix`, `host file: ` before each."""

    def __init__(self, prefix: bool) -> None:
        self._prefix = prefix

    def batch(self, batch: Batch) -> bytes:
        return self._prefixed(batch) if self._prefix and batch.count else batch.body

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
    """One JSON record a line, the last one the verdict. Needs the columns of times and places."""

    def batch(self, batch: Batch) -> bytes:
        times, offsets = batch.times or [0] * batch.count, batch.offsets or [0] * batch.count
        origins = [
            (origin.timed, f'"host":{_quote(_shown(origin.host))},"file":{_quote(_shown(origin.file))},"offset":')
            for origin in batch.origins
        ]
        rfc3339 = _Rfc3339()
        rows = zip(batch.lines(), times, offsets, map(origins.__getitem__, batch.origin_of_each()), strict=True)
        return b"".join(
            f'{{"time":{rfc3339(time) if timed else "null"},{where}{offset},{_line(line)}}}\n'.encode()
            for line, time, offset, (timed, where) in rows
        )

    def end(self, outcome: Outcome) -> bytes:
        return json.dumps(end_record(outcome), ensure_ascii=False).encode("utf-8", "replace") + b"\n"


class _Rfc3339:
    """Nanoseconds since the epoch as a quoted RFC 3339 time; the second is kept, since neighbours share it."""

    def __init__(self) -> None:
        self._second: int | None = None
        self._text = ""

    def __call__(self, time: int) -> str:
        second, fraction = divmod(time, 1_000_000_000)
        if second != self._second:
            self._second = second
            self._text = (_EPOCH + timedelta(seconds=min(max(second, _FIRST), _LAST))).strftime("%Y-%m-%dT%H:%M:%S")
        return f'"{self._text.zfill(19)}.{fraction:09d}Z"'


def _line(line: bytes) -> str:
    try:
        return f'"line":{_quote(line.decode())}'
    except UnicodeDecodeError:
        return f'"line_base64":"{base64.b64encode(line).decode()}"'


def _bytes(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")


def _shown(name: str) -> str:
    """A name that may hold bytes which are not UTF-8, as text that can be encoded."""
    return _bytes(name).decode("utf-8", "backslashreplace")
