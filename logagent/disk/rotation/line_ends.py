"""Where lines end in a growing text of which only whole lines, and pieces of overlong ones, are given."""

from __future__ import annotations

from bisect import bisect_right


class LineEnds:
    """The whole lines in a growing text, and the offsets at which overlong or unfinished lines are cut.

    Args:
        max_line: bytes; longer lines are cut into pieces of this size.

    Attributes:
        searched: offset up to which the text was searched for line ends.
        max_line: bytes of a piece of a line.
        whole: offset up to which it holds whole lines and pieces.
        begin: offset where the first line begins: 0, or behind NULs.
        cuts: offsets up to `whole` at which a piece of a line ends, ascending.
    """

    def __init__(self, max_line: int) -> None:
        self.max_line = max_line
        self.cuts: list[int] = []
        self.searched = self.whole = self.begin = 0

    def append(self, text: bytes) -> None:
        """Search text that follows the part searched so far."""
        last = text.rfind(b"\n")
        if last >= 0:
            self._cut_long_line(text.find(b"\n") + self.searched)
            self.whole = self.searched + last + 1
        self.searched += len(text)
        self._cut_long_line(self.searched)

    def begin_at(self, end: int) -> None:
        """Continue from an offset, treating the text before it as whole lines."""
        self.searched = self.whole = end
        self.cuts = [cut for cut in self.cuts if cut <= end]

    def pass_nuls(self, nuls: int) -> None:
        """Begin behind so many NULs, as a program leaves them that writes on after its file was truncated."""
        self.begin = nuls
        self.begin_at(nuls)

    def end_half_line(self) -> None:
        """Treat an unfinished line at the end as a line."""
        if self.searched > self.whole:
            self._cut(self.searched)

    def limit(self, offset: int) -> tuple[int, bool]:
        """Return how far lines from an offset on may be read together: an offset, and whether a line is cut there."""
        place = bisect_right(self.cuts, offset)
        return (self.cuts[place], True) if place < len(self.cuts) else (self.whole, False)

    def _cut_long_line(self, end: int) -> None:
        """Cut pieces off a line that reaches to `end` at least."""
        while end - self.whole > self.max_line:
            self._cut(self.whole + self.max_line)

    def _cut(self, offset: int) -> None:
        self.whole = offset
        self.cuts.append(offset)
