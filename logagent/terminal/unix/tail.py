"""The command `tail`: the last lines of logs, and those that are written from then on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from logagent.config import values
from logagent.config.errors import ConfigError
from logagent.core.batch import Batch
from logagent.core.columns import cut_before, picked
from logagent.core.globs import is_glob
from logagent.core.outcome import Failure
from logagent.core.query import Limits, Order, Query
from logagent.terminal.printing import BatchPrinter, LinePrinter
from logagent.terminal.unix.logs import Found, FoundLog, find
from logagent.terminal.unix.printing import ExactPrinter, HeaderPrinter, header
from logagent.terminal.unix.reading import Reading
from logagent.terminal.unix.request import UnixRequest, operands_of, request_of
from logagent.terminal.unix.typed import TailTyped

LAST = 10
"""Lines that are printed unless told otherwise, as by tail."""


@dataclass(frozen=True, slots=True)
class TailCommand:
    """The arguments of `tail`, checked.

    Attributes:
        request: with a query that follows if it goes on with lines as they are written.
        lines: how many of the last lines; with `from_start`, the first line to print, counted from 1.
        headers: whether names of files stand above their lines; None: if there are several.
    """

    request: UnixRequest
    lines: int
    from_start: bool
    headers: bool | None

    @property
    def waits_for_lines(self) -> bool:
        """Whether it goes on with lines as they are written."""
        return self.request.query.follow is not None

    async def run(self, reading: Reading, environ: Mapping[str, str]) -> int:
        """Print the last lines, and return the exit code."""
        try:
            found = await find(reading, self.request.operands, self.request.query)
        except Failure as failure:
            return reading.fail(failure)
        if not found.logs and not any(is_glob(name) for name in self.request.merged_names):
            return reading.exit_code(found.logs)
        if self.waits_for_lines or found.is_merged:
            await self._print(reading, self._merged_printer(reading, found))
        else:
            await self._each(reading, found)
        return reading.exit_code(found.logs)

    def _has_headers(self, found: Found) -> bool:
        several = len(self.request.operands) > 1 or len(found.logs) > 1
        return several if self.headers is None else self.headers

    def _merged_printer(self, reading: Reading, found: Found) -> BatchPrinter:
        """Return what prints lines of several logs as they come."""
        terminal = reading.streams.stdout.isatty()
        if found.is_merged:
            prefix = self.headers is not False
            return LinePrinter(reading.write, prefix=prefix, color=False, escape=terminal)
        return HeaderPrinter(reading.write, headers=self._has_headers(found), escape=terminal)

    async def _each(self, reading: Reading, found: Found) -> None:
        printer = ExactPrinter(reading.write, escape=reading.streams.stdout.isatty())
        for place, log in enumerate(found.logs):
            if self._has_headers(found):
                await reading.write(header(log.name, first=not place))
            printer.sizes = log.sizes
            await self._print(reading, printer, log)
            await printer.end()

    async def _print(self, reading: Reading, printer: BatchPrinter, log: FoundLog | None = None) -> None:
        """Print the lines of one log, or of all."""
        query = self.request.query
        query = replace(query, form=replace(query.form, places=True))
        newest = self.waits_for_lines or self.from_start
        query = query if newest else _newest(query, self.lines)
        met = None if log is None else log.as_met(query)
        query = replace(query, files=self.request.merged_names) if log is None else log.about(query)
        if self.from_start:
            await reading.read(query, _Behind(printer, self.lines - 1), met)
        elif self.waits_for_lines:
            await reading.read(query, printer)
        elif self.lines:
            kept = _Reversed()
            await reading.read(query, kept, met)
            await kept.forward(printer)


def _newest(query: Query, lines: int) -> Query:
    return replace(query, limits=Limits(n=lines), form=replace(query.form, order=Order.NEWEST))


class _Reversed:
    """Keeps lines that come newest first, to print them the other way round."""

    def __init__(self) -> None:
        self.lines = 0
        self._batches: list[Batch] = []

    async def send(self, batch: Batch) -> None:
        """Keep the lines of a batch."""
        if batch.count:
            self.lines += batch.count
            self._batches.append(picked(batch, batch.lines(), range(batch.count - 1, -1, -1)))

    async def forward(self, printer: BatchPrinter) -> None:
        """Print all lines."""
        while self._batches:
            await printer.send(self._batches.pop())


class _Behind:
    """Forwards lines but for the first ones."""

    def __init__(self, printer: BatchPrinter, first: int) -> None:
        self._printer = printer
        self._left = first
        self.lines = 0

    async def send(self, batch: Batch) -> None:
        """Forward what lies behind the first lines."""
        if self._left >= batch.count:
            self._left -= batch.count
            return
        if self._left:
            _, batch = cut_before(batch, [self._left])
            self._left = 0
        self.lines += batch.count
        await self._printer.send(batch)


def checked_tail(typed: TailTyped, environ: Mapping[str, str]) -> TailCommand:
    """Check the arguments of `tail`.

    Raises:
        ConfigError: for an argument that cannot be used.
    """
    if typed.bytes is not None:
        raise ConfigError("-c", "counts bytes, and logs are read by lines; use -n N")
    text = str(LAST) if typed.lines is None else typed.lines
    number = text.removeprefix("+").removeprefix("-")
    if not number.isdecimal():
        right = "must be a whole number from 0, or +N for all lines from the Nth on"
        raise ConfigError("-n", f"{right}, not {values.shown(text)}")
    lines, from_start = int(number), text.startswith("+")
    follow = _follow(lines, from_start=from_start, since=typed.since) if typed.follow else {}
    request = request_of(typed, operands_of(typed, typed.operands, environ), environ, follow)
    return TailCommand(request, max(lines, 1) if from_start else lines, from_start, typed.headers)


def _follow(lines: int, *, from_start: bool, since: str | None) -> dict[str, list[str]]:
    """Return the parameters of a follow that begins with the last lines of each log, or with all."""
    if not from_start:
        return {"follow": ["true"], "order": [], "n_per_file" if lines else "n": [str(lines)]}
    return {"follow": ["true"], "order": []} | ({} if since else {"since": ["0"]})
