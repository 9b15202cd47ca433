"""Cutting: blocks of whole lines out of a text that comes in pieces, and lines that are too long to be held."""

from __future__ import annotations

from collections.abc import Iterator

from logagent.disk.files.blocks import Block


class ChunkedText:
    """A text in pieces, some of which are put back."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._left = b""

    def take(self, most: int) -> bytes | None:
        """The next piece, of at most so many bytes, perhaps empty; None at the end."""
        if not self._left:
            chunk = next(self._chunks, None)
            if chunk is None:
                return None
            self._left = chunk
        piece, self._left = self._left[:most], self._left[most:]
        return piece

    def put_back(self, piece: bytes) -> None:
        """Have this come next."""
        self._left = piece + self._left


class BlockBuilder:
    """Puts blocks of whole lines together. Each byte is copied once, and searched once for line breaks, from behind.

    offset: where what it holds begins. whole: bytes of whole lines held; loose: bytes behind the last line break.
    """

    def __init__(self, offset: int) -> None:
        self.offset = offset
        self.whole = self.loose = 0
        self._whole: list[memoryview | bytes] = []
        self._loose: list[bytes] = []

    def add(self, piece: bytes) -> None:
        """Take the next piece of the text."""
        cut = piece.rfind(b"\n") + 1
        if cut:
            self.end()
            self._whole.append(memoryview(piece)[:cut])
            self.whole += cut
        if cut < len(piece):
            self._loose.append(piece[cut:])
            self.loose += len(piece) - cut

    def end(self) -> None:
        """What is loose is whole: a line break follows, or the end of the text."""
        self._whole += self._loose
        self.whole += self.loose
        self._loose, self.loose = [], 0

    def block(self) -> Block:
        """The whole lines held, which are then given away."""
        block = Block(self.offset, b"".join(self._whole))
        self.offset += self.whole
        self._whole, self.whole = [], 0
        return block

    def line(self) -> bytes:
        """The beginning of a line that is loose, which is then given away; there must be no whole line before it."""
        line = b"".join(self._loose)
        self._loose, self.loose = [], 0
        return line


class StreamedLine:
    """A long line while it is unpacked.

    offset: where it begins. head: its first bytes. end: how far it was seen so far, its line break left out. behind:
    where the next line begins, once the line is over.
    """

    def __init__(self, offset: int, head: bytes, text: ChunkedText, size: int) -> None:
        self.offset = offset
        self.head = head
        self.end = self.behind = offset + len(head)
        self._text = text
        self._size = size
        self._over = False

    def more(self) -> Iterator[bytes]:
        """What is left of the line, in pieces; none may be empty, for a line whose reading goes on."""
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
