"""Opening files below a root, and nowhere else.

A name is walked one component at a time, each opened relative to the descriptor of the directory before it and without
following links: `O_PATH | O_NOFOLLOW` opens an inode without opening its content, so a FIFO cannot hang the walk and a
device is not activated. Links are read and resolved here, against the descriptors of the walk, which is what the
kernel's openat2(2) does for `RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS` (Python has no call for it, and it would refuse
links with an absolute target that stays below the root). Every check is made on a descriptor: a rename or replacement
meanwhile changes what the next name finds, never what an open descriptor stands for.

This module raises `OSError`; `failure_of` turns it into a `Failure` for clients.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from copy import copy
from pathlib import Path

from logagent.core.outcome import Failure, Status
from logagent.disk.files.walk import (
    MAX_DEPTH,
    MAX_LINKS,
    Hides,
    Opener,
    Place,
    Shows,
    Walk,
    components,
    path_parts,
    shows_any,
)

DESCRIPTORS = Path("/proc/self/fd")
"""Where an `O_PATH` descriptor is opened for reading. No other way is certain to open the file that was checked:
opening it by name again could open another file, and opening a device has side effects."""

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


def nothing_hidden(name: str, *, directory: bool = False) -> bool:
    """Return False: nothing below the root is hidden."""
    return False


class Root:
    """One served root: a directory and all below it, or a single file, which is then served by its own name.

    The root is opened for each query, not held open: a descriptor would pin a volume that was unmounted, and hide the
    volume mounted in its place.

    Args:
        path: may be a link or lead through links; that is the operator's choice.
        name: what it is called; empty: as the last component of its path.
        hides: tells the names below it of what is as if it were not there.

    Attributes:
        path: absolute.
        name: what it is called, in messages and in `ROOT:NAME`.
        shows: tells which names below it are there for whoever asks; None: all are.
    """

    def __init__(self, path: Path, opener: Opener = os.open, name: str = "", hides: Hides = nothing_hidden) -> None:
        self.path = path.absolute()
        self._open = opener
        self._hides = hides
        self.name = name or self.path.name or "/"
        self.shows: Shows | None = None
        self._was_directory = [True]  # shared by all copies

    def is_directory(self) -> bool:
        """Return whether it is a directory, or was when it was looked at last, or never was there; reads the disk."""
        with suppress(OSError):
            self._was_directory[0] = stat.S_ISDIR(self.path.stat().st_mode)
        return self._was_directory[0]

    def shown_by(self, shows: Shows) -> Root:
        """Return the root as it is for whoever sees only what `shows` tells."""
        shown = copy(self)
        shown.shows = shows
        return shown

    def below(self, path: str) -> str | None:
        """Return the name below this root that an absolute path, or a glob of some, means; None if it lies elsewhere.

        The root may be spelled as configured, or with its links resolved. Reads the disk.
        """
        for spelled in (self.path, self.path.resolve()):
            if path == str(spelled):
                return None if self.path.is_dir() else self.path.name
            if path.startswith(f"{str(spelled).rstrip('/')}/"):
                return path.removeprefix(str(spelled)).lstrip("/")
        return None

    @contextmanager
    def enter(self) -> Iterator[Beneath]:
        """Open the root until the block ends.

        Raises:
            Failure: when it cannot be opened; the message names the last component of its path only.
        """
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
            descriptor, is_file = self._open(str(self.path), flags | os.O_DIRECTORY), False
        except NotADirectoryError:
            descriptor, is_file = self._open(str(self.path), flags), True
        return Beneath(self.path, descriptor, self._open, self._hides, is_file=is_file, shows=self.shows)

    def _failure(self, error: OSError) -> Failure:
        failure = failure_of(error, f"the root {self.name}")
        if failure.status is not Status.NOT_FOUND:
            return failure
        return Failure(Status.UNAVAILABLE, f"the root {self.name} is not there; is its volume mounted?")


class Beneath:
    """An open root, for as long as the block of `Root.enter` lasts.

    Attributes:
        is_file: whether it is a single file.
        hides: tells the names below it of what is as if it were not there.
        shows: tells which names below it are there for whoever asks; None: all are.
    """

    def __init__(
        self, path: Path, descriptor: int, opener: Opener, hides: Hides, *, is_file: bool, shows: Shows | None = None
    ) -> None:
        self.is_file = is_file
        self.hides = hides
        self.shows = shows
        self._path = path
        self._descriptor = descriptor
        self._open = opener

    def hides_in(self, place: Place, directories: Iterable[str], child: str, leads_on: bool) -> bool:
        """Return whether a file or directory is hidden by what it is called.

        Args:
            place: of the directory that holds it.
            directories: the names of that directory.
            child: its own name.
            leads_on: whether it may be a directory: a directory, or a link.
        """
        names = [f"{directory}/{child}" if directory else child for directory in directories]
        if not any(self.hides(name) for name in names):
            return leads_on and any(self.hides(name, directory=True) for name in names)
        return not _is_directory(place, child) or any(self.hides(name, directory=True) for name in names)

    def close(self) -> None:
        """Close the root's descriptor; called by `Root.enter`."""
        os.close(self._descriptor)

    @contextmanager
    def resolve(self, name: str, *, links: int = MAX_LINKS, file: bool = False) -> Iterator[Place]:
        """Find the place that `name` leads to, open until the block ends.

        Args:
            links: links to follow at most.
            file: whether only a file is looked for.

        Raises:
            OSError: ENOENT for a name that is missing, hidden, or could lead upwards, EXDEV for a link out of the root,
                ELOOP for too many links, E2BIG for too many directories.
        """
        parts = components(name)
        parts = [] if self.is_file and parts == [self._path.name] else parts
        with self._walk(parts, links, name, file=file) as place:
            yield place

    @contextmanager
    def directory(self, resolved: str) -> Iterator[Place]:
        """Find the directory with that resolved name, empty for the root, open until the block ends.

        Raises:
            OSError: as `resolve` does, ELOOP for any link.
        """
        with self._walk(components(resolved) if resolved else [], 0) as place:
            yield place

    def open_file(self, resolved: str) -> int:
        """Return a descriptor for reading the regular file with that resolved name; the caller closes it.

        No link is followed: if a link has replaced the resolved file since, opening fails. Opening never blocks, and
        never makes a terminal the controlling one.

        Raises:
            OSError: ENOENT for everything but a regular file.
        """
        with self.resolve(resolved, links=0, file=True) as place:
            require_regular(place.status)
            descriptor = self._reopen(place)
        try:
            require_regular(os.fstat(descriptor))
        except OSError:
            os.close(descriptor)
            raise
        return descriptor

    def open_directory(self, place: Place) -> int:
        """Return a descriptor for listing the directory at `place`; the caller closes it.

        Raises:
            OSError: when it may not be listed.
        """
        return self._open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=place.descriptor)

    @contextmanager
    def _walk(self, parts: list[str], links: int, asked: str = "", *, file: bool = False) -> Iterator[Place]:
        walk = Walk(self._descriptor, self._open, links, self._spellings, self.hides, self.shows)
        try:
            yield self._arrived(walk, parts, asked, file=file)
        finally:
            walk.close()

    def _arrived(self, walk: Walk, parts: list[str], asked: str, *, file: bool) -> Place:
        """Walk; what is wrong with the way to a hidden file looks as if the file were missing."""
        if self.shows is not None and asked and not (self.shows(asked) if file else shows_any(self.shows, asked)):
            walk.go(parts[:-1])
            walk.miss()
        try:
            walk.go(parts, file=file)
            place = walk.arrived()
        except OSError:
            if self.hides(asked):
                raise FileNotFoundError(errno.ENOENT, "hidden") from None
            raise
        if self.hides(asked, directory=stat.S_ISDIR(place.status.st_mode)) or not self.is_shown(asked, place.status):
            raise FileNotFoundError(errno.ENOENT, "hidden")
        return place

    def is_shown(self, name: str, status: os.stat_result) -> bool:
        """Return whether a file or a directory that has a name below the root is there for whoever asks."""
        return self.shows is None or not name or self.shows(name, directory=stat.S_ISDIR(status.st_mode))

    def _reopen(self, place: Place) -> int:
        try:
            return self._open(f"{DESCRIPTORS}/{place.descriptor}", _READ)
        except FileNotFoundError:
            if DESCRIPTORS.exists():
                raise
            raise OSError(errno.ENOSYS, "/proc is not mounted") from None

    def _spellings(self) -> list[list[str]]:
        """Return the absolute paths by which links below the root may name the root: as configured, and as resolved."""
        spellings = [path_parts(str(self._path))]
        with suppress(FileNotFoundError):
            spellings.append(path_parts(str((DESCRIPTORS / str(self._descriptor)).readlink())))
        return spellings


def _is_directory(place: Place, child: str) -> bool:
    """Return whether a child of a directory is one itself, not by a link."""
    try:
        return stat.S_ISDIR(os.stat(child, dir_fd=place.descriptor, follow_symlinks=False).st_mode)
    except OSError:
        return False


def require_regular(status: os.stat_result) -> None:
    """Check that a status is that of a regular file.

    Raises:
        FileNotFoundError: when it is not.
    """
    if not stat.S_ISREG(status.st_mode):
        raise FileNotFoundError(errno.ENOENT, "not a regular file")


def failure_of(error: OSError, name: str) -> Failure:
    """Return the failure to report to a client that asked for `name`; its message holds that name and no path."""
    code = error.errno or errno.EIO
    status, meaning = _MEANINGS.get(code, (Status.UNAVAILABLE, os.strerror(code).lower()))
    return Failure(status, f"{meaning}: {name}")
