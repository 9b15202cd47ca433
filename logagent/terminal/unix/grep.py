"""The command `grep`: its search, and what it prints."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from logagent.config.errors import ConfigError
from logagent.core.batch import Batch
from logagent.core.escapes import in_line
from logagent.core.hits.by_file import CountsByFile
from logagent.core.outcome import Failure
from logagent.core.query import AnswerForm, Limits, Match, Query
from logagent.terminal.arguments import When
from logagent.terminal.colors import wants_color
from logagent.terminal.printing import Finder
from logagent.terminal.unix.logs import Found, FoundLog, find, some_names
from logagent.terminal.unix.numbering import ONE_HOST, print_numbered
from logagent.terminal.unix.patterns import MatchingLines
from logagent.terminal.unix.printing import GrepPrinter, GrepStyle
from logagent.terminal.unix.reading import Reading
from logagent.terminal.unix.request import UnixRequest
from logagent.terminal.verdicts import FAILED, FOUND, NOTHING


@dataclass(frozen=True, slots=True)
class GrepCommand:
    """The arguments of `grep`, checked.

    Attributes:
        wanted: which lines match.
        most: lines of each file at most; None: no limit.
        output: what is printed: lines, counts, names of files with a match or without one, or nothing.
        names: whether names of files are printed; None: if there are several.
        several: whether several files were asked for.
        recursive: whether operands may be directories.
        numbers: whether lines are numbered.
        only: finds what is printed in place of whole lines; None: these are.
        shown: what is coloured.
        bare: whether lines of no context are told apart, as by `-A0`; each comes with the line before it.
        inverted: whether lines are meant that do not match.
    """

    request: UnixRequest
    wanted: MatchingLines
    most: int | None
    output: str
    names: bool | None
    several: bool
    recursive: bool
    silent: bool
    color: When
    numbers: bool
    only: Finder | None
    shown: Match
    bare: bool = False
    inverted: bool = False
    waits_for_lines: bool = False

    async def run(self, reading: Reading, environ: Mapping[str, str]) -> int:
        """Search, print, and return the exit code."""
        reading.silent = self.silent
        for hint in self.wanted.hints:
            reading.say(hint)
        try:
            found = await find(reading, self.request.operands, self.request.query)
            selected = await _Search(self, reading, found, environ).selected()
        except Failure as failure:
            return reading.fail(failure)
        if reading.incomplete and not (selected and self.output == "nothing"):
            return FAILED
        return FOUND if selected else NOTHING


class _Counted:
    """Counts lines that match, whatever comes with them."""

    def __init__(self) -> None:
        self.lines = 0

    async def send(self, batch: Batch) -> None:
        """Count the lines of a batch."""
        self.lines += batch.records


class _CountedByAgents:
    """Adds up counts of the lines of each log."""

    def __init__(self) -> None:
        self._counts = CountsByFile()
        self.lines = 0

    async def send(self, batch: Batch) -> None:
        """Add the counts of a batch."""
        if batch.count:
            self._counts.add(batch)

    def of_logs(self) -> dict[tuple[str, str], int]:
        """Return the number of lines of each log of each host."""
        return {(row.host, row.log): row.lines for row in self._counts.rows()}


class _Search:
    """One run over the logs that were found."""

    def __init__(self, asked: GrepCommand, reading: Reading, found: Found, environ: Mapping[str, str]) -> None:
        self._asked = asked
        self._reading = reading
        self._found = found
        several = asked.several or found.is_merged or len(found.logs) > 1
        several = several or (asked.recursive and any(log.met for log in found.logs))
        self._names = several if asked.names is None else asked.names
        terminal = reading.streams.stdout.isatty()
        color = wants_color(asked.color, terminal=terminal, environ=environ)
        style = GrepStyle(
            names=self._names,
            hosts=found.is_merged,
            context=asked.request.query.match.has_context,
            escape=terminal,
            paint=_painter(asked.shown, escape=terminal) if color else None,
            only=asked.only,
            bare=asked.bare,
            inverted=asked.inverted,
        )
        self._printer = GrepPrinter(reading.write, style)

    async def selected(self) -> bool:
        """Search, print, and return whether a line was selected."""
        asked, output = self._asked, self._asked.output
        if not self._found.logs:
            return False
        if asked.wanted.nothing or asked.most == 0:
            return await self._without_reading()
        if output == "nothing":
            return await self._any()
        if output == "lines":
            return await self._lines()
        return await self._by_log()

    async def _without_reading(self) -> bool:
        """Print what holds for logs of which it is known that no line is selected."""
        counted = self._asked.output == "counts" and self._asked.most != 0 and not self._asked.wanted.uncounted
        if counted or self._asked.output == "without":
            for log in self._found.logs:
                await self._print_log(log, 0)
        return False

    async def _any(self) -> bool:
        for names in some_names(self._found.names):
            query = replace(_bare(self._asked.request.query), files=names, limits=Limits(n=1))
            if (await self._reading.read(query, _Counted())).lines:
                return True
        return False

    async def _lines(self) -> bool:
        query, merged = self._asked.request.query, self._found.is_merged
        query = replace(query, form=replace(query.form, places=merged or query.match.has_context))
        if merged and self._asked.numbers:
            raise ConfigError("-n", ONE_HOST)
        if merged:
            limits = Limits(n_per_file=self._asked.most)
            query = replace(query, files=self._asked.request.merged_names, limits=limits)
            await self._reading.read(query, self._printer)
            return self._printer.lines > 0
        limits = Limits(n=self._asked.most)
        for log in self._found.logs:  # one that is named twice is read twice, as by grep
            asked = replace(query, limits=limits)
            if self._asked.numbers:
                await print_numbered(self._reading, log, asked, self._printer)
            else:
                await self._reading.read(log.about(asked), self._printer, log.as_met(asked))
        return self._printer.lines > 0

    async def _by_log(self) -> bool:
        """Print what holds for each log by itself."""
        counts = await (self._count_each() if len(self._found.logs) == 1 else self._count_all())
        for log in self._found.logs:
            await self._print_log(log, counts.get((log.host, log.name), 0))
        return any(counts.values())

    async def _count_each(self) -> Mapping[tuple[str, str], int]:
        """Count the lines of a single log, as agents of all versions can."""
        log, counted = self._found.logs[0], _Counted()
        query = replace(_bare(self._asked.request.query), hosts=(log.host,), limits=Limits(n=self._enough))
        await self._reading.read(log.about(query), counted, log.as_met(query))
        return {(log.host, log.name): counted.lines}

    async def _count_all(self) -> Mapping[tuple[str, str], int]:
        """Count the lines of all logs at once; of one whose name is enough, an agent looks for one line."""
        query, counted = _bare(self._asked.request.query), _CountedByAgents()
        form = AnswerForm(hits=True, by_file=True, times=True, places=True)
        query = replace(query, form=form, limits=Limits(n_per_file=self._enough))
        for names in some_names(self._asked.request.names):
            await self._reading.read(replace(query, files=names), counted)
        return counted.of_logs()

    @property
    def _enough(self) -> int | None:
        return self._asked.most if self._asked.output == "counts" else 1

    async def _print_log(self, log: FoundLog, count: int) -> None:
        name = in_line(f"{log.host} {log.name}" if self._found.is_merged else log.name)
        output = self._asked.output
        if output == "counts":
            sign = (": " if self._found.is_merged else ":") if self._names else ""
            await self._reading.write(f"{name if self._names else ''}{sign}{count}\n".encode())
        elif (output == "with") is (count > 0):
            await self._reading.write(f"{name}\n".encode())


def _bare(query: Query) -> Query:
    """Return the query without what is only printed."""
    return replace(query, match=replace(query.match, before=0, after=0))


def _painter(shown: Match, *, escape: bool) -> Callable[[bytes], bytes]:
    # Imported here, since most output is not coloured.
    from logagent.terminal.highlight import painter

    return painter(shown, escape=escape)
