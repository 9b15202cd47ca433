"""Files as they were looked at last, and logs as they were made of them, for as long as they stand as they were.

Each question looks at each file anew: one call of the system tells whether anything about it has changed. Where nothing
has, what was found out and made of it before is taken again, which takes a third of the time.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Sequence

from logagent.disk.catalog.found_files import FoundFile
from logagent.disk.catalog.logs import Group, InRoot, Log

MOST_FILES = 20_000
"""Files that are remembered at most, and as many logs: as many as a listing has, some kilobyte each."""


class StandingFiles:
    """The files of one directory as they were looked at last.

    Only those are remembered that are no links and had not changed for a while, since times are coarse: a later change
    shows in one of them.

    Args:
        settled: returns the time, in nanoseconds since the epoch, up to which changes are long enough ago.
        take_room: returns whether there is room for one more, and counts it.
    """

    def __init__(self, settled: Callable[[], int], take_room: Callable[[], bool]) -> None:
        self._settled = settled
        self._take_room = take_room
        self._until = -1  # what `settled` returned last
        self._files: dict[str, FoundFile] = {}

    def __len__(self) -> int:
        return len(self._files)

    def unchanged(self, child: str, status: os.stat_result) -> FoundFile | None:
        """Return what was found under a name, if the file there is still the same and as it was."""
        known = self._files.get(child)
        return known if known is not None and _are_same(known.status, status) else None

    def noted(self, child: str, found: FoundFile) -> FoundFile:
        """Remember what was found under a name, and return it."""
        known, status = self._files.get(child), found.status
        if known is found or found.linked or not stat.S_ISREG(status.st_mode):
            return found
        if (changed := max(status.st_mtime_ns, status.st_ctime_ns)) > self._until:
            self._until = self._settled()
        if changed <= self._until and (known is not None or self._take_room()):
            self._files[child] = found
        return found


def _are_same(one: os.stat_result, other: os.stat_result) -> bool:
    return (
        one.st_ctime_ns == other.st_ctime_ns
        and one.st_mtime_ns == other.st_mtime_ns
        and one.st_size == other.st_size
        and one.st_ino == other.st_ino
        and one.st_dev == other.st_dev
        and one.st_mode == other.st_mode
    )


class MadeLogs:
    """Logs of one file each as they were made last; threads may share it.

    Args:
        most: logs that are remembered at most.
    """

    def __init__(self, most: int = MOST_FILES) -> None:
        self._most = most
        self._made: dict[tuple[int, str, bool], tuple[InRoot, Sequence[Log]]] = {}

    def of(self, group: Group, *, several: bool) -> Sequence[Log]:
        """Return the logs of a group, as `Group.logs` makes them: those of before, if its only file is as it was.

        Args:
            several: whether other roots have a file of its name.
        """
        file = group.files[0]
        if len(group.files) > 1 or file.below is not None or file.root.shows is not None:
            return tuple(group.logs(several=several))
        place = file.number, file.found.name, several
        known = self._made.get(place)
        if known is not None and _is_the_same(known[0], file):
            return known[1]
        if len(self._made) >= self._most:
            self._made.clear()
        made = tuple(group.logs(several=several))
        self._made[place] = file, made
        return made


def _is_the_same(one: InRoot, other: InRoot) -> bool:
    return one.found is other.found and one.root is other.root and one.named == other.named
