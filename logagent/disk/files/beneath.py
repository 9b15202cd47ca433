"""Opening files below a root, and nowhere else.

A name is walked one component at a time, each opened relative to the descriptor of the directory before it and without
following links: `O_PATH | O_NOFOLLOW` opens a place in the tree without touching what is there, so a FIFO cannot hang
the walk and a device sees nothing of it. Links are read and resolved here, against the descriptors of the walk, which
is what the kernel's openat2(2) does for `RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS` (Python has no call for it, and it
would refuse links with an absolute target that stays below the root). Every check is made on a descriptor: whoever
renames or replaces things meanwhile changes what the next name finds, never what an open descriptor stands for.

This module speaks `OSError`; `failure_of` says what one means to those who asked.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from logagent.core.outcome import Failure, Status

MAX_LINKS = 40
"""Symbolic links followed for one name: the kernel's own bound (path_resolution(7))."""
MAX_DEPTH = 64
"""Directories between a root and a file: each holds a descriptor during the walk. Log trees are rarely 10 deep."""
DESCRIPTORS = Path("/proc/self/fd")
"""Where an `O_PATH` descriptor is opened for reading: the one way that surely reaches the file that was checked, for
opening by name again could meet another file, and opening a device is already an act."""

_PLACE = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC

_ABSENT = (Status.NOT_FOUND, "no such file")
_DENIED = (Status.PERMISSION_DENIED, "permission denied")
_BUSY = (Status.RESOURCE_EXHAUSTED, "too many open files")
_MEANINGS = {
    **dict.fromkeys((errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EXDEV, errno.ENAMETOOLONG), _ABSENT),
    **dict.fromkeys((errno.EACCES, errno.EPERM), _DENIED),
    **dict.fromkeys((errno.EMFILE, errno.ENFILE), _BUSY),
    errno.ENOMEM: (Status.RESOURCE_EXHAUSTED, "out of memory"),
    errno.E2BIG: (Status.RESOURCE_EXHAUSTED, f"more than {MAX_DEPTH} directories deep"),
    errno.ENOSYS: (Status.UNAVAILABLE, "cannot be opened without /proc"),
}


class Opener(Protocol):
    """`os.open`, or a stand-in that does something at the moment of an open."""

    def __call__(self, path: str, flags: int, *, dir_fd: int | None = None) -> int: ...


@dataclass(frozen=True, slots=True)
class Place:
    """What a name stands for.

    descriptor: opened with `O_PATH`, closed by whoever gave the place. resolved: its name below the root with every
    link resolved, empty for the root itself. status: what fstat said of the descriptor.
    """

    descriptor: int
    resolved: str
    status: os.stat_result


class Root:
    """One served root: a directory and all below it, or a single file, which is then served by its own name.

    `path` may itself be or lead through a link: that is the operator's choice. It is opened anew for each question, not
    held open, for a descriptor would pin a volume that was unmounted and hide the one mounted in its place.
    """

    def __init__(self, path: Path, opener: Opener = os.open) -> None:
        self.path = path.absolute()
        self._open = opener
        self.name = self.path.name or "/"

    @contextmanager
    def enter(self) -> Iterator[Beneath]:
        """The root, open until the block ends. Raises `Failure`, which names the last component of the path only."""
        try:
            beneath = self._opened()
        except OSError as error:
            raise self._failure(error) from error
        try:
            yield beneath
        finally:
            beneath.close()

    def _opened(self) -> Beneath:
        flags = os.O_PATH | os.O_CLOEXEC
        try:
            return Beneath(self.path, self._open(str(self.path), flags | os.O_DIRECTORY), self._open, is_file=False)
        except NotADirectoryError:
            return Beneath(self.path, self._open(str(self.path), flags), self._open, is_file=True)

    def _failure(self, error: OSError) -> Failure:
        failure = failure_of(error, f"the root {self.name}")
        if failure.status is not Status.NOT_FOUND:
            return failure
        return Failure(Status.UNAVAILABLE, f"the root {self.name} is not there; is its volume mounted?")


class Beneath:
    """An open root, for as long as the block of `Root.enter` lasts. `is_file`: it is a single file."""

    def __init__(self, path: Path, descriptor: int, opener: Opener, *, is_file: bool) -> None:
        self.is_file = is_file
        self._path = path
        self._descriptor = descriptor
        self._open = opener

    def close(self) -> None:
        """Done by `Root.enter`."""
        os.close(self._descriptor)

    @contextmanager
    def resolve(self, name: str, *, links: int = MAX_LINKS) -> Iterator[Place]:
        """What `name` stands for, following at most `links` links, open until the block ends.

        Raises `OSError`: ENOENT for what is not there and for a name that could lead upwards, EXDEV for a link out of
        the root, ELOOP for too many links, E2BIG for too many directories.
        """
        parts = components(name)
        with self._walk([] if self.is_file and parts == [self._path.name] else parts, links) as place:
            yield place

    @contextmanager
    def directory(self, resolved: str) -> Iterator[Place]:
        """The directory with that resolved name, empty for the root, open until the block ends. Raises `OSError`."""
        with self._walk(components(resolved) if resolved else [], 0) as place:
            yield place

    def open_file(self, resolved: str) -> int:
        """A descriptor for reading the regular file with that resolved name; the caller closes it.

        No link is followed: what opens is what was resolved, even if a link has taken its place since. It never blocks
        and never becomes the controlling terminal. Raises `OSError`, ENOENT for all that is not a regular file.
        """
        with self.resolve(resolved, links=0) as place:
            require_regular(place.status)
            descriptor = self._reopen(place)
        try:
            require_regular(os.fstat(descriptor))
        except OSError:
            os.close(descriptor)
            raise
        return descriptor

    def open_directory(self, place: Place) -> int:
        """A descriptor for listing the directory at `place`; the caller closes it. Raises `OSError`."""
        return self._open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=place.descriptor)

    @contextmanager
    def _walk(self, parts: list[str], links: int) -> Iterator[Place]:
        walk = _Walk(self._descriptor, self._open, links, self._spellings)
        try:
            walk.go(parts)
            yield walk.arrived()
        finally:
            walk.close()

    def _reopen(self, place: Place) -> int:
        try:
            return self._open(str(DESCRIPTORS / str(place.descriptor)), _READ)
        except FileNotFoundError:
            if DESCRIPTORS.exists():
                raise
            raise OSError(errno.ENOSYS, "/proc is not mounted") from None

    def _spellings(self) -> list[list[str]]:
        """The absolute paths by which a link below the root may name the root: as configured, and as resolved."""
        spellings = [_parts(str(self._path))]
        with suppress(FileNotFoundError):
            spellings.append(_parts(str((DESCRIPTORS / str(self._descriptor)).readlink())))
        return spellings


class _Walk:
    """One name on its way down from a root: the descriptors and names of the directories it came through."""

    def __init__(self, root: int, opener: Opener, links: int, spellings: Callable[[], list[list[str]]]) -> None:
        self._root = root
        self._open = opener
        self._links_left = links
        self._spellings = spellings
        self._descriptors: list[int] = []
        self._names: list[str] = []
        self._ahead: list[str] = []

    def go(self, parts: list[str]) -> None:
        self._ahead.extend(reversed(parts))
        while self._ahead:
            part = self._ahead.pop()
            if part == "..":
                self._up()
            else:
                self._down(part)

    def arrived(self) -> Place:
        return Place(self._last(), "/".join(self._names), os.fstat(self._last()))

    def close(self) -> None:
        while self._descriptors:
            os.close(self._descriptors.pop())

    def _last(self) -> int:
        return self._descriptors[-1] if self._descriptors else self._root

    def _up(self) -> None:
        # Only a link's target may hold "..", and only as far up as it came down from the root.
        if not self._descriptors:
            raise OSError(errno.EXDEV, "a link leads out of the root")
        os.close(self._descriptors.pop())
        self._names.pop()

    def _down(self, part: str) -> None:
        if len(self._names) > MAX_DEPTH:
            raise OSError(errno.E2BIG, "too many directories")
        self._descriptors.append(_open_place(self._open, part, self._last()))
        mode = os.fstat(self._last()).st_mode
        if stat.S_ISLNK(mode):
            self._follow(_target(self._descriptors.pop()))
            return
        self._names.append(part)
        if self._ahead and not stat.S_ISDIR(mode):
            raise OSError(errno.ENOTDIR, "not a directory")

    def _follow(self, target: str) -> None:
        if not self._links_left:
            raise OSError(errno.ELOOP, "too many links")
        self._links_left -= 1
        parts = _parts(target)
        if target.startswith("/"):
            parts = _below(parts, self._spellings())
            self.close()
            self._names.clear()
        self._ahead.extend(reversed(parts))


def components(name: str) -> list[str]:
    """The components of a name as a client gives it, each one a name to be taken literally.

    Raises `FileNotFoundError` for a name that is absolute, has an empty, `.` or `..` component, a NUL, or a character
    that no file name can hold. Nothing is decoded or cleaned up: `%2e%2e` and backslashes are names like others.
    """
    parts = name.split("/")
    if "\0" in name or not {"", ".", ".."}.isdisjoint(parts) or not _is_encodable(name):
        raise FileNotFoundError(errno.ENOENT, "not a name below a root")
    return parts


def require_regular(status: os.stat_result) -> None:
    """Raises `FileNotFoundError` unless `status` is that of a regular file."""
    if not stat.S_ISREG(status.st_mode):
        raise FileNotFoundError(errno.ENOENT, "not a regular file")


def failure_of(error: OSError, name: str) -> Failure:
    """What `error` means to those who asked for `name`. The message holds that name and no path."""
    code = error.errno or errno.EIO
    status, meaning = _MEANINGS.get(code, (Status.UNAVAILABLE, os.strerror(code).lower()))
    return Failure(status, f"{meaning}: {name}")


def _open_place(opener: Opener, name: str, directory: int) -> int:
    # Of all opens with O_PATH only those that ask for a directory make the kernel mount what is mounted on demand
    # (autofs, nested NFS exports); without it such a directory would seem empty.
    try:
        return opener(name, _PLACE | os.O_DIRECTORY, dir_fd=directory)
    except NotADirectoryError:
        return opener(name, _PLACE, dir_fd=directory)


def _target(link: int) -> str:
    """The target of the link that `link` is the descriptor of, which is closed."""
    try:
        return os.readlink("", dir_fd=link)
    finally:
        os.close(link)


def _below(parts: list[str], spellings: list[list[str]]) -> list[str]:
    for root in spellings:
        if parts[: len(root)] == root:
            return parts[len(root) :]
    raise OSError(errno.EXDEV, "a link leads out of the root")


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part not in ("", ".")]


def _is_encodable(name: str) -> bool:
    try:
        os.fsencode(name)
    except UnicodeEncodeError:
        return False
    return True
