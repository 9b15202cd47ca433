"""The itinerary: which files of a log are to be read for a query, in turn, also if they are rotated meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from logagent.core.batch import Position
from logagent.core.cursor import fingerprint, of_log
from logagent.core.outcome import Failure
from logagent.core.query import Order, Query
from logagent.core.units import DAY
from logagent.disk.catalog import identity, losses
from logagent.disk.catalog.logs import Generation
from logagent.disk.search.known_times import Spans
from logagent.disk.search.options import expected

MAX_PLANS = 100
"""How often one query looks anew which files there are, because they were rotated: then it takes what it meets."""


class Itinerary:
    """The files of one log that are still ahead. Reads the beginnings of files, and blocks.

    files: newest first. again: gives them as they are by then. name: the log's.

    resume: how far an earlier answer came in the first of them, None if it is to be read whole. planned: bytes of text
    in all of them, as far as can be told. losses: what an earlier answer had come to, and is gone.
    """

    def __init__(
        self,
        query: Query,
        name: str,
        files: Sequence[Generation],
        again: Callable[[], Sequence[Generation]],
        spans: Spans,
    ) -> None:
        self._query = query
        self._name = name
        self._newest = query.form.order is Order.NEWEST
        self._again = again
        self._spans = spans
        self._last_fingerprint = self._plans = 0
        self._resume: Position | None = None
        self.losses: list[Failure] = []
        self._pinned = 0
        files = self._from_beginning(files)
        self.planned = sum(map(expected, files))
        self._plan(files)

    def _from_beginning(self, files: Sequence[Generation]) -> Sequence[Generation]:
        """All that are to be read, as long as none was."""
        # The end of what there is is to be told, where a position for every log is wanted.
        kept = {id(file) for file in _newest_text(files)} if self._query.form.whole else set()
        ahead = self._from_position(files)
        return [file for file in ahead if id(file) in kept or not self._is_out_of_range(file)]

    def _plan(self, files: Sequence[Generation]) -> None:
        """Read these next. Of the newest is kept what it begins with, if others come before it: it may be truncated
        meanwhile, and is then still the same file."""
        self._ahead = list(reversed(files)) if self._newest else list(files)
        self._pinned = fingerprint(identity.beginning_of(files[0])) if not self._newest and len(files) > 1 else 0

    @property
    def done(self) -> bool:
        """Whether no file is ahead any more."""
        return not self._ahead

    def next(self) -> Generation | None:
        """The next file, None if there is none."""
        return self._ahead.pop() if self._ahead else None

    def take_resume(self) -> Position | None:
        """How far an earlier answer came in the file that is read first; to be had once."""
        resume, self._resume = self._resume, None
        return resume

    def note(self, fingerprint: int) -> None:
        """A file with that fingerprint is being read."""
        if fingerprint >> 32:  # an empty file cannot be told from others
            self._last_fingerprint = fingerprint

    @property
    def begun(self) -> bool:
        """Whether a file was read that can be told from others."""
        return self._last_fingerprint != 0

    def was_rotated(self, file: Generation, descriptor: int) -> bool:
        """Whether the name of a file, which is open, stands for another one by now, or for another text."""
        is_same = identity.is_same(file, identity.inode_of(descriptor)) and not self._is_overwritten(descriptor)
        return not is_same and self._plans < MAX_PLANS

    def _is_overwritten(self, descriptor: int) -> bool:
        expected = self._resume.fingerprint if self._resume is not None else self._pinned if self.done else 0
        return bool(expected) and not identity.begins_as(descriptor, expected)

    def plan_anew(self, met: str) -> Failure | None:
        """Go on with the file that is now next to the one read last. Says what is lost if that is gone; met: what was
        met in its place."""
        self._plans += 1
        files = identity.listed(self._again)
        if not self.begun:
            self._plan(self._from_beginning(files))
            return None
        place = identity.place_of(files, self._last_fingerprint)
        if place is None:
            self._ahead = []
            return losses.lost(self._name, met)
        self._plan(files[place + 1 :] if self._newest else files[:place])
        return None

    def go_on_from(self, position: Position) -> bool:
        """Go on in a copy of a file that was written over. Whether there is one."""
        self._plans += 1
        ahead = self._behind(position, identity.listed(self._again))
        if ahead is None or self._plans > MAX_PLANS:
            return False
        self._plan(ahead)
        return True

    def _behind(self, position: Position, files: Sequence[Generation]) -> Sequence[Generation] | None:
        """The file that a position is in, to be read from there on, and those after it; None if it is gone."""
        place = identity.place_of(files, position.fingerprint)
        if place is None:
            return None
        self._resume = position
        return files[place:] if self._newest else files[: place + 1]

    def _from_position(self, files: Sequence[Generation]) -> Sequence[Generation]:
        """Those that an earlier answer has not gone through, if this one goes on."""
        position = of_log(self._query.positions, self._name)
        if position is None:
            return files
        if (
            not position.fingerprint
        ):  # nothing was in any of its files then; or in the newest, where that was read first
            return files[1:] if self._newest else files
        ahead = self._behind(position, files)
        if ahead is not None:
            return ahead
        if not self._newest or position.offset:
            self.losses.append(losses.gone(self._name, position))
        return () if self._newest else files

    def _is_out_of_range(self, file: Generation) -> bool:
        """Whether no line of a file can be asked for: it was last written to so long before the range that even times
        in another zone than is thought do not reach it, or its times are known from before."""
        query = self._query
        too_old = query.range.since is not None and file.modified + DAY < query.range.since
        return too_old or self._spans.exclude(file, query)


def _newest_text(files: Sequence[Generation]) -> Sequence[Generation]:
    """The newest files up to the first that holds anything."""
    place = next((place for place, file in enumerate(files) if file.size), len(files))
    return files[: place + 1]
