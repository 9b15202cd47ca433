"""Finding the logs that a query names, by names and globs, in the served roots."""

from __future__ import annotations

import os
import time
from collections.abc import Generator, Hashable, Mapping, Sequence
from contextlib import ExitStack
from copy import copy
from pathlib import Path
from types import MappingProxyType
from typing import Any

from logagent.core.globs import is_glob
from logagent.core.notes import Notes
from logagent.core.outcome import Failure
from logagent.core.times.named_formats import FormatRules
from logagent.disk.catalog.ends import Ends, Lister
from logagent.disk.catalog.findings import Findings, listed
from logagent.disk.catalog.found_files import MAX_WALK, Budget
from logagent.disk.catalog.glob_lookup import GlobLookup
from logagent.disk.catalog.globs import matcher
from logagent.disk.catalog.left_out import LeftOut, Wanted
from logagent.disk.catalog.live_names import LiveNames
from logagent.disk.catalog.logs import Generation, Log
from logagent.disk.catalog.name_lookup import NameLookup
from logagent.disk.catalog.never_served import NeverServed
from logagent.disk.catalog.numbering import Clock, Numbering
from logagent.disk.catalog.presence import EVERYTHING, Presence, SeenPresence
from logagent.disk.catalog.reach import EndsOfFile, Reach
from logagent.disk.catalog.remembered import Remembered
from logagent.disk.catalog.shown import FileSight, shown_of, shown_part, shows_root
from logagent.disk.files.beneath import Root
from logagent.disk.files.walk import Opener
from logagent.disk.files.ways import Inode

__all__ = ["Catalog", "Generation", "Log"]

MAX_FILES = 500
"""Logs of one query: each may cost a descriptor, of which a process usually has 1024, and a place in a merge."""

WANTED = Wanted(MAX_FILES)


class Catalog:
    """The files below the served roots, as they are at the moment of each query.

    Args:
        roots: directories or single files.
        names: of roots, by their absolute paths; the others are called as the last part of their path.
        skip: globs of the files that globs leave out, see `globs.matcher`.
        aside: a directory whose files only names and globs find that name it, as the agent's own log, which would
            stand before all others in an answer; None: there is none.
        never_serve: globs of files that are hidden, besides `never_served.NEVER_SERVE`.
        formats: the formats of time that were named.
        max_walk: directory entries that the globs of one query look at, at most.
        opener: `os.open`, or its stand-in.
        now: `time.time_ns`, or its stand-in.
        remembered: keeps what is known of directories that stand still.

    Attributes:
        sight: what is seen of the files; None: everything.
    """

    def __init__(
        self,
        roots: Sequence[Path],
        *,
        names: Mapping[Path, str] = MappingProxyType({}),
        skip: Sequence[str] = (),
        aside: Path | None = None,
        never_serve: Sequence[str] = (),
        formats: FormatRules | None = None,
        max_walk: int = MAX_WALK,
        opener: Opener = os.open,
        now: Clock = time.time_ns,
        remembered: Remembered | None = None,
    ) -> None:
        self.sight: FileSight | None = None
        self._reach: Reach | None = None
        hides = NeverServed(never_serve)
        self._roots = [(Root(path, opener, names.get(path.absolute(), ""), hides), LiveNames()) for path in roots]
        self._skips, self._aside = matcher(skip), aside
        self._max_walk = max_walk
        self._remembered = remembered or Remembered()
        self._numbering = Numbering(Lister(), now, formats or FormatRules())

    def seen_with(self, sight: FileSight | None, ends_of: EndsOfFile | None = None) -> Catalog:
        """Return the catalog as it is for whoever has a sight: all else is as if it were not there; None: nothing is.

        Both share what they remember.

        Args:
            sight: what is seen.
            ends_of: returns the times at the ends of a file; None: they are not known.
        """
        if sight is None:
            return self
        seen = copy(self)
        seen._reach = Reach(ends_of or _unknown, time.time_ns)
        seen.sight = sight
        return seen

    @property
    def key(self) -> Hashable:
        """What is equal for those of its views that show the same."""
        return self._numbering, self.sight  # the former is shared by its views, and by nothing else

    @property
    def presence(self) -> Presence:
        """What is there at paths for whoever has this view."""
        return EVERYTHING if self.sight is None else SeenPresence(self._seen_roots)

    def find(self, patterns: Sequence[str], *, limit: int = MAX_FILES, **options: Any) -> list[Log]:
        """Return the logs that `patterns` name or match; reads the disk and blocks.

        Args:
            patterns: names and globs.
            limit: logs to find at most.
            options: further ones of `finding`.

        Raises:
            Failure: as `finding` does.
        """
        steps = self.finding(patterns, wanted=Wanted(limit), **options)
        while True:
            try:
                next(steps)
            except StopIteration as end:
                return list(end.value)

    def finding(
        self,
        patterns: Sequence[str],
        *,
        rotated: bool = True,
        wanted: Wanted = WANTED,
        looked: set[Path] | None = None,
        notes: Notes | None = None,
        unreadable: bool = False,
        left_out: LeftOut | None = None,
    ) -> Generator[None, None, list[Log]]:
        """Return the logs that `patterns` name or match, sorted by name, each file once; reads the disk.

        Yields every now and then, so that others get their turn, or the search is given up: then it is to be closed.
        The module `findings` says what belongs to a log and what it is called.

        Args:
            patterns: names and globs, relative to the roots, or to one root after its name and a colon.
            rotated: whether to find generations other than by their exact name.
            wanted: how many logs: of more, the newest by their times of modification.
            looked: gets the absolute paths of directories in which further files might appear.
            notes: gets what is judged of the files that globs meet.
            unreadable: whether to find files that globs meet and that may not be read; all are noted.
            left_out: gets the logs that are more than wanted.

        Raises:
            Failure: when no file was found, none that may be read, or too many directory entries were looked at.
        """
        findings = Findings(patterns, notes if notes is not None else Notes(), self._reach, self._remembered.logs)
        budget = Budget(self._max_walk, listed(findings.patterns))
        left_out = LeftOut() if left_out is None else left_out
        with ExitStack() as stack:
            findings.enter(self._seen_roots(), stack)
            names = NameLookup(findings, budget, self._remembered, rotated=rotated)
            yield from names.steps()
            globs = GlobLookup(findings, budget, self._skips, self._remembered, rotated=rotated, aside=self._aside)
            unresolved = yield from globs.steps()
            yield from names.look_beside_targets(unresolved)
            (looked if looked is not None else set()).update(findings.looked)
            return (yield from findings.logs(wanted, self._numbering, left_out, rotated=rotated, unreadable=unreadable))

    def ways(self, patterns: Sequence[str]) -> Mapping[Path, Inode]:
        """Return the directories on the ways to the roots, and to names, as far as they are there; reads the disk.

        In each of them a root, or a link on the way, may be switched, appear or go; then what this returns changes.
        """
        asked = Findings(patterns, Notes())
        names = [(root, one.name) for root, _ in self._seen_roots() for one in asked.asked_in(root)]
        way_to = self.presence.way_to
        ways = [way_to(root.path / ("*" if is_glob(name) else shown_part(root, name))) for root, name in names]
        return {directory: inode for way in ways for directory, inode in (*way.far.items(), *way.near.items())}

    def again(self, log: Log, *, rotated: bool = True) -> Sequence[Generation]:
        """Return the generations of a log that was found, as they are now; none if it is gone.

        It reads the disk and blocks.
        """
        try:
            logs = self.find([log.asked or log.name], rotated=rotated)
        except Failure:
            return ()
        same = next((one for one in logs if one.asked == log.asked), None)
        return same.called(log.name).generations if same is not None else ()

    def _seen_roots(self) -> Sequence[tuple[Root, LiveNames]]:
        if self.sight is None:
            return self._roots
        shown = shown_of(self.sight, [root for root, _ in self._roots])
        seen = [(root.shown_by(each), live) for (root, live), each in zip(self._roots, shown, strict=True)]
        return [(root, live) for root, live in seen if shows_root(root)]

    def unready(self) -> list[str]:
        """Return a sentence for each root that cannot be read at the moment; reads the disk and blocks."""
        return [reason for root, _ in self._roots for reason in _unready(root)]


def _unknown(file: Generation) -> Ends:
    return Ends()


def _unready(root: Root) -> list[str]:
    try:
        with root.enter():
            return []
    except Failure as failure:
        return [failure.message]
