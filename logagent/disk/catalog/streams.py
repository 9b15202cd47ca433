"""What comes once and in its own order, such as a pipe: copied to where it can be read by position, as a log.

The copy is a file without a name, which is gone with the process. It lies in `TMPDIR`, else in /var/tmp, which is on a
disk where /tmp may be memory. A regular file that is handed over open is read where it is.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import sys
import tempfile
import threading

from logagent.core.outcome import Failure, Status
from logagent.disk.archives.compression import HEAD, compression_of
from logagent.disk.catalog.logs import Generation, Log
from logagent.disk.files.beneath import DESCRIPTORS, failure_of

STDIN = "-"
"""The name of standard input."""
MAX_COPIED = 16 * 1024**3
"""Bytes that are copied at most: of what never ends, as /dev/zero, a disk would be full."""
_OPEN = re.compile(r"-|/dev/stdin|/(?:dev|proc/self)/fd/[0-9]+")
"""The paths of files that are open in this very process."""
_PIECE = 256 * 1024
_READ = os.O_RDONLY | os.O_NOCTTY | os.O_CLOEXEC
_NO_ROOM = "no room to copy it; TMPDIR names another directory for that"
_MADE_UP = ("/proc/", "/sys/")
"""Where files are made up by the kernel as they are read, whatever sizes they state."""


def is_stream(path: str) -> bool:
    """Return whether a path is that of something else than a file that can be read by position; reads the disk."""
    if _OPEN.fullmatch(path):
        return True
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116 - as typed
    except (OSError, ValueError):
        return False
    real = os.path.realpath(path)
    made_up = real.startswith(_MADE_UP) or not os.path.lexists(real)  # the latter is a name of an open file only
    return not stat.S_ISDIR(mode) and (made_up or not stat.S_ISREG(mode))


class Stream:
    """Something to be read once, and its copy.

    What blocks is called in one thread at a time.

    Args:
        name: as it was typed.
        most: bytes that are copied at most.

    Attributes:
        is_whole: whether nothing more is to be copied.
        size: bytes copied so far.
    """

    def __init__(self, name: str, *, most: int = MAX_COPIED) -> None:
        self.name = name
        self.is_whole = False
        self.size = 0
        self._told = "standard input" if name == STDIN else name
        self._most = most
        self._source: int | None = None
        self._copy: int | None = None
        self._lock = threading.Lock()
        self._closed = False
        self._ahead = b""

    @property
    def is_terminal(self) -> bool:
        """Whether somebody has to type it."""
        return self.name == STDIN and os.isatty(0)

    def fill(self) -> None:
        """Copy all of it; blocks until it ends.

        Raises:
            Failure: when it cannot be read, or does not fit.
        """
        while self.read_on():
            pass

    def read_on(self) -> bool:
        """Copy a piece of it, once it comes, and return whether there may be more; blocks.

        Raises:
            Failure: as `fill`.
        """
        with self._lock:
            try:
                self._begin()
                return not (self.is_whole or self._closed) and self._copied_piece()
            except OSError as error:
                if error.errno == errno.ENOSPC:
                    raise Failure(Status.RESOURCE_EXHAUSTED, f"{self._told}: {_NO_ROOM}") from error
                raise failure_of(error, self._told) from error
            finally:
                if self._closed:
                    self._close()

    def begin(self) -> None:
        """Open it, if that was not done yet; blocks, of a pipe with a name until somebody writes.

        Raises:
            Failure: when it cannot be opened.
        """
        with self._lock:
            try:
                self._begin()
            except OSError as error:
                raise failure_of(error, self._told) from error

    def look_ahead(self) -> None:
        """Wait for its first bytes, if it was opened and that was not done yet; blocks.

        Raises:
            Failure: when it cannot be read.
        """
        with self._lock:
            try:
                if self._source is not None and not (self._ahead or self.size or self.is_whole):
                    self._ahead = os.read(self._source, _PIECE)
                    self.is_whole = not self._ahead
            except OSError as error:
                raise failure_of(error, self._told) from error

    @property
    def is_text(self) -> bool:
        """Whether its first bytes, of which some are known by now, are not those of a compressed file."""
        return compression_of(self._ahead[:HEAD]) is None

    def _begin(self) -> None:
        if self._copy is not None:
            return
        if self.name == STDIN and sys.stdin is None:  # else the number is another file's by now
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        source = os.dup(0) if self.name == STDIN else os.open(self.name, _READ)
        if stat.S_ISREG(os.fstat(source).st_mode) and not os.lseek(source, 0, os.SEEK_CUR) and not _made_up(self.name):
            self._copy, self.is_whole = source, True
            return
        self._source = source
        directory = os.environ.get("TMPDIR") or ("/var/tmp" if os.access("/var/tmp", os.W_OK) else None)
        with tempfile.TemporaryFile(buffering=0, dir=directory) as copy:
            self._copy = os.dup(copy.fileno())

    def _copied_piece(self) -> bool:
        assert self._source is not None
        assert self._copy is not None
        piece, self._ahead = self._ahead or os.read(self._source, _PIECE), b""
        self.is_whole = not piece
        if self.size + len(piece) > self._most:
            reason = f"{self._told}: more than {self._most:,} bytes; write it to a file, and ask for that"
            raise Failure(Status.RESOURCE_EXHAUSTED, reason)
        self._write(piece)
        return bool(piece)

    def _write(self, piece: bytes) -> None:
        assert self._copy is not None
        while piece:
            written = os.pwrite(self._copy, piece, self.size)
            self.size, piece = self.size + written, piece[written:]

    def end_line(self) -> None:
        """End the last line of the copy, if it has no end: nothing more comes."""
        with self._lock:
            ends = self._copy is None or not self.size or os.pread(self._copy, 1, self.size - 1) == b"\n"
            if self.is_copied and not ends:
                self._write(b"\n")

    @property
    def is_copied(self) -> bool:
        """Whether there is a copy, which may grow; else it is read where it is, and may not end."""
        return self._source is not None

    def log(self) -> Log:
        """Return the log that it is, as far as it was copied; it has one file.

        Raises:
            Failure: when it was not opened, or is closed.
        """
        if self._copy is None:
            raise Failure(Status.UNAVAILABLE, f"{self._told} is not open")
        status = os.fstat(self._copy)
        file = Generation(
            self.name,
            str(self._copy),
            status.st_size,
            status.st_mtime_ns,
            self._opened,
            DESCRIPTORS,
            identity=(status.st_dev, status.st_ino),
        )
        return Log(self.name, (file,), asked=self.name)

    def _opened(self) -> int:
        if self._copy is None:
            raise Failure(Status.UNAVAILABLE, f"{self._told} is closed")
        try:
            return os.open(f"{DESCRIPTORS}/{self._copy}", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:  # it may be read only by whoever opened it, who has handed it over
            return os.dup(self._copy)

    def close(self) -> None:
        """Close it and its copy now, or when the thread that waits for more of it has got some."""
        self._closed = True
        if self._lock.acquire(blocking=False):
            try:
                self._close()
            finally:
                self._lock.release()

    def _close(self) -> None:
        descriptors, self._source, self._copy = {self._source, self._copy}, None, None
        for descriptor in descriptors - {None}:
            os.close(descriptor)  # type: ignore[arg-type]  # None is not among them


def _made_up(name: str) -> bool:
    return not _OPEN.fullmatch(name) and os.path.realpath(name).startswith(_MADE_UP)
