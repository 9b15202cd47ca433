"""Lines as `grep`, `tail` and `cat` print them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

from logagent.core.batch import BESIDE, Batch, Origin
from logagent.core.columns import cut_before
from logagent.core.escapes import in_line
from logagent.core.rendering.records import Groups, separated
from logagent.terminal.escapes import escaped
from logagent.terminal.streams import Write

NAME_COLOR, NUMBER_COLOR, SIGN_COLOR = "35", "32", "36"
"""The colours that grep gives names, numbers, and the signs behind them."""


class GrepPrinter:
    """Prints matching lines, and those around them, as grep does.

    Args:
        names: print the log's name before each line.
        hosts: print the host's name before that.
        groups: finds where `--` is to stand; None: no lines of context are asked for.
        escape: escape lines for a terminal.
        color: print names in colour.
    """

    def __init__(
        self, write: Write, *, names: bool, hosts: bool, groups: Groups | None, escape: bool, color: bool
    ) -> None:
        self._write = write
        self._names = names
        self._hosts = hosts
        self._groups = groups
        self._escape = escape
        self._color = color
        self.lines = 0

    async def send(self, batch: Batch) -> None:
        """Print the lines of a batch."""
        if batch.count:
            await self._write(self._text(batch))
            self.lines += batch.records

    def _text(self, batch: Batch) -> bytes:
        body = escaped(batch.body) if self._escape else batch.body
        if not self._names and self._groups is None:
            return body
        lines = body[:-1].split(b"\n")
        if self._names:
            lines = [self._prefix(*where).encode() + line for where, line in zip(_places(batch), lines, strict=True)]
        begins = set[int]() if self._groups is None else self._groups.begins(batch)
        return separated(lines, begins)

    def _prefix(self, origin: Origin, sign: str) -> str:
        """Return what stands before a line of a log; a name is escaped in a pipe too, as it might forge lines."""
        name = in_line(origin.log or origin.file)
        if not self._hosts:
            return self._painted(name, NAME_COLOR) + self._painted(sign, SIGN_COLOR)
        return self._painted(f"{in_line(origin.host)} {name}", NAME_COLOR) + self._painted(sign, SIGN_COLOR) + " "

    def _painted(self, text: str, color: str) -> str:
        return f"\x1b[{color}m{text}\x1b[0m" if self._color else text


def _places(batch: Batch) -> Iterator[tuple[Origin, str]]:
    """Yield the origin of each line, and the sign behind its name: a hyphen where it is context."""
    flags = batch.flags or bytes(batch.count)
    for flag, index in zip(flags, batch.origin_of_each(), strict=True):
        yield batch.origins[index], "-" if flag in BESIDE else ":"


class ExactPrinter:
    """Prints whole files as they are: a last line without a line break stays without one.

    Args:
        sizes: bytes of each file of the log that is not compressed, as it was listed.
        number: print their numbers before the lines, as `cat -n`.
        escape: escape lines for a terminal.

    Attributes:
        lines: lines printed so far.
    """

    def __init__(self, write: Write, *, escape: bool, number: bool = False) -> None:
        self.sizes: Mapping[str, int] = {}
        self._write = write
        self._number = number
        self._escape = escape
        self._waiting: Origin | None = None
        self._is_open = False
        self.lines = 0

    async def send(self, batch: Batch) -> None:
        """Print the lines of a batch, which must have places."""
        if batch.count:
            text = b"".join(map(self._run, by_file(batch)))
            await self._write(escaped(text) if self._escape else text)

    async def end(self) -> None:
        """End the log."""
        self._is_open, self._waiting = self._waiting is not None, None

    def _run(self, batch: Batch) -> bytes:
        """Return the text of lines of one file."""
        before = b"\n" if self._waiting is not None and self._waiting == batch.origins[0] else b""
        joins = self._is_open or (self._waiting is not None and not before)
        self._is_open = False
        text = self._numbered(batch, joins=joins) if self._number else batch.body
        self.lines += batch.count
        self._waiting = batch.origins[0] if ends_without_line_break(batch, self.sizes) else None
        return before + (text[:-1] if self._waiting is not None else text)

    def _numbered(self, batch: Batch, *, joins: bool) -> bytes:
        first, *others = batch.lines()
        start = self.lines + 1 - joins
        self.lines -= joins
        rows = [first if joins else b"%6d\t%b" % (start, first)]
        rows += [b"%6d\t%b" % (number, line) for number, line in enumerate(others, start + 1)]
        return b"\n".join(rows) + b"\n"


class HeaderPrinter:
    """Prints lines, with the name of their log above them wherever it is another one than that of the line before.

    Args:
        headers: print names at all.
        escape: escape lines for a terminal.
    """

    def __init__(self, write: Write, *, headers: bool, escape: bool) -> None:
        self._write = write
        self._headers = headers
        self._escape = escape
        self._last: tuple[str, str] | None = None
        self.lines = 0

    async def send(self, batch: Batch) -> None:
        """Print the lines of a batch, which must have places."""
        if batch.count:
            self.lines += batch.count
            text = b"".join(map(self._headed, by_file(batch))) if self._headers else batch.body
            await self._write(escaped(text) if self._escape else text)

    def _headed(self, batch: Batch) -> bytes:
        log, last = batch.origins[0].log_id, self._last
        self._last = log
        return batch.body if log == last else header(log[1], first=last is None) + batch.body


def header(name: str, *, first: bool) -> bytes:
    """Return what stands above the lines of a log, as tail prints it.

    Args:
        first: whether nothing was printed before it.
    """
    return f"{'' if first else chr(10)}==> {in_line(name)} <==\n".encode()


def by_file(batch: Batch) -> Iterator[Batch]:
    """Cut a batch into those of one file each, in its order."""
    if batch.origin is None:
        return iter([batch])
    borders = [place for place, (before, index) in enumerate(pairwise(batch.origin), 1) if before != index]
    return cut_before(batch, borders)


def ends_without_line_break(batch: Batch, sizes: Mapping[str, int]) -> bool:
    """Return whether the last line of a batch of one file is the end of that file, and has no line break there.

    Args:
        sizes: bytes of files, by name; others are taken to end with a line break.
    """
    if batch.offsets is None:
        return False
    last = batch.offsets[-1] + len(batch.body) - 1 - (batch.body.rfind(b"\n", 0, -1) + 1)
    return sizes.get(batch.origins[0].file) == last
