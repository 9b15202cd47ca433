"""An answer's batches printed as text, as JSON or as a count, a whole batch at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from logagent.core.batch import Batch, Origin
from logagent.core.escapes import line_prefix
from logagent.core.outcome import Outcome
from logagent.core.rendering.records import Groups, separated
from logagent.terminal.colors import painted
from logagent.terminal.escapes import escaped, escaped_json
from logagent.terminal.streams import Write

Finder = Callable[[bytes], Sequence[tuple[int, int]]]
"""Returns where in a line matches begin and end."""


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


Stamps = Callable[[Batch], Sequence[str]]
"""Returns the time of each line of a batch, as it is printed before the line."""


class LinePrinter:
    """Prints batches as text: the lines' own bytes, or escaped for a terminal.

    Args:
        prefix: print host and file before each line.
        color: print prefixes in the colours of their hosts.
        escape: escape lines for a terminal.
        groups: print `--` between lines that are no neighbours.
        paint: returns lines in colour, and escaped; None: they are not coloured.
        only: finds what is printed in place of each line; None: the line is.
        stamps: returns the times that are printed before lines; None: none are.
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
        only: Finder | None = None,
        stamps: Stamps | None = None,
    ) -> None:
        self._paint = paint or (escaped if escape else bytes)
        self._groups = Groups() if groups else None
        self._write = write
        self._prefix = prefix
        self._color = color
        self._only = only
        self._stamps = stamps
        self.lines = 0
        self._prefixes: dict[Origin, bytes] = {}

    async def send(self, batch: Batch) -> None:
        """Print the lines of a batch."""
        if batch.count:
            if text := self.render(batch):
                await self._write(text)
            self.lines += batch.count

    async def end(self, outcome: Outcome) -> None:
        """Print nothing: the verdict goes to standard error and into the exit code."""

    def render(self, batch: Batch) -> bytes:
        """Return the text of a batch that has lines."""
        if self._only is not None:
            return b"".join(self._found(batch, self._only))
        body = self._paint(batch.body)
        if self._stamps is not None:
            body = b"".join(map(b"%b%b\n".__mod__, zip(self._leads(batch), body[:-1].split(b"\n"), strict=True)))
        elif self._prefix:
            body = self._prefixed(batch, body)
        return body if self._groups is None else separated(body[:-1].split(b"\n"), self._groups.begins(batch))

    def _found(self, batch: Batch, only: Finder) -> Iterator[bytes]:
        for lead, line in zip(self._leads(batch), batch.lines(), strict=True):
            for begin, end in only(line):
                yield lead + self._paint(line[begin:end]) + b"\n"

    def _leads(self, batch: Batch) -> list[bytes]:
        """Return what stands before each line."""
        prefixes = [self._of(origin) if self._prefix else b"" for origin in batch.origins]
        leads = [prefixes[index] if prefixes else b"" for index in batch.origin_of_each()]
        if self._stamps is None:
            return leads
        return [b"%b %b" % (stamp.encode(), lead) for stamp, lead in zip(self._stamps(batch), leads, strict=True)]

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
