"""Counts as JSON, NDJSON or text, collected batch by batch and written at the end, when every host has answered."""

from __future__ import annotations

import json
from typing import Any

from logagent.core.batch import Batch, shown
from logagent.core.escapes import in_line
from logagent.core.hits.histogram import Histogram
from logagent.core.outcome import Outcome
from logagent.core.rendering.json_text import without_line_breaks
from logagent.core.times.moments import whole_second
from logagent.core.units import SECOND
from logagent.core.wire.verdict import end_record


class _Hits:
    """Collects counts.

    Args:
        step: nanoseconds of a bucket, as asked for; None: a sensible length.
    """

    def __init__(self, step: int | None) -> None:
        self._histogram = Histogram(step)

    def batch(self, batch: Batch) -> bytes:
        """Collect the counts of a batch; nothing is written yet, since later counts may add to the same buckets."""
        if batch.count:
            self._histogram.add(batch)
        return b""

    def _hits(self) -> list[dict[str, Any]]:
        """Return the count of each host in each bucket; the time is None for lines of files without times."""
        return [
            {"time": None if row.start is None else rfc3339(row.start), "host": shown(host), "count": lines}
            for row in self._histogram.rows()
            for host, lines in row.hosts.items()
        ]


class HitsJson(_Hits):
    """Renders hits as one JSON object with `step_seconds`, `hits` and `end` (the verdict)."""

    def end(self, outcome: Outcome) -> bytes:
        """Return all hits and the verdict."""
        hits = {"step_seconds": seconds(self._histogram.step), "hits": self._hits()}
        return _json(hits | end_record(outcome))


class HitsNdjson(_Hits):
    """Renders hits as one JSON record for each bucket and host, the last one being the verdict with the step."""

    def end(self, outcome: Outcome) -> bytes:
        """Return all hits and the verdict."""
        end = end_record(outcome)
        end["end"]["step_seconds"] = seconds(self._histogram.step)
        return b"".join(map(_json, [*self._hits(), end]))


class HitsText(_Hits):
    """Renders hits as columns of time, host and count, with `-` for the time of lines that have none."""

    def end(self, outcome: Outcome) -> bytes:
        """Return all hits and the verdict."""
        hits = self._hits()
        rows = [(hit["time"] or "-", in_line(hit["host"]), str(hit["count"])) for hit in hits]
        time, host, count = (max(map(len, column)) for column in zip(*rows, strict=True)) if rows else (0, 0, 0)
        lines = [f"{row[0]:<{time}} {row[1]:<{host}} {row[2]:>{count}}\n" for row in rows]
        return "".join(lines).encode()


def seconds(step: int) -> int | float:
    """Return a step of nanoseconds in seconds, as a whole number if it is one."""
    return step // SECOND if step % SECOND == 0 else step / SECOND


def rfc3339(time: int) -> str:
    """Spell nanoseconds since the epoch as RFC 3339 does, in UTC, to the millisecond if it is no whole second."""
    second, fraction = divmod(time, SECOND)
    milliseconds = f".{fraction // 1_000_000:03d}" if fraction else ""
    return f"{whole_second(second)}{milliseconds}Z"


def _json(document: dict[str, Any]) -> bytes:
    return without_line_breaks(json.dumps(document, ensure_ascii=False)) + b"\n"
