"""The numbers of lines, which no agent knows: counted over all lines of a log, from its oldest generation on.

The lines that match are asked for first, and of these no more is kept than where they stand. Then all lines come, up to
the last one that is to be printed.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from logagent.core.batch import Batch
from logagent.core.columns import picked
from logagent.core.outcome import Failure, Status
from logagent.core.query import Limits, Match, Query
from logagent.core.time_range import ALL_TIME
from logagent.terminal.unix.logs import FoundLog
from logagent.terminal.unix.printing import GrepPrinter, by_file
from logagent.terminal.unix.reading import Reading

ONE_HOST = "lines are numbered on one host; name it with --host"
"""Why lines that several hosts merge have no numbers."""
_File = tuple[str, int]
"""A file by its log and its fingerprint, which stay when it is rotated."""


async def print_numbered(reading: Reading, log: FoundLog, query: Query, printer: GrepPrinter) -> None:
    """Print the lines of a log that a query asks for, each with its number."""
    query = replace(query, form=replace(query.form, places=True))
    places = _Places()
    await reading.read(log.about(query), places, log.as_met(query))
    if places.left:
        every = replace(query, match=Match(), range=ALL_TIME, limits=Limits())
        outcome = await reading.answer(log.about(every), _Numbered(places, printer))
        if outcome.status is not Status.CANCELLED:
            reading.tell(outcome)


@dataclass
class _Places:
    """Where the lines stand that are to be printed, each with its flags.

    Attributes:
        left: how many of them are not printed yet.
    """

    of_files: dict[_File, dict[int, int]] = field(default_factory=dict)
    left: int = 0
    lines: int = 0

    async def send(self, batch: Batch) -> None:
        """Note the places of a batch."""
        for part in by_file(batch) if batch.count else ():
            flags = part.flags or bytes(part.count)
            self.of_files.setdefault(_file_of(part), {}).update(zip(part.offsets or (), flags, strict=True))
            self.left += part.count


class _Numbered:
    """Counts all lines, and prints those that are wanted; ends the answer behind the last one."""

    def __init__(self, places: _Places, printer: GrepPrinter) -> None:
        self._places = places
        self._printer = printer
        self._before = 0
        self.lines = 0

    async def send(self, batch: Batch) -> None:
        """Print what is wanted of a batch."""
        for part in by_file(batch) if batch.count else ():
            await self._print(part)
            self._before += part.count
        if not self._places.left:
            raise Failure(Status.CANCELLED, "all lines are printed")

    async def _print(self, part: Batch) -> None:
        wanted, offsets = self._places.of_files.get(_file_of(part), {}), part.offsets or ()
        here = [place for place, offset in enumerate(offsets) if offset in wanted] if wanted else []
        if here:
            lines = replace(picked(part, part.lines(), here), flags=bytes(wanted[offsets[place]] for place in here))
            await self._printer.print(lines, [self._before + place + 1 for place in here])
            self._places.left -= len(here)


def _file_of(batch: Batch) -> _File:
    origin = batch.origins[0]
    return origin.log or origin.file, origin.fingerprint
