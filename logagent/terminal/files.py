"""The command `files`: what can be asked for, as a table or JSON. As typed, checked, run."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

import httpx
import trio

from logagent.config.errors import ConfigError
from logagent.core.outcome import Failure
from logagent.core.query import BadParameter, Query
from logagent.core.wire.listing import ListedLog, Listing, asked, rfc3339, to_json
from logagent.peers.client.transport import connect
from logagent.peers.listing import ask_for_files
from logagent.terminal.address import Agent, agent, patience
from logagent.terminal.printing import Streams, shown
from logagent.terminal.verdicts import FAILED, exit_code, talk

_FLAGS = {"filename": "GLOB", "hostname": "--host"}
_COLUMNS = ("HOST", "FILE", "SIZE", "OLDEST", "NEWEST", "GENERATIONS", "FORMAT")
_STEP = 1024
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


@dataclass(frozen=True, slots=True)
class FilesQuestion:
    """The arguments of `files`, checked. form: `text` or `json`. timeout: seconds for the whole answer."""

    agent: Agent
    query: Query
    form: str
    timeout: float


def files_question(typed: argparse.Namespace, environ: Mapping[str, str]) -> FilesQuestion:
    """The arguments of `files`, checked. Raises `ConfigError`."""
    timeout = patience(typed)
    return FilesQuestion(agent(typed, environ), _query(typed), typed.output, timeout)


def _query(typed: argparse.Namespace) -> Query:
    given = {"filename": typed.file, "hostname": typed.host, "rotated": ["false"] if typed.no_rotated else []}
    try:
        return asked(urlencode(given, doseq=True, errors="surrogateescape").encode())
    except BadParameter as wrong:
        raise ConfigError(_FLAGS.get(wrong.name, f"--{wrong.name}"), wrong.reason) from None


async def ask_files(asked: FilesQuestion, streams: Streams) -> int:
    """Print the logs that can be asked for, say which hosts did not tell theirs, return the exit code."""
    async with connect(asked.agent.url, tls=asked.agent.tls) as client:
        return await list_files(client, asked, streams)


async def list_files(client: httpx.AsyncClient, asked: FilesQuestion, streams: Streams) -> int:
    """As `ask_files`, of the agent behind `client`."""
    listing = await _listing(client, asked, streams)
    if listing is None:
        return FAILED
    if asked.form == "json":
        streams.print(json.dumps(to_json(listing)) + "\n")
    elif listing.logs:
        streams.print(table(listing))
    for line in talk(listing.outcome, agent=asked.agent.url, verbose=False):
        streams.say(line)
    return exit_code(listing.outcome)


async def _listing(client: httpx.AsyncClient, asked: FilesQuestion, streams: Streams) -> Listing | None:
    with trio.move_on_after(asked.timeout):
        try:
            return await ask_for_files(client, asked.query)
        except Failure as failure:
            streams.say(f"{asked.agent.url}: {failure.message} ({failure.status.name})")
            return None
    streams.say(f"{asked.agent.url} did not answer within {asked.timeout:g} s (DEADLINE_EXCEEDED)")
    return None


def table(listing: Listing) -> str:
    """The logs as a table for people."""
    rows = [_COLUMNS, *map(_row, listing.logs)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "".join("  ".join(map(str.ljust, row, widths)).rstrip() + "\n" for row in rows)


def _row(log: ListedLog) -> tuple[str, ...]:
    cells = (log.host, log.name, size(log.size), _time(log.oldest), _time(log.newest), _generations(log), _format(log))
    return tuple(shown(cell.replace("\n", " ")) for cell in cells)


def size(count: int) -> str:
    """A number of bytes, to three digits."""
    amount, unit = float(count), 0
    while round(amount) >= _STEP and unit < len(_UNITS) - 1:
        amount, unit = amount / _STEP, unit + 1
    return f"{count} B" if unit == 0 else f"{amount:.{0 if amount >= 10 else 1}f} {_UNITS[unit]}"


def _time(moment: int | None) -> str:
    return "-" if moment is None else f"{rfc3339(moment)[:19]}Z"


def _generations(log: ListedLog) -> str:
    compressed = sum(generation.compressed for generation in log.generations)
    return f"{len(log.generations)}, {compressed} compressed" if compressed else str(len(log.generations))


def _format(log: ListedLog) -> str:
    """How its times are written, or why that is not known."""
    if log.timed is False:
        return "none: one block"
    return log.message or ", ".join(log.formats) or "-"
