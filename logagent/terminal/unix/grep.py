"""The command `grep`: its arguments checked, and run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from logagent.config.errors import ConfigError
from logagent.core.batch import Batch
from logagent.core.escapes import in_line
from logagent.core.outcome import Failure
from logagent.core.query import Limits, Query
from logagent.core.rendering.records import Groups
from logagent.terminal.arguments import When
from logagent.terminal.checking import given
from logagent.terminal.colors import wants_color
from logagent.terminal.unix.logs import Found, FoundLog, find, some_names
from logagent.terminal.unix.patterns import MatchingLines, split, wanted
from logagent.terminal.unix.printing import GrepPrinter
from logagent.terminal.unix.reading import Reading
from logagent.terminal.unix.request import EVERYTHING, UnixRequest, operands_of, request_of
from logagent.terminal.unix.typed import GrepTyped
from logagent.terminal.verdicts import FAILED, FOUND, NOTHING

_FLAGS = dict.fromkeys(("keyword", "exclude", "regex", "exclude_regex"), "PATTERN") | {"n": "-m"}
ReadPatterns = Callable[[str], str]
"""Returns the text of a file of patterns; `-` is standard input."""


@dataclass(frozen=True, slots=True)
class GrepCommand:
    """The arguments of `grep`, checked.

    Attributes:
        wanted: which lines match.
        most: lines of each file at most; None: no limit.
        output: what is printed: lines, counts, names of files with a match or without one, or nothing.
        names: whether names of files are printed; None: if there are several.
        several: whether several files may have been asked for.
    """

    request: UnixRequest
    wanted: MatchingLines
    most: int | None
    output: str
    names: bool | None
    several: bool
    silent: bool
    color: When
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


def checked_grep(typed: GrepTyped, environ: Mapping[str, str], read_patterns: ReadPatterns) -> GrepCommand:
    """Check the arguments of `grep`, and read files of patterns.

    Raises:
        ConfigError: for an argument that cannot be used.
        OSError: if a file of patterns cannot be read.
    """
    if typed.dialect == "G":
        raise ConfigError(
            "-G", "basic expressions are not known; leave it out and write a|b, (a), a{2}, or -F for texts"
        )
    words, patterns = list(typed.operands), _patterns(typed, read_patterns)
    if patterns is None:
        if not words:
            raise ConfigError("PATTERN", "is missing; `logagent grep PATTERN FILE...`")
        patterns = split(words.pop(0))
    literal, line = typed.dialect == "F", bool(typed.line)
    match = wanted(patterns, literal=literal, word=bool(typed.word), line=line, invert=bool(typed.invert))
    operands = operands_of(words or [EVERYTHING] * bool(typed.recursive), recursive=bool(typed.recursive))
    request = request_of(typed, operands, environ, {**match.parameters, **_parameters(typed)}, _FLAGS)
    return GrepCommand(
        request,
        match,
        _most(typed),
        _output(typed),
        typed.names,
        bool(typed.recursive) or len(operands) > 1,
        bool(typed.no_messages),
        typed.color,
    )


def _patterns(typed: GrepTyped, read: ReadPatterns) -> list[str] | None:
    """Return the patterns that flags give; None: none is."""
    if not typed.regexp and not typed.pattern_files:
        return None
    texts = [*typed.regexp, *map(read, typed.pattern_files)]
    return [pattern for text in texts[: len(typed.regexp)] for pattern in split(text)] + [
        pattern for text in texts[len(typed.regexp) :] for pattern in split(text) if text
    ]


def _parameters(typed: GrepTyped) -> dict[str, Sequence[str]]:
    return {
        "ignore_case": ["true"] if typed.ignore_case else [],
        "before_context": given(typed.before if typed.before is not None else typed.context),
        "after_context": given(typed.after if typed.after is not None else typed.context),
    }


def _most(typed: GrepTyped) -> int | None:
    if typed.max_count is None:
        return None
    if not typed.max_count.isdecimal():
        raise ConfigError("-m", "must be a whole number from 0")
    return int(typed.max_count)


def _output(typed: GrepTyped) -> str:
    """Return what is printed: the strongest of the letters decides, as in grep."""
    if typed.quiet:
        return "nothing"
    if typed.listed is not None:
        return "with" if typed.listed else "without"
    return "counts" if typed.count else "lines"


class _Counted:
    """Counts the lines of each log of each host that match."""

    def __init__(self) -> None:
        self.lines = 0
        self.of_logs: dict[tuple[str, str], int] = {}

    async def send(self, batch: Batch) -> None:
        """Count the lines of a batch."""
        self.lines += batch.records
        if batch.origin is None and batch.count:
            self._add(batch.origins[0].log_id, batch.records)
        elif batch.count:
            for index in batch.origin_of_each():
                self._add(batch.origins[index].log_id, 1)

    def _add(self, log: tuple[str, str], count: int) -> None:
        self.of_logs[log] = self.of_logs.get(log, 0) + count


class _Search:
    """One run over the logs that were found."""

    def __init__(self, asked: GrepCommand, reading: Reading, found: Found, environ: Mapping[str, str]) -> None:
        self._asked = asked
        self._reading = reading
        self._found = found
        several = asked.several or found.is_merged or len(found.logs) > 1
        self._names = several if asked.names is None else asked.names
        terminal = reading.streams.stdout.isatty()
        color = wants_color(asked.color, terminal=terminal, environ=environ)
        groups = Groups() if asked.request.query.match.has_context else None
        self._printer = GrepPrinter(
            reading.write, names=self._names, hosts=found.is_merged, groups=groups, escape=terminal, color=color
        )

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
        if merged:
            limits = Limits(n_per_file=self._asked.most)
            query = replace(query, files=self._asked.request.merged_names, limits=limits)
            await self._reading.read(query, self._printer)
            return self._printer.lines > 0
        limits = Limits(n=self._asked.most)
        for log in self._found.logs:  # one that is named twice is read twice, as by grep
            asked = replace(query, limits=limits)
            await self._reading.read(log.about(asked), self._printer, log.as_met(asked))
        return self._printer.lines > 0

    async def _by_log(self) -> bool:
        """Print what holds for each log by itself."""
        selected = False
        most = self._asked.most if self._asked.output == "counts" else 1
        for log in self._found.logs:
            counted = _Counted()
            query = replace(_bare(self._asked.request.query), hosts=(log.host,), limits=Limits(n=most))
            await self._reading.read(log.about(query), counted, log.as_met(query))
            selected = selected or counted.lines > 0
            await self._print_log(log, counted.lines)
        return selected

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
