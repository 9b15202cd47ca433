"""A file that may change while the agent runs: what it holds counts within a second; what is broken changes nothing.

It is looked at when it is asked for, so that no task has to wait for it, and nobody looks while nobody asks.
"""

from __future__ import annotations

import logging
import os
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

LOOK = 0.25
"""Seconds between two looks at a file: less than the second within which a change counts."""
SETTLED = 1.0
"""Seconds without a change after which a file is taken to be written to its end."""
REPEATED = 3600.0
"""Seconds after which a file that is still broken is told of again."""
MOST_BYTES = 16 * 1024 * 1024
"""Bytes of such a file: some hundred thousand revoked certificates; a larger one takes too long to read."""

_log = logging.getLogger(__name__)
Content = TypeVar("Content")


class BadFile(ValueError):
    """A file cannot be used; the message names it, and says what would be right.

    Attributes:
        setting: that names the file.
    """

    def __init__(self, setting: str, reason: str) -> None:
        super().__init__(reason)
        self.setting = setting


class _State(NamedTuple):
    """What tells one state of a file from another."""

    device: int
    inode: int
    size: int
    modified: int
    changed: int


class WatchedFile(Generic[Content]):
    """What a file holds, looked at again as it changes.

    Args:
        path: of the file.
        read: makes of its bytes what they mean; raises `ValueError` for what cannot be used.
        setting: that names the file, for people.
        absent: what counts as long as the file was never there; None: it has to be there.
        clock: seconds from any beginning.

    Raises:
        BadFile: if it cannot be used now. Later what it held last counts on, and the log says so.
    """

    def __init__(
        self,
        path: Path,
        read: Callable[[bytes], Content],
        *,
        setting: str,
        absent: Content | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path, self._read, self._setting = path, read, setting
        self._clock = clock
        self._state: _State | None = None
        self._seen, self._is_final = clock(), False
        self._complaint, self._complain_again = "", 0.0
        self._look_again = clock() + LOOK
        if absent is not None and not path.exists():
            self._latest = self._settled = absent
        else:
            self._latest = self._settled = self._load()

    @property
    def contents(self) -> tuple[Content, ...]:
        """What it holds, the latest first; while it may still be written to, also what it held before that."""
        moment = self._clock()
        if moment >= self._look_again:
            self._look_again = moment + LOOK
            self._look(moment)
        if self._latest is self._settled:
            return (self._latest,)
        return self._latest, self._settled

    def _look(self, moment: float) -> None:
        try:
            state = _state_of(self._path.stat())
        except OSError as error:
            if self._state is not None or not isinstance(error, FileNotFoundError):
                self._is_final = False
                self._complain(f"{self._path} cannot be read: {error.strerror}", moment)
            return
        if state != self._state:
            self._seen, self._is_final = moment, False
        if not self._is_final:
            self._take(moment)
        elif self._complaint:
            self._complain(self._complaint, moment)

    def _take(self, moment: float) -> None:
        self._is_final = moment - self._seen >= SETTLED
        try:
            self._latest = self._load()
        except BadFile as bad:
            self._complain(str(bad), moment)
            return
        if self._is_final:
            self._settled = self._latest
        if self._complaint:
            self._complaint = ""
            _log.warning("%s: %s can be used again", self._setting, self._path)

    def _load(self) -> Content:
        try:
            content, self._state = _bytes_of(self._path)
        except OSError as error:
            raise BadFile(self._setting, f"{self._path} cannot be read: {error.strerror or error}") from None
        if len(content) > MOST_BYTES:
            raise BadFile(self._setting, f"{self._path} is larger than {MOST_BYTES // 1024 // 1024} MiB")
        try:
            return self._read(content)
        except ValueError as error:
            raise BadFile(self._setting, f"{self._path} cannot be used: {error}") from None

    def _complain(self, complaint: str, moment: float) -> None:
        if complaint != self._complaint or moment >= self._complain_again:
            self._complaint, self._complain_again = complaint, moment + REPEATED
            _log.error("%s: %s; what it held before still counts", self._setting, complaint)


def _bytes_of(path: Path) -> tuple[bytes, _State]:
    """Read a file, of which one that is none would be waited for."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(None, "it is no file")
        return file.read(MOST_BYTES + 1), _state_of(status)


def _state_of(status: os.stat_result) -> _State:
    return _State(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
