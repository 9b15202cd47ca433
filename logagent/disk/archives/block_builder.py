"""Blocks of whole lines out of a text that comes in chunks, and lines that are too long to be held."""

from __future__ import annotations

from collections.abc import Iterator

from logagent.disk.files.blocks import Block


class ChunkedText:
    """A text in chunks, given in pieces of any size, some of which may be put back."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._left = b""

    def take(self, most: int) -> bytes | None:
        """Return the next piece, of at most `most` bytes and perhaps empty; None at the end."""
        if not self._left:
            chunk = next(self._chunks, None)
            if chunk is None:
                return None
            self._left = chunk
        piece, self._left = self._left[:most], self._left[most:]
        return piece

    def put_back(self, piece: bytes) -> None:
        """Give `piece` next."""
        self._left = piece + self._left


class BlockBuilder:
    """Puts blocks of whole lines together.

    Each byte is copied once, and searched once for line breaks, from behind.

    Attributes:
        offset: where the text that it holds begins.
        whole: bytes of whole lines that it holds.
        loose: bytes that it holds behind the last line break.
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
        """Count the loose bytes as whole, since a line break or the end of the text follows them."""
        self._whole += self._loose
        self.whole += self.loose
        self._loose, self.loose = [], 0

    def block(self) -> Block:
        """Return the whole lines, and let go of them."""
        block = Block(self.offset, b"".join(self._whole))
        self.offset += self.whole
        self._whole, self.whole = [], 0
        return block

    def line(self) -> bytes:
        """Return the loose beginning of a line, and let go of it; there must be no whole line before it."""
        line = b"".join(self._loose)
        self._loose, self.loose = [], 0
        return line


class StreamedLine:
    """A long line while it is decompressed.

    Args:
        text: the text, of which the rest of the line comes next.
        size: bytes of its pieces, at most.

    Attributes:
        offset: where the line begins.
        head: its first bytes.
        end: the offset up to which it was seen so far, its line break left out.
        behind: the offset at which the next line begins, once the line is over.
    """

    def __init__(self, offset: int, head: bytes, text: ChunkedText, size: int) -> None:
        self.offset = offset
        self.head = head
        self.end = self.behind = offset + len(head)
        self._text = text
        self._size = size
        self._over = False

    def more(self) -> Iterator[bytes]:
        """Give the rest of the line in pieces; an empty piece means that reading goes on."""
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
