"""What searches found out about directories, remembered while these stand still.

A directory's times change whenever a name in it comes, goes or is renamed. Files are looked at anew in any case; what
is remembered are the names that match, and what was seen of files that stand still, too. A directory that changed just
before it was listed may change once more without another time, since the times are coarse; and on file systems that
other machines write to, or that make up their times, they prove nothing.
"""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import NamedTuple

from logagent.core.units import SECOND
from logagent.disk.catalog.matching_names import MatchingName
from logagent.disk.catalog.standing_files import MOST_FILES, MadeLogs, StandingFiles
from logagent.disk.files.walk import Place
from logagent.disk.watch.mounts import notifies

MOST = 150_000
"""Names that are remembered at most, of all directories: some 40 megabytes."""
SETTLED = 2 * SECOND
"""Nanoseconds since the last change of a directory after which its times would tell of another one, however coarse."""


class Known(NamedTuple):
    """What is known of a directory that stands still.

    Attributes:
        listed: how many names it has.
        matching: those that match.
        files: what was seen of these; added to by whoever looks at them.
    """

    listed: int
    matching: Sequence[MatchingName]
    files: StandingFiles


class Remembered:
    """The names in directories that globs match; threads may share it.

    Args:
        most: names at most; those of the directory that was not visited for longest are forgotten first.
        tells: returns whether only this kernel writes to the file system of an open directory.
        now: `time.time_ns`, or its stand-in.

    Attributes:
        logs: makes logs of their files, or has done so before.
    """

    def __init__(
        self,
        *,
        most: int = MOST,
        tells: Callable[[int], bool] = notifies,
        now: Callable[[], int] = time.time_ns,
    ) -> None:
        self._most = most
        self._tells = tells
        self._now = now
        self.logs = MadeLogs()
        self._held = self._files = 0
        self._known: OrderedDict[Hashable, tuple[tuple[int, int], Known]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, place: Place, asked: Hashable) -> Known | None:
        """Return what is known of a directory; None if nothing is for certain.

        Args:
            place: the directory.
            asked: what they are matched with.
        """
        key = _identity(place.status), asked
        with self._lock:
            known = self._known.get(key)
            if known is None or known[0] != _times(place.status):
                return None
            self._known.move_to_end(key)
            return known[1]

    def put(self, place: Place, asked: Hashable, listed: int, matching: Sequence[MatchingName]) -> Known:
        """Remember the matching names in a directory, if its times would tell of a change, and return what is known.

        Args:
            place: the directory, with its status from before it was listed.
            asked: what they are matched with.
            listed: how many names it has.
            matching: those that match.
        """
        times = _times(place.status)
        if len(matching) > self._most or max(times) > self._settled() or not self._tells(place.descriptor):
            return Known(listed, matching, StandingFiles(self._settled, lambda: False))
        known = Known(listed, matching, StandingFiles(self._settled, self._takes_file))
        with self._lock:
            self._forget((_identity(place.status), asked))
            self._known[_identity(place.status), asked] = times, known
            self._held += len(matching) + 1
            while self._held > self._most + 1:
                self._forget(next(iter(self._known)))
        return known

    def _settled(self) -> int:
        return self._now() - SETTLED

    def _takes_file(self) -> bool:
        """Count one file more; return whether there is room for it."""
        has_room = self._files < MOST_FILES
        self._files += has_room
        return has_room

    def _forget(self, key: Hashable) -> None:
        known = self._known.pop(key, None)
        if known is not None:
            self._held -= len(known[1].matching) + 1
            self._files -= len(known[1].files)


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _times(status: os.stat_result) -> tuple[int, int]:
    return status.st_mtime_ns, status.st_ctime_ns
