"""The command `cat`: all lines of logs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from logagent.config.errors import ConfigError
from logagent.core.outcome import Failure
from logagent.terminal.printing import LinePrinter
from logagent.terminal.unix.logs import Found, find
from logagent.terminal.unix.numbering import ONE_HOST
from logagent.terminal.unix.printing import ExactPrinter
from logagent.terminal.unix.reading import Reading
from logagent.terminal.unix.request import UnixRequest, operands_of, request_of
from logagent.terminal.unix.typed import CatTyped


@dataclass(frozen=True, slots=True)
class CatCommand:
    """The arguments of `cat`, checked.

    Attributes:
        number: whether lines are numbered.
    """

    request: UnixRequest
    number: bool
    waits_for_lines: bool = False

    async def run(self, reading: Reading, environ: Mapping[str, str]) -> int:
        """Print all lines, and return the exit code.

        Raises:
            ConfigError: for arguments that cannot be used of several hosts.
        """
        try:
            found = await find(reading, self.request.operands, self.request.query)
        except Failure as failure:
            return reading.fail(failure)
        await (self._merged(reading) if found.is_merged and found.logs else self._each(reading, found))
        return reading.exit_code(found.logs)

    async def _each(self, reading: Reading, found: Found) -> None:
        printer = ExactPrinter(reading.write, escape=reading.streams.stdout.isatty(), number=self.number)
        query = replace(self.request.query, form=replace(self.request.query.form, places=True))
        for log in found.logs:
            printer.sizes = log.sizes
            await reading.read(log.about(query), printer, log.as_met(query))
            await printer.end()

    async def _merged(self, reading: Reading) -> None:
        if self.number:
            raise ConfigError("-n", ONE_HOST)
        query, terminal = self.request.query, reading.streams.stdout.isatty()
        printer = LinePrinter(reading.write, prefix=True, color=False, escape=terminal)
        query = replace(query, files=self.request.merged_names, form=replace(query.form, places=True))
        await reading.read(query, printer)


def checked_cat(typed: CatTyped, environ: Mapping[str, str]) -> CatCommand:
    """Check the arguments of `cat`.

    Raises:
        ConfigError: for an argument that cannot be used.
    """
    return CatCommand(request_of(typed, operands_of(typed, typed.operands, environ), environ), typed.number)
