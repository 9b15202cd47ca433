"""The answer to a query printed, whatever carries it: lines, counts or a chart, and what is missing from it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple

from logagent.core.notes import Note
from logagent.core.outcome import Outcome, Status
from logagent.core.query import Query, Source
from logagent.peers.direct.waiting import Late
from logagent.terminal.address import Asked
from logagent.terminal.checking import told_in_flags
from logagent.terminal.local_files import LocalFiles
from logagent.terminal.notices import NoticePrinter
from logagent.terminal.peer_addresses import PeerAddresses
from logagent.terminal.printers import printer_of
from logagent.terminal.printing import Printer
from logagent.terminal.progress import Watched, progress_on
from logagent.terminal.question import FLAGS, Question
from logagent.terminal.streams import Streams, Write
from logagent.terminal.verdicts import FAILED, NOTHING, exit_code, nobody_listens, talk

GRACE = 2.0
"""Seconds beyond the timeout that an agent has to send its verdict: it keeps the same deadline itself."""
NO_SUCH_FILE = "no such file: "
"""What an agent's message says that names logs of which it has none."""
CLOSED_PIPE = 141
"""The exit code that a shell shows for a program that ended because nobody reads its output (128 + SIGPIPE)."""


def report(outcome: Outcome | None, asked: Question, streams: Streams) -> int:
    """Report what is missing from an answer; of an argument that the agent refuses, only what is wrong with it.

    Args:
        outcome: as `show` returned it.

    Returns:
        The exit code.
    """
    if outcome is None:
        return CLOSED_PIPE
    told = told_in_flags(outcome.message, FLAGS)
    if told != outcome.message and not outcome.hosts:
        streams.say(told)
        return FAILED
    for line in talk(outcome, agent=asked.agent.url, verbose=asked.verbose, cursor=asked.show_cursor):
        streams.say(line)
    if _is_missing(outcome):
        say_what_is_meant(asked.query, asked.agent, streams)
    elif nobody_listens(outcome):
        say_what_is_here(asked.query.files, streams)
    if exit_code(outcome) == NOTHING and asked.form in ("text", "files") and streams.stderr.isatty():
        streams.say("nothing matched" + ("; -i ignores case" if _minds_case(asked.query) else ""))
    return exit_code(outcome)


def _is_missing(outcome: Outcome) -> bool:
    """Whether no host has the logs that were named, as far as hosts answered."""
    told = [(outcome.status, outcome.message), *((part.status, part.message) for part in outcome.hosts)]
    found = outcome.lines or any(part.status is Status.OK for part in outcome.hosts)
    return not found and any(status is Status.NOT_FOUND and NO_SUCH_FILE in message for status, message in told)


def _minds_case(query: Query) -> bool:
    return bool(query.match.keywords or query.match.regex) and not query.match.ignore_case


def say_what_is_meant(query: Query, agent: Asked, streams: Streams) -> None:
    """Say which logs may be meant by names that no host has."""
    # Imported here, since most names are right.
    from logagent.terminal.nearest_names import suggestions, suggestions_beside

    if isinstance(agent, LocalFiles):
        for sentence in suggestions_beside(query.files):
            streams.say(sentence)
        return
    say_what_is_here(query.files, streams)
    if isinstance(agent, PeerAddresses):
        streams.say("`logagent files` with the same agents lists what there is")
        return
    for sentence in suggestions(query, agent) or ["`logagent files` lists what there is"]:
        streams.say(sentence)


def say_what_is_here(files: Iterable[str], streams: Streams) -> None:
    """Say which names that were asked for in vain are those of files of this machine."""
    # Imported here, since most names are right.
    from logagent.terminal.names import also_here

    for sentence in also_here(files, os.path.isfile):
        streams.say(sentence)


class Printed(NamedTuple):
    """The batches of an answer, printed.

    Attributes:
        outcome: how the answer ended.
        notes: those that were printed at once.
        printer: prints the end, too.
    """

    outcome: Outcome
    notes: tuple[Note, ...]
    printer: Printer

    async def end(self, asked: Question) -> Outcome:
        """Print the end of the answer.

        Returns:
            The outcome without the notes that were printed already.
        """
        if exit_code(self.outcome) != FAILED or asked.form in ("json", "records"):
            await self.printer.end(self.outcome)
        return replace(self.outcome, notes=tuple(note for note in self.outcome.notes if note not in self.notes))


async def print_batches(
    source: Source,
    asked: Question,
    streams: Streams,
    environ: Mapping[str, str],
    write: Write,
    clock: Callable[[], float],
) -> Printed:
    """Print what a source answers, but for its end.

    Args:
        source: its `pump` raises `Late` if the answer does not end in time.
        write: writes to standard output.
        clock: tells the seconds, for the progress.

    Raises:
        ConfigError: if the time zone of a chart is unknown.
    """
    with progress_on(streams, environ, clock) as progress:
        printer = printer_of(asked, progress.before(write), streams, environ)
        watched, at_once = Watched(printer, progress), asked.query.follow is not None
        notices = NoticePrinter(watched, progress, streams, asked.agent.url, at_once=at_once)
        try:
            outcome = await source.pump(asked.query, notices)
        except Late:
            outcome = Outcome(Status.DEADLINE_EXCEEDED, "the agent did not keep the timeout", printer.lines)
    return Printed(outcome, notices.told, printer)
