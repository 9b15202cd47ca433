"""A log's name while the log is followed, and which file stands under it."""

from __future__ import annotations

import math
from pathlib import Path

from logagent.disk.rotation.growing_file import GrowingFile

RETRY_PAUSE = 1.0
"""Seconds after which what has taken a file's place is sought again, if it could not be opened."""


class RenameDetector:
    """Tells when the file that is followed may have been replaced. Times are those of who asks, in seconds.

    name: the log's. path: of the file that stands under it at first, None if there is none. due: when to ask even if
    nobody calls.
    """

    def __init__(self, name: str, path: Path | None) -> None:
        self.path = path
        self.due = math.inf
        self._name = name
        # Counted, since it is told on one thread and met on another, and a flag could be lost between the two.
        self._renamings = self._renamings_met = 0
        self._met: tuple[int, int] | None = None

    def note_rename(self) -> None:
        """A name has changed beside it."""
        self._renamings += 1

    def retry_later(self, now: float) -> None:
        """What has taken its place could not be told."""
        self.due = now + RETRY_PAUSE

    def may_be_replaced(self, newest: GrowingFile, now: float, *, watched: bool) -> bool:
        """Whether it is worth looking for what has taken that file's place. Reads the disk. watched: whether the kernel
        tells of each renaming."""
        renamings = self._renamings
        renamed = renamings != self._renamings_met or now >= self.due
        self._renamings_met, self.due = renamings, math.inf
        if newest.name != self._name or self.path is None:
            return renamed  # a log of dated files has no name that stays
        try:
            status = self.path.stat()
        except OSError:
            return False
        identity = status.st_dev, status.st_ino
        met, self._met = self._met, identity
        return identity != newest.identity and (renamed or identity != met or not watched)
