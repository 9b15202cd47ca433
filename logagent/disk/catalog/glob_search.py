"""The search for the files below one root that match globs.

The search walks a tree once for all globs together. A rotated generation of a log also matches a glob that matches the
log's name, whether the log's live file is there or not.
"""

from __future__ import annotations

import errno
import heapq
import os
import stat
from collections.abc import Callable, Collection, Container, Generator, Iterable, Mapping
from typing import NamedTuple

from logagent.core.outcome import Status
from logagent.disk.catalog.found_files import STEP, Budget, FoundFile, LeadingOut, Unreachable, may_open
from logagent.disk.catalog.globs import Glob, entered, is_name, match_name, passed
from logagent.disk.catalog.live_names import LiveNames
from logagent.disk.catalog.rotated_names import Rotation, beginnings, rotation
from logagent.disk.files.beneath import DESCRIPTORS, Beneath, failure_of
from logagent.disk.files.walk import Place

Steps = Generator[None, None, None]
"""Work that yields every now and then, so that others may go on or it may be given up."""
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
    ) -> None:
        self.found: list[FoundFile] = []
        self.unreachable: list[Unreachable] = []
        self.leading_out: list[LeadingOut] = []
        self.unresolved: list[str] = []
        self._beneath = beneath
        self._budget = budget
        self._rotated = rotated
        self._live = live
        self._ahead: list[_Ahead] = []
        self._skips = skips
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
                listed = yield from self._listed(place, globs)
                beside = self._live.beside(ahead.resolved, listed)
                candidates = yield from self._candidates(listed, beside, globs)
                for number, (child, left) in enumerate(sorted(candidates.items())):
                    if number % STEP == STEP - 1:
                        yield
                    if self._beneath.hides_in(place, {ahead.resolved, ahead.name}, child, listed.get(child, True)):
                        continue
                    of = rotation(child, beside) if () in left else None
                    if of and not self._rotated and (not of.doubtful or _names(globs, child)):
                        of = None
                    self._meet(ahead, place, child, left, of)
        except OSError as error:
            self._miss(f"{ahead.name}/", error)

    def _candidates(
        self, listed: Mapping[str, bool], beside: Container[str], globs: list[Glob]
    ) -> Generator[None, None, dict[str, set[Glob]]]:
        """Return the names in a directory that some glob matches, each with the rests of these globs below it."""
        candidates: dict[str, set[Glob]] = {}
        for glob in globs:
            if is_name(glob[0]):
                candidates.setdefault(glob[0].text, set()).add(glob[1:])
        patterns = [glob for glob in globs if not is_name(glob[0])]
        starts = ("",) if patterns else tuple(start for glob in globs for start in beginnings(glob[0].text))
        for number, (name, leads_on) in enumerate(listed.items()):
            if number % STEP == STEP - 1:
                yield
            if not name.startswith(starts):
                continue
            left = {rest for glob in patterns for rest in passed(glob, name, leads_on)}
            if (generation := rotation(name, beside)) is not None:
                left -= set() if self._rotated or generation.doubtful else {()}
                left |= {()} if self._rotated and match_name(globs, generation.log) else set()
            if left:
                candidates.setdefault(name, set()).update(left)
        return candidates

    def _listed(self, place: Place, globs: list[Glob]) -> Generator[None, None, dict[str, bool]]:
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
            return (yield from self._read(place, len(patterns) + names))
        except PermissionError:
            if patterns:
                raise
            return {}

    def _read(self, place: Place, comparisons: int) -> Generator[None, None, dict[str, bool]]:
        names: dict[str, bool] = {}
        descriptor = self._beneath.open_directory(place)
        try:
            with os.scandir(descriptor) as listing:
                for listed in listing:
                    self._budget.spend(comparisons)
                    names[listed.name] = listed.is_dir(follow_symlinks=False) or listed.is_symlink()
                    if len(names) % STEP == 0:
                        yield
        finally:
            os.close(descriptor)
        return names

    def _meet(self, parent: _Ahead, place: Place, child: str, left: set[Glob], of: Rotation | None) -> None:
        name = _join(parent.name, child)
        try:
            met = self._look(place, child, name, _join(parent.resolved, child))
        except OSError as error:
            if () in left and error.errno == errno.ENOENT:
                self.unresolved.append(name)
            if not self._is_skipped(name, of, parent):
                self._miss(name, error, left)
            return
        if stat.S_ISREG(met.status.st_mode) and () in left:
            if of is None:
                self._live.note(parent.resolved, child)
            if not self._is_skipped(name, of, parent):
                self.found.append(met._replace(rotation=of and of._replace(log=_join(parent.name, of.log))))
        elif stat.S_ISDIR(met.status.st_mode):
            self._plan(name, met.resolved, left - {()})

    def _is_skipped(self, name: str, of: Rotation | None, parent: _Ahead) -> bool:
        return self._skips(name) or (of is not None and self._skips(_join(parent.name, of.log)))

    def _look(self, place: Place, child: str, name: str, inside: str) -> FoundFile:
        status = os.stat(child, dir_fd=place.descriptor, follow_symlinks=False)
        if not stat.S_ISLNK(status.st_mode):
            readable = os.access(child, os.R_OK, dir_fd=place.descriptor, effective_ids=True)
            return self._checked(FoundFile(name, inside, status), readable)
        with self._beneath.resolve(inside) as target:
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


def _names(globs: Iterable[Glob], child: str) -> bool:
    return any(len(glob) == 1 and is_name(glob[0]) and glob[0].text == child for glob in globs)


def _join(directory: str, child: str) -> str:
    return f"{directory}/{child}" if directory else child
