"""A file that may change while the agent runs: it is read again within a second after it was changed.

It is looked at when it is asked for, so that no task has to wait for it, and nobody looks while nobody asks. What
counts while it cannot be used is for whoever watches it to say.
"""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

LOOK = 0.5
"""Seconds between two looks at a file: less than the second within which a change counts."""
SETTLED = 1.0
"""Seconds without a change after which a file is taken to be written to its end; until then it is read at every look,
since the kernel counts the times of a file in ticks, and what comes in the same tick does not show in them."""
REPEATED = 3600.0
"""Seconds after which a file that still cannot be used is told of again."""

_log = logging.getLogger(__name__)
Content = TypeVar("Content")
Stamp = tuple[int, ...]
"""What changes whenever a file does: its device, its number, its size, and its times."""
_NO_FILE: Stamp = ()
_UNKNOWN: Stamp = (-1,)


class BadFile(Exception):
    """A file cannot be used; the message names it, and says what would be right.

    Attributes:
        suspect: whether others than its owner may have written it.
        lasting: whether it lies in what the file holds, and stays until that is changed.
        setting: that names the file; empty: not known.
    """

    def __init__(self, message: str, *, suspect: bool = False, lasting: bool = False) -> None:
        super().__init__(message)
        self.suspect = suspect
        self.lasting = lasting
        self.setting = ""


class WatchedFile(Generic[Content]):
    """What a file holds, read again whenever it was changed; the log is told once of what is wrong with it.

    Args:
        path: of the file.
        read: reads it, and returns what it holds with the stamp of the file; raises `BadFile` or `FileNotFoundError`.
        setting: that names the file, for people.
        meanwhile: what counts while it cannot be used, for people.
        first: what it holds if it cannot be used now; None: that is an error.
        absent: what it holds as long as it was never there; None: it has to be there.
        clock: seconds from any beginning; not asked before the first look.

    Attributes:
        latest: what it held when it could last be used.
        settled: what it held when it could last be used and had been written to its end.
        fault: why it cannot be used; None: it can.
        broken_since: when that began, on the clock.

    Raises:
        BadFile: if it cannot be used now.
    """

    def __init__(
        self,
        path: Path,
        read: Callable[[], tuple[Content, Stamp]],
        *,
        setting: str,
        meanwhile: str,
        clock: Callable[[], float],
        first: Content | None = None,
        absent: Content | None = None,
    ) -> None:
        self._path, self._read, self._setting, self._meanwhile = path, read, setting, meanwhile
        self._absent, self._clock = absent, clock
        self._stamp: Stamp | None = None
        self._changed, self._is_final, self._look_again = -math.inf, False, -math.inf
        self._told, self._tell_again = "", math.inf
        self.fault: BadFile | None = None
        self.broken_since = math.inf
        try:
            self.latest, _ = self._load()
        except BadFile as bad:
            if first is None:
                raise
            self.latest = first
            self._break(bad, math.inf)
        self.settled = self.latest

    def look(self) -> None:
        """Read the file again if it may have changed, at most once in `LOOK` seconds."""
        moment = self._clock()
        if moment < self._look_again:
            return
        self._look_again = moment + LOOK
        self._note(stamp_at(self._path), moment)
        if not self._is_final:
            self._take(moment)
        elif self.fault:
            self._tell(self.fault, moment)

    def _note(self, stamp: Stamp, moment: float) -> None:
        if stamp != self._stamp:
            self._stamp, self._changed, self._is_final = stamp, moment, False

    def _take(self, moment: float) -> None:
        self._is_final = moment - self._changed >= SETTLED
        try:
            content, stamp = self._load()
        except BadFile as bad:
            self._is_final &= bad.lasting
            self._break(bad, moment)
            return
        self.latest = self.latest if content == self.latest else content
        self._note(stamp, moment)
        if self._is_final:
            self.settled = self.latest
        if self.fault:
            self.fault, self._told = None, ""
            _log.warning("%s: %s can be used again", self._setting, self._path)

    def _load(self) -> tuple[Content, Stamp]:
        try:
            content, stamp = self._read()
        except FileNotFoundError as error:
            if self._absent is not None:
                return self._absent, _NO_FILE
            bad = BadFile(f"{self._path} cannot be read: {error.strerror}")
            bad.setting = self._setting
            raise bad from None
        except BadFile as bad:
            bad.setting = self._setting
            raise
        self._absent = None
        return content, stamp

    def _break(self, fault: BadFile, moment: float) -> None:
        if self.fault is None:
            self.broken_since = moment
        self.fault = fault
        self._tell(fault, moment)

    def _tell(self, fault: BadFile, moment: float) -> None:
        self._tell_again = min(self._tell_again, moment + REPEATED)
        if str(fault) != self._told or moment >= self._tell_again:
            self._told, self._tell_again = str(fault), moment + REPEATED
            _log.error("%s: %s; %s", self._setting, fault, self._meanwhile)


def bytes_and_stamp(path: Path, most: int, check: Callable[[os.stat_result], None]) -> tuple[bytes, Stamp]:
    """Read a file, and what changes whenever it does; what is no file is not waited for.

    Args:
        path: of the file.
        most: bytes; of a larger file one more is returned.
        check: raises what is wrong with the opened file, before anything is read.

    Raises:
        OSError: if it cannot be read.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        check(status)
        return file.read(most + 1), _stamp_of(status)


def stamp_at(path: Path) -> Stamp:
    """Return the stamp of a file, and of what is there in place of one; it never fails."""
    try:
        return _stamp_of(path.stat())
    except FileNotFoundError:
        return _NO_FILE
    except OSError:
        return _UNKNOWN


def _stamp_of(status: os.stat_result) -> Stamp:
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
