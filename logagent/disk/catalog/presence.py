"""What is there at paths, and whether open files still have names, for whoever follows a log over renames."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from logagent.core.outcome import Failure
from logagent.disk.catalog.links import OpenRoot, look
from logagent.disk.catalog.live_names import LiveNames
from logagent.disk.files.beneath import DESCRIPTORS, Root
from logagent.disk.files.walk import shows_any
from logagent.disk.files.ways import Inode, Way, way_to

ATTEMPTS = 3
"""How often the name of an open file is looked up that changes meanwhile."""


class Presence:
    """What is there for somebody who sees everything; reads the disk, and blocks."""

    is_partial = False
    """Whether anything may be there that is not seen."""

    def identity_at(self, path: Path) -> Inode:
        """Return the device and inode of what a path leads to.

        Raises:
            OSError: when nothing is there.
        """
        status = path.stat()
        return status.st_dev, status.st_ino

    def has_name(self, path: Path) -> bool:
        """Return whether a file, or a link to one that need not be there, has a path."""
        return os.path.lexists(path)

    def has_root(self, path: Path) -> bool:
        """Return whether a root is there."""
        return path.exists()

    def way_to(self, path: Path) -> Way:
        """Return the directories on the way to a path, as far as it can be gone."""
        return way_to(path)

    def has(self, descriptor: int) -> bool:
        """Return whether an open file has, by the name that it was opened by or got since, a name that is there."""
        return True


EVERYTHING = Presence()
"""What is there for somebody who sees everything."""


class SeenPresence(Presence):
    """What is there for somebody who sees a part of the roots.

    Args:
        roots: returns them, as they are for him.
    """

    is_partial = True

    def __init__(self, roots: Callable[[], Sequence[tuple[Root, LiveNames]]]) -> None:
        self._roots = roots

    def identity_at(self, path: Path) -> Inode:
        """Return the device and inode of the file that a path below a root leads to; see `Presence.identity_at`."""
        roots = self._roots()
        spelled = [(root.path, number) for number, (root, _) in enumerate(roots) if path.is_relative_to(root.path)]
        return _identity(roots, path, max(spelled, key=lambda one: len(one[0].parts), default=None))

    def has_name(self, path: Path) -> bool:
        """Return whether a file has a path, or a link to one."""
        return os.path.lexists(path) and self._shows(path.parent.resolve() / path.name, stat.S_IFREG)

    def has_root(self, path: Path) -> bool:
        """Return whether a root is there."""
        return path.exists() and any(root.path == path for root, _ in self._roots())

    def way_to(self, path: Path) -> Way:
        """Return the directories on the way to a path, as far as it can be gone."""
        return way_to(path, self._shows)

    def has(self, descriptor: int) -> bool:
        """Return whether an open file has a name that is there; see `Presence.has`."""
        status = os.fstat(descriptor)
        for _ in range(ATTEMPTS):
            path = (DESCRIPTORS / str(descriptor)).readlink()
            roots = self._roots()
            places = ((Path(os.path.realpath(root.path)), number) for number, (root, _) in enumerate(roots))
            try:
                place = next((one for one in places if path.is_relative_to(one[0])), None)
                return _identity(roots, path, place) == (status.st_dev, status.st_ino)
            except OSError:
                if (DESCRIPTORS / str(descriptor)).readlink() == path:
                    return False
        return False

    def _shows(self, path: Path, mode: int) -> bool:
        """Return whether what has a path, in which all links but the last are resolved, is there."""
        for root, _ in self._roots():
            top = Path(os.path.realpath(root.path))
            if root.shows is None or path == top or not path.is_relative_to(top):
                continue
            name = str(path.relative_to(top))
            is_there = (
                shows_any(root.shows, name) if stat.S_ISLNK(mode) else root.shows(name, directory=stat.S_ISDIR(mode))
            )
            if not is_there:
                return False
        return True


def _identity(roots: Sequence[tuple[Root, LiveNames]], path: Path, place: tuple[Path, int] | None) -> Inode:
    """Return the device and inode of the file at a path below a root.

    Args:
        place: the path of the root as it begins that path, and the root's number; None: it lies in none.

    Raises:
        OSError: when none is there.
    """
    if place is None:
        raise FileNotFoundError(errno.ENOENT, "in no root")
    top, number = place
    with ExitStack() as stack:
        opened = [one for one in (_opened(*each, stack) for each in enumerate(roots)) if isinstance(one, OpenRoot)]
        start = next((one for one in opened if one.number == number), None)
        if start is None:
            raise FileNotFoundError(errno.ENOENT, "the root is not there")
        status = look(opened, start, start.root.path.name if path == top else str(path.relative_to(top))).found.status
    return status.st_dev, status.st_ino


def _opened(number: int, root: tuple[Root, LiveNames], stack: ExitStack) -> OpenRoot | None:
    try:
        return OpenRoot(number, root[0], stack.enter_context(root[0].enter()), root[1])
    except Failure:
        return None
