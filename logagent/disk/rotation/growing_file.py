"""One file of a followed log: held open, checked for appended lines, and recognised when it is renamed or copied."""

from __future__ import annotations

import math
import os

from logagent.core.batch import BATCH_BYTES
from logagent.core.cursor import FINGERPRINT_BYTES
from logagent.core.outcome import Failure
from logagent.disk.archives.decoding import head_of
from logagent.disk.files.blocks import MAX_LINE, UNKNOWN
from logagent.disk.files.line_breaks import whole_end
from logagent.disk.files.overwritten import Overwritten
from logagent.disk.rotation.known_part import TRAIL, KnownPart

LOOKED = 4 * BATCH_BYTES
"""Bytes read in one look at most; then followers have their turn."""


class GrowingFile(KnownPart):
    """One open file of a log.

    Methods read the disk, and are called by one thread at a time.

    Args:
        name: below its root.
        descriptor: open for reading; `close` closes it.
        max_line: bytes; longer lines are given in pieces.

    Attributes:
        modified: time of the last write, in nanoseconds since the epoch.
        size: bytes at the last look, or when it was opened.
        seen: offset up to which whole lines were seen before the file was replaced by a copy of it; see `adopt`.
        grew: when a look last found appended bytes, in seconds on the caller's clock.
        left: when another file was found to have replaced it, in seconds on the caller's clock.
        deleted: whether it has no name any more that is there.
        lost: whether its unread lines cannot be read any more.
        torn: whether lines may be lost that were never seen in it.
        passed: whether none of its lines are to be read, see `keep_fingerprint_only`.
        foreign: why it cannot be followed, for people; None: it can, or nobody asked.
        loss: why it cannot be followed any further; None: it can.
        due: when to look at it even if no write is reported, in seconds on the caller's clock.
        read_up_to: offset up to which all followers have read it, if it is the newest.
        released: whether it was closed because the log was gone, so that its volume is not kept busy.
    """

    foreign: str | None = None
    loss: Failure | None = None
    read_up_to = 0
    due = math.inf

    def __init__(self, name: str, descriptor: int, *, max_line: int = MAX_LINE) -> None:
        status = os.fstat(descriptor)
        super().__init__(descriptor, (status.st_dev, status.st_ino), max_line)
        self.name = name
        self.modified, self.size = status.st_mtime_ns, status.st_size
        self.seen = 0
        self.grew = self.left = 0.0
        self.deleted = self.lost = self.torn = self.passed = self.released = False

    @property
    def watched(self) -> int | None:
        """The descriptor whose writes are reported; None once it is closed."""
        return self.descriptor

    @property
    def end(self) -> int:
        """Where its last whole line ends."""
        return UNKNOWN if self.passed else self.whole

    def place_in_text(self, offset: int) -> int:
        """Return the offset from which to read for an offset that a follower has reached."""
        return max(offset, self.lines.begin)

    @property
    def quiet_since(self) -> float:
        """When it last grew or was replaced, whichever is later: before it was replaced, nobody waited for quiet."""
        return max(self.grew, self.left)

    @property
    def exhausted(self) -> bool:
        """Whether it was searched up to its size at the last look."""
        return self.searched >= self.size

    @property
    def spent(self) -> bool:
        """Whether it is hidden, and was searched up to what it held before."""
        return self.hidden and self.searched >= self.shown_to

    def stay_empty(self) -> None:
        """Close it and treat it as empty, as it was last seen: its present text belongs to a later file of the log."""
        self._head = b""
        self.size = 0
        self.close()

    def skip_lines(self) -> None:
        """Begin after its last whole line.

        Raises:
            Overwritten: when it is overwritten meanwhile.
        """
        assert self.descriptor is not None
        self.note_head()
        self._search_from(whole_end(self.descriptor))
        self.size = max(self.size, self.searched, os.fstat(self.descriptor).st_size)
        if not self.is_intact():
            raise Overwritten

    def release(self) -> None:
        """Close it because the log is gone; it is opened again, as another file of the log, when the log is back."""
        self.released = True
        self.close()

    def keep_fingerprint_only(self) -> None:
        """Read none of its lines, and close it: its fingerprint tells which files are newer."""
        assert self.descriptor is not None
        self._head = head_of(self.descriptor, FINGERPRINT_BYTES)
        self.passed = True
        self.size = 0
        self.close()

    def look(self, now: float, most: int = LOOKED) -> bool:
        """Search appended bytes for line ends, up to `most` bytes; return whether there are more.

        Raises:
            Overwritten: when it no longer holds the bytes that were searched before.
            OSError: when it cannot be read.
        """
        assert self.descriptor is not None
        if self.frozen or self.spent:
            return False
        status = os.fstat(self.descriptor)
        size = int(min(status.st_size, self.shown_to))
        if size < self.searched:
            raise Overwritten
        self.modified, self.deleted = status.st_mtime_ns, self.hidden or status.st_nlink == 0
        if not self._head:
            self.note_head()
        if self.searched == self.lines.begin and self._nuls > self.searched and not self.begun_at:
            self._trail = bytes(min(TRAIL, self._nuls))
            self.lines.pass_nuls(self._nuls)
        end = min(self.searched + most, max(self.searched, size))
        while True:
            text = self._appended(min(BATCH_BYTES, end - self.searched))
            self.size = size  # only now: `_appended` has found that the file was not overwritten
            if text:
                self.grew = now
                self._trail = (self._trail + text)[-TRAIL:]
                self.lines.append(text)
            if not text or self.searched >= end:
                return self.searched < self.size

    def _appended(self, most: int) -> bytes:
        assert self.descriptor is not None
        text = os.pread(self.descriptor, len(self._trail) + most, self.searched - len(self._trail))
        if not text.startswith(self._trail) or not self.is_intact():
            raise Overwritten
        if len(self._head) < FINGERPRINT_BYTES:
            known = self._nuls + len(self._head) - self.searched + len(self._trail)
            self._head = (self._head + text[known:])[:FINGERPRINT_BYTES]
        return text[len(self._trail) :]

    def end_half_line(self) -> None:
        """Treat an unfinished line at the end as a line."""
        self.lines.end_half_line()

    def read(self, offset: int, most: int = BATCH_BYTES) -> tuple[bytes, bool]:
        """Read whole lines from `offset` on, up to `most` bytes but at least one line.

        Returns:
            The lines, none if it was overwritten; and whether the last one is only a piece of a line.
        """
        assert self.descriptor is not None
        limit, is_cut = self.lines.limit(offset)
        body = _read_lines(self.descriptor, offset, limit, most)
        if not self.is_intact():
            return b"", False
        return body, is_cut and bool(body) and offset + len(body) == limit

    def adopt(self, descriptor: int, identity: tuple[int, int]) -> None:
        """Continue in a copy that was made before the file was overwritten.

        The copy lacks lines that were written between the copying and the overwriting, even if a look has seen them.

        Args:
            descriptor: of the copy's text; `close` closes it.
            identity: device and inode of the copy in its directory.
        """
        self.close()
        self.descriptor, self.identity = descriptor, identity
        self.hidden, self.shown_to = False, math.inf
        self.seen, self.size = max(self.seen, self.whole), os.fstat(descriptor).st_size
        self._head = self._head[: max(0, self.size - self._nuls)]
        if self.size < self.searched:
            self.skip_lines()

    def close(self) -> None:
        """Close the file; idempotent."""
        descriptor, self.descriptor = self.descriptor, None
        if descriptor is not None:
            os.close(descriptor)


def _read_lines(descriptor: int, offset: int, limit: int, most: int) -> bytes:
    """Read whole lines up to `limit`, where a line ends: up to `most` bytes, but at least one line."""
    body = b""
    while offset + len(body) < limit:
        more = os.pread(descriptor, min(most, limit - offset) - len(body), offset + len(body))
        if not more:
            break  # it was truncated
        body += more
        if len(body) >= min(most, limit - offset):
            end = len(body) if offset + len(body) == limit else body.rfind(b"\n") + 1
            if end:
                return body[:end]
            most *= 4
    return body
