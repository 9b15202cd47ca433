"""The heads of a file's lines: as much of each as says when it was written."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from logagent.core.batch import starts_of
from logagent.core.times.locating import SEEN
from logagent.disk.times.recent import Recent

BEHIND = 4 * 1024
"""Bytes that are read after a stretch for the end of its last line: more than nearly all lines have."""
SMALL = 4 * 1024
"""Bytes of a stretch that is remembered: judging a file and bisecting it look at the same places."""
REMEMBERED = 32
"""Stretches that are remembered."""


class Head(NamedTuple):
    """The beginning of a line.

    Attributes:
        start: where the line begins in its file, in bytes.
        text: the first `SEEN` bytes at most.
    """

    start: int
    text: bytes


class Heads:
    """Reads the heads of the lines of one text.

    Args:
        read: returns the bytes from an offset on and before another one.
        size: bytes of the text.
        begin: where its first line begins: behind NULs that were left by copying and truncating.
    """

    def __init__(self, read: Callable[[int, int], bytes], size: int, begin: int = 0) -> None:
        self.begin = begin
        self._read = read
        self.size = size
        self._recent = Recent[tuple[int, int], tuple[list[int], list[bytes]]](REMEMBERED)

    def between(self, begin: int, end: int) -> list[Head]:
        """Return the heads of the lines that begin from `begin` on and before `end`."""
        return list(map(Head._make, zip(*self.columns(begin, end), strict=True)))

    def columns(self, begin: int, end: int) -> tuple[list[int], list[bytes]]:
        """Return where the lines begin that do so from `begin` on and before `end`, and the first bytes of each."""
        end = min(end, self.size)
        stretch = begin, end
        return self._recent.get(stretch, self._split) if end - begin <= SMALL else self._split(stretch)

    def _split(self, stretch: tuple[int, int]) -> tuple[list[int], list[bytes]]:
        begin, end = max(stretch[0], self.begin), stretch[1]
        if begin >= end:
            return [], []
        first = begin == self.begin
        base = begin - (not first)  # a line begins at `begin` if the byte before it is a line break
        text = self._read_lines(base, end)
        last = min(end - base, len(text)) - 1
        start = 0 if first else text.find(b"\n") + 1
        if start > last or not (start or first):
            return [], []
        stop = text.find(b"\n", last)
        lines = text[start : stop if stop >= 0 else len(text)].split(b"\n")
        starts = starts_of(base + start, lines)
        return starts, [line[:SEEN] for line in lines] if len(text) > SEEN else lines

    def _read_lines(self, base: int, end: int) -> bytes:
        """Return the text from `base` on, past `end` as far as the last line before `end` needs to state its time."""
        text = self._read(base, min(end + BEHIND, self.size))
        last = text.rfind(b"\n", 0, end - base) + 1
        if base + len(text) == self.size or text.find(b"\n", last) >= 0:
            return text
        return self._read(base, min(end + SEEN, self.size))


def heads_of(text: bytes) -> Heads:
    """Return the heads of a text that is held in memory."""
    return Heads(lambda begin, end: text[begin:end], len(text))
