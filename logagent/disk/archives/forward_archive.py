"""The lines of a compressed or encoded file from the first to the last, as they are decompressed and decoded."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, repeat

from logagent.core.code_units import width
from logagent.core.outcome import Failure
from logagent.core.times.locating import SEEN
from logagent.disk.archives.block_builder import BlockBuilder, ChunkedText, StreamedLine
from logagent.disk.archives.compression import Compression
from logagent.disk.archives.decoding import Decompression
from logagent.disk.archives.file_places import FilePlaces
from logagent.disk.archives.layer import CHUNK
from logagent.disk.archives.text_at_hand import TextAtHand
from logagent.disk.archives.text_source import FileBytes, TextSource, decoded
from logagent.disk.archives.text_start import TextStart
from logagent.disk.files.blocks import BLOCK_SIZES, MAX_LINE, Block, LongLine, Read, Stretch
from logagent.disk.files.text_form import unit_in


class ForwardArchive:
    """Reads the lines of one compressed file forward; offsets and sizes refer to its text.

    Damage and failing reads set `loss`, and raise nothing.

    Args:
        descriptor: of a regular file, open for reading; stays the caller's.
        kind: how it is compressed; None: it is not, but its text is encoded.
        encoding: of its text, in which a character takes two or four bytes; None: it is read as it is.
        sizes: bytes of the first blocks, the last for all further ones; a block may be twice as large.
        read: `os.pread`, or its stand-in.
        before_read: called before each read and each chunk decompressed; an exception that it raises ends the reading.

    Attributes:
        name: of the file, for messages.
        max_line: bytes up to which a line is given whole.
        size: bytes of the text; None until a pass has reached its end.
        bytes_read: bytes of text decompressed in all passes.
        decompressing_ns: nanoseconds spent in decoders for them.
        loss: why the lines are incomplete; None as long as they are complete.
        places: where in the file its text lies.
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
        read: Read = os.pread,
        before_read: Callable[[], object] = lambda: None,
    ) -> None:
        self._descriptor = descriptor
        self.name = name
        self._kind = kind
        self._encoding = encoding
        self._sizes = sizes
        self.max_line = max_line
        self._largest = max(max_line + 2, SEEN, sizes[-1])
        self._read = read
        self._before_read = before_read
        self._at_hand = TextAtHand()
        self._first = self._place = 0
        self.places = FilePlaces(unit_in(encoding))
        self.size: int | None = None
        self.bytes_read = self.decompressing_ns = 0
        self.loss: Failure | None = None

    def forward(self, begin: int = 0) -> Iterator[Stretch]:
        """Give the text from `begin` to its end.

        A `LongLine` comes as soon as it is known to be one. Its `end` is how far it was seen until then, and its
        windows can be had until the next stretch is asked for.

        Args:
            begin: an offset in the file; the first line comes that begins there or behind.
        """
        for stretch in self._pass(begin, None):
            if isinstance(stretch, Block):
                self.places.give(stretch)
            elif isinstance(stretch, LongLine):
                self.places.give(Block(stretch.offset, self.head(stretch)))
            yield stretch

    def windows(self, line: LongLine, overlap: int) -> Iterator[bytes]:
        """Give the long line that `forward` gave last in windows; to be called once for a line.

        Args:
            overlap: bytes that each window shares with the window before it.

        Raises:
            LookupError: for any other line.
        """
        streamed = self._at_hand.line
        if streamed is None or streamed.offset != line.offset:
            raise LookupError(f"{self.name}: the line at {line.offset} is not the one being decompressed")
        yield streamed.head
        seen = streamed.head
        for piece in streamed.more():
            window = seen[max(0, len(seen) - overlap) :] + piece
            yield window
            seen = window

    def head(self, line: LongLine) -> bytes:
        """Return the first bytes of the long line given last: one more than `max_line`, and enough to tell its time.

        Raises:
            LookupError: for any other line.
        """
        streamed = self._at_hand.line
        if streamed is None or streamed.offset != line.offset:
            raise LookupError(f"{self.name}: the line at {line.offset} is not the one that was given last")
        return self._head_of(streamed)

    def read(self, begin: int, end: int) -> bytes:
        """Return the text from `begin` to `end` as far as it is held; see `TextAtHand.read`."""
        return self._at_hand.read(begin, end)

    def before(self, end: int) -> tuple[int, bytes]:
        """Return the offset and the bytes of the held text directly before `end`, where a line begins."""
        return self._at_hand.before(end)

    def _pass(self, begin: int, end: int | None) -> Iterator[Stretch]:
        """Give the text between two offsets in the file."""
        self._at_hand.begin_pass()
        builder = BlockBuilder(begin)
        text = ChunkedText(self._chunks(begin, end, builder), self.places.unit)
        sizes = chain(self._sizes, repeat(self._sizes[-1]))
        size = next(sizes)
        while (piece := text.take(size)) is not None:
            builder.add(piece)
            if builder.whole + builder.loose >= size and builder.whole:
                yield from self._lines(builder)
                size = next(sizes)
            if builder.loose >= self._largest:
                yield from self._long_line(builder, text)
            elif not piece:
                yield Block(builder.offset, b"")
        builder.end()
        yield from self._lines(builder)

    def _chunks(self, begin: int, end: int | None, builder: BlockBuilder) -> Iterator[bytes]:
        """Give empty chunks while text before `begin` is skipped, then the text from there to `end`.

        NULs and a mark before the first line are skipped too.
        """
        offset, spent, unit = 0, self.decompressing_ns, self.places.unit
        begin += -begin % unit
        start, source = TextStart(begin, unit), self._source(max(1, min(CHUNK, self._sizes[-1])))
        for text, place, behind in decoded(source.chunks(), self._encoding, begin, end):
            if place == end:
                return
            self.bytes_read += len(text)
            self.decompressing_ns = spent + source.spent
            skipped = 0 if start.found else start.skip(text, place)
            if skipped:
                self._at_hand.replace_trail(start.trail, offset + skipped)
            if offset + skipped == 0 or skipped:
                builder.offset = offset + skipped
                self._first = self._place = place + width(text[:skipped], unit)
            yield text[skipped : None if end is None or unit > 1 else max(0, end - place)]
            offset += len(text)
            if end is not None and behind >= end:
                return
        self.size, self.loss = offset, source.loss
        self.decompressing_ns = spent + source.spent

    def _source(self, chunk: int) -> TextSource:
        read, before_read = self._read, self._before_read
        if self._kind is None:
            return FileBytes(self._descriptor, self.name, chunk=chunk, read=read, before_read=before_read)
        return Decompression(self._descriptor, self.name, self._kind, chunk=chunk, read=read, before_read=before_read)

    def _lines(self, builder: BlockBuilder) -> Iterator[Block]:
        if builder.whole:
            block = builder.block()
            self._at_hand.add(block)
            self.places.note(block.offset, block.body, self._place)
            self._place += width(block.body, self.places.unit)
            yield block

    def _long_line(self, builder: BlockBuilder, text: ChunkedText) -> Iterator[Stretch]:
        self._at_hand.line = line = StreamedLine(builder.offset, builder.line(), text, self._sizes[-1])
        self.places.note(line.offset, line.head, self._place)
        yield LongLine(line.offset, line.end)
        for _ in line.more():
            yield Block(line.end, b"")
        builder.offset = line.behind
        self._place = self._first + text.taken
        self._at_hand.line = None

    def _head_of(self, line: StreamedLine) -> bytes:
        return line.head[: max(self.max_line + 1, SEEN)]
