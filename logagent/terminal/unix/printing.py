"""Lines as `grep`, `tail` and `cat` print them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from logagent.core.batch import BESIDE, Batch, LineFlag, Origin
from logagent.core.columns import cut_before, with_used_origins
from logagent.core.escapes import in_line
from logagent.core.rendering.records import SEPARATOR, Groups
from logagent.terminal.escapes import escaped
from logagent.terminal.printing import Finder
from logagent.terminal.streams import Write

NAME_COLOR, NUMBER_COLOR, SIGN_COLOR = "35", "32", "36"
"""The colours that grep gives names, numbers, and the signs behind them."""


@dataclass(frozen=True, slots=True)
class GrepStyle:
    """How lines are printed.

    Attributes:
        names: print the log's name before each line.
        hosts: print the host's name before that.
        context: print `--` between lines that are no neighbours, and lines of context.
        bare: as `context`, but lines of context, of which there is one before each line, are left out.
        escape: escape lines for a terminal.
        paint: colours lines, and escapes them where that is wanted; None: nothing is coloured.
        only: finds what is printed in place of the line; None: the line is.
        inverted: whether that is looked for in the lines of context, which match with `-v`.
    """

    names: bool = False
    hosts: bool = False
    context: bool = False
    bare: bool = False
    escape: bool = False
    paint: Callable[[bytes], bytes] | None = None
    only: Finder | None = None
    inverted: bool = False


class GrepPrinter:
    """Prints matching lines, and those around them, as grep does."""

    def __init__(self, write: Write, style: GrepStyle) -> None:
        self._write = write
        self._style = style
        self._groups = _Neighbours() if style.bare else Groups() if style.context else None
        self.lines = 0

    async def send(self, batch: Batch) -> None:
        """Print the lines of a batch."""
        await self.print(batch, None)

    async def print(self, batch: Batch, numbers: Sequence[int] | None) -> None:
        """Print the lines of a batch.

        Args:
            numbers: of the lines, as wanted before each; None: they are not.
        """
        if batch.count:
            self.lines += batch.records
            if text := self._text(batch, numbers):
                await self._write(text)

    def _text(self, batch: Batch, numbers: Sequence[int] | None) -> bytes:
        style = self._style
        if style.names or numbers is not None or style.only is not None or self._groups is not None:
            return b"".join(self._rows(batch, numbers))
        return self._shown(batch.body[:-1]) + b"\n"

    def _rows(self, batch: Batch, numbers: Sequence[int] | None) -> Iterator[bytes]:
        begins = set[int]() if self._groups is None else self._groups.begins(batch)
        flags = batch.flags or bytes(batch.count)
        separator = self._painted(SEPARATOR.decode(), SIGN_COLOR).encode()
        for place, (prefix, line) in enumerate(zip(self._prefixes(batch, numbers), batch.lines(), strict=True)):
            if place in begins:
                yield separator + b"\n"
            for text in self._parts(line, beside=flags[place] in BESIDE):
                yield b"%b%b\n" % (prefix.encode(), text)

    def _parts(self, line: bytes, *, beside: bool) -> Sequence[bytes]:
        """Return what is printed of a line."""
        style = self._style
        if beside and style.bare:
            return ()
        if style.only is None:
            return (self._shown(line),)
        return [self._shown(line[begin:end]) for begin, end in style.only(line)] if beside is style.inverted else ()

    def _shown(self, lines: bytes) -> bytes:
        if self._style.paint is not None:
            return self._style.paint(lines)
        return escaped(lines) if self._style.escape else lines

    def _prefixes(self, batch: Batch, numbers: Sequence[int] | None) -> Iterator[str]:
        """Yield what stands before each line: a hyphen, not a colon, where it is context."""
        flags = batch.flags or bytes(batch.count)
        for place, (flag, index) in enumerate(zip(flags, batch.origin_of_each(), strict=True)):
            sign = self._painted("-" if flag in BESIDE else ":", SIGN_COLOR)
            name = self._name(batch.origins[index]) + sign if self._style.names else ""
            yield (
                name
                + (self._painted(str(numbers[place]), NUMBER_COLOR) + sign if numbers is not None else "")
                + (" " if self._style.hosts and self._style.names else "")
            )

    def _name(self, origin: Origin) -> str:
        """Return the log's name; it is escaped in a pipe too, as it might forge lines."""
        host = f"{in_line(origin.host)} " if self._style.hosts else ""
        return self._painted(host + in_line(origin.log or origin.file), NAME_COLOR)

    def _painted(self, text: str, color: str) -> str:
        return f"\x1b[{color}m{text}\x1b[0m" if self._style.paint is not None else text


class _Neighbours:
    """Finds which lines are no neighbours of the one before, if each comes with the line before it."""

    def __init__(self) -> None:
        self._last: tuple[str, str] | None = None
        self._passed = False

    def begins(self, batch: Batch) -> set[int]:
        """Return the indices of such lines; batches are to be given in their order."""
        begins: set[int] = set()
        flags = batch.flags or bytes(batch.count)
        for place, (flag, index) in enumerate(zip(flags, batch.origin_of_each(), strict=True)):
            if flag in BESIDE:
                self._passed = True
                continue
            log = batch.origins[index].log_id
            if self._last is not None and (self._passed or flag & LineFlag.GAP or log != self._last):
                begins.add(place)
            self._last, self._passed = log, False
        return begins


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
    return map(with_used_origins, cut_before(batch, borders))


def ends_without_line_break(batch: Batch, sizes: Mapping[str, int]) -> bool:
    """Return whether the last line of a batch of one file is the end of that file, and has no line break there.

    Args:
        sizes: bytes of files, by name; others are taken to end with a line break.
    """
    if batch.offsets is None:
        return False
    last = batch.offsets[-1] + len(batch.body) - 1 - (batch.body.rfind(b"\n", 0, -1) + 1)
    return sizes.get(batch.origins[0].file) == last
