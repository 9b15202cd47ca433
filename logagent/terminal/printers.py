"""Which printer prints an answer; what a chart or JSON needs is imported only where one is printed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, tzinfo

from logagent.terminal.colors import wants_color
from logagent.terminal.printing import CountPrinter, JsonPrinter, JsonRendering, LinePrinter, Printer, Stamps
from logagent.terminal.question import Question
from logagent.terminal.streams import Streams, Write


def printer_of(asked: Question, write: Write, streams: Streams, environ: Mapping[str, str]) -> Printer:
    """Return what prints an answer in the form that is asked for.

    Args:
        write: writes to standard output.

    Raises:
        ConfigError: if the time zone of a chart is unknown.
    """
    terminal = streams.stdout.isatty()
    if asked.form == "count":
        return CountPrinter(write)
    if asked.form == "json":
        return JsonPrinter(write, escape=terminal, rendering=_json_of(asked))
    if asked.form == "records":
        tell = streams.tell
        return JsonPrinter(write, escape=terminal, rendering=_json_of(asked), tell=tell, always=asked.verbose)
    if asked.form == "files":
        return _names(asked, write)
    color = wants_color(asked.color, terminal=terminal, environ=environ)
    if asked.query.form.by_file:
        return _rows(asked, write)
    if asked.query.form.hits:
        return _chart(asked, write, environ, terminal=terminal, color=color)
    paint = _painter(asked, escape=terminal) if color else None
    stamps = _stamps(asked, environ) if asked.clock else None
    shape = {"prefix": asked.prefix, "color": color, "escape": terminal, "groups": asked.query.match.has_context}
    return LinePrinter(write, **shape, paint=paint, only=asked.only, stamps=stamps)


def _names(asked: Question, write: Write) -> Printer:
    from logagent.terminal.file_names import FileNamesPrinter

    return FileNamesPrinter(write, hosts=asked.prefix)


def _rows(asked: Question, write: Write) -> Printer:
    from logagent.core.rendering.hits import table_of
    from logagent.terminal.counted_rows import RowsPrinter

    return RowsPrinter(write, table_of(asked.query))


def _stamps(asked: Question, environ: Mapping[str, str]) -> Stamps:
    from logagent.terminal.line_times import LineTimes

    return LineTimes(_zone(asked, environ)).of


def _painter(asked: Question, *, escape: bool) -> Callable[[bytes], bytes]:
    from logagent.terminal.highlight import painter

    return painter(asked.shown or asked.query.match, escape=escape)


def _json_of(asked: Question) -> JsonRendering:
    if asked.query.form.hits:
        from logagent.core.rendering.hits import HitsJson, table_of

        return HitsJson(table_of(asked.query))
    from logagent.core.rendering.records import RecordsNdjson

    if not asked.query.form.labels:
        return RecordsNdjson()
    from logagent.core.rendering.host_labels import nobody

    return RecordsNdjson(labels_of=nobody)


def _chart(asked: Question, write: Write, environ: Mapping[str, str], *, terminal: bool, color: bool) -> Printer:
    from logagent.terminal.chart import Chart, width

    columns = width(environ, terminal=terminal)
    return Chart(write, asked.query.form.step, width=columns, zone=_zone(asked, environ), color=color)


def _zone(asked: Question, environ: Mapping[str, str]) -> tzinfo:
    if asked.clock == "utc":
        return UTC
    from logagent.terminal.zones import zone_of_machine

    return zone_of_machine(environ)
