"""Running the commands `query` and `hits`: asks an agent, prints its answer, and reports what is missing from it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import tzinfo

import trio

from logagent.config import timezones
from logagent.config.errors import ConfigError
from logagent.core.batch import Out
from logagent.core.hits.tally import Tallied
from logagent.core.notes import Note
from logagent.core.outcome import Outcome, Status
from logagent.core.query import Query, Source
from logagent.core.rendering.hits import HitsJson
from logagent.core.rendering.records import RecordsNdjson
from logagent.peers.client.http_client import connect
from logagent.peers.source import PeerSource
from logagent.terminal.chart import Chart, width
from logagent.terminal.colors import wants_color
from logagent.terminal.notices import NoticePrinter
from logagent.terminal.printing import CountPrinter, JsonPrinter, LinePrinter, Printer
from logagent.terminal.progress import Watched, progress_on
from logagent.terminal.question import Question
from logagent.terminal.streams import Pipe, Streams, Write
from logagent.terminal.verdicts import FAILED, exit_code, talk

GRACE = 2.0
"""Seconds beyond the timeout that an agent has to send its verdict: it keeps the same deadline itself."""
CLOSED_PIPE = 141
"""The exit code that a shell shows for a program that ended because nobody reads its output (128 + SIGPIPE)."""


async def ask(asked: Question, streams: Streams, environ: Mapping[str, str]) -> int:
    """Ask, print the answer, and report what is missing from it; cancelling cancels the agent's work too.

    Returns:
        The exit code.

    Raises:
        OSError: if the answer cannot be written.
    """
    async with connect(asked.agent.url, tls=asked.agent.tls) as client:
        agent = PeerSource(client)
        outcome = await show(Tallied(agent) if asked.query.form.hits else agent, asked, streams, environ)
    return report(outcome, asked, streams)


def report(outcome: Outcome | None, asked: Question, streams: Streams) -> int:
    """Report what is missing from an answer.

    Args:
        outcome: as `show` returned it.

    Returns:
        The exit code.
    """
    if outcome is None:
        return CLOSED_PIPE
    for line in talk(outcome, agent=asked.agent.url, verbose=asked.verbose):
        streams.say(line)
    return exit_code(outcome)


async def show(source: Source, asked: Question, streams: Streams, environ: Mapping[str, str]) -> Outcome | None:
    """Print what a source answers.

    Returns:
        How it ended, without the notes that were printed at once; None if nobody reads the output any more.

    Raises:
        OSError: if the answer cannot be written.
        ConfigError: if the time zone of a chart is unknown.
    """
    with trio.CancelScope() as scope:
        pipe = Pipe(streams.stdout, scope.cancel)
        with progress_on(streams, environ) as progress:
            printer = _printer(asked, progress.before(pipe.write), streams, environ)
            watched, at_once = Watched(printer, progress), asked.query.follow is not None
            notices = NoticePrinter(watched, progress, streams, asked.agent.url, at_once=at_once)
            outcome = await _pump(source, asked.query, notices, printer)
        if exit_code(outcome) != FAILED or asked.form == "json":
            await printer.end(outcome)
    return None if pipe.is_closed() else _without(notices.told, outcome)


def _without(told: tuple[Note, ...], outcome: Outcome) -> Outcome:
    """Return the outcome without the notes that were printed already."""
    return replace(outcome, notes=tuple(note for note in outcome.notes if note not in told))


def _printer(asked: Question, write: Write, streams: Streams, environ: Mapping[str, str]) -> Printer:
    terminal = streams.stdout.isatty()
    if asked.form == "count":
        return CountPrinter(write)
    if asked.form == "json":
        rendering = HitsJson(asked.query.form.step) if asked.query.form.hits else RecordsNdjson()
        return JsonPrinter(write, escape=terminal, rendering=rendering)
    color = wants_color(asked.color, terminal=terminal, environ=environ)
    if asked.query.form.hits:
        return Chart(
            write, asked.query.form.step, width=width(environ, terminal=terminal), zone=_zone(environ), color=color
        )
    return LinePrinter(write, prefix=asked.prefix, color=color, escape=terminal, groups=asked.query.match.has_context)


def _zone(environ: Mapping[str, str]) -> tzinfo:
    try:
        return timezones.of_machine(environ)
    except ValueError as error:
        raise ConfigError("TZ", str(error)) from None


async def _pump(source: Source, query: Query, out: Out, printer: Printer) -> Outcome:
    """Return the source's outcome, or one that says that the agent did not keep its deadline."""
    with trio.move_on_after(math.inf if query.limits.timeout is None else query.limits.timeout + GRACE):
        return await source.pump(query, out)
    return Outcome(Status.DEADLINE_EXCEEDED, "the agent did not keep the timeout", printer.lines)
