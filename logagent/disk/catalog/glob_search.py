"""The search for the files below one root that match globs.

The search walks a tree once for all globs together. A rotated generation of a log also matches a glob that matches the
log's name, whether the log's live file is there or not.
"""

from __future__ import annotations

import errno
import heapq
import os
import stat
from collections.abc import Callable, Collection, Generator, Iterable
from functools import cache, partial
from typing import NamedTuple

from logagent.core.outcome import Status
from logagent.disk.catalog.found_files import STEP, Budget, FoundFile, LeadingOut, Unreachable, may_open
from logagent.disk.catalog.globs import Glob, entered, is_name
from logagent.disk.catalog.live_names import LiveNames
from logagent.disk.catalog.matching_names import MatchingName, generation_among, left_of_each
from logagent.disk.catalog.remembered import Known, Remembered
from logagent.disk.catalog.rotated_names import Rotation, rotation
from logagent.disk.catalog.seen_names import SeenNames
from logagent.disk.catalog.standing_files import StandingFiles
from logagent.disk.files.beneath import DESCRIPTORS, Beneath, failure_of
from logagent.disk.files.walk import Place, Shows

Steps = Generator[None, None, None]
"""Work that yields every now and then, so that others may go on or it may be given up."""
MAX_SORTED = 5000
"""Names that are looked at in their order, so that messages name them so; to sort more holds up all else that runs."""

Skips = Callable[[str], bool]
"""Tells whether globs leave out the file with a name below the root."""


def nothing_skipped(name: str) -> bool:
    """Return False: no file is left out."""
    return False


class _Ahead(NamedTuple):
    """A directory to visit; sorts directories that are reached without a link before others, then by name."""

    linked: bool
    name: str
    resolved: str
    globs: frozenset[Glob]


class GlobSearch:
    """One walk over one root.

    Links are followed if they stay below the root. No directory is visited twice for the same glob, so that loops end.

    Args:
        skips: tells the names, below the root, of files that are not met.
        visited: the directories that were visited, with the globs for which; added to.
        rotated: whether rotated generations are found: with the logs whose names match, and where they match
            themselves. If not, a generation is found only by a glob that ends in its exact name, and as one if it is
            doubtful.
        live: names of live files that were seen; gets those that are found.
        remembered: what is known of directories that stand still; None: nothing, so that they are listed in any case.
        met: tells which of the names that go into the names of files are there, if they are of another root; None: they
            are of this one.

    Attributes:
        found: the files that match.
        unreachable: the files and directories that could not be looked at.
        leading_out: links out of the root.
        unresolved: the names that match and lead nowhere.
    """

    def __init__(
        self,
        beneath: Beneath,
        budget: Budget,
        live: LiveNames,
        *,
        rotated: bool,
        skips: Skips = nothing_skipped,
        visited: set[tuple[str, Glob]] | None = None,
        remembered: Remembered | None = None,
        met: Shows | None = None,
    ) -> None:
        self.found: list[FoundFile] = []
        self.unreachable: list[Unreachable] = []
        self.leading_out: list[LeadingOut] = []
        self.unresolved: list[str] = []
        self._beneath = beneath
        self._seen = SeenNames(beneath, met)
        self._budget = budget
        self._rotated = rotated
        self._live = live
        self._ahead: list[_Ahead] = []
        self._skips = skips
        self._remembered = Remembered() if remembered is None else remembered
        self._lefts: dict[frozenset[Glob], frozenset[Glob]] = {}  # each once, since many names have the same
        self._visited: set[tuple[str, Glob]] = set() if visited is None else visited

    def steps(self, globs: Collection[Glob], name: str = "", resolved: str = "") -> Steps:
        """Look for all files that match; blocks, and yields every now and then.

        Args:
            globs: what is left of them below the directory where the search begins.
            name: of that directory, as it goes into the names of files; empty for the root.
            resolved: its name below the root with every link resolved.

        Raises:
            Failure: RESOURCE_EXHAUSTED, when the budget is spent.
        """
        self._plan(name, resolved, globs)
        while self._ahead:
            yield from self._visit(heapq.heappop(self._ahead))

    @property
    def directories(self) -> set[str]:
        """The resolved names of the visited directories."""
        return {resolved for resolved, _ in self._visited}

    def _plan(self, name: str, resolved: str, globs: Iterable[Glob]) -> None:
        new = frozenset(glob for glob in entered(globs) if (resolved, glob) not in self._visited)
        if new:
            heapq.heappush(self._ahead, _Ahead(name != resolved, name, resolved, new))

    def _visit(self, ahead: _Ahead) -> Steps:
        globs = [glob for glob in ahead.globs if (ahead.resolved, glob) not in self._visited]
        self._visited.update((ahead.resolved, glob) for glob in globs)
        try:
            with self._beneath.directory(ahead.resolved) as place:
                live: list[str] = []
                known = yield from self._known(ahead, place, globs)
                for number, met in enumerate(known.matching):
                    if number % STEP == STEP - 1:
                        yield
                    if self._meet(ahead, place, met, known.files) and met.rotation is None:
                        live.append(met.child)
                self._live.note(ahead.resolved, live)
        except OSError as error:
            self._miss(f"{ahead.name}/", error)

    def _known(self, ahead: _Ahead, place: Place, globs: list[Glob]) -> Generator[None, None, Known]:
        """Return what is known of the names in a directory that match: remembered, or else found out now."""
        asked = ahead.name, ahead.resolved, frozenset(globs), self._rotated, self._seen.key
        known = self._remembered.get(place, asked)
        if known is not None:
            self._budget.spend(len(globs), known.listed + 1)
            return known
        listed = yield from self._listed(ahead, place, globs)
        beside = self._live.beside(ahead.resolved, listed, self._seen.within(ahead.resolved, ahead.name))
        place_of = cache(partial(rotation, beside=beside))  # each name is judged once, though it is asked for twice
        found = yield from left_of_each(listed, place_of, globs, rotated=self._rotated)
        matching: list[MatchingName] = []
        for number, (child, left) in enumerate(sorted(found.items()) if len(found) <= MAX_SORTED else found.items()):
            if number % STEP == STEP - 1:
                yield
            if child not in listed and not self._seen.may_hold(ahead.resolved, ahead.name, child):
                continue
            if self._beneath.hides_in(place, {ahead.resolved, ahead.name}, child, listed.get(child, True)):
                continue
            of = generation_among(place_of, child, globs, rotated=self._rotated) if () in left else None
            matching.append(self._matching(ahead.name, child, frozenset(left), of))
        return self._remembered.put(place, asked, len(listed), matching)

    def _matching(self, directory: str, child: str, left: frozenset[Glob], of: Rotation | None) -> MatchingName:
        name, left = _join(directory, child), self._lefts.setdefault(left, left)
        placed = of and of._replace(log=_join(directory, of.log))
        skipped = self._skips(name) or (placed is not None and self._skips(placed.log))
        return MatchingName(child, name, left, placed, skipped)

    def _listed(self, ahead: _Ahead, place: Place, globs: list[Glob]) -> Generator[None, None, dict[str, bool]]:
        """Return the names in a directory, and whether each may be a directory.

        A directory is listed only for patterns and for the generations of a name, so that named files are found in a
        directory that may be entered but not listed.
        """
        self._budget.spend(len(globs))
        patterns = [glob for glob in globs if not is_name(glob[0])]
        names = self._rotated and any(len(glob) == 1 for glob in globs if is_name(glob[0]))
        if not patterns and not names:
            return {}
        try:
            return (yield from self._read(ahead, place, len(patterns) + names))
        except PermissionError:
            if patterns:
                raise
            return {}

    def _read(self, ahead: _Ahead, place: Place, comparisons: int) -> Generator[None, None, dict[str, bool]]:
        names: dict[str, bool] = {}
        descriptor = self._beneath.open_directory(place)
        try:
            with os.scandir(descriptor) as listing:
                for listed in listing:
                    if not self._seen.holds_entry(ahead.resolved, ahead.name, listed):
                        continue
                    self._budget.spend(comparisons)
                    names[listed.name] = listed.is_dir(follow_symlinks=False) or listed.is_symlink()
                    if len(names) % STEP == 0:
                        yield
        finally:
            os.close(descriptor)
        return names

    def _meet(self, parent: _Ahead, place: Place, matching: MatchingName, known: StandingFiles) -> bool:
        """Look at one name; return whether it is a file that matches."""
        child, name, left, of, skipped = matching
        try:
            met = self._look(parent, place, child, name, known)
        except OSError as error:
            if () in left and error.errno == errno.ENOENT:
                self.unresolved.append(name)
            if not skipped:
                self._miss(name, error, left)
            return False
        if stat.S_ISREG(met.status.st_mode) and () in left:
            if not skipped:
                met = met if met.rotation == of else met._replace(rotation=of)
                self.found.append(known.noted(child, met))
            return True
        if stat.S_ISDIR(met.status.st_mode):
            self._plan(name, met.resolved, left - {()})
        return False

    def _look(self, parent: _Ahead, place: Place, child: str, name: str, known: StandingFiles) -> FoundFile:
        status = os.stat(child, dir_fd=place.descriptor, follow_symlinks=False)
        if (unchanged := known.unchanged(child, status)) is not None:
            return unchanged
        inside = _join(parent.resolved, child)
        if not stat.S_ISLNK(status.st_mode):
            self._seen.require(parent.resolved, parent.name, child, status)
            readable = os.access(child, os.R_OK, dir_fd=place.descriptor, effective_ids=True)
            return self._checked(FoundFile(name, inside, status), readable)
        with self._beneath.resolve(inside) as target:
            self._seen.require(parent.resolved, parent.name, child, target.status)
            found = FoundFile(name, target.resolved, target.status, linked=True)
            return self._checked(found, os.access(DESCRIPTORS / str(target.descriptor), os.R_OK, effective_ids=True))

    def _checked(self, found: FoundFile, readable: bool) -> FoundFile:
        # Some container engines make access(2) fail for what may well be read, so that only an open is certain.
        if readable or not stat.S_ISREG(found.status.st_mode) or may_open(self._beneath, found.resolved):
            return found
        return found._replace(readable=False)

    def _miss(self, name: str, error: OSError, left: Iterable[Glob] = ()) -> None:
        # Missing files and links that loop are not files of this root; other errors are reported.
        if error.errno == errno.EXDEV:
            self.leading_out.append(LeadingOut(name, frozenset(left)))
        elif failure_of(error, name).status is not Status.NOT_FOUND:
            self.unreachable.append(Unreachable(name, error))


def _join(directory: str, child: str) -> str:
    return f"{directory}/{child}" if directory else child
