"""The parts of an archive's text that are held in memory, so that they can be read again without decompressing."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from logagent.disk.archives.block_builder import StreamedLine
from logagent.disk.archives.kept_blocks import KeptStretch
from logagent.disk.files.blocks import Block

TRAIL = 256 * 1024
"""Bytes of decompressed text that are held before the last block: a line without a time gets that of a line in them."""


class TextAtHand:
    """The last block of a pass with the `TRAIL` bytes before it, and the stretches that a reader holds.

    Attributes:
        kept: stretches that a backward pass keeps, oldest first.
        given: the kept stretch that was given last.
        line: the long line that is being decompressed.
    """

    def __init__(self) -> None:
        self._trail: deque[tuple[int, bytes]] = deque()
        self.kept: deque[KeptStretch] = deque()
        self.given: KeptStretch | None = None
        self.line: StreamedLine | None = None

    def begin_pass(self) -> None:
        """Drop the trail, `given` and `line`; `kept` stays."""
        self._trail.clear()
        self.given = self.line = None

    def add(self, block: Block) -> None:
        """Append a block to the trail, and drop blocks that end `TRAIL` bytes or more before it begins.

        What is directly before it stays, however long it is: its first lines may state no time.
        """
        self._trail.append(block)
        while block.offset - self._trail[0][0] - len(self._trail[0][1]) >= TRAIL:
            self._trail.popleft()

    def replace_trail(self, text: bytes, end: int) -> None:
        """Set the trail to skipped text, from its first whole line on.

        Args:
            text: the last bytes of the text before `end`, or all of them.
            end: the offset after it.
        """
        first = 0 if len(text) == end else text.find(b"\n") + 1
        self._trail.clear()
        self._trail.append((end - len(text) + first, text[first:]))

    def read(self, begin: int, end: int) -> bytes:
        """Return the text from `begin` to `end`, up to the first byte that is not held; it may be empty."""
        body = b""
        for offset, text in sorted(self._parts(), key=lambda part: part[0]):
            place = begin + len(body) - offset
            if 0 <= place < len(text):
                body += text[place : max(place, end - offset)]
        return body

    def before(self, end: int) -> tuple[int, bytes]:
        """Return the held text directly before `end`, where a line begins: its offset and its bytes."""
        begin, pieces = end, list[bytes]()
        for offset, text in sorted(self._parts(), key=lambda part: part[0], reverse=True):
            if offset < begin <= offset + len(text):
                pieces.append(text[: begin - offset])
                begin = offset
        return begin, b"".join(reversed(pieces))

    def _parts(self) -> Iterator[tuple[int, bytes]]:
        yield from self._trail
        for held in (*self.kept, *filter(None, [self.given])):
            yield held.stretch.offset, held.text
        if self.line is not None:
            yield self.line.offset, self.line.head
