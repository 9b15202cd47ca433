"""The commands that ask a running agent, `query` and `hosts`: as typed, checked, run."""

from __future__ import annotations

import argparse
import json
import math
import socket
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import trio

from logagent.config import timezones, tls_files, values
from logagent.config.settings import ConfigError
from logagent.core.hits_rendering import HitsJson
from logagent.core.outcome import Outcome, Status
from logagent.core.parameters import parse, parse_hits
from logagent.core.query import BadParameter, Query, Source
from logagent.core.rendering import Ndjson
from logagent.core.tally import Tallied
from logagent.peers.http2 import client_tls, connect
from logagent.peers.source import PeerSource
from logagent.terminal import times
from logagent.terminal.chart import Chart, width
from logagent.terminal.printing import Count, Lines, Pipe, Printer, Records, Streams, Write, shown, wants_color
from logagent.terminal.verdicts import FAILED, FOUND, PARTIAL, exit_code, talk

DEFAULT_AGENT = "http://127.0.0.1:8000"
GRACE = 2.0
"""Seconds that an agent has beyond the timeout to say how its answer ended: it keeps that deadline itself."""
CLOSED_PIPE = 141
"""The exit code that a shell shows for a program which a closed pipe ended (128 + SIGPIPE)."""

_FLAGS = {"filename": "FILE", "keyword": "KEYWORD", "hostname": "--host", "n": "--lines"}


@dataclass(frozen=True, slots=True)
class Agent:
    """Whom to ask. `tls` is None for the system's authorities and no certificate of one's own."""

    url: str
    tls: ssl.SSLContext | None


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
    """The arguments of `query`, checked. Raises `ConfigError`."""
    form = "count" if typed.count else typed.output
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
    pairs = [
        *_patterns(typed),
        ("n", typed.lines),
        ("order", typed.order),
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


def agent(typed: argparse.Namespace, environ: Mapping[str, str]) -> Agent:
    """Whom the flags or the environment name. Reads certificates; raises `ConfigError`."""
    where = "--agent" if typed.agent else "LOGAGENT_AGENT"
    url = typed.agent or environ.get("LOGAGENT_AGENT") or DEFAULT_AGENT
    try:
        url = values.agent_url(url if "://" in url else f"http://{url}")
    except ValueError as error:
        raise ConfigError(where, str(error)) from None
    return Agent(url, _tls(typed, environ) if url.startswith("https:") else None)


def _tls(typed: argparse.Namespace, environ: Mapping[str, str]) -> ssl.SSLContext | None:
    certs = typed.certs or environ.get("LOGAGENT_CERTS") or None
    name = typed.name or environ.get("LOGAGENT_NAME") or socket.gethostname().partition(".")[0]
    singly = {part: Path(path) if path else None for part, path in _single_files(typed).items()}
    try:
        files = tls_files.find(Path(certs) if certs else None, name, **singly)
        return client_tls(files.ca, files.certificate, files.key) if files.ca else None
    except (tls_files.NoTlsFile, tls_files.HalfTls) as error:
        raise ConfigError("--certs" if certs else "--ca, --cert, --key", str(error)) from None
    except OSError as error:
        raise ConfigError("--certs" if certs else "--ca, --cert, --key", f"cannot be used: {error}") from None


def _single_files(typed: argparse.Namespace) -> dict[str, str | None]:
    return {"ca": typed.ca, "certificate": typed.cert, "key": typed.key}


async def ask(asked: Question, streams: Streams, environ: Mapping[str, str]) -> int:
    """Ask, print the answer, say what is missing from it, return the exit code. Cancelling cancels the agent's work."""
    async with connect(asked.agent.url, tls=asked.agent.tls) as client:
        source = Tallied(PeerSource(client)) if asked.query.hits else PeerSource(client)
        outcome = await show(source, asked, streams, environ)
    if outcome is None:
        return CLOSED_PIPE
    for line in talk(outcome, agent=asked.agent.url, verbose=asked.verbose):
        streams.say(line)
    return exit_code(outcome)


async def show(source: Source, asked: Question, streams: Streams, environ: Mapping[str, str]) -> Outcome | None:
    """Print what a source answers. None where nobody reads any more; raises OSError if it cannot be written."""
    with trio.CancelScope() as scope:
        pipe = Pipe(streams.stdout, scope.cancel)
        printer = _printer(asked, pipe.write, streams, environ)
        outcome = await _pump(source, asked.query, printer)
        if exit_code(outcome) != FAILED or asked.form == "json":
            await printer.end(outcome)
    return None if pipe.is_closed() else outcome


def _printer(asked: Question, write: Write, streams: Streams, environ: Mapping[str, str]) -> Printer:
    terminal = streams.stdout.isatty()
    if asked.form == "count":
        return Count(write)
    if asked.form == "json":
        return Records(write, escape=terminal, rendering=HitsJson(asked.query.step) if asked.query.hits else Ndjson())
    color = wants_color(asked.color, terminal=terminal, environ=environ)
    if asked.query.hits:
        return Chart(write, asked.query.step, width=width(environ, terminal=terminal), zone=_zone(environ), color=color)
    return Lines(write, prefix=asked.prefix, color=color, escape=terminal, groups=asked.query.context)


def _zone(environ: Mapping[str, str]) -> tzinfo:
    try:
        return timezones.of_machine(environ)
    except ValueError as error:
        raise ConfigError("TZ", str(error)) from None


async def _pump(source: Source, query: Query, printer: Printer) -> Outcome:
    """The outcome, also where the agent does not keep the deadline that it was given."""
    with trio.move_on_after(math.inf if query.timeout is None else query.timeout + GRACE):
        return await source.pump(query, printer)
    return Outcome(Status.DEADLINE_EXCEEDED, "the agent did not keep the timeout", printer.lines)


@dataclass(frozen=True, slots=True)
class HostsQuestion:
    """The arguments of `hosts`, checked. timeout: seconds for the whole answer."""

    agent: Agent
    form: str
    timeout: float


def hosts_question(typed: argparse.Namespace, environ: Mapping[str, str]) -> HostsQuestion:
    """The arguments of `hosts`, checked. Raises `ConfigError`."""
    try:
        timeout = values.seconds(typed.timeout)
    except ValueError as error:
        raise ConfigError("--timeout", str(error)) from None
    return HostsQuestion(agent(typed, environ), typed.output, timeout)


class NoHosts(Exception):
    """There is no list of hosts, and why."""


async def ask_hosts(asked: HostsQuestion, streams: Streams) -> int:
    """Print the agents that an agent knows, and return the exit code."""
    async with connect(asked.agent.url, tls=asked.agent.tls) as client:
        return await list_hosts(client, asked, streams)


async def list_hosts(client: httpx.AsyncClient, asked: HostsQuestion, streams: Streams) -> int:
    """As `ask_hosts`, of the agent behind `client`: partial where some host cannot be reached."""
    try:
        hosts = await _hosts(client, asked.timeout)
    except NoHosts as error:
        streams.say(str(error))
        return FAILED
    streams.print(json.dumps({"hosts": hosts}) + "\n" if asked.form == "json" else _table(hosts))
    return FOUND if all(host["reachable"] for host in hosts) else PARTIAL


async def _hosts(client: httpx.AsyncClient, patience: float) -> list[dict[str, Any]]:
    with trio.move_on_after(patience):
        try:
            return _read_hosts(await client.get("/hosts"))
        except httpx.HTTPError as error:
            raise NoHosts(f"{client.base_url}: {str(error) or type(error).__name__} (UNAVAILABLE)") from None
    raise NoHosts(f"{client.base_url} did not answer within {patience:g} s (DEADLINE_EXCEEDED)")


def _read_hosts(response: httpx.Response) -> list[dict[str, Any]]:
    if response.status_code != 200:
        raise NoHosts(f"{response.url} answered with HTTP status {response.status_code}")
    try:
        return list(map(_host, response.json()["hosts"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise NoHosts(f"{response.url} answered with something else than hosts; is it an agent?") from None


def _host(host: Mapping[str, Any]) -> dict[str, Any]:
    return {name: host.get(name) for name in _COLUMNS} | {"name": host["name"], "reachable": host["reachable"] is True}


_COLUMNS = ("name", "url", "reachable", "version", "round_trip_ms", "message")


def _table(hosts: list[dict[str, Any]]) -> str:
    rows = [("HOST", "REACHABLE", "ROUND TRIP", "VERSION", "URL", ""), *map(_row, hosts)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "".join("  ".join(map(str.ljust, row, widths)).rstrip() + "\n" for row in rows)


def _row(host: dict[str, Any]) -> tuple[str, ...]:
    took = host["round_trip_ms"]
    cells = (
        host["name"],
        "yes" if host["reachable"] else "no",
        f"{took:.1f} ms" if isinstance(took, int | float) else "-",
        host["version"] or "-",
        host["url"] or "-",
        host["message"] or "",
    )
    return tuple(shown(str(cell).replace("\n", " ")) for cell in cells)
