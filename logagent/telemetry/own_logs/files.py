"""Rotating files as a target: never a line lost or doubled for whoever follows them, and no link followed."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import itertools
import os
import stat
from collections.abc import Sequence
from pathlib import Path

from logagent.telemetry.own_logs.lines import Form
from logagent.telemetry.own_logs.targets import ByteLines, LogTarget
from logagent.telemetry.own_logs.told import Told

MODE = 0o640
"""Read by the group, as other logs of a host are."""
DIRECTORY_MODE = 0o750
LONGEST_NAME = 200
"""Characters of an agent's name in a file's name, which has 255 with its endings."""
MOST_AGENTS = 9
"""Agents of one name that write into one directory: each has a file of its own."""

_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def file_names(agent: str) -> list[str]:
    """Return the names that the file of an agent may have; the first that no other agent writes to is taken."""
    name = agent[:LONGEST_NAME]
    return [f"{name}.log", *(f"{name}_{number}.log" for number in range(2, MOST_AGENTS + 1))]


class Files(LogTarget):
    """Writes lines to a file, which becomes `NAME.log.1` when it is full, and that `NAME.log.2`, and so on.

    A file that others have removed, renamed or emptied is noticed at the next write.

    Args:
        directory: where the files lie; it is made if it is not there, but once only: what is gone later, such as a
            mounted file system, may come back. Where it is a link at first, the agent goes on in what that meant.
        agent: its name, after which the file is called.
        form: makes the lines.
        max_bytes: of a file.
        keep: how many there are besides the one that is written to.
    """

    def __init__(self, directory: Path, agent: str, form: Form, *, max_bytes: int, keep: int) -> None:
        super().__init__(str(directory / file_names(agent)[0]))
        self._directory = directory.resolve() if directory.is_symlink() else directory
        self._names = file_names(agent)
        self._form = form
        self._max_bytes = max_bytes
        self._keep = keep
        self._make = True
        self._path = directory / self._names[0]
        self._file: int | None = None
        self._size = 0
        self._bytes = ByteLines(self._put)

    def write(self, lines: Sequence[Told]) -> int:
        """Write lines; see `LogTarget.write`."""
        self.fault = ""
        written = 0
        try:
            self._look()
            self._bytes.finish()
            whole = [f"{self._form(told)}\n".encode("utf-8", "backslashreplace") for told in lines]
            while written < len(whole) and not self.fault:
                written += self._write_some(whole[written:])
        except OSError as error:
            self.fault = error.strerror or str(error)
        return written

    def close(self) -> None:
        """Close the file, with the line that was written in part."""
        if self._bytes.is_cut:
            with contextlib.suppress(OSError):
                self._bytes.finish()
        self._let_go()

    def _let_go(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            os.close(file)

    def _write_some(self, lines: Sequence[bytes]) -> int:
        """Write as many lines as the file may take, or rotate it."""
        room, fitting = self._max_bytes - self._size, 0
        for line in lines:
            room -= len(line)
            if room < 0:
                break
            fitting += 1
        if not fitting and self._size:
            self._rotate()
            return 0
        return self._bytes.write(lines[: fitting or 1])

    def _put(self, data: bytes) -> int:
        written = 0
        try:
            while written < len(data):
                written += os.write(self._opened(), data[written:])
        except OSError as error:
            self.fault = error.strerror or str(error)
            if not written:
                raise
        self._size += written
        return written

    def _opened(self) -> int:
        if self._file is None:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        return self._file

    def _look(self) -> None:
        """Open the file, if it is not, or is no longer the one of its name."""
        if self._file is not None:
            found = os.fstat(self._file)
            if found.st_nlink and not self._is_link() and _is_at(self._path, found):
                if found.st_size < self._size:  # Others have emptied it.
                    self._bytes.begin_again()
                self._size = found.st_size
                return
            self._let_go()
            self._bytes.begin_again()
        if self._make:
            self._directory.mkdir(DIRECTORY_MODE, parents=True, exist_ok=True)
            self._make = False
        self._open()

    def _is_link(self) -> bool:
        """Whether others have put a link into the directory's place, which leads to where they cannot write."""
        return self._directory.is_symlink()

    def _open(self) -> None:
        if self._is_link():
            raise OSError(errno.ELOOP, f"{self._directory} has become a link, which is not followed")
        for name in self._names:
            path = self._directory / name
            if self._take(path):
                self._path, self.name = path, str(path)
                return
        raise OSError(errno.EBUSY, f"other agents write to all files up to {self._names[-1]}")

    def _take(self, path: Path) -> bool:
        """Open a file, unless another agent writes to it."""
        file = os.open(path, _FLAGS, MODE)
        try:
            found = os.fstat(file)
            if not stat.S_ISREG(found.st_mode):
                raise OSError(errno.EINVAL, "is no regular file")
            if not _locked(file):
                os.close(file)
                return False
            self._size = found.st_size
            if found.st_size and os.pread(file, 1, found.st_size - 1) != b"\n":
                self._size += os.write(file, b"\n")  # Whoever wrote the last line was killed in its middle.
        except OSError:
            os.close(file)
            raise
        self._file = file
        return True

    def _rotate(self) -> None:
        """Rename the file and those before it, the oldest first, so that at each moment all of them are there."""
        try:
            full = next((number for number in range(1, self._keep) if not _is_there(self._older(number))), self._keep)
            for number in range(full - 1, 0, -1):
                self._older(number).rename(self._older(number + 1))
            self._path.rename(self._older(1))
            self._remove_older()
        except OSError as error:
            raise OSError(error.errno, f"cannot be rotated: {error.strerror}") from None
        self._let_go()
        if not self._take(self._path):
            self._open()

    def _older(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")

    def _remove_older(self) -> None:
        """Remove what an agent that was to keep more has left."""
        with contextlib.suppress(OSError):
            for number in itertools.count(self._keep + 1):
                self._older(number).unlink()


def _is_there(path: Path) -> bool:
    return os.path.lexists(path)


def _is_at(path: Path, found: os.stat_result) -> bool:
    try:
        there = path.lstat()
    except OSError:  # It has gone, or the directory, or the file system below it.
        return False
    return (there.st_dev, there.st_ino) == (found.st_dev, found.st_ino)


def _locked(file: int) -> bool:
    """Lock a file, and return whether no other agent has locked it; file systems without locks lock nobody out."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True
