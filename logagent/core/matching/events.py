"""Events: a line with a time and the lines without a time that follow it, such as a stack trace, as one record.

Blocks are added forward or backward; an event that spans several blocks is returned whole, once both its ends are
known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise

from logagent.core.batch import lines_of, starts_of
from logagent.core.matching.context import Record

Stamps = Callable[[int, Sequence[bytes]], Sequence[int | None]]
"""Reads the times that adjacent lines state, the first of which begins at an offset, in nanoseconds since the epoch;
None for lines that state none."""

MAX_EVENT = 1024 * 1024
"""Bytes of an event of many lines: far more than a stack trace takes. A longer event is given in pieces, so that a file
in which only the first line has a time is not held in memory whole."""


class Events:
    """Groups the lines of one log into events.

    Args:
        newest: whether blocks come from the end of the file to its beginning.
        most: bytes of one event, see `MAX_EVENT`.

    Attributes:
        file: the number of the file of the next blocks; the caller sets it.
        kept: the lines that wait for the other end of their event.
    """

    def __init__(self, *, newest: bool, most: int = MAX_EVENT) -> None:
        self._newest = newest
        self._most = most
        self.kept = b""
        self._at = 0
        self.file = self._file_of_kept = 0

    def add(self, offset: int, block: bytes, stamps: Stamps) -> list[Record]:
        """Add a block, and return the events that are complete now, in the order of the file.

        Args:
            offset: where the block begins in its file, in bytes.
            block: whole lines, adjacent to the block added before.
            stamps: reads the times of lines.
        """
        return self._backward(offset, block, stamps) if self._newest else self._forward(offset, block, stamps)

    def pass_over(self, offset: int, block: bytes, stamps: Stamps) -> None:
        """Add a block whose events are not wanted, nor the event that continues into it; faster than `add`.

        Args:
            offset: where the block begins in its file, in bytes.
            block: whole lines, adjacent to the block added before.
            stamps: reads the times of lines.
        """
        lines = lines_of(block)
        starts = starts_of(offset, lines)
        if self._newest:
            first = next((n for n, line in enumerate(lines) if stamps(starts[n], [line])[0] is not None), None)
            self._keep(offset, _ended(block) + self.kept if first is None else _joined(lines[:first]))
        else:
            numbers = range(len(lines) - 1, -1, -1)
            last = next((n for n in numbers if stamps(starts[n], [lines[n]])[0] is not None), None)
            if last is None:
                self._go_on(offset, block)
            else:
                self._keep(offset + len(_joined(lines[:last])), _joined(lines[last:]))
        if len(self.kept) > self._most:
            self.kept = b""

    @property
    def head(self) -> Record:
        """The lines that wait for the other end of their event, as a record."""
        return Record(self._at, _without_break(self.kept), file=self._file_of_kept)

    def finish(self) -> list[Record]:
        """Return the event that still waits, if there is one; call it after the last block."""
        last = [self.head] if self.kept else []
        self.kept = b""
        return last

    def _keep(self, offset: int, kept: bytes) -> None:
        """Keep lines whose event may continue in the next block."""
        self._at, self.kept, self._file_of_kept = offset, kept, self.file

    def _go_on(self, offset: int, block: bytes) -> None:
        if self.kept:
            self.kept += block
        else:
            self._keep(offset, block)

    def _backward(self, offset: int, block: bytes, stamps: Stamps) -> list[Record]:
        lines = lines_of(block)
        firsts = [index for index, stamp in enumerate(stamps(offset, lines)) if stamp is not None]
        if not firsts:
            self._keep(offset, _ended(block) + self.kept)
            return self._tear()
        starts = list(accumulate((len(line) + 1 for line in lines), initial=offset))
        events = [Record(starts[a], b"\n".join(lines[a:b]), file=self.file) for a, b in pairwise([*firsts, len(lines)])]
        if self.kept:
            text = events[-1].text + b"\n" + _without_break(self.kept)
            events[-1] = events[-1]._replace(text=text)
        self._keep(offset, _joined(lines[: firsts[0]]))
        return events

    def _forward(self, offset: int, block: bytes, stamps: Stamps) -> list[Record]:
        lines = lines_of(block)
        firsts = [index for index, stamp in enumerate(stamps(offset, lines)) if stamp is not None]
        if not firsts:
            self._go_on(offset, block)
            return self._tear()
        starts = list(accumulate((len(line) + 1 for line in lines), initial=offset))
        before = self.kept + _joined(lines[: firsts[0]])
        begun = self.head if self.kept else Record(offset, b"", file=self.file)
        head = [begun._replace(text=_without_break(before))] if before else []
        events = [Record(starts[a], b"\n".join(lines[a:b]), file=self.file) for a, b in pairwise(firsts)]
        self._keep(starts[firsts[-1]], _joined(lines[firsts[-1] :]))
        return head + events

    def _tear(self) -> list[Record]:
        return self.finish() if len(self.kept) > self._most else []


def _joined(lines: Sequence[bytes]) -> bytes:
    return b"\n".join([*lines, b""]) if lines else b""


def _ended(block: bytes) -> bytes:
    return block if block.endswith(b"\n") else block + b"\n"


def _without_break(text: bytes) -> bytes:
    return text.removesuffix(b"\n")
