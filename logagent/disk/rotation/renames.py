"""Detecting that a followed file may have been renamed and replaced by another one."""

from __future__ import annotations

import math
from pathlib import Path

from logagent.disk.catalog.logs import Generation
from logagent.disk.catalog.presence import EVERYTHING, Presence
from logagent.disk.rotation.growing_file import GrowingFile
from logagent.disk.rotation.retries import RETRY_PAUSE


class RenameDetector:
    """Tells when to search for the file that replaced the newest one.

    Times are in seconds, of any clock that does not run backwards.

    Args:
        name: name of the log.
        path: path of the file that has the log's name; None: there is no such file.
        own: path of a file of the log, beside which the newest one lies if there is no file of the log's name.
        presence: tells what is there at paths.

    Attributes:
        due: when to call `may_be_replaced` even if no rename is reported; infinity: no need.
        missing: why there was no file at the path at the last call, or the newest was not there; None: there was one.
    """

    def __init__(self, name: str, path: Path | None, own: Path | None = None, presence: Presence = EVERYTHING) -> None:
        self.path = path
        self.due = math.inf
        self.missing: OSError | None = None
        self._own = own
        self._name = name
        self._presence = presence
        # Two counters, since one thread notes renames and another one handles them: a flag could be lost in between.
        self._noted = self._handled = 0
        self._last_seen: tuple[int, int] | None = None

    def note_rename(self) -> None:
        """Note that a name in the log's directory has changed."""
        self._noted += 1

    def retry_later(self, now: float) -> None:
        """Schedule another search for `RETRY_PAUSE` seconds from now."""
        self.due = now + RETRY_PAUSE

    def may_be_replaced(self, newest: GrowingFile, now: float, *, watched: bool) -> bool:
        """Return whether another file may have replaced the newest one; reads the disk.

        Args:
            watched: whether the kernel reports each rename. If so, a different inode under the log's name is worth one
                search; if not, one at each call.
        """
        noted = self._noted
        renamed = noted != self._handled or now >= self.due
        self._handled, self.due = noted, math.inf
        own = self._own and self._own.with_name(newest.name.rpartition("/")[2])
        identity = self._identity_at(self.path or own)
        if newest.name != self._name or self.path is None:
            return renamed  # all names of the log are dated: there is no fixed name to check
        if identity is None:
            return False
        last_seen, self._last_seen = self._last_seen, identity
        is_another = identity != newest.identity or newest.released
        return is_another and (renamed or identity != last_seen or not watched)

    def _identity_at(self, path: Path | None) -> tuple[int, int] | None:
        self.missing = None
        if path is None:
            return None
        try:
            return self._presence.identity_at(path)
        except OSError as error:
            self.missing = error
            return None


def places_of(root: Path, log: str, newest: Generation, presence: Presence = EVERYTHING) -> tuple[Path | None, Path]:
    """Return the path under which the live file of a log turns up, and the one on whose way it may be switched.

    Where the log is a link, its target is renamed, and the link may be switched to another one.

    Args:
        root: the absolute path of the root that holds the files.
        log: the name of the log.
        newest: its newest file, which need not be the live one.
        presence: tells what is there at paths.

    Returns:
        The first is None if there is no live file, nor a link that may lead to it again.
    """
    if not root.is_dir():
        return root, root
    path = (newest.met or root) / log[len(newest.prefix) :]
    return path if newest.name == log or presence.has_name(path) else None, path
