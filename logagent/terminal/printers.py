"""Which printer prints an answer; what a chart or JSON needs is imported only where one is printed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import tzinfo

from logagent.config.errors import ConfigError
from logagent.terminal.colors import wants_color
from logagent.terminal.printing import CountPrinter, JsonPrinter, JsonRendering, LinePrinter, Printer
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
    color = wants_color(asked.color, terminal=terminal, environ=environ)
    if asked.query.form.hits:
        return _chart(asked, write, environ, terminal=terminal, color=color)
    paint = _painter(asked, escape=terminal) if color else None
    return LinePrinter(
        write, prefix=asked.prefix, color=color, escape=terminal, groups=asked.query.match.has_context, paint=paint
    )


def _painter(asked: Question, *, escape: bool) -> Callable[[bytes], bytes]:
    from logagent.terminal.highlight import painter

    return painter(asked.query.match, escape=escape)


def _json_of(asked: Question) -> JsonRendering:
    if asked.query.form.hits:
        from logagent.core.rendering.hits import HitsJson, table_of

        return HitsJson(table_of(asked.query))
    from logagent.core.rendering.records import RecordsNdjson

    return RecordsNdjson()


def _chart(asked: Question, write: Write, environ: Mapping[str, str], *, terminal: bool, color: bool) -> Printer:
    from logagent.terminal.chart import Chart, width

    columns = width(environ, terminal=terminal)
    return Chart(write, asked.query.form.step, width=columns, zone=_zone(environ), color=color)


def _zone(environ: Mapping[str, str]) -> tzinfo:
    from logagent.config import timezones

    try:
        return timezones.of_machine(environ)
    except ValueError as error:
        raise ConfigError("TZ", str(error)) from None
