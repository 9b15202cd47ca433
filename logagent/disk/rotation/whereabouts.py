"""Where a followed log is: the directories on its way, and whether anything of it is there at all."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

from logagent.core.outcome import Failure, Status
from logagent.disk.catalog.logs import Generation
from logagent.disk.catalog.presence import Presence
from logagent.disk.files.beneath import failure_of
from logagent.disk.files.ways import Way
from logagent.disk.rotation.growing_file import GrowingFile
from logagent.disk.rotation.renames import RenameDetector, places_of

WAY_AGAIN = 10.0
"""Seconds until the way to a log is looked at again even if no change is reported: of a volume that is mounted over a
directory the kernel reports nothing."""
GONE_AFTER = 0.5
"""Seconds for which a log must be missing, all its generations too, until that is told: a switch takes a moment."""
GONE_AGAIN = 2.0
"""Seconds until it is looked for again while it is gone, even if no change is reported, as of a volume that is mounted.
A day of it costs as much as one scan of a large log."""
LET_GO = 10.0
"""Seconds after which the files of a log that is gone are closed: they keep a volume busy that was detached."""


class Whereabouts:
    """Tells when to search for what has replaced the newest file of a log, and whether the log is gone.

    Times are in seconds, of any clock that does not run backwards.

    Args:
        name: name of the log.
        find: lists the log's files as they are now, newest first; reads the disk.
        presence: tells what is there at paths.

    Attributes:
        way: the directories in which a change may concern the log.
        gone: why nothing of the log is there; None: something is, or it is missing for a moment only.
    """

    def __init__(self, name: str, find: Callable[[], Sequence[Generation]], presence: Presence) -> None:
        self.way = Way({}, {})
        self.gone: Failure | None = None
        self._name = name
        self._find = find
        self._presence = presence
        self._renames = RenameDetector(name, None)
        self._root: Path | None = None
        self._path: Path | None = None
        self._noted = self._handled = 0  # see `RenameDetector`
        self._way_due = self._gone_due = math.inf
        self._missing_since = math.inf

    def begin(self, newest: Generation) -> None:
        """Begin with the newest file as it was found; reads the disk."""
        if newest.root is not None:
            path, self._path = places_of(newest.root, self._name, newest, self._presence)
            self._root = newest.met or newest.root
            self._renames = RenameDetector(self._name, path, newest.root / newest.resolved, self._presence)
            self.way = self._presence.way_to(self._path)
            self._way_due = -math.inf

    def note_rename(self) -> None:
        """Note that a name in a near directory has changed; the next look finds out which."""
        self._renames.note_rename()
        self._noted += 1

    def note_way(self) -> None:
        """Note that a name in a far directory has changed."""
        self._noted += 1

    def retry_later(self, now: float) -> None:
        """Schedule another search."""
        self._renames.retry_later(now)

    @property
    def due(self) -> float:
        """When to look even if no change is reported."""
        return min(self._renames.due, self._way_due, self._gone_due)

    def may_be_replaced(self, newest: GrowingFile, now: float, *, watched: bool) -> bool:
        """Return whether another file may have replaced the newest one; reads the disk.

        Args:
            watched: whether the kernel reports each rename.
        """
        self._see_way(now)
        replaced = self._renames.may_be_replaced(newest, now, watched=watched)
        self._see_presence(self._renames.missing, now)
        return replaced

    def is_to_be_let_go(self, now: float) -> bool:
        """Return whether the log is gone for so long that none of its files is to be held open."""
        return self.gone is not None and now >= self._missing_since + LET_GO

    def _see_way(self, now: float) -> None:
        noted = self._noted
        if self._path is None or (noted == self._handled and now < min(self._way_due, self._gone_due)):
            return
        self._handled, self._way_due = noted, now + WAY_AGAIN
        before, self.way = self.way, self._presence.way_to(self._path)
        if self.way != before or self.gone is not None:
            self._renames.note_rename()

    def _see_presence(self, missing: OSError | None, now: float) -> None:
        if missing is None:
            self.gone, self._missing_since, self._gone_due = None, math.inf, math.inf
        elif self._missing_since == math.inf:
            self._missing_since, self._gone_due = now, now + GONE_AFTER
        elif now >= self._gone_due:
            self._gone_due = now + GONE_AGAIN
            if self.gone is None and not self._find():  # else it is between two files
                self.gone = self._failure(missing)

    def _failure(self, missing: OSError) -> Failure:
        if self._root is not None and not self._presence.has_root(self._root):
            message = f"the root of {self._name} is not there, is its volume mounted? It is followed on when it is"
            return Failure(Status.UNAVAILABLE, message)
        return failure_of(missing, f"{self._name}; it is followed on when it is there again")
