"""The parts of an archive's text that can be read again without decompressing anything."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from logagent.disk.archives.block_builder import StreamedLine
from logagent.disk.archives.kept_blocks import KeptStretch
from logagent.disk.files.blocks import Block

TRAIL = 256 * 1024
"""Bytes of the text just gone through that stay at hand: the times of lines without one are looked for in them."""


class TextAtHand:
    """The last `TRAIL` bytes of a pass, and the stretches that a reader holds.

    Attributes:
        kept: stretches that a backward pass keeps, the oldest first.
        given: the stretch of them that was given last.
        line: the long line that is being decompressed.
    """

    def __init__(self) -> None:
        self._trail: deque[tuple[int, bytes]] = deque()
        self.kept: deque[KeptStretch] = deque()
        self.given: KeptStretch | None = None
        self.line: StreamedLine | None = None

    def begin_pass(self) -> None:
        """Forget the trail, and what was given last; keep what a backward pass keeps."""
        self._trail.clear()
        self.given = self.line = None

    def add(self, block: Block) -> None:
        """Append a block to the trail; drop the oldest that are no longer within `TRAIL` bytes of its end."""
        self._trail.append(block)
        end = block.offset + len(block.body)
        while end - self._trail[0][0] - len(self._trail[0][1]) >= TRAIL:
            self._trail.popleft()

    def replace_trail(self, text: bytes, end: int) -> None:
        """Have the trail be text that is passed over, from its first whole line on.

        Args:
            text: the text up to `end`, of which it may hold all or only the last bytes.
            end: the offset behind it.
        """
        first = 0 if len(text) == end else text.find(b"\n") + 1
        self._trail.clear()
        self._trail.append((end - len(text) + first, text[first:]))

    def read(self, begin: int, end: int) -> bytes:
        """Return the text from `begin` to `end`, as far as it is at hand without a gap; perhaps none."""
        body = b""
        for offset, text in sorted(self._parts(), key=lambda part: part[0]):
            place = begin + len(body) - offset
            if 0 <= place < len(text):
                body += text[place : max(place, end - offset)]
        return body

    def before(self, end: int) -> tuple[int, bytes]:
        """Return the text right before `end`, where a line begins: its offset, and the bytes that are at hand."""
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
