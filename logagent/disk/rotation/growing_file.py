"""One file of a followed log: held open, looked at for appended lines, and recognised when it is renamed or copied."""

from __future__ import annotations

import os
from bisect import bisect_right

from logagent.core.batch import BATCH_BYTES
from logagent.core.cursor import FINGERPRINT_BYTES, fingerprint, has_fingerprint
from logagent.disk.archives.decoding import head_of
from logagent.disk.files.blocks import MAX_LINE
from logagent.disk.files.line_breaks import whole_end
from logagent.disk.files.overwritten import Overwritten

TRAIL = 64
"""Bytes before the place up to which a file was looked at. They must be unchanged, else the file was overwritten: times
and numbers make the ends of any two lines differ."""
LOOKED = 4 * BATCH_BYTES
"""Bytes looked through in one look; then followers have their turn."""


class GrowingFile:
    """One open file of a log.

    Methods read the disk, and are called by one thread at a time.

    Args:
        name: below its root.
        descriptor: open for reading; `close` closes it.
        max_line: bytes; longer lines come in pieces.

    Attributes:
        descriptor: None once the file is closed.
        identity: device and inode.
        modified: time of the last write, in nanoseconds since the epoch.
        size: bytes at the last look, or when it was opened.
        searched: offset up to which it was looked at.
        whole: offset up to which it holds whole lines.
        seen: offset up to which it held whole lines before it went on in a copy.
        cuts: offsets up to `whole` at which a piece of a line ends, ascending.
        grew: when a look last found more, on the caller's clock.
        left: when another file was found to have taken its place.
        deleted: whether it has no name any more.
        lost: whether lines that were not read yet cannot be read any more.
        torn: whether more may be lost than was seen of it.
        passed: whether none of its lines are to be read, see `keep_fingerprint_only`.
    """

    def __init__(self, name: str, descriptor: int, *, max_line: int = MAX_LINE) -> None:
        self.name = name
        self.descriptor: int | None = descriptor
        self._max_line = max_line
        self._head = self._trail = b""
        status = os.fstat(descriptor)
        self.identity = status.st_dev, status.st_ino
        self.modified = status.st_mtime_ns
        self.size = status.st_size
        self.whole = self.searched = self.seen = 0
        self.grew = self.left = 0.0
        self.deleted = self.lost = self.torn = self.passed = False
        self.cuts: list[int] = []

    @property
    def fingerprint(self) -> int:
        """The fingerprint of its first bytes, see `cursor`; 0 as long as it is empty."""
        return fingerprint(self._head) if self._head else 0

    def is_of(self, known: int) -> bool:
        """Return whether it is the file with a fingerprint, which may be from when it was shorter."""
        return has_fingerprint(self._head, known)

    def is_copied_in(self, head: bytes) -> bool:
        """Return whether a text may be a copy of this file, or of its beginning.

        The file may have grown between being copied and being truncated.

        Args:
            head: how the text begins, up to `FINGERPRINT_BYTES` bytes.
        """
        common = min(len(head), len(self._head))
        return common > 0 and head[:common] == self._head[:common]

    @property
    def quiet_since(self) -> float:
        """When it last grew, or when its place was taken, whichever is later: before that, nobody waited for it."""
        return max(self.grew, self.left)

    @property
    def half(self) -> int:
        """Bytes of the line at its end that has no line break yet."""
        return self.searched - self.whole

    @property
    def exhausted(self) -> bool:
        """Whether all of its size at the last look was looked at."""
        return self.searched >= self.size

    def note_head(self) -> bool:
        """Note its first bytes, by which an overwrite is noticed from now on; return whether there are any."""
        assert self.descriptor is not None
        self._head = os.pread(self.descriptor, FINGERPRINT_BYTES, 0)
        return bool(self._head)

    def stay_empty(self) -> None:
        """Treat it as empty, and close it.

        It was seen empty. What was written to it next was rotated away, and the text that it holds now is another
        file's in the chain.
        """
        self._head = b""
        self.size = 0
        self.close()

    def skip_lines(self) -> None:
        """Begin behind the whole lines that it holds.

        Raises:
            Overwritten: when it is overwritten meanwhile.
        """
        assert self.descriptor is not None
        self.note_head()
        end = whole_end(self.descriptor)
        begin = max(0, end - TRAIL)
        self._trail = os.pread(self.descriptor, end - begin, begin)
        self.searched = self.whole = begin + len(self._trail)
        self.size = max(self.size, self.searched, os.fstat(self.descriptor).st_size)
        if not self.is_intact():
            raise Overwritten

    def keep_fingerprint_only(self) -> None:
        """Read none of its lines, and close it: its fingerprint tells which files are newer."""
        assert self.descriptor is not None
        self._head = head_of(self.descriptor, FINGERPRINT_BYTES)
        self.passed = True
        self.size = 0
        self.close()

    def look(self, now: float, most: int = LOOKED) -> bool:
        """Look at what was appended, up to `most` bytes; return whether there is more.

        Args:
            now: in seconds, for `grew`.

        Raises:
            Overwritten: when it no longer holds what was looked at before.
            OSError: when it cannot be read.
        """
        assert self.descriptor is not None
        status = os.fstat(self.descriptor)
        if status.st_size < self.searched:
            raise Overwritten
        self.modified, self.deleted = status.st_mtime_ns, status.st_nlink == 0
        if not self._head:
            self.note_head()
        end = min(self.searched + most, status.st_size)
        while True:
            text = self._appended(min(BATCH_BYTES, end - self.searched))
            self.size = status.st_size  # of the same file as before
            if text:
                self.grew = now
                self._search(text)
            if not text or self.searched >= end:
                break
        return self.searched < self.size

    def _appended(self, most: int) -> bytes:
        assert self.descriptor is not None
        text = os.pread(self.descriptor, len(self._trail) + most, self.searched - len(self._trail))
        if not text.startswith(self._trail) or not self.is_intact():
            raise Overwritten
        if len(self._head) < FINGERPRINT_BYTES:
            self._head = (self._head + text[len(self._trail) :][len(self._head) - self.searched :])[:FINGERPRINT_BYTES]
        return text[len(self._trail) :]

    def is_intact(self) -> bool:
        """Return whether its first bytes, and the last that were looked at, are unchanged.

        Called behind a read, it tells that what was read belongs to the same text.
        """
        assert self.descriptor is not None
        head = os.pread(self.descriptor, len(self._head), 0)
        trail = os.pread(self.descriptor, len(self._trail), self.searched - len(self._trail))
        return (head, trail) == (self._head, self._trail)

    def holds(self, other: GrowingFile) -> bool:
        """Return whether it begins with all of another file, to judge by the other one's first and last bytes."""
        assert self.descriptor is not None
        assert other.descriptor is not None
        size = os.fstat(other.descriptor).st_size
        places = [(FINGERPRINT_BYTES, 0), (TRAIL, max(0, size - TRAIL))]
        parts = [(other.descriptor, min(most, size - begin), begin) for most, begin in places]
        return all(os.pread(*part) == os.pread(self.descriptor, *part[1:]) for part in parts)

    def _search(self, text: bytes) -> None:
        self._trail = (self._trail + text)[-TRAIL:]
        last = text.rfind(b"\n")
        if last >= 0:
            self._cut_long_line(text.find(b"\n") + self.searched)
            self.whole = self.searched + last + 1
        self.searched += len(text)
        self._cut_long_line(self.searched)

    def _cut_long_line(self, end: int) -> None:
        """Cut pieces of `max_line` bytes off a line that reaches to `end` at least."""
        while end - self.whole > self._max_line:
            self._cut(self.whole + self._max_line)

    def end_half_line(self) -> None:
        """Take the beginning of a line whose end does not come for a line."""
        if self.half:
            self._cut(self.searched)

    def _cut(self, offset: int) -> None:
        self.whole = offset
        self.cuts.append(offset)

    def read(self, offset: int, most: int = BATCH_BYTES) -> tuple[bytes, bool]:
        """Read whole lines from `offset` on, up to `most` bytes but at least one line.

        Returns:
            The lines, none if it was overwritten; and whether the last one is but a piece of a line.
        """
        assert self.descriptor is not None
        place = bisect_right(self.cuts, offset)
        limit = self.cuts[place] if place < len(self.cuts) else self.whole
        body = b""
        while offset + len(body) < limit:
            more = os.pread(self.descriptor, min(most, limit - offset) - len(body), offset + len(body))
            if not more:
                break  # it was truncated
            body += more
            if len(body) >= min(most, limit - offset):
                end = len(body) if offset + len(body) == limit else body.rfind(b"\n") + 1
                if end:
                    body = body[:end]
                    break
                most *= 4
        if not self.is_intact():
            return b"", False
        return body, bool(body) and offset + len(body) in self.cuts[place : place + 1]

    def adopt(self, descriptor: int, identity: tuple[int, int]) -> None:
        """Go on in a copy, which was made before the file was overwritten.

        Lines that were written between the copying and the overwriting are missing from the copy, though they may have
        been seen.

        Args:
            descriptor: of the copy's text; `close` closes it.
            identity: device and inode of the copy in its directory.
        """
        self.close()
        self.descriptor, self.identity = descriptor, identity
        self.seen, self.size = max(self.seen, self.whole), os.fstat(descriptor).st_size
        self._head = self._head[: self.size]
        if self.size < self.searched:
            self.skip_lines()
            self.cuts = [cut for cut in self.cuts if cut <= self.whole]

    def close(self) -> None:
        """Close the file; calling it again is harmless."""
        descriptor, self.descriptor = self.descriptor, None
        if descriptor is not None:
            os.close(descriptor)
