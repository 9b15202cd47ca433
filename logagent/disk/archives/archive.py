"""The lines of a compressed file in both directions; backward, a forward pass keeps lines or blocks, then reversed.

No temporary file is written, and memory is bounded whatever the file holds.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing

from logagent.core.matching.matcher import Inspection
from logagent.disk.archives.compression import Compression
from logagent.disk.archives.forward_archive import ForwardArchive
from logagent.disk.archives.kept_blocks import KeptBlocks
from logagent.disk.archives.picked_lines import KeptLines, PickedLines, Picker
from logagent.disk.files.blocks import BLOCK_SIZES, MAX_LINE, Block, LongLine, Read, Stretch

KEPT = 24 * 1024 * 1024
"""Bytes that a backward pass keeps, of wanted blocks or of picked lines, which are packed. An answer takes one pass for
each time that they are full; a pass takes about a second for every GB of text before them."""


class Archive(ForwardArchive):
    """Reads the lines of one compressed file forward or backward; see `ForwardArchive`.

    Args:
        kept: bytes of blocks that `backward` may hold.
    """

    def __init__(
        self,
        descriptor: int,
        name: str,
        kind: Compression | None,
        *,
        encoding: str | None = None,
        sizes: Sequence[int] = BLOCK_SIZES,
        max_line: int = MAX_LINE,
        kept: int = KEPT,
        read: Read = os.pread,
        before_read: Callable[[], object] = lambda: None,
    ) -> None:
        super().__init__(
            descriptor,
            name,
            kind,
            encoding=encoding,
            sizes=sizes,
            max_line=max_line,
            read=read,
            before_read=before_read,
        )
        self._room = kept

    def backward(
        self,
        wanted: Callable[[bytes], int],
        *,
        most: int | None = None,
        around: int = 0,
        end: int | None = None,
        inspect: Callable[[], Inspection] | None = None,
        overlap: int = 0,
        picker: Picker | None = None,
    ) -> Iterator[Stretch | PickedLines]:
        """Give the text before `end` from its last line to its first, without most of the blocks that are not wanted.

        Empty blocks are signs of progress. Of long lines, heads are kept; `found` tells the result of their test.

        Args:
            wanted: counts the wanted lines of a block; a block that has any is given.
            most: wanted lines to give at least; blocks older than those that hold so many may be left out. None: all.
            around: lines to give on either side of a wanted block, and at either end, for those in other files.
            end: an offset in the file where a line begins; None: the end of the text.
            inspect: begins the test of one long line, see `Matcher`; None: every long line is wanted.
            overlap: bytes that each window of a long line shares with the window before it.
            picker: picks lines in all passes but the first, see `picked`; None: blocks are given.
        """
        owed = around  # the first lines of a newer file may match
        while True:
            with closing(KeptBlocks(self._room, most, around, owed)) as keeping:
                self._at_hand.kept = keeping.kept
                for stretch in self._pass(0, end):
                    yield from self._weigh(stretch, keeping, wanted, inspect, overlap)
                keeping.end()
                if not keeping.kept:
                    return
                end = self.places.begin_of(keeping.kept[0].stretch.offset)
                most, owed = keeping.most_left, keeping.owed_left
                yield from self._give_out()
            if not keeping.dropped or (most == 0 and owed == 0):
                return
            if picker is not None:
                return (yield from self.picked(picker, most=most, end=end, inspect=inspect, overlap=overlap))

    def picked(
        self,
        picker: Picker,
        *,
        most: int | None = None,
        end: int | None = None,
        inspect: Callable[[], Inspection] | None = None,
        overlap: int = 0,
    ) -> Iterator[Block | PickedLines]:
        """Give the lines before `end` that are picked, from the last to the first, without anything between them.

        Empty blocks are given during the passes, as signs of progress.

        Args:
            picker: called in the order of the text, while what is before a line is at hand.
            most: lines to give at least; lines older than these may be left out. None: all.
            end: an offset in the text where a line begins; None: its end.
            inspect: begins the test of one long line, see `Matcher`; None: every long line matches.
            overlap: bytes that each window of a long line shares with the window before it.
        """
        while True:
            with closing(KeptLines(self._room, most)) as keeping:
                for stretch in self._pass(0, end):
                    if isinstance(stretch, LongLine) and (line := self._at_hand.line) is not None:
                        passed = (yield from self._inspected(stretch, inspect(), overlap)) if inspect else True
                        yield from (Block(line.end, b"") for _ in line.more())
                        long = picker.pick_long(line.offset, self._head_of(line), matches=passed)
                        keeping.add(long._replace(size=line.end - line.offset))
                    elif isinstance(stretch, Block) and stretch.body:
                        keeping.add(picker.pick(stretch))
                    yield Block(stretch.offset, b"")
                keeping.end()
                end, most = keeping.begin, keeping.most_left
                yield from keeping.given_out()
            if not keeping.dropped or most == 0:
                return

    def head(self, line: LongLine) -> bytes:
        """Return the first bytes of the long line given last: one more than `max_line`, and enough to tell its time.

        Raises:
            LookupError: for any other line.
        """
        given = self._at_hand.given
        if given is not None and given.stretch.offset == line.offset:
            return given.text
        return super().head(line)

    def found(self, line: LongLine) -> bool:
        """Return whether the long line that `backward` gave last passed its test; if not, it is a neighbour."""
        given = self._at_hand.given
        return given is not None and given.stretch == line and given.wanted > 0

    def _weigh(
        self,
        stretch: Stretch,
        keeping: KeptBlocks,
        wanted: Callable[[bytes], int],
        inspect: Callable[[], Inspection] | None,
        overlap: int,
    ) -> Iterator[Block]:
        if isinstance(stretch, LongLine) and (line := self._at_hand.line) is not None:
            passed = (yield from self._inspected(stretch, inspect(), overlap)) if inspect else True
            yield from (Block(line.end, b"") for _ in line.more())
            keeping.add(LongLine(line.offset, line.end), self._head_of(line), int(passed))
        elif isinstance(stretch, Block) and stretch.body:
            lines = stretch.body.count(b"\n") if keeping.counts_lines else 1
            keeping.add(stretch, stretch.body, wanted(stretch.body), lines)
        yield Block(stretch.offset, b"")

    def _inspected(self, line: LongLine, inspection: Inspection, overlap: int) -> Generator[Block, None, bool]:
        passed = False
        try:
            for window in self.windows(line, overlap):
                inspection.see(window)
                yield Block(line.offset, b"")
        finally:
            passed = inspection.end()
        return passed

    def _give_out(self) -> Iterator[Stretch]:
        kept = self._at_hand.kept
        while kept:
            self._at_hand.given = given = kept.pop()
            self.places.give(Block(given.stretch.offset, given.text))
            yield given.stretch
