"""What `grep`, `tail`, `ls` and `cat` ask an agent, and how they report on it."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from logagent.config.errors import ConfigError
from logagent.core.batch import Out
from logagent.core.outcome import Failure, Outcome, Status
from logagent.core.query import Query
from logagent.core.wire.listing import Listing
from logagent.peers.answers import with_timeout
from logagent.peers.direct.waiting import Late
from logagent.terminal.notices import NoticePrinter
from logagent.terminal.printing import BatchPrinter
from logagent.terminal.progress import Progress, Watched
from logagent.terminal.streams import Streams, Write
from logagent.terminal.verdicts import FAILED, FOUND, PARTIAL, advice, in_trace, nobody_listens, talk

MOST = 3
"""Names that no host has and for which others are looked up: of more, a shell made them of a glob."""
_BELOW = "/**/*"
"""The end of a glob that stands for all that lies in a directory."""
PATTERNS = ("keyword", "exclude", "regex", "exclude_regex")
"""The parameters that hold a pattern."""
LISTING_PATIENCE = 30.0
"""Seconds that a listing may take unless told otherwise, as that of `files`."""


class AskedAgent(Protocol):
    """The agent that is asked; `reading` is told by these two."""

    async def list_files(self, query: Query, patience: float) -> Listing:
        """Return the listing of files that a query asks for.

        Raises:
            Failure: when there is none.
            Late: if it does not come in time.
        """
        ...

    async def pump(self, query: Query, out: Out) -> Outcome:
        """Answer a query; see `Source.pump`.

        Raises:
            Late: if the answer does not end in time.
        """
        ...


@dataclass
class Reading:
    """One run of a command: asks the agent, and keeps how that went.

    Attributes:
        agent: the one that is asked.
        url: its URL, for messages.
        write: writes to standard output.
        until: when the command ends at the latest, as `time.monotonic` tells it.
        verbose: whether each host's share is told.
        silent: whether what is missing is not told.
        incomplete: whether something is missing from what was read so far.
    """

    agent: AskedAgent
    url: str
    streams: Streams
    progress: Progress
    write: Write
    until: float = math.inf
    verbose: bool = False
    silent: bool = False
    incomplete: bool = False
    _files: tuple[str, ...] = ()
    _looked_up: int = 0
    _said: set[str] = field(default_factory=set)

    def say(self, text: str) -> None:
        """Say something on standard error, once."""
        if text not in self._said:
            self._said.add(text)
            self.progress.erase()
            self.streams.say(text)

    def lacks(self, text: str) -> None:
        """Say what could not be read, unless messages are unwanted; the answer is incomplete."""
        self.incomplete = True
        if not self.silent:
            self.say(text)

    def fail(self, failure: Failure) -> int:
        """Tell why nothing could be asked, and return the exit code."""
        self.say(f"{self.url}: {failure.message} ({failure.status.name}){in_trace(failure.trace)}")
        for sentence in advice(failure.message, self.url):
            self.say(sentence)
        if nobody_listens(Outcome(failure.status, failure.message)):
            self.say_what_is_here(self._files)
        return FAILED

    def say_what_is_here(self, names: Iterable[str]) -> None:
        """Say which names that were asked for in vain are those of files of this machine."""
        # Imported here, since most names are right.
        from logagent.terminal.names import also_here

        for sentence in also_here(names, os.path.isfile):
            self.say(sentence)

    async def listing(self, query: Query) -> Listing:
        """List the logs that a query is about; only its files, hosts and generations count.

        Raises:
            Failure: when there is no listing.
        """
        self._files = query.files
        patience = LISTING_PATIENCE if self.until == math.inf else max(0.0, self.until - time.monotonic())
        about = Query(files=query.files, hosts=query.hosts, rotated=query.rotated)
        try:
            return await self.agent.list_files(about, patience)
        except Late:
            allowed = f"{LISTING_PATIENCE:g} s" if self.until == math.inf else "the time of --timeout"
            raise Failure(Status.DEADLINE_EXCEEDED, f"did not answer within {allowed}") from None

    async def meant(self, names: Sequence[str], hosts: Sequence[str]) -> list[str]:
        """Return sentences about the logs or directories that may be meant by names that no host has.

        Of a few names only.
        """
        if self._looked_up == MOST:
            return []
        # Imported here, since most names are right.
        from logagent.terminal.nearest_names import around, everything, meant, meant_directories

        self._looked_up += 1
        asked = around(names, hosts)
        found = meant(names, await self._nearby(asked)) if asked.files else []
        directories = [name.removesuffix(_BELOW) for name in names if name.endswith(_BELOW)]
        if found or not directories:
            return found
        return meant_directories(directories, await self._nearby(everything(hosts)))

    async def _nearby(self, asked: Query) -> Listing:
        """Return a listing for suggestions; an empty one if it does not come soon."""
        from logagent.terminal.nearest_names import GRACE, PATIENCE

        try:
            return await self.agent.list_files(asked, min(PATIENCE + GRACE, self.until - time.monotonic()))
        except (Failure, Late):
            return Listing((), ())

    async def read(self, query: Query, printer: BatchPrinter, met: Query | None = None) -> Outcome:
        """Print the answer to a query, and tell what is missing from it.

        Args:
            met: the query about a log that a glob met: what is no text is a failure only of a log that was named. None:
                it was named.

        Raises:
            ConfigError: for a pattern that the agent refuses.
        """
        outcome = await self.answer(query, printer)
        if met is not None and outcome.status is Status.DATA_LOSS and not outcome.lines:
            outcome = await self.answer(met, printer)
        self.tell(outcome)
        return outcome

    async def answer(self, query: Query, printer: BatchPrinter) -> Outcome:
        """Print the answer to a query; what is missing from it is not told."""
        at_once = query.follow is not None
        notices = NoticePrinter(Watched(printer, self.progress), self.progress, self.streams, self.url, at_once=at_once)
        try:
            outcome = await self.agent.pump(self._in_time(query), notices)
        except Late:
            return Outcome(Status.DEADLINE_EXCEEDED, "the agent did not keep the timeout", printer.lines)
        return replace(outcome, notes=tuple(note for note in outcome.notes if note not in notices.told))

    def exit_code(self, found: Sequence[object]) -> int:
        """Return the exit code of a command that prints what there is.

        Args:
            found: what it was about.
        """
        if self.incomplete:
            return PARTIAL if found else FAILED
        return FOUND

    def tell(self, outcome: Outcome) -> None:
        """Tell what is missing from an answer.

        Raises:
            ConfigError: for a pattern that the agent refuses.
        """
        name, _, reason = outcome.message.partition(": ")
        if name in PATTERNS and not outcome.hosts:
            raise ConfigError("PATTERN", reason)
        for line in talk(outcome, agent=self.url, verbose=self.verbose):
            if outcome.complete:
                self.say(line)
            else:
                self.lacks(line)

    def _in_time(self, query: Query) -> Query:
        return query if self.until == math.inf else with_timeout(query, max(0.0, self.until - time.monotonic()))
