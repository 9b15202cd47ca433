"""Walking a name down from an open root, one component at a time; links are resolved, and must stay below the root."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import NoReturn, Protocol

MAX_LINKS = 40
"""Symbolic links followed for one name: the kernel's own limit (path_resolution(7))."""
MAX_DEPTH = 64
"""Directories between a root and a file: each holds a descriptor during the walk. Log trees are rarely 10 deep."""

_PLACE = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC


class Hides(Protocol):
    """Tells whether what has a name below a root is to be taken for missing."""

    def __call__(self, name: str, *, directory: bool = False) -> bool: ...


class Shows(Protocol):
    """Tells which names below a root are there for whoever asks; what has another is as if it were missing."""

    def __call__(self, name: str, *, directory: bool = False) -> bool: ...

    def back(self, name: str) -> int | None:
        """Return how many nanoseconds old the lines of a file may be; None: as old as they are."""
        ...

    @property
    def key(self) -> Hashable:
        """What is equal for those that tell the same."""
        ...


def shows_any(shows: Shows, name: str) -> bool:
    """Return whether a name is there as that of a file or as that of a directory: of a link it may be either."""
    return shows(name) or shows(name, directory=True)


class Opener(Protocol):
    """`os.open`, or a stand-in that does something at the moment of an open."""

    def __call__(self, path: str, flags: int, *, dir_fd: int | None = None) -> int: ...


@dataclass(frozen=True, slots=True)
class Place:
    """The file or directory that a name leads to.

    Attributes:
        descriptor: opened with `O_PATH`; closed by whoever gave the place.
        resolved: its name below the root with every link resolved; empty for the root itself.
        status: from fstat of the descriptor.
    """

    descriptor: int
    resolved: str
    status: os.stat_result


class Walk:
    """Follows one name down from a root, holding the descriptors of the directories on its way.

    Args:
        root: descriptor of the root; stays the caller's.
        links: links that may be followed.
        spellings: returns the absolute paths, as components, by which a link may name the root.
        hides: tells the names, with every link resolved, of what is as if it were not there.
        shows: tells the names of what is there, links on the way too; None: all is.
    """

    def __init__(
        self,
        root: int,
        opener: Opener,
        links: int,
        spellings: Callable[[], list[list[str]]],
        hides: Hides,
        shows: Shows | None = None,
    ) -> None:
        self._root = root
        self._open = opener
        self._links_left = links
        self._spellings = spellings
        self._hides = hides
        self._shows = shows
        self._file = False
        self._status: os.stat_result | None = None  # of the last descriptor, if it is known
        self._descriptors: list[int] = []
        self._names: list[str] = []
        self._ahead: list[str] = []

    def go(self, parts: list[str], *, file: bool = False) -> None:
        """Follow these components.

        Args:
            file: whether only a file is looked for at their end.

        Raises:
            OSError: ENOENT for a missing name, ENOTDIR for a file on the way, EXDEV for a link out of the root, ELOOP
                for too many links, E2BIG for too many directories.
        """
        self._file = file
        self._ahead.extend(reversed(parts))
        while self._ahead:
            part = self._ahead.pop()
            if part == "..":
                self._up()
            else:
                self._down(part)

    def arrived(self) -> Place:
        """Return the place that was reached, open until `close`."""
        return Place(self._last(), "/".join(self._names), self._status or os.fstat(self._last()))

    def miss(self) -> NoReturn:
        """Fail as a missing name at the end of the way does, without looking for any.

        Raises:
            OSError: ENOENT, or what is wrong with the directory there.
        """
        if len(self._names) > MAX_DEPTH:
            raise OSError(errno.E2BIG, "too many directories")
        os.close(self._open(".", _PLACE, dir_fd=self._last()))  # fails in a directory that may not be entered
        raise FileNotFoundError(errno.ENOENT, "not shown")

    def close(self) -> None:
        """Close all descriptors of the walk, the root's excepted."""
        while self._descriptors:
            os.close(self._descriptors.pop())

    def _last(self) -> int:
        return self._descriptors[-1] if self._descriptors else self._root

    def _up(self) -> None:
        # Only a link's target can hold "..", which may lead up to the root, but not out of it.
        if not self._descriptors:
            raise OSError(errno.EXDEV, "a link leads out of the root")
        os.close(self._descriptors.pop())
        self._names.pop()
        self._status = None

    def _down(self, part: str) -> None:
        if len(self._names) > MAX_DEPTH:
            raise OSError(errno.E2BIG, "too many directories")
        name = "/".join((*self._names, part))
        if self._shows is not None and not shows_any(self._shows, name):
            self.miss()
        is_file = self._file and not self._ahead
        self._descriptors.append(_open_place(self._open, part, self._last(), is_file=is_file))
        self._status = os.fstat(self._last())
        mode = self._status.st_mode
        if stat.S_ISLNK(mode):
            self._status = None
            self._follow(_target(self._descriptors.pop()))
            return
        self._names.append(part)
        self._require_there(name, directory=stat.S_ISDIR(mode))
        if self._ahead and not stat.S_ISDIR(mode):
            raise OSError(errno.ENOTDIR, "not a directory")

    def _require_there(self, name: str, *, directory: bool) -> None:
        if self._hides(name, directory=directory) or (
            self._shows is not None and not self._shows(name, directory=directory)
        ):
            raise FileNotFoundError(errno.ENOENT, "hidden")

    def _follow(self, target: str) -> None:
        if not self._links_left:
            raise OSError(errno.ELOOP, "too many links")
        self._links_left -= 1
        parts = path_parts(target)
        if target.startswith("/"):
            parts = _below(parts, self._spellings())
            self.close()
            self._names.clear()
        self._ahead.extend(reversed(parts))


def components(name: str) -> list[str]:
    """Return the components of a name as a client gives it, each to be taken literally.

    Nothing is decoded or cleaned up: `%2e%2e` and backslashes are names like others.

    Raises:
        FileNotFoundError: for a name that is absolute, has an empty, `.` or `..` component, a NUL, or a character that
            no file name can hold.
    """
    parts = name.split("/")
    if "\0" in name or not {"", ".", ".."}.isdisjoint(parts) or not _is_encodable(name):
        raise FileNotFoundError(errno.ENOENT, "not a name below a root")
    return parts


def path_parts(path: str) -> list[str]:
    """Return the components of a path of the file system, empty ones and `.` left out."""
    return [part for part in path.split("/") if part not in ("", ".")]


def _open_place(opener: Opener, name: str, directory: int, *, is_file: bool) -> int:
    # With O_PATH, the kernel mounts file systems on demand (autofs, nested NFS exports) only if O_DIRECTORY is given;
    # without it, such a directory would seem empty. Where a file is looked for, a directory is of no use anyway.
    if is_file:
        return opener(name, _PLACE, dir_fd=directory)
    try:
        return opener(name, _PLACE | os.O_DIRECTORY, dir_fd=directory)
    except NotADirectoryError:
        return opener(name, _PLACE, dir_fd=directory)


def _target(link: int) -> str:
    """Return the target of an open link, and close the link."""
    try:
        return os.readlink("", dir_fd=link)
    finally:
        os.close(link)


def _below(parts: list[str], spellings: list[list[str]]) -> list[str]:
    for root in spellings:
        if parts[: len(root)] == root:
            return parts[len(root) :]
    raise OSError(errno.EXDEV, "a link leads out of the root")


def _is_encodable(name: str) -> bool:
    try:
        os.fsencode(name)
    except UnicodeEncodeError:
        return False
    return True
