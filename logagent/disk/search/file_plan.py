"""The files of a log that a query has still to read, in order, even if they are rotated meanwhile."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from logagent.core.batch import Position
from logagent.core.cursor import fingerprint, of_log
from logagent.core.outcome import Failure
from logagent.core.query import Order, Query
from logagent.core.units import DAY
from logagent.disk.catalog import identity, losses
from logagent.disk.catalog.logs import Generation
from logagent.disk.search.known_times import KnownTimes
from logagent.disk.search.options import expected_size

MAX_PLANS = 100
"""How often one query lists the files again because they were rotated. After that it reads whatever it opens, so that
the query ends however fast files are rotated."""


class FilePlan:
    """The files of one log that are still to be read for a query.

    Reads the first bytes of files, and blocks.

    Args:
        name: name of the log.
        files: newest first.
        again: lists the files as they are now; called when they were rotated.
        known_times: times of files that earlier queries read.

    Attributes:
        planned: bytes of text in all files, estimated for archives.
        losses: failures to report because the file of the query's position is gone.
    """

    def __init__(
        self,
        query: Query,
        name: str,
        files: Sequence[Generation],
        again: Callable[[], Sequence[Generation]],
        known_times: KnownTimes,
    ) -> None:
        self._query = query
        self._name = name
        self._newest = query.form.order is Order.NEWEST
        self._again = again
        self._known_times = known_times
        self._last_fingerprint = self._plans = 0
        self._resume: Position | None = None
        self.losses: list[Failure] = []
        self._pinned = 0
        self._missing: tuple[str, tuple[int, int] | None] | None = None
        files = self._from_beginning(files)
        self.planned = sum(map(expected_size, files))
        self._plan(files)

    def _from_beginning(self, files: Sequence[Generation]) -> Sequence[Generation]:
        """Return the files to be read, if none was read yet."""
        # If every log needs a position, it is the end of the newest file that is not empty: that file must be opened.
        kept = {id(file) for file in _newest_text(files)} if self._query.form.whole else set()
        ahead = self._from_position(files)
        return [file for file in ahead if id(file) in kept or not self._is_out_of_range(file)]

    def _plan(self, files: Sequence[Generation]) -> None:
        """Set the files to read next.

        The fingerprint of the newest file is kept if others are read before it: if the file is truncated meanwhile, its
        inode stays the same, and only the fingerprint shows that its text was replaced.
        """
        self._ahead = list(reversed(files)) if self._newest else list(files)
        self._pinned = fingerprint(identity.beginning_of(files[0])) if not self._newest and len(files) > 1 else 0

    @property
    def done(self) -> bool:
        """Whether no file is left to read."""
        return not self._ahead

    def next(self) -> Generation | None:
        """Take the next file; None: none is left."""
        return self._ahead.pop() if self._ahead else None

    def take_resume(self) -> Position | None:
        """Return how far an earlier answer read the next file, once; None: not at all."""
        resume, self._resume = self._resume, None
        return resume

    def note(self, fingerprint: int) -> None:
        """Note the fingerprint of the file that is being read."""
        if fingerprint >> 32:  # an empty file cannot be told from others
            self._last_fingerprint = fingerprint

    @property
    def begun(self) -> bool:
        """Whether a non-empty file was read: one that can be found again by its fingerprint."""
        return self._last_fingerprint != 0

    def was_rotated(self, file: Generation, descriptor: int) -> bool:
        """Return whether an opened file is not the planned one because of a rename, or its text was overwritten.

        One that has become smaller since it was listed was truncated, maybe because it was copied to a further file.
        """
        is_same = identity.is_same(file, identity.inode_of(descriptor)) and os.fstat(descriptor).st_size >= file.size
        return (not is_same or self._is_overwritten(descriptor)) and self._plans < MAX_PLANS

    def may_be_renamed(self, missing: Generation) -> bool:
        """Return whether a planned file that is not there may have another name by now; not if it was listed anew."""
        last, self._missing = self._missing, (missing.name, missing.identity)
        return last != self._missing and self._plans < MAX_PLANS

    def _is_overwritten(self, descriptor: int) -> bool:
        expected = self._resume.fingerprint if self._resume is not None else self._pinned if self.done else 0
        return bool(expected) and not identity.begins_as(descriptor, expected)

    def plan_anew(self, met: str) -> Failure | None:
        """List the files again, and continue with the neighbour of the file that was read last.

        Args:
            met: name of the file that was found in place of the planned one.

        Returns:
            The loss to report if the file that was read last is gone, else None.
        """
        self._plans += 1
        files = identity.listed(self._again)
        if not self.begun:
            self._plan(self._from_beginning(files))
            return None
        place, files = identity.search(files, self._last_fingerprint, self._again)
        if place is None:
            self._ahead = []
            return losses.lost(self._name, met)
        self._plan(files[place + 1 :] if self._newest else files[:place])
        return None

    def go_on_from(self, position: Position) -> bool:
        """Continue in a copy of a file that was overwritten; return whether there is one."""
        self._plans += 1
        ahead, _ = self._behind(position, identity.listed(self._again))
        if ahead is None or self._plans > MAX_PLANS:
            return False
        self._plan(ahead)
        return True

    def _behind(
        self, position: Position, files: Sequence[Generation]
    ) -> tuple[Sequence[Generation] | None, Sequence[Generation]]:
        """Return the file of a position, to be read from there, and the files to read after it; None if it is gone.

        Beside them all files, as they are now if it was not found among those given.
        """
        place, files = identity.search(files, position.fingerprint, self._again)
        if place is None:
            return None, files
        self._resume = position
        return files[place:] if self._newest else files[: place + 1], files

    def _from_position(self, files: Sequence[Generation]) -> Sequence[Generation]:
        """Return the files that the query still has to read: if it has a position, those not fully read before."""
        position = of_log(self._query.positions, self._name)
        if position is None:
            return files
        # A position without a fingerprint lies in an empty file: oldest first all files were empty, else the newest.
        if not position.fingerprint:
            return files[1:] if self._newest else files
        ahead, files = self._behind(position, files)
        if ahead is not None:
            return ahead
        if not self._newest or position.offset:
            self.losses.append(losses.gone(self._name, position))
        return () if self._newest else files

    def _is_out_of_range(self, file: Generation) -> bool:
        """Return whether no line of a file can be in the query's range.

        Either it was last written to more than a day before the range, which outweighs any error in its time zone, or
        its times are known from an earlier query.
        """
        query = self._query
        too_old = query.range.since is not None and file.modified + DAY < query.range.since
        return too_old or self._known_times.exclude(file, query)


def _newest_text(files: Sequence[Generation]) -> Sequence[Generation]:
    """Return the newest files, up to the first that is not empty."""
    place = next((place for place, file in enumerate(files) if file.size), len(files))
    return files[: place + 1]
