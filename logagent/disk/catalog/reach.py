"""How far back somebody may read: files whose lines are older, or have no times, are as if they were not there."""

from __future__ import annotations

from collections.abc import Callable

from logagent.core.outcome import Failure, Status
from logagent.core.units import DAY
from logagent.disk.catalog.ends import Ends
from logagent.disk.catalog.logs import Generation, InRoot, generation_of

EndsOfFile = Callable[[Generation], Ends]
"""Returns the times at the ends of a file; reads the disk, and raises `Failure`."""


class Reach:
    """Tells which files hold lines that are not too old for whoever asks.

    Args:
        ends_of: returns the times at the ends of a file.
        now: returns the nanoseconds since the epoch.
    """

    def __init__(self, ends_of: EndsOfFile, now: Callable[[], int]) -> None:
        self._ends_of = ends_of
        self._now = now

    def holds(self, file: InRoot) -> bool:
        """Return whether a file is there: it may be read to its beginning, or its last lines are not too old.

        A file of which the times of lines are not known is not there, unless it is empty. One that cannot be read is.
        The last lines of a compressed file are taken to be as old as the file: only reading all of it would tell.
        """
        if (back := file.back) is None:
            return True
        since, modified = self._now() - back, file.found.status.st_mtime_ns
        if modified + DAY < since:
            return False
        try:
            ends = self._ends_of(generation_of(file))
        except Failure as failure:
            return failure.status is not Status.NOT_FOUND
        if not ends.judgement.lines:
            return not file.found.status.st_size and modified >= since
        newest = modified if ends.newest is None and ends.compressed else ends.newest
        return ends.judgement.trusted and newest is not None and newest >= since
