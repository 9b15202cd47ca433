"""Counts as JSON, NDJSON or text, collected batch by batch and written at the end, when every host has answered."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Protocol

from logagent.core.batch import Batch, shown
from logagent.core.escapes import in_line
from logagent.core.hits.by_file import CountsByFile
from logagent.core.hits.by_label import CountsByLabel
from logagent.core.hits.histogram import Histogram
from logagent.core.outcome import Outcome
from logagent.core.query import Query
from logagent.core.rendering.json_text import without_line_breaks
from logagent.core.times.moments import whole_second
from logagent.core.units import SECOND
from logagent.core.wire.end_records import end_record


class Table(Protocol):
    """Counts, added up."""

    def add(self, batch: Batch) -> None:
        """Add the counts of a batch."""
        ...

    def records(self) -> list[dict[str, Any]]:
        """Return the counts as records, in order, each with its members in the order of columns."""
        ...

    def facts(self) -> dict[str, Any]:
        """Return what holds for all counts."""
        ...


class ByTime:
    """Counts by time and host; the time is None for lines of files without times.

    Args:
        step: nanoseconds of a bucket, as asked for; None: a sensible length.
    """

    def __init__(self, step: int | None) -> None:
        self._histogram = Histogram(step)
        self.add = self._histogram.add

    def records(self) -> list[dict[str, Any]]:
        """Return a record for each bucket and host that has lines."""
        return [
            {"time": None if row.start is None else rfc3339(row.start), "host": shown(host), "count": lines}
            for row in self._histogram.rows()
            for host, lines in row.hosts.items()
        ]

    def facts(self) -> dict[str, Any]:
        """Return the step."""
        return {"step_seconds": seconds(self._histogram.step)}


class ByFile:
    """Counts by host and log."""

    def __init__(self) -> None:
        self._counts = CountsByFile()
        self.add = self._counts.add

    def records(self) -> list[dict[str, Any]]:
        """Return a record for each log, also for those without a line that matches."""
        return [{"host": shown(row.host), "file": shown(row.log), "count": row.lines} for row in self._counts.rows()]

    def facts(self) -> dict[str, Any]:
        """Return nothing."""
        return {}


class ByLabel:
    """Counts by the value of a label of hosts; empty for hosts without it.

    Args:
        label: its name.
    """

    def __init__(self, label: str) -> None:
        self._label = label
        self._counts = CountsByLabel()
        self.add = self._counts.add

    def records(self) -> list[dict[str, Any]]:
        """Return a record for each value, also for those without a line that matches."""
        return [{"value": row.value, "hosts": row.hosts, "count": row.lines} for row in self._counts.rows()]

    def facts(self) -> dict[str, Any]:
        """Return the name of the label."""
        return {"label": self._label}


def table_of(query: Query) -> Table:
    """Return what adds up the counts that a query asks for."""
    if query.form.by_label:
        return ByLabel(query.form.by_label)
    return ByFile() if query.form.by_file else ByTime(query.form.step)


class _Hits:
    """Collects counts in a table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def batch(self, batch: Batch) -> bytes:
        """Collect the counts of a batch; nothing is written yet, since later counts may add to the same rows."""
        if batch.count:
            self._table.add(batch)
        return b""


class HitsJson(_Hits):
    """Renders hits as one JSON object with `hits`, `end` (the verdict) and, of counts by time, `step_seconds`."""

    def end(self, outcome: Outcome) -> bytes:
        """Return all hits and the verdict."""
        return _json(self._table.facts() | {"hits": self._table.records()} | end_record(outcome))


class HitsNdjson(_Hits):
    """Renders hits as one JSON record for each count, the last one being the verdict with what holds for all."""

    def end(self, outcome: Outcome) -> bytes:
        """Return all hits and the verdict."""
        end = end_record(outcome)
        end["end"] |= self._table.facts()
        return b"".join(map(_json, [*self._table.records(), end]))


class HitsText(_Hits):
    """Renders hits as columns, the last one being the count, with `-` where there is none, such as no time."""

    def end(self, outcome: Outcome) -> bytes:
        """Return all hits and the verdict."""
        rows = [_cells(record) for record in self._table.records()]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        return "".join(_line(row, widths) for row in rows).encode()


def seconds(step: int) -> int | float:
    """Return a step of nanoseconds in seconds, as a whole number if it is one."""
    return step // SECOND if step % SECOND == 0 else step / SECOND


def rfc3339(time: int) -> str:
    """Spell nanoseconds since the epoch as RFC 3339 does, in UTC, to the millisecond if it is no whole second."""
    second, fraction = divmod(time, SECOND)
    milliseconds = f".{fraction // 1_000_000:03d}" if fraction else ""
    return f"{whole_second(second)}{milliseconds}Z"


def _cells(record: dict[str, Any]) -> list[str]:
    return ["-" if value in (None, "") else in_line(str(value)) for value in record.values()]


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    """Return one line of a table, whose last column is of numbers."""
    *names, count = zip(cells, widths, strict=True)
    return " ".join([*(f"{cell:<{width}}" for cell, width in names), f"{count[0]:>{count[1]}}"]) + "\n"


def _json(document: dict[str, Any]) -> bytes:
    return without_line_breaks(json.dumps(document, ensure_ascii=False)) + b"\n"
