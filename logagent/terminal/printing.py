"""An answer's batches printed as text, as JSON or as a count, a whole batch at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from logagent.core.batch import Batch, Origin
from logagent.core.escapes import line_prefix
from logagent.core.outcome import Outcome
from logagent.core.rendering.records import Groups, separated
from logagent.terminal.colors import painted
from logagent.terminal.escapes import escaped, escaped_json
from logagent.terminal.streams import Write


class BatchPrinter(Protocol):
    """Prints batches as they come.

    Attributes:
        lines: the number of lines printed so far; of events or counts, their number.
    """

    lines: int

    async def send(self, batch: Batch, /) -> None: ...


class Printer(BatchPrinter, Protocol):
    """Prints an answer: its batches as they come, and the rest at the end."""

    async def end(self, outcome: Outcome, /) -> None: ...


class LinePrinter:
    """Prints batches as text: the lines' own bytes, or escaped for a terminal.

    Args:
        prefix: print host and file before each line.
        color: print prefixes in the colours of their hosts.
        escape: escape lines for a terminal.
        groups: print `--` between lines that are no neighbours.
        paint: returns lines in colour, and escaped; None: they are not coloured.
    """

    def __init__(
        self,
        write: Write,
        *,
        prefix: bool,
        color: bool,
        escape: bool,
        groups: bool = False,
        paint: Callable[[bytes], bytes] | None = None,
    ) -> None:
        self._paint = paint or (escaped if escape else bytes)
        self._groups = Groups() if groups else None
        self._write = write
        self._prefix = prefix
        self._color = color
        self.lines = 0
        self._prefixes: dict[Origin, bytes] = {}

    async def send(self, batch: Batch) -> None:
        """Print the lines of a batch."""
        if batch.count:
            await self._write(self.render(batch))
            self.lines += batch.count

    async def end(self, outcome: Outcome) -> None:
        """Print nothing: the verdict goes to standard error and into the exit code."""

    def render(self, batch: Batch) -> bytes:
        """Return the text of a batch that has lines."""
        body = self._paint(batch.body)
        body = self._prefixed(batch, body) if self._prefix else body
        return body if self._groups is None else separated(body[:-1].split(b"\n"), self._groups.begins(batch))

    def _prefixed(self, batch: Batch, body: bytes) -> bytes:
        prefixes = [self._of(origin) for origin in batch.origins]
        if batch.origin is None:
            return prefixes[0] + body[:-1].replace(b"\n", b"\n" + prefixes[0]) + b"\n"
        lines = body[:-1].split(b"\n")
        return b"\n".join([prefixes[index] + line for index, line in zip(batch.origin, lines, strict=True)]) + b"\n"

    def _of(self, origin: Origin) -> bytes:
        prefix = self._prefixes.get(origin)
        if prefix is None:
            prefix = self._prefixes[origin] = self._make(origin)
        return prefix

    def _make(self, origin: Origin) -> bytes:
        """Return `HOST FILE: `; it is escaped in a pipe too, since a name with a line feed would forge lines."""
        safe = line_prefix(origin.host, origin.file)
        return (f"{painted(safe[:-2], origin.host)}: " if self._color else safe).encode()


class JsonRendering(Protocol):
    """Makes JSON of batches, and of the outcome at the end."""

    def batch(self, batch: Batch) -> bytes: ...

    def end(self, outcome: Outcome) -> bytes: ...


class JsonPrinter:
    """Prints batches, which must have times and places, as JSON, and the verdict at its end.

    Args:
        escape: escape the JSON for a terminal.
        tell: takes the verdict in place of the output; it is told of answers that are not complete.
        always: whether it is told of all answers.
    """

    def __init__(
        self,
        write: Write,
        *,
        escape: bool,
        rendering: JsonRendering,
        tell: Callable[[str], object] | None = None,
        always: bool = False,
    ) -> None:
        self._tell = tell
        self._always = always
        self._write = write
        self._escape = escape
        self.lines = 0
        self._rendering = rendering

    async def send(self, batch: Batch) -> None:
        """Print a batch; a rendering may hold it back until the end."""
        if batch.count:
            await self._print(self._rendering.batch(batch))
            self.lines += batch.count

    async def end(self, outcome: Outcome) -> None:
        """Print the verdict, or tell it."""
        record = self._rendering.end(outcome)
        if self._tell is None:
            await self._print(record)
        elif self._always or not outcome.complete:
            self._tell(escaped_json(record).decode())

    async def _print(self, records: bytes) -> None:
        await self._write(escaped_json(records) if self._escape else records)


class CountPrinter:
    """Prints the number of lines, or events, instead of them; context does not count."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self.lines = 0

    async def send(self, batch: Batch) -> None:
        """Count a batch."""
        self.lines += batch.records

    async def end(self, outcome: Outcome) -> None:
        """Print the count."""
        await self._write(b"%d\n" % self.lines)
