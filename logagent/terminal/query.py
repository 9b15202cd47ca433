"""The commands that search: `query` and `hits`. As typed, checked, run."""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import Any
from urllib.parse import urlencode

import trio

from logagent.config import timezones
from logagent.config.errors import ConfigError
from logagent.core.batch import Out
from logagent.core.hits.tally import Tallied
from logagent.core.outcome import Outcome, Status
from logagent.core.query import BadParameter, Query, Source
from logagent.core.rendering.hits import HitsJson
from logagent.core.rendering.records import Ndjson
from logagent.core.wire.parameters import parse, parse_hits
from logagent.peers.client.transport import connect
from logagent.peers.source import PeerSource
from logagent.terminal import times
from logagent.terminal.address import Agent, agent
from logagent.terminal.chart import Chart, width
from logagent.terminal.colors import wants_color
from logagent.terminal.printing import CountPrinter, JsonPrinter, LinePrinter, Printer
from logagent.terminal.progress import Watched, progress_on
from logagent.terminal.streams import Pipe, Streams, Write
from logagent.terminal.telling import Telling
from logagent.terminal.verdicts import FAILED, exit_code, talk

EARLIER = 10
"""Lines that a follow begins with where nothing else is said: as with tail."""
GRACE = 2.0
"""Seconds that an agent has beyond the timeout to say how its answer ended: it keeps that deadline itself."""
CLOSED_PIPE = 141
"""The exit code that a shell shows for a program which a closed pipe ended (128 + SIGPIPE)."""

_FLAGS = {"filename": "FILE", "keyword": "KEYWORD", "hostname": "--host", "n": "--lines"}


@dataclass(frozen=True, slots=True)
class Question:
    """A query as the command line asks it. form: `text`, `json` or `count`."""

    agent: Agent
    query: Query
    form: str
    prefix: bool
    color: str
    verbose: bool


def question(typed: argparse.Namespace, environ: Mapping[str, str]) -> Question:
    """The arguments of `query` and `follow`, checked. Raises `ConfigError`."""
    form = "count" if getattr(typed, "count", False) else typed.output
    if form == "count" and typed.follow:
        raise ConfigError("--count", "a follow has no end to count at; leave out --follow, or use `logagent hits`")
    prefix = form == "text" and (typed.prefix == "always" or (typed.prefix == "auto" and not _one_host(typed.host)))
    query = _query(typed)
    query = replace(query, times=form == "json", places=prefix or query.context or form == "json")
    return Question(agent(typed, environ), query, form, prefix, typed.color, typed.verbose)


def hits_question(typed: argparse.Namespace, environ: Mapping[str, str]) -> Question:
    """The arguments of `hits`, checked. Raises `ConfigError`."""
    query = _checked([*_patterns(typed), ("step", typed.step)], parse_hits)
    return Question(agent(typed, environ), query, typed.output, False, typed.color, typed.verbose)


def _one_host(hosts: Sequence[str]) -> bool:
    return len(hosts) == 1 and not set("*?[") & set(hosts[0])


def _query(typed: argparse.Namespace) -> Query:
    """The query, checked as an agent would check it."""
    begins = typed.follow and not (typed.lines or typed.since or typed.cursor)
    pairs = [
        *_patterns(typed),
        ("n", EARLIER if begins else typed.lines),
        ("order", getattr(typed, "order", None)),
        ("follow", "true" if typed.follow else None),
        ("patience", typed.patience),
        ("heartbeat", typed.heartbeat),
        ("context", typed.context),
        ("before_context", typed.before_context),
        ("after_context", typed.after_context),
        ("cursor", typed.cursor),
        ("max_bytes", typed.max_bytes),
    ]
    return _checked(pairs, parse)


_Pairs = list[tuple[str, Any]]


def _patterns(typed: argparse.Namespace) -> _Pairs:
    return [
        ("filename", [typed.file]),
        ("hostname", typed.host),
        ("keyword", [*typed.keyword, *typed.more_keywords]),
        ("exclude", typed.exclude),
        ("regex", typed.regex),
        ("exclude_regex", typed.exclude_regex),
        ("ignore_case", ["true"] if typed.ignore_case else []),
        ("since", _told(typed.since)),
        ("until", _told(typed.until)),
        ("unit", "event" if typed.events else None),
        ("rotated", "false" if typed.no_rotated else None),
        ("timeout", typed.timeout),
    ]


def _checked(pairs: _Pairs, parse: Callable[[bytes, int], Query]) -> Query:
    given = {name: value for name, value in pairs if value is not None}
    try:
        return parse(urlencode(given, doseq=True, errors="surrogateescape").encode(), time.time_ns())
    except BadParameter as wrong:
        raise ConfigError(_FLAGS.get(wrong.name, "--" + wrong.name.replace("_", "-")), wrong.reason) from None


def _told(typed: str | None) -> str | None:
    return None if typed is None else times.told(typed, datetime.now().astimezone())


async def ask(asked: Question, streams: Streams, environ: Mapping[str, str]) -> int:
    """Ask, print the answer, say what is missing from it, return the exit code. Cancelling cancels the agent's work."""
    async with connect(asked.agent.url, tls=asked.agent.tls) as client:
        agent = PeerSource(client)
        outcome = await show(Tallied(agent) if asked.query.hits else agent, asked, streams, environ)
    return tell_end(outcome, asked, streams)


def tell_end(outcome: Outcome | None, asked: Question, streams: Streams) -> int:
    """Say what is missing from an answer that was shown; return the exit code."""
    if outcome is None:
        return CLOSED_PIPE
    for line in talk(outcome, agent=asked.agent.url, verbose=asked.verbose):
        streams.say(line)
    return exit_code(outcome)


async def show(source: Source, asked: Question, streams: Streams, environ: Mapping[str, str]) -> Outcome | None:
    """Print what a source answers. None where nobody reads any more; raises OSError if it cannot be written."""
    with trio.CancelScope() as scope:
        pipe = Pipe(streams.stdout, scope.cancel)
        with progress_on(streams, environ) as progress:
            printer = _printer(asked, progress.before(pipe.write), streams, environ)
            telling = Telling(Watched(printer, progress), progress, streams, asked.agent.url)
            outcome = await _pump(source, asked.query, telling, printer)
        if exit_code(outcome) != FAILED or asked.form == "json":
            await printer.end(outcome)
    return None if pipe.is_closed() else outcome


def _printer(asked: Question, write: Write, streams: Streams, environ: Mapping[str, str]) -> Printer:
    terminal = streams.stdout.isatty()
    if asked.form == "count":
        return CountPrinter(write)
    if asked.form == "json":
        return JsonPrinter(
            write, escape=terminal, rendering=HitsJson(asked.query.step) if asked.query.hits else Ndjson()
        )
    color = wants_color(asked.color, terminal=terminal, environ=environ)
    if asked.query.hits:
        return Chart(write, asked.query.step, width=width(environ, terminal=terminal), zone=_zone(environ), color=color)
    return LinePrinter(write, prefix=asked.prefix, color=color, escape=terminal, groups=asked.query.context)


def _zone(environ: Mapping[str, str]) -> tzinfo:
    try:
        return timezones.of_machine(environ)
    except ValueError as error:
        raise ConfigError("TZ", str(error)) from None


async def _pump(source: Source, query: Query, out: Out, printer: Printer) -> Outcome:
    """The outcome, also where the agent does not keep the deadline that it was given."""
    with trio.move_on_after(math.inf if query.timeout is None else query.timeout + GRACE):
        return await source.pump(query, out)
    return Outcome(Status.DEADLINE_EXCEEDED, "the agent did not keep the timeout", printer.lines)
