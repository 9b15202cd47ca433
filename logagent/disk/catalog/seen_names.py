"""The names in one directory that are there for whoever asks."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Hashable
from functools import partial

from logagent.disk.files.beneath import Beneath
from logagent.disk.files.walk import Shows


class SeenNames:
    """Tells which names in a directory are there, by its own name below its root and by the name that it goes by.

    Args:
        beneath: the directory's root.
        met: tells the names that are there below the root in which the directory goes by its name; None: this one.
    """

    def __init__(self, beneath: Beneath, met: Shows | None) -> None:
        self._beneath = beneath
        self._own = beneath.shows
        self._met = met or beneath.shows
        self.key: Hashable = None if self._own is None or self._met is None else (self._own.key, self._met.key)

    def holds(self, resolved: str, name: str, child: str, *, directory: bool = False) -> bool:
        """Return whether a file, or a directory, is there.

        Args:
            resolved: the directory that holds it, below its root with every link resolved.
            name: as that directory goes into the names of files.
            child: its own name.
            directory: whether it is a directory.
        """
        if self._own is None or self._met is None:
            return True
        if not self._own(_join(resolved, child), directory=directory):
            return False
        is_same = name == resolved and self._own is self._met
        return is_same or self._met(_join(name, child), directory=directory)

    def may_hold(self, resolved: str, name: str, child: str) -> bool:
        """Return whether a name of a file or directory, it is not known which, may be there."""
        return self.holds(resolved, name, child) or self.holds(resolved, name, child, directory=True)

    def holds_entry(self, resolved: str, name: str, entry: os.DirEntry[str]) -> bool:
        """Return whether what was listed is there; a link is there as what it leads to."""
        if self._own is None:
            return True
        if entry.is_symlink():
            return self.holds(resolved, name, entry.name) or (
                self.holds(resolved, name, entry.name, directory=True)
                and self._leads_to_directory(_join(resolved, entry.name))
            )
        return self.holds(resolved, name, entry.name, directory=entry.is_dir(follow_symlinks=False))

    def _leads_to_directory(self, link: str) -> bool:
        """Return whether a link leads to a directory; one that leads out of the root may."""
        try:
            with self._beneath.resolve(link) as target:
                return stat.S_ISDIR(target.status.st_mode)
        except OSError as error:
            return error.errno == errno.EXDEV

    def within(self, resolved: str, name: str) -> Callable[[str], bool] | None:
        """Return what tells the files of a directory that are there; None: all are."""
        return None if self._own is None else partial(self.holds, resolved, name)

    def require(self, resolved: str, name: str, child: str, status: os.stat_result) -> None:
        """Check that something is there.

        Raises:
            FileNotFoundError: when it is not.
        """
        if not self.holds(resolved, name, child, directory=stat.S_ISDIR(status.st_mode)):
            raise FileNotFoundError(errno.ENOENT, "not shown")


def _join(directory: str, child: str) -> str:
    return f"{directory}/{child}" if directory else child
