"""Building blocks of whole lines, and lines that are too long to be held, from a text that comes in chunks."""

from __future__ import annotations

from collections.abc import Iterator

from logagent.core.code_units import width
from logagent.disk.files.blocks import Block


class ChunkedText:
    """Reads a text that comes in chunks in pieces of any size; a piece can be put back.

    Args:
        unit: bytes of a code unit in the file of the text.

    Attributes:
        taken: bytes of the file that were taken and not put back.
    """

    def __init__(self, chunks: Iterator[bytes], unit: int = 1) -> None:
        self._chunks = chunks
        self._unit = unit
        self._left = b""
        self.taken = 0

    def take(self, most: int) -> bytes | None:
        """Return the next piece, of at most `most` bytes and perhaps empty; None at the end."""
        if not self._left:
            chunk = next(self._chunks, None)
            if chunk is None:
                return None
            self._left = chunk
        piece, self._left = self._left[:most], self._left[most:]
        self.taken += width(piece, self._unit)
        return piece

    def put_back(self, piece: bytes) -> None:
        """Put a piece back, so that `take` returns it next."""
        self._left = piece + self._left
        self.taken -= width(piece, self._unit)


class BlockBuilder:
    """Collects pieces of a text into blocks of whole lines.

    Each byte is copied once, and searched once for line breaks, from the end.

    Attributes:
        offset: where the held text begins.
        whole: held bytes of whole lines.
        loose: held bytes after the last line break.
    """

    def __init__(self, offset: int) -> None:
        self.offset = offset
        self.whole = self.loose = 0
        self._whole: list[memoryview | bytes] = []
        self._loose: list[bytes] = []

    def add(self, piece: bytes) -> None:
        """Append the next piece of the text."""
        cut = piece.rfind(b"\n") + 1
        if cut:
            self.end()
            self._whole.append(memoryview(piece)[:cut])
            self.whole += cut
        if cut < len(piece):
            self._loose.append(piece[cut:])
            self.loose += len(piece) - cut

    def end(self) -> None:
        """Count the loose bytes as whole, because a line break or the end of the text follows them."""
        self._whole += self._loose
        self.whole += self.loose
        self._loose, self.loose = [], 0

    def block(self) -> Block:
        """Return the whole lines, and drop them from the builder."""
        block = Block(self.offset, b"".join(self._whole))
        self.offset += self.whole
        self._whole, self.whole = [], 0
        return block

    def line(self) -> bytes:
        """Return the loose beginning of a line, and drop it from the builder, which must hold no whole line."""
        line = b"".join(self._loose)
        self._loose, self.loose = [], 0
        return line


class StreamedLine:
    """A long line while it is decompressed.

    Args:
        text: the text; it continues with the rest of the line.
        size: bytes of a piece at most.

    Attributes:
        offset: where the line begins.
        head: its first bytes.
        end: the offset up to which it was decompressed so far, without its line break.
        behind: the offset at which the next line begins, once the whole line was decompressed.
    """

    def __init__(self, offset: int, head: bytes, text: ChunkedText, size: int) -> None:
        self.offset = offset
        self.head = head
        self.end = self.behind = offset + len(head)
        self._text = text
        self._size = size
        self._over = False

    def more(self) -> Iterator[bytes]:
        """Give the rest of the line in pieces; an empty piece means that reading continues."""
        while not self._over and (piece := self._text.take(self._size)) is not None:
            cut = piece.find(b"\n")
            self._over = cut >= 0
            if self._over:
                self._text.put_back(piece[cut + 1 :])
                piece = piece[:cut]
            self.end += len(piece)
            self.behind = self.end + self._over
            yield piece
        self._over = True
