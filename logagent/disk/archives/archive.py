"""The lines of a compressed file in both directions: backward come those that a forward pass has kept.

Nothing is written anywhere, and memory is bounded whatever the file holds.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator, Sequence

from logagent.core.matching.matcher import Inspection
from logagent.disk.archives.compression import Compression
from logagent.disk.archives.forward_archive import ForwardArchive
from logagent.disk.archives.kept_blocks import KeptBlocks
from logagent.disk.files.blocks import BLOCK_SIZES, MAX_LINE, Block, LongLine, Read, Stretch

KEPT = 24 * 1024 * 1024
"""Bytes of wanted blocks that a backward pass keeps. With less room, answers of many lines take more passes: one for
every 24 MiB of blocks, each a second or so for every GB of text before them."""


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
    ) -> Iterator[Stretch]:
        """Give the text before `end` from its last line to its first, without most of the blocks that nobody wants.

        Empty blocks come during the passes: reading goes on. Long lines come with their true `end`; `found` tells how
        their test ended, and only their head is still at hand.

        Args:
            wanted: counts the wanted lines of a block; a block that has any comes.
            most: wanted lines to give at least; older blocks than hold as many together may be left out. None: all.
            around: lines on either side of a wanted block that come too, and at either end of the text, as neighbours
                of wanted lines in other files. More may come.
            end: an offset where a line begins; None: the end of the text.
            inspect: begins the test of one long line, see `Matcher`; None: every long line is wanted.
            overlap: bytes of the window before it that each window of a long line begins with.
        """
        owed = around  # a match in a newer file may lie right behind
        while True:
            keeping = KeptBlocks(self._room, most, around, owed)
            self._at_hand.kept = keeping.kept
            for stretch in self._pass(0, end):
                yield from self._weigh(stretch, keeping, wanted, inspect, overlap)
            keeping.end()
            if not keeping.kept:
                return
            end, most, owed = keeping.kept[0].stretch.offset, keeping.most_left, keeping.owed_left
            yield from self._give_out()
            if not keeping.dropped or (most == 0 and owed == 0):
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
        """Tell whether the long line that `backward` gave last passed its test; if not, it is a neighbour."""
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
            self._at_hand.given = kept.pop()
            yield self._at_hand.given.stretch
