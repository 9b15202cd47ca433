"""Sockets in the file system: made so that only those may connect who should, and removed when they have served.

Nobody can connect to a socket before it listens, and it listens only once its owner, group and mode are right.
"""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import socket
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

_log = logging.getLogger(__name__)

MAX_PATH = 107
"""Bytes of a socket's path: the kernel has 108, one of them for the end (unix(7))."""
LOCK_ATTEMPTS = 40
"""Attempts to lock the directory: another agent that starts there holds the lock for less than a millisecond."""
LOCK_PAUSE = 0.05
"""Seconds between two attempts, two seconds in all. It blocks, before anything is served."""


class SocketFile(NamedTuple):
    """The file of a bound socket, told from one that replaced it.

    Attributes:
        identity: device, inode and time of making: inodes are used again.
    """

    path: Path
    identity: tuple[int, int, int]

    def regulate(self, mode: int, group: int | None) -> None:
        """Give the file another mode and group, unless another one has its place by now.

        A group that cannot be given, since the agent's user is no member of it, is logged, and the mode stays, too.
        """
        try:
            status = self.path.lstat()
            if _identity(self.path) != self.identity:
                return
            if status.st_gid != (wanted := os.getegid() if group is None else group):
                os.chown(self.path, -1, wanted, follow_symlinks=False)
            if stat.S_IMODE(status.st_mode) != mode:
                self.path.chmod(mode)
        except OSError as error:
            _log.error("%s keeps its mode or its group: %s", self.path, error.strerror)

    def remove(self) -> None:
        """Remove the file, unless another one has its place by now."""
        with suppress(OSError):
            if _identity(self.path) == self.identity:
                self.path.unlink()


def bind(path: Path, mode: int, group: int | None) -> tuple[socket.socket, SocketFile]:
    """Bind a socket to a path, in place of one on which nobody listens any more; it does not listen yet.

    Args:
        path: absolute.
        mode: of the file; who may write to it may connect.
        group: of the file; None: the agent's own.

    Raises:
        OSError: with a sentence that says what would be right.
    """
    with _explained(path), _locked(path.parent):
        _make_room(path)
        bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            _bind(bound, path, mode)
            _give(path, group)
            return bound, SocketFile(path, _identity(path))
        except BaseException:
            bound.close()
            raise


def _bind(bound: socket.socket, path: Path, mode: int) -> None:
    # The file takes its mode from the socket, less the process's mask.
    os.fchmod(bound.fileno(), mode)
    mask = os.umask(0)
    try:
        bound.bind(str(path))
    finally:
        os.umask(mask)


def _give(path: Path, group: int | None) -> None:
    if group is None:
        return
    try:
        os.chown(path, -1, group, follow_symlinks=False)
    except PermissionError:
        path.unlink()
        raise OSError(errno.EPERM, f"its group cannot be {group}, of which this agent's user is no member") from None


def _make_room(path: Path) -> None:
    """Remove a socket on which nobody listens any more.

    Raises:
        OSError: if somebody listens, or if it is no socket.
    """
    try:
        status = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(status.st_mode):
        raise OSError(errno.EEXIST, "a file that is no socket is there; name another path, or remove it")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as caller:
        try:
            caller.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
        except BlockingIOError:  # Somebody listens, and has not accepted the last callers yet.
            pass
    raise OSError(errno.EADDRINUSE, "another program listens there already")


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    """Hold a lock on a directory, so that of two agents that start at once none removes the other's socket."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _lock(descriptor)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    for _ in range(LOCK_ATTEMPTS):
        with suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        time.sleep(LOCK_PAUSE)
    raise OSError(errno.EAGAIN, "another program holds a lock on its directory")


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror
        if isinstance(error, FileNotFoundError | NotADirectoryError):
            reason = f"there is no directory {path.parent}; make it first"
        raise OSError(error.errno, f"cannot listen on unix:{path}: {reason}") from error


def _identity(path: Path) -> tuple[int, int, int]:
    status = path.lstat()
    return status.st_dev, status.st_ino, status.st_mtime_ns
