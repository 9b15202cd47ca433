"""The lines of a compressed file: forward as they are unpacked, backward those that a forward pass has kept.

Offsets and sizes are those of the text. Nothing is written anywhere, and memory is bounded whatever the archive holds.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from itertools import chain, repeat

from logagent.core.matching.matcher import Inspection
from logagent.core.outcome import Failure
from logagent.core.times.locating import SEEN
from logagent.disk.archives.block_builder import BlockBuilder, ChunkedText, StreamedLine
from logagent.disk.archives.decoding import CHUNK, Compression, Decompression
from logagent.disk.archives.kept_blocks import KeptBlocks, KeptStretch
from logagent.disk.files.blocks import BLOCK_SIZES, MAX_LINE, Block, LongLine, Read, Stretch

KEPT = 24 * 1024 * 1024
"""Bytes of wanted blocks that a backward pass keeps: with less room, answers of more lines take more passes (one for
every 24 MiB of blocks, at a second or so for each GB of text before them)."""
TRAIL = 256 * 1024
"""Bytes of the text just gone through that stay at hand: for the times of lines without one."""


class Archive:
    """Reads the lines of one compressed file.

    descriptor: of a regular file, open for reading; stays the caller's. name: for messages. sizes: of the blocks,
    growing; a block may be larger by as much again. max_line: lines up to so many bytes come whole. kept: bytes of
    blocks that `backward` may hold. read: `os.pread` or what stands in for it. before_read: called before each read and
    each chunk unpacked; what it raises ends the reading.

    size: bytes of the text, None until a pass has come to its end. bytes_read: of the text gone through, all told; what
    a second pass goes through again counts again. decompressing_ns: nanoseconds that the decoders took of it.
    loss: why the lines are not all there, None as long as they are.
    A damaged archive, or a read that fails, is such a loss and raises nothing.
    """

    def __init__(
        self,
        descriptor: int,
        name: str,
        kind: Compression,
        *,
        sizes: Sequence[int] = BLOCK_SIZES,
        max_line: int = MAX_LINE,
        kept: int = KEPT,
        read: Read = os.pread,
        before_read: Callable[[], object] = lambda: None,
    ) -> None:
        self._descriptor = descriptor
        self.name = name
        self._kind = kind
        self._sizes = sizes
        self.max_line = max_line
        self._largest = max(max_line + 2, SEEN, sizes[-1])
        self._room = kept
        self._read = read
        self._before_read = before_read
        self._trail: deque[tuple[int, bytes]] = deque()
        self._kept: deque[KeptStretch] = deque()
        self._in_hand: KeptStretch | None = None
        self._line: StreamedLine | None = None
        self.size: int | None = None
        self.bytes_read = self.decompressing_ns = 0
        self.loss: Failure | None = None

    def forward(self, begin: int = 0) -> Iterator[Stretch]:
        """The text from `begin`, where a line begins, to its end.

        A `LongLine` comes as soon as it is known to be one. Its `end` is how far it was seen by then, and its windows
        are to be had until the next stretch is asked for.
        """
        return self._pass(begin, None)

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
        """The text before `end` from its last line to its first, without most of the blocks that nobody wants.

        wanted: how many wanted lines a block has; if any, it comes. most: older blocks than hold so many wanted lines
        together need not come. around: so many lines on either side of a wanted block come too, and so many at either
        end of the text, for neighbours of what is wanted in other files. Others may.
        inspect, overlap: begins the test of one long line (see `Matcher`), without which every one is wanted. Long
        lines come with their true `end`; `found` tells how the test ended, and only the head is still at hand.

        Empty blocks come during the passes: reading goes on.
        """
        owed = around  # a match in a newer file may lie right behind
        while True:
            keeping = KeptBlocks(self._room, most, around, owed)
            self._kept = keeping.kept
            for stretch in self._pass(0, end):
                yield from self._weigh(stretch, keeping, wanted, inspect, overlap)
            keeping.end()
            if not keeping.kept:
                return
            end, most, owed = keeping.kept[0].stretch.offset, keeping.most_left, keeping.owed_left
            yield from self._give_out()
            if not keeping.dropped or (most == 0 and owed == 0):
                return

    def windows(self, line: LongLine, overlap: int) -> Iterator[bytes]:
        """A long line that `forward` has just given, in pieces, each but the first beginning with the last `overlap`
        bytes of the text before it. To be had once. Raises `LookupError` for any other line."""
        passing = self._line
        if passing is None or passing.offset != line.offset:
            raise LookupError(f"{self.name}: the line at {line.offset} is not the one being unpacked")
        yield passing.head
        seen = passing.head
        for piece in passing.more():
            window = seen[max(0, len(seen) - overlap) :] + piece
            yield window
            seen = window

    def head(self, line: LongLine) -> bytes:
        """The first bytes of the long line that was given last: one more than `max_line`, and what tells its time.
        Raises `LookupError` for any other line."""
        if self._in_hand is not None and self._in_hand.stretch.offset == line.offset:
            return self._in_hand.text
        if self._line is None or self._line.offset != line.offset:
            raise LookupError(f"{self.name}: the line at {line.offset} is not the one that was given last")
        return self._head_of(self._line)

    def found(self, line: LongLine) -> bool:
        """Whether the long line that `backward` has just given passed its test; if not, it is a neighbour."""
        return self._in_hand is not None and self._in_hand.stretch == line and self._in_hand.wanted > 0

    def read(self, begin: int, end: int) -> bytes:
        """The bytes of the text from `begin` to `end`, as far as they are at hand without unpacking anything: the last
        `TRAIL` bytes of the pass, what `backward` keeps, and what was given last. Fewer or none if they are not."""
        body = b""
        for offset, text in sorted(self._at_hand(), key=lambda one: one[0]):
            place = begin + len(body) - offset
            if 0 <= place < len(text):
                body += text[place : max(place, end - offset)]
        return body

    def before(self, end: int) -> tuple[int, bytes]:
        """What is at hand of the text right before `end`, where a line begins: where that starts, and its bytes."""
        begin, pieces = end, list[bytes]()
        for offset, text in sorted(self._at_hand(), key=lambda one: one[0], reverse=True):
            if offset < begin <= offset + len(text):
                pieces.append(text[: begin - offset])
                begin = offset
        return begin, b"".join(reversed(pieces))

    def _at_hand(self) -> Iterator[tuple[int, bytes]]:
        yield from self._trail
        for kept in (*self._kept, *filter(None, [self._in_hand])):
            yield kept.stretch.offset, kept.text
        if self._line is not None:
            yield self._line.offset, self._line.head

    def _pass(self, begin: int, end: int | None) -> Iterator[Stretch]:
        self._trail.clear()
        self._in_hand = self._line = None
        text, cutting = ChunkedText(self._chunks(begin, end)), BlockBuilder(begin)
        sizes = chain(self._sizes, repeat(self._sizes[-1]))
        size = next(sizes)
        while (piece := text.take(size)) is not None:
            cutting.add(piece)
            if cutting.whole + cutting.loose >= size and cutting.whole:
                yield from self._lines(cutting)
                size = next(sizes)
            if cutting.loose >= self._largest:
                yield from self._long_line(cutting, text)
            elif not piece:
                yield Block(cutting.offset, b"")
        cutting.end()
        yield from self._lines(cutting)

    def _chunks(self, begin: int, end: int | None) -> Iterator[bytes]:
        """The text from `begin` to `end`; before, empty chunks."""
        offset, chunk, spent = 0, max(1, min(CHUNK, self._sizes[-1])), self.decompressing_ns
        unpacking = Decompression(
            self._descriptor, self.name, self._kind, chunk=chunk, read=self._read, before_read=self._before_read
        )
        skipped = b""
        for text in unpacking.chunks():
            self.bytes_read += len(text)
            self.decompressing_ns = spent + unpacking.spent
            if offset < begin:
                skipped = (skipped + text[: begin - offset])[-TRAIL:]
                self._note_skipped(skipped, min(begin, offset + len(text)))
            yield text[max(0, begin - offset) : None if end is None else max(0, end - offset)]
            offset += len(text)
            if end is not None and offset >= end:
                return
        self.size, self.loss = offset, unpacking.loss
        self.decompressing_ns = spent + unpacking.spent

    def _note_skipped(self, text: bytes, end: int) -> None:
        """ChunkedText that is passed over up to `end` stays at hand, too, from the first line on that is whole."""
        first = 0 if len(text) == end else text.find(b"\n") + 1
        self._trail.clear()
        self._trail.append((end - len(text) + first, text[first:]))

    def _lines(self, cutting: BlockBuilder) -> Iterator[Block]:
        if cutting.whole:
            block = cutting.block()
            self._trail.append((block.offset, block.body))
            while cutting.offset - self._trail[0][0] - len(self._trail[0][1]) >= TRAIL:
                self._trail.popleft()
            yield block

    def _long_line(self, cutting: BlockBuilder, text: ChunkedText) -> Iterator[Stretch]:
        self._line = line = StreamedLine(cutting.offset, cutting.line(), text, self._sizes[-1])
        yield LongLine(line.offset, line.end)
        for _ in line.more():
            yield Block(line.end, b"")
        cutting.offset = line.behind
        self._line = None

    def _weigh(
        self,
        stretch: Stretch,
        keeping: KeptBlocks,
        wanted: Callable[[bytes], int],
        inspect: Callable[[], Inspection] | None,
        overlap: int,
    ) -> Iterator[Block]:
        if isinstance(stretch, LongLine) and (line := self._line) is not None:
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

    def _head_of(self, line: StreamedLine) -> bytes:
        return line.head[: max(self.max_line + 1, SEEN)]

    def _give_out(self) -> Iterator[Stretch]:
        while self._kept:
            self._in_hand = self._kept.pop()
            yield self._in_hand.stretch
