"""The command `hosts --watch`: the table of hosts painted anew, or, where there is no terminal, a line a change."""

from __future__ import annotations

import json
import os
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import datetime
from functools import partial

import trio

from logagent.config import values
from logagent.config.errors import ConfigError
from logagent.core.escapes import in_line
from logagent.core.wire.host_list import HostList
from logagent.core.wire.hosts import HostState, host_to_json
from logagent.core.wire.told_sources import ToldSource
from logagent.peers.client.http_client import connect
from logagent.terminal.address import only_agent
from logagent.terminal.answer import CLOSED_PIPE
from logagent.terminal.documents import hosts_from
from logagent.terminal.hosts import HostsQuestion, NoHosts, table_of, troubles_of
from logagent.terminal.pipe import Pipe
from logagent.terminal.streams import WIDTH, Streams, Write
from logagent.terminal.tables import cut
from logagent.terminal.verdicts import FOUND

LINES = 24
"""Of a terminal that does not tell how many it has."""

_ANEW, _REST_OF_LINE, _BELOW = "\x1b[H", "\x1b[K", "\x1b[J"
"""What moves a terminal's cursor to its beginning, and clears the rest of a line, and all that is below."""
_ALL = "\x1b[2J"
SAME = 2.0
"""Seconds by which two moments may differ that are one: they are told in whole seconds, and computed each time."""

Ask = Callable[[], Awaitable[HostList]]


def seconds_of(watch: str, word: str | None) -> float:
    """Return the seconds between two looks, as `--watch=5` and `--watch 5` give them.

    Raises:
        ConfigError: if they are no span.
    """
    try:
        return values.seconds(word or watch)
    except ValueError as error:
        raise ConfigError("--watch", str(error)) from None


async def watch(asked: HostsQuestion, seconds: float, streams: Streams) -> int:
    """Look at the hosts until the command is cancelled, or nobody reads any more; return the exit code.

    Args:
        asked: whom to ask.
        seconds: between two looks.
    """
    agent = only_agent(asked.agent)
    async with connect(agent.url, tls=agent.tls, credential=agent.credential, trace=agent.trace) as client:
        return await watch_by(partial(hosts_from, client, asked), asked, seconds, streams)


async def watch_by(ask: Ask, asked: HostsQuestion, seconds: float, streams: Streams) -> int:
    """Look at the hosts that `ask` returns; see `watch`."""
    screen = partial(_size, streams) if streams.stdout.isatty() else None
    with trio.CancelScope() as scope:
        pipe = Pipe(streams.stdout, scope.cancel)
        with pipe.watched():
            await show_hosts(ask, asked, seconds, pipe.write, screen)
    return CLOSED_PIPE if pipe.is_closed() else FOUND


async def show_hosts(
    ask: Ask,
    asked: HostsQuestion,
    seconds: float,
    write: Write,
    screen: Callable[[], tuple[int, int]] | None = None,
    now: Callable[[], datetime] = lambda: datetime.now().astimezone(),
) -> None:
    """Look at hosts until this is cancelled.

    Args:
        ask: returns them, or raises `NoHosts`.
        asked: whom it asks.
        seconds: between two looks.
        write: what is shown.
        screen: returns the columns and lines of the terminal; None: there is none.
        now: the time of this machine.
    """
    shows: _Painter | _Teller = _Teller(asked.agent.url, as_json=asked.form == "json")
    if screen is not None and asked.form == "text":
        shows = _Painter(asked.agent.url, screen, seconds)
    while True:
        hosts, why = await _look(ask)
        if shown := shows.shown(hosts, why, now()):
            await write(shown.encode("utf-8", "backslashreplace"))
        await trio.sleep(seconds)


async def _look(ask: Ask) -> tuple[HostList | None, str]:
    """Return the hosts, or None and why there are none."""
    try:
        return await ask(), ""
    except NoHosts as error:
        return None, str(error)


def _size(streams: Streams) -> tuple[int, int]:
    try:
        columns, lines = os.get_terminal_size(streams.stdout.fileno())
    except OSError:
        return WIDTH, LINES
    return columns, lines


class _Painter:
    """Paints the screen; where the agent is away, the last table stays, below what is wrong.

    Args:
        size: returns the columns and lines of the screen.
    """

    def __init__(self, url: str, size: Callable[[], tuple[int, int]], seconds: float) -> None:
        self._url = url
        self._size = size
        self._seconds = seconds
        self._told = HostList([])
        self._begun = False

    def shown(self, told: HostList | None, why: str, now: datetime) -> str:
        columns, lines = self._size()
        self._told = told or self._told
        head = f"{self._url} every {self._seconds:g} s, {now:%H:%M:%S}"
        rows = [head, *([f"away: {self._url}{why}"] if told is None else []), ""]
        rows += table_of(self._told.hosts).splitlines() if self._told.hosts else []
        rows += troubles_of(self._told.sources or ())
        if len(rows) > lines - 1:
            left = len(rows) - lines + 2
            rows = [*rows[: lines - 2], f"... {left} more"]
        painted = "".join(f"{cut(in_line(row), columns)}{_REST_OF_LINE}\n" for row in rows)
        first, self._begun = "" if self._begun else _ALL, True
        return f"{first}{_ANEW}{painted}{_BELOW}"


class _Teller:
    """Tells each change in a line: when, of which host, and what has changed."""

    def __init__(self, url: str, *, as_json: bool) -> None:
        self._url = url
        self._as_json = as_json
        self._hosts: dict[str, HostState] = {}
        self._troubles: dict[str, str] = {}
        self._away = ""

    def shown(self, told: HostList | None, why: str, now: datetime) -> str:
        return "".join(self._line(now, *change) for change in self._changes(told, why))

    def _line(self, now: datetime, name: str, change: str, state: HostState | None) -> str:
        moment = now.isoformat(timespec="seconds")
        if self._as_json:
            told = {"time": moment, "host": name, "change": change}
            return json.dumps({**told, "state": host_to_json(state)} if state else told) + "\n"
        return in_line(f"{moment} {name} {change}") + "\n"

    def _changes(self, told: HostList | None, why: str) -> Iterator[tuple[str, str, HostState | None]]:
        if told is None:
            if why != self._away:
                yield self._url, f"away{why if why.startswith(':') else f':{why}'}", None
            self._away = why
            return
        if self._away:
            yield self._url, "answers again", None
        self._away = ""
        known, self._hosts = self._hosts, {host.name: host for host in told.hosts}
        for host in told.hosts:
            yield from ((host.name, change, host) for change in _changed(known.get(host.name), host))
        yield from ((name, "is known no more", None) for name in known if name not in self._hosts)
        yield from ((name, change, None) for name, change in self._of_sources(told.sources or ()))

    def _of_sources(self, sources: Sequence[ToldSource]) -> Iterator[tuple[str, str]]:
        known, self._troubles = self._troubles, {source.found_by: source.trouble for source in sources}
        for name, trouble in self._troubles.items():
            if trouble != known.get(name, ""):
                yield name, trouble or "can be used again"


def _changed(before: HostState | None, host: HostState) -> Sequence[str]:
    """Return what has changed of a host since the look before; None: it was not known."""
    now = "reachable" if host.reachable else "not reachable"
    said = f"{now}{f', {host.version}' if host.version else ''}{f': {host.message}' if host.message else ''}"
    if before is None:
        return [said]
    if (before.reachable, before.message) != (host.reachable, host.message) and not _still_down(before, host):
        return [said]
    changes = []
    if host.version and before.version and before.version != host.version:
        changes.append(f"version {host.version}, before {before.version}")
    if before.url != host.url:
        changes.append(f"at {host.url}, before {before.url}")
    if (before.stale_since is None) != (host.stale_since is None):
        changes.append("found again" if host.stale_since is None else "vanished from where it was found")
    if before.labels != host.labels:
        changes.append(f"labels {', '.join(f'{name}={value}' for name, value in host.labels.items()) or 'none'}")
    return changes


def _still_down(before: HostState, host: HostState) -> bool:
    """Return whether a host is down as it was: its message changes with each look, since it says for how long."""
    since, was = host.down_since, before.down_since
    return since is not None and was is not None and abs(since - was) < SAME
