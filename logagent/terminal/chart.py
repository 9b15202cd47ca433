"""Counts as a bar chart: a row for each bucket of time, in the reader's time zone, and a legend of the hosts below."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import accumulate

from logagent.core.batch import Batch
from logagent.core.escapes import in_line
from logagent.core.hits.counts import lines_in
from logagent.core.hits.histogram import Histogram, Row
from logagent.core.hits.steps import spelled_step
from logagent.core.outcome import Outcome
from logagent.core.units import DAY, MINUTE, SECOND
from logagent.terminal.colors import painted
from logagent.terminal.streams import WIDTH, Write

LEAST_BAR = 10
"""Columns that the longest bar has at least; in a narrower terminal lines wrap."""
MOST_EMPTY = 5
"""Empty buckets in a row that are shown one by one; a row of `...` stands for more."""

_EIGHTHS = " ▏▎▍▌▋▊▉"
_FULL = "█"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNTIMED = "no time"


class Chart:
    """Prints counts as a chart, once all of them are there.

    Args:
        step: nanoseconds of a bucket, as asked for; None: a length that fits a screen.
        width: columns.
        zone: the time zone of the times.
        color: tell hosts apart by colours.

    Attributes:
        lines: the number of lines counted so far.
    """

    def __init__(self, write: Write, step: int | None, *, width: int, zone: tzinfo, color: bool) -> None:
        self._write = write
        self._histogram = Histogram(step)
        self._width = width
        self._zone = zone
        self._color = color
        self.lines = 0

    async def send(self, batch: Batch) -> None:
        """Add a batch of counts."""
        if batch.count:
            self._histogram.add(batch)
            self.lines += lines_in(batch)

    async def end(self, outcome: Outcome) -> None:
        """Print the chart."""
        chart = draw(self._histogram, width=self._width, zone=self._zone, color=self._color)
        await self._write(chart.encode("utf-8", "backslashreplace"))


def width(environ: Mapping[str, str], *, terminal: bool) -> int:
    """Return the columns for a chart: `COLUMNS` if it is set, else those of the terminal, else `WIDTH`.

    Args:
        terminal: whether standard output is a terminal.
    """
    if (columns := environ.get("COLUMNS", "")).isascii() and columns.isdigit() and int(columns):
        return int(columns)
    return shutil.get_terminal_size((WIDTH, 0)).columns if terminal else WIDTH


def draw(histogram: Histogram, *, width: int, zone: tzinfo, color: bool) -> str:
    """Draw a chart, with its legend as the last line; an empty text if nothing was counted.

    Args:
        width: columns.
    """
    rows, step = histogram.rows(), histogram.step
    if not rows:
        return ""
    labels = [_label(row.start, step, zone) for row in rows]
    label_width, count_width = max(map(len, labels)), len(str(max(row.lines for row in rows)))
    bars = _Bars(max(row.lines for row in rows), max(LEAST_BAR, width - label_width - count_width - 2), color)
    lines: list[str] = []
    for row in _with_gaps(rows, step):
        label = "..." if row is None else _label(row.start, step, zone)
        bar, count = ("", "") if row is None else (bars.of(row), str(row.lines))
        lines.append(f"{label:<{label_width}} {bar} {count:>{count_width}}".rstrip() + "\n")
    return "".join([*lines, _legend(histogram, rows, zone, color)])


class _Bars:
    """Draws bars; the bar of the greatest count takes `room` columns."""

    def __init__(self, greatest: int, room: int, color: bool) -> None:
        self._greatest = greatest
        self._room = room
        self._color = color

    def of(self, row: Row) -> str:
        """Draw the padded bar of one bucket: its hosts side by side, each as wide as its share, rounded to a column."""
        eighths = max(1, round(row.lines * self._room * 8 / self._greatest)) if row.lines else 0
        bar = _FULL * (eighths // 8) + (_EIGHTHS[eighths % 8] if eighths % 8 else "")
        padding = " " * (self._room - len(bar))
        return (self._colored(bar, row) if self._color else bar) + padding

    def _colored(self, bar: str, row: Row) -> str:
        ends = [round(sum_ * len(bar) / row.lines) for sum_ in accumulate(row.hosts.values())]
        pieces = zip(row.hosts, [0, *ends], ends, strict=False)
        return "".join(painted(bar[begin:end], host) for host, begin, end in pieces if end > begin)


def _with_gaps(rows: Iterable[Row], step: int) -> Iterator[Row | None]:
    """Yield the rows with the empty ones between them; None stands for many empty rows."""
    before: int | None = None
    for row in rows:
        if before is not None and row.start is not None:
            empty = range(before + step, row.start, step)
            yield from (Row(start, {}) for start in empty) if len(empty) <= MOST_EMPTY else [None]
        before = row.start
        yield row


def _label(start: int | None, step: int, zone: tzinfo) -> str:
    """Return the time at which a bucket begins, as precise as the step needs."""
    if start is None:
        return _UNTIMED
    try:
        local = (_EPOCH + timedelta(microseconds=start // 1000)).astimezone(zone)
    except OverflowError:  # years beyond four digits
        return f"@{start // SECOND}"
    at_midnight = step % DAY == 0 and (local.hour, local.minute) == (0, 0)
    precision = "minutes" if step % MINUTE == 0 else "seconds" if step % SECOND == 0 else "milliseconds"
    text = local.replace(tzinfo=None).isoformat(" ", precision)
    return text[:10] if at_midnight else text


def _legend(histogram: Histogram, rows: Iterable[Row], zone: tzinfo, color: bool) -> str:
    hosts = dict.fromkeys(histogram.hosts, 0)
    for row in rows:
        for host, lines in row.hosts.items():
            hosts[host] += lines
    named = [f"{painted(_FULL, host) + ' ' if color else ''}{in_line(host)} {lines}" for host, lines in hosts.items()]
    return f"by {spelled_step(histogram.step)}, in {_zone_name(zone)}: {', '.join(named)}\n"


def _zone_name(zone: tzinfo) -> str:
    return in_line(str(getattr(zone, "key", None) or zone))
