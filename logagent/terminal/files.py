"""The command `files`: the logs that can be searched, as a table or JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo
from functools import partial

from logagent.config.errors import ConfigError
from logagent.core.globs import is_glob
from logagent.core.outcome import Failure
from logagent.core.query import Query
from logagent.core.wire.listing import ListedLog, Listing, parse_listing, rfc3339, to_json
from logagent.terminal.address import Asked, asked_of, patience, reads_itself
from logagent.terminal.amounts import size
from logagent.terminal.answer import say_what_is_meant
from logagent.terminal.arguments import FilesArguments, Output
from logagent.terminal.checking import checked, when
from logagent.terminal.names import host_names, names_of
from logagent.terminal.streams import Streams
from logagent.terminal.tables import print_table, table
from logagent.terminal.verdicts import FAILED, NOTHING, advice, exit_code, in_trace, talk

_FLAGS = {"filename": "GLOB", "hostname": "--host"}
_HEADER = ("HOST", "FILE", "SIZE", "OLDEST", "NEWEST", "GENERATIONS", "FORMAT")
_FORMATS_HEADER = ("HOST", "FILE", "FORMAT", "TIMED", "WHERE", "ZONE", "HOW", "TRUSTED")


@dataclass(frozen=True, slots=True)
class FilesQuestion:
    """The arguments of `files`, checked.

    Attributes:
        timeout: seconds for the whole answer.
        formats: whether to tell what was taken for the times of each log, and how sure that is.
        zone: of the times that are printed; None: UTC.
    """

    agent: Asked
    query: Query
    form: Output
    timeout: float
    formats: bool = False
    zone: tzinfo | None = None


def files_question(typed: FilesArguments, environ: Mapping[str, str]) -> FilesQuestion:
    """Check the arguments of `files`, and read certificates from their files.

    Raises:
        ConfigError: for an argument that cannot be used.
    """
    timeout = patience(typed)
    zone = _zone(typed, environ) if typed.clock == "local" else None
    itself = reads_itself(typed, typed.file, typed.host, environ)
    query, agent = _query(typed, itself=itself), asked_of(typed, environ, itself=itself)
    return FilesQuestion(agent, query, typed.output, timeout, typed.formats, zone)


def _zone(typed: FilesArguments, environ: Mapping[str, str]) -> tzinfo:
    if typed.output == "json":
        raise ConfigError("--local", "goes with a table; the times of JSON are in UTC")
    from logagent.terminal.zones import zone_of_machine

    return zone_of_machine(environ)


def _query(typed: FilesArguments, *, itself: bool) -> Query:
    parameters = {
        "filename": names_of(typed.file, "GLOB", itself=itself),
        "hostname": host_names(typed.host),
        "rotated": when(typed.no_rotated, "false"),
    }
    return checked(parameters, parse_listing, _FLAGS)


def print_files(listing: Listing, asked: FilesQuestion, streams: Streams) -> int:
    """Print the logs of a listing, report which hosts did not list theirs, and return the exit code."""
    if asked.form == "json":
        streams.print(json.dumps(to_json(listing)) + "\n")
    elif listing.logs:
        header, row = (_FORMATS_HEADER, _formats_row) if asked.formats else (_HEADER, partial(_row, zone=asked.zone))
        print_table(table(header, map(row, listing.logs)), streams)
    for line in talk(listing.outcome, agent=asked.agent.url, verbose=False):
        streams.say(line)
    if exit_code(listing.outcome) == NOTHING and asked.form == "text":
        streams.say(next((part.message for part in listing.hosts if part.message), "there are no logs"))
        if not all(map(is_glob, asked.query.files)):
            say_what_is_meant(asked.query, asked.agent, streams)
    return exit_code(listing.outcome)


def no_files(failure: Failure | None, asked: FilesQuestion, streams: Streams) -> int:
    """Report why there is no listing, and return the exit code.

    Args:
        failure: None: there was none in time.
    """
    if failure is None:
        streams.say(f"{asked.agent.url} did not answer within {asked.timeout:g} s (DEADLINE_EXCEEDED)")
    else:
        streams.say(f"{asked.agent.url}: {failure.message} ({failure.status.name}){in_trace(failure.trace)}")
        for line in advice(failure.message, asked.agent.url):
            streams.say(line)
    return FAILED


def _row(log: ListedLog, zone: tzinfo | None) -> tuple[str, ...]:
    times = _time(log.oldest, zone), _time(log.newest, zone)
    return (log.host, log.name, size(log.size), *times, _generations(log), _format(log))


def _time(moment: int | None, zone: tzinfo | None) -> str:
    if moment is None:
        return "-"
    if zone is None:
        return f"{rfc3339(moment)[:19]}Z"
    from logagent.terminal.line_times import spelled

    return spelled(moment, zone, "seconds")


def _generations(log: ListedLog) -> str:
    compressed = sum(generation.compressed for generation in log.generations)
    return f"{len(log.generations)}, {compressed} compressed" if compressed else str(len(log.generations))


def _format(log: ListedLog) -> str:
    """The formats of its times, or why they are not known."""
    if log.timed is False:
        return "none: one block"
    return log.message or ", ".join(log.formats) or "-"


def _formats_row(log: ListedLog) -> tuple[str, ...]:
    times = log.times
    if times is None:
        return (log.host, log.name, ", ".join(log.formats) or "-", "-", "-", "-", "-", log.message or "-")
    return (
        log.host,
        log.name,
        ", ".join(name for name, _ in times.formats) or "-",
        share_of(times.timed, times.sampled),
        "; ".join(times.places) or "-",
        log.zone if times.local else "-",
        "named" if times.named else "learned" if times.formats else "-",
        f"no: {times.distrust}" if times.distrust else "yes",
    )


def share_of(timed: int, sampled: int) -> str:
    """Say which share of the lines that were looked at state a time."""
    return f"{100 * timed // sampled if sampled else 0} % of {sampled} lines"
