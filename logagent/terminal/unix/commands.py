"""The commands `grep`, `tail`, `ls` and `cat`: checked, and run over a blocking socket."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from logagent.core.batch import Out
from logagent.core.outcome import Outcome
from logagent.core.query import Query
from logagent.core.wire.listing import Listing
from logagent.peers.direct.coroutines import finished
from logagent.peers.direct.documents import listing_from
from logagent.peers.direct.source import DirectSource
from logagent.terminal.address import only_agent
from logagent.terminal.answer import GRACE
from logagent.terminal.patterns import read_text
from logagent.terminal.plain import DirectPipe, Unwritable
from logagent.terminal.progress import progress_on
from logagent.terminal.secured import secure_of
from logagent.terminal.streams import Streams
from logagent.terminal.unix.cat import checked_cat
from logagent.terminal.unix.grep_arguments import checked_grep
from logagent.terminal.unix.ls import checked_ls
from logagent.terminal.unix.reading import Reading
from logagent.terminal.unix.request import UnixRequest
from logagent.terminal.unix.tail import checked_tail
from logagent.terminal.unix.typed import CatTyped, GrepTyped, LsTyped, TailTyped
from logagent.terminal.unix_arguments import UnixArguments


class Command(Protocol):
    """A command whose arguments are checked.

    Attributes:
        request: whom it asks, and about what.
        waits_for_lines: whether it goes on with lines as they are written, which no blocking socket can do.
    """

    @property
    def request(self) -> UnixRequest: ...

    @property
    def waits_for_lines(self) -> bool: ...

    async def run(self, reading: Reading, environ: Mapping[str, str]) -> int:
        """Ask, print, and return the exit code."""
        ...


def checked_command(typed: UnixArguments, environ: Mapping[str, str]) -> Command:
    """Check the arguments of a command, and read certificates and patterns from their files.

    Raises:
        ConfigError: for an argument that cannot be used.
        OSError: if a file of patterns cannot be read.
    """
    if typed.command == "grep":
        return checked_grep(GrepTyped(**typed.given), environ, read_text)
    if typed.command == "tail":
        return checked_tail(TailTyped(**typed.given), environ)
    if typed.command == "cat":
        return checked_cat(CatTyped(**typed.given), environ)
    return checked_ls(LsTyped(**typed.given), environ)


@dataclass(frozen=True, slots=True)
class DirectAgent:
    """An agent that is asked over a blocking socket."""

    request: UnixRequest
    until: float

    async def list_files(self, query: Query, patience: float) -> Listing:
        """List files; see `reading.AskedAgent`."""
        agent = only_agent(self.request.agent)
        return listing_from(
            agent.url, secure_of(agent), query, time.monotonic() + patience, agent.credential, agent.trace
        )

    async def pump(self, query: Query, out: Out) -> Outcome:
        """Answer a query; see `reading.AskedAgent`."""
        agent = only_agent(self.request.agent)
        return await DirectSource(agent.url, secure_of(agent), self.until, agent.credential, agent.trace).pump(
            query, out
        )


def run(command: Command, streams: Streams, environ: Mapping[str, str]) -> int:
    """Run a command, and return its exit code.

    Raises:
        OSError: if the answer cannot be written.
        ConfigError: for arguments that cannot be used of several hosts.
        SpeaksHttp1: if the agent is to be asked in another way.
    """
    request = command.request
    until = math.inf if request.timeout is None else time.monotonic() + request.timeout
    pipe, agent = DirectPipe(streams.stdout, until + GRACE), DirectAgent(request, until + GRACE)
    try:
        with progress_on(streams, environ, time.monotonic) as progress:
            write = progress.before(pipe.write)
            reading = Reading(agent, request.agent.url, streams, progress, write, until, request.verbose)
            return finished(command.run(reading, environ))
    except Unwritable as unwritable:
        return unwritable.exit_code()
