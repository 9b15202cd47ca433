"""A file of a log that is followed: held open, looked at for what was appended, and told from what takes its place."""

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
"""Bytes before the place that a file was read up to, which must still be there: else it was written over. Times and
numbers make the ends of two lines differ, whatever they have in common."""
LOOKED = 4 * BATCH_BYTES
"""Bytes looked through at a time; then those who follow have their turn."""


class GrowingFile:
    """One open file. All methods read the disk, and are called in one thread at a time.

    name: below its root. descriptor: open for reading, closed by `close`. max_line: longer lines come in pieces.

    whole: the offset up to which it holds whole lines. size: bytes by the last look, or when it was opened. searched:
    how far it was looked at. modified: nanoseconds since the epoch. grew: when a look last found more, on the caller's
    clock. left: when another file was found to have taken its place. seen: how far it held whole lines before it went
    on in a copy. deleted: whether it has no name any more. lost: whether what was not read of it by now is gone. torn:
    whether that may be more than was seen of it. passed: whether nothing is to be read of it at all.
    cuts: offsets up to `whole` at which no line ends, ascending.
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
        """Tells it from others, see `cursor`; 0 as long as it is empty."""
        return fingerprint(self._head) if self._head else 0

    def is_of(self, known: int) -> bool:
        """Whether it is the file of that fingerprint."""
        return has_fingerprint(self._head, known)

    def is_copied_in(self, head: bytes) -> bool:
        """Whether a text may be a copy of this file, or of its beginning: it may have grown before it was truncated.

        Args:
            head: how the text begins, up to `FINGERPRINT_BYTES` bytes.
        """
        common = min(len(head), len(self._head))
        return common > 0 and head[:common] == self._head[:common]

    @property
    def quiet_since(self) -> float:
        """When it last grew; at the earliest when its place was taken, before which nobody waited for it."""
        return max(self.grew, self.left)

    @property
    def half(self) -> int:
        """Bytes of a line at its end that has no line break yet."""
        return self.searched - self.whole

    @property
    def exhausted(self) -> bool:
        """Whether all that it held at the last look was looked at."""
        return self.searched >= self.size

    def note_head(self) -> bool:
        """Note what it begins with: from now on it is known whether it is written over. Whether it holds anything."""
        assert self.descriptor is not None
        self._head = os.pread(self.descriptor, FINGERPRINT_BYTES, 0)
        return bool(self._head)

    def stay_empty(self) -> None:
        """Though it holds something by now, nothing of that is its own: it was seen empty, and what it got next was
        rotated away. Closes it."""
        self._head = b""
        self.size = 0
        self.close()

    def skip_lines(self) -> None:
        """Nothing in the whole lines that it holds is of interest. Raises `Overwritten`."""
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
        """Nothing of it is of interest but its fingerprint, by which others are told to be newer. Closes it."""
        assert self.descriptor is not None
        self._head = head_of(self.descriptor, FINGERPRINT_BYTES)
        self.passed = True
        self.size = 0
        self.close()

    def look(self, now: float, most: int = LOOKED) -> bool:
        """See what was appended, up to `most` bytes of it; whether there is more. Raises `Overwritten`, `OSError`."""
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
        """Whether it still holds what it began with, and the last of what was looked at: what was read before is of
        the same text then."""
        assert self.descriptor is not None
        head = os.pread(self.descriptor, len(self._head), 0)
        trail = os.pread(self.descriptor, len(self._trail), self.searched - len(self._trail))
        return (head, trail) == (self._head, self._trail)

    def holds(self, other: GrowingFile) -> bool:
        """Whether all of another one, by its first and last bytes, is at the same place in this one."""
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
            self._pass(text.find(b"\n") + self.searched)
            self.whole = self.searched + last + 1
        self.searched += len(text)
        self._pass(self.searched)

    def _pass(self, end: int) -> None:
        """A line that was begun goes on up to `end` at least."""
        while end - self.whole > self._max_line:
            self._cut(self.whole + self._max_line)

    def end_half_line(self) -> None:
        """Let what there is of a line be taken for a line: its end does not come."""
        if self.half:
            self._cut(self.searched)

    def _cut(self, offset: int) -> None:
        self.whole = offset
        self.cuts.append(offset)

    def read(self, offset: int, most: int = BATCH_BYTES) -> tuple[bytes, bool]:
        """Whole lines from `offset` on, up to `most` bytes but at least one; whether the last is a piece of one."""
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
        """Go on with a copy of it, which was made before it was written over. What was written between the copying and
        that is missing from the copy, though it may have been seen. identity: of the copy in its directory."""
        self.close()
        self.descriptor, self.identity = descriptor, identity
        self.seen, self.size = max(self.seen, self.whole), os.fstat(descriptor).st_size
        self._head = self._head[: self.size]
        if self.size < self.searched:
            self.skip_lines()
            self.cuts = [cut for cut in self.cuts if cut <= self.whole]

    def close(self) -> None:
        """Let go of the file. To be called twice is harmless."""
        descriptor, self.descriptor = self.descriptor, None
        if descriptor is not None:
            os.close(descriptor)
