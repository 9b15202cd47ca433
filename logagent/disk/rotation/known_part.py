"""The part of a file that was searched for lines, and what the file is recognised by: its first bytes and the last."""

from __future__ import annotations

import math
import os
from typing import NamedTuple

from logagent.core.cursor import FINGERPRINT_BYTES, fingerprint, has_fingerprint
from logagent.disk.files.text_form import nuls_before
from logagent.disk.rotation.line_ends import LineEnds

TRAIL = 64
"""The last bytes of the searched part of a file that are kept for comparison: if they changed, the file was
overwritten. Times and numbers make so many bytes differ from line to line."""


class ReadPart(NamedTuple):
    """How far a file was read, and what tells whether another one holds the same.

    Attributes:
        identity: device and inode.
        fingerprint: of its first bytes.
        whole: offset up to which whole lines were found.
        searched: offset up to which it was searched for them.
        trail: the last bytes before that offset.
    """

    identity: tuple[int, int]
    fingerprint: int
    whole: int
    searched: int
    trail: bytes


class KnownPart:
    """What is known of one open file.

    Methods read the disk, and are called by one thread at a time.

    Args:
        descriptor: open for reading.
        identity: device and inode.
        max_line: bytes; longer lines are cut into pieces.

    Attributes:
        descriptor: None once the file is closed.
        identity: device and inode.
        lines: where its lines end, in the part searched so far.
        begun_at: offset at which it was begun, because the lines before were read in an earlier file of the log.
        frozen: whether its further lines are read in a later file of the log, which is the same one.
        hidden: whether no name that it has is there for whoever follows it, or was before it was deleted.
        shown_to: its bytes when a name of it was there last; what is written to it afterwards is not read.
    """

    hidden = False
    shown_to: float = math.inf

    def __init__(self, descriptor: int, identity: tuple[int, int], max_line: int) -> None:
        self.descriptor: int | None = descriptor
        self.identity = identity
        self.lines = LineEnds(max_line)
        self.begun_at = 0
        self.frozen = False
        self._head, self._trail, self._nuls = b"", b"", 0

    @property
    def fingerprint(self) -> int:
        """The fingerprint of its first bytes behind NULs, see `logagent.core.cursor`; 0 as long as it has none."""
        return fingerprint(self._head) if self._head else 0

    def is_of(self, known: int) -> bool:
        """Return whether a fingerprint is of this file, also if it was taken when the file was shorter."""
        return has_fingerprint(self._head, known)

    def is_copied_in(self, head: bytes) -> bool:
        """Return whether a text with these first bytes may be a copy of this file, or of its beginning.

        The file may have grown between being copied and being truncated.
        """
        common = min(len(head), len(self._head))
        return common > 0 and head[:common] == self._head[:common]

    @property
    def searched(self) -> int:
        """Offset up to which it was searched for line ends."""
        return self.lines.searched

    @property
    def whole(self) -> int:
        """Offset up to which it holds whole lines, and pieces of overlong ones."""
        return self.lines.whole

    @property
    def half(self) -> int:
        """Bytes of the line at its end that has no line break yet."""
        return self.searched - self.whole

    def note_head(self) -> bool:
        """Note its first bytes behind NULs, so that an overwrite is noticed; return whether there are any."""
        assert self.descriptor is not None
        self._nuls, self._head = _head_behind_nuls(self.descriptor, self.shown_to)
        return self._head != b""

    @property
    def read_part(self) -> ReadPart:
        """How far it was read."""
        return ReadPart(self.identity, self.fingerprint, self.whole, self.searched, self._trail)

    def continue_at(self, offset: int) -> None:
        """Begin at an offset where a line begins, since the lines before were read already."""
        self.begun_at = offset
        self._search_from(offset)
        self.lines.begin = offset

    def freeze(self) -> None:
        """Look for no more lines, and forget half a line at the end, since it is read on as another file of the log."""
        if not self.frozen and self.descriptor is not None:
            self._search_from(self.whole)
        self.frozen = True

    def _search_from(self, offset: int) -> None:
        assert self.descriptor is not None
        begin = max(0, offset - TRAIL)
        self._trail = os.pread(self.descriptor, offset - begin, begin)
        self.lines.begin_at(begin + len(self._trail))

    def is_intact(self) -> bool:
        """Return whether its first bytes and the last searched ones are unchanged, so that the last read is valid."""
        assert self.descriptor is not None
        parts = [(self._head, self._nuls), (self._trail, self.searched - len(self._trail))]
        return all(os.pread(self.descriptor, len(part), begin) == part for part, begin in parts)


def _head_behind_nuls(descriptor: int, shown_to: float) -> tuple[int, bytes]:
    """Return how many NULs a file begins with, and the first bytes behind them."""
    nuls = nuls_before(descriptor, int(min(os.fstat(descriptor).st_size, shown_to)))
    head = os.pread(descriptor, int(min(FINGERPRINT_BYTES, shown_to - nuls)), nuls)
    return nuls, b"" if head.startswith(b"\0") else head  # more NULs were written meanwhile
