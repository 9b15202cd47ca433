"""Globs: what they mean, and the search for the files below one root that match them.

A glob is read as in a shell: `*`, `?` and `[...]` match within one component and a leading dot only where the pattern
spells it; `**` as a whole component stands for any number of directories, at the end for all files below. A backslash
is a character like others.

The search walks a tree once for all globs together. A glob on its way is what is left of it: of `nginx/*.log` only
`*.log` is left within `nginx`, and a glob of which nothing is left has matched. A file that is a rotated generation of
a log matches also where the log's name would, be that file there or not.
"""

from __future__ import annotations

import fnmatch
import heapq
import os
import re
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from logagent.core.globs import is_glob
from logagent.core.outcome import Failure, Status
from logagent.disk.catalog.rotated_names import Rotation, beginning, rotation
from logagent.disk.files.beneath import Beneath, Place, components, failure_of


class GlobComponent(NamedTuple):
    """One component of a glob: a name, a pattern for one name (it has an expression), or `**`."""

    text: str
    expression: re.Pattern[str] | None = None

    def matches(self, name: str) -> bool:
        """Whether this component, unless it is `**`, stands for `name`."""
        if self.expression is None:
            return name == self.text
        hidden = name.startswith(".") and not self.text.startswith(".")
        return not hidden and self.expression.match(name) is not None


Glob = tuple[GlobComponent, ...]

_GLOBSTAR = GlobComponent("**")
_ANY_NAME = GlobComponent("*", re.compile(fnmatch.translate("*")))


class FoundFile(NamedTuple):
    """A file that matches: its name as matched, the same with every link resolved, and what is known of it.

    rotation: its place in the log that it is a generation of, if it was found as one.
    """

    name: str
    resolved: str
    status: os.stat_result
    rotation: Rotation | None = None

    @property
    def log(self) -> str:
        """The name of the log that it belongs to."""
        return self.rotation.log if self.rotation else self.name


class Unreachable(NamedTuple):
    """What could not be looked at: its name, for a directory with a `/` behind it, and why."""

    name: str
    error: OSError


class Budget:
    """How many comparisons of a directory entry with a component of a glob one question may still make."""

    def __init__(self, allowed: int) -> None:
        self._allowed = allowed
        self._left = allowed

    def spend(self, comparisons: int) -> None:
        """Count so many more. Raises `Failure` when it is too many."""
        self._left -= comparisons
        if self._left < 0:
            message = f"glob too wide: more than {self._allowed} comparisons with directory entries; narrow it"
            raise Failure(Status.RESOURCE_EXHAUSTED, message)


def compiled(text: str) -> Glob:
    """The glob that `text` spells. Raises `FileNotFoundError` where a name would be refused, for `..` and the like."""
    parts: list[GlobComponent] = []
    for component in components(text):
        if component != "**":
            parts.append(
                GlobComponent(component, re.compile(fnmatch.translate(component)) if is_glob(component) else None)
            )
        elif parts[-1:] != [_GLOBSTAR]:
            parts.append(_GLOBSTAR)
    return (*parts, _ANY_NAME) if parts[-1] == _GLOBSTAR else tuple(parts)


def literally(name: str) -> Glob:
    """The glob that matches `name` alone, character for character. Raises `FileNotFoundError` as `compiled` does."""
    return tuple(map(GlobComponent, components(name)))


def match_name(globs: Iterable[Glob], name: str) -> bool:
    """Whether one of `globs` matches a single name at the root."""
    return any(glob[0].matches(name) for glob in _entered(globs) if len(glob) == 1)


class _Ahead(NamedTuple):
    """A directory to visit. Sorts those that were reached without a link before the others, then by name."""

    linked: bool
    name: str
    resolved: str
    globs: frozenset[Glob]


class GlobSearch:
    """One walk over one root. Links are followed where they stay below the root, and no directory is visited twice
    for the same glob, which ends every loop. `found` and `unreachable` hold what it met.

    rotated: whether generations are found: with the logs whose names match, and where they match themselves. Without,
    they are found only where a glob ends in their very name.
    """

    def __init__(self, beneath: Beneath, budget: Budget, *, rotated: bool) -> None:
        self.found: list[FoundFile] = []
        self.unreachable: list[Unreachable] = []
        self._beneath = beneath
        self._budget = budget
        self._rotated = rotated
        self._ahead: list[_Ahead] = []
        self._visited: set[tuple[str, Glob]] = set()

    def run(self, globs: Collection[Glob]) -> None:
        """Look for all that matches; blocks. Raises `Failure` when the budget is spent."""
        self._plan("", "", globs)
        while self._ahead:
            self._visit(heapq.heappop(self._ahead))

    @property
    def directories(self) -> set[str]:
        """The directories that were looked into, by their resolved names."""
        return {resolved for resolved, _ in self._visited}

    def _plan(self, name: str, resolved: str, globs: Iterable[Glob]) -> None:
        new = frozenset(glob for glob in _entered(globs) if (resolved, glob) not in self._visited)
        if new:
            heapq.heappush(self._ahead, _Ahead(name != resolved, name, resolved, new))

    def _visit(self, ahead: _Ahead) -> None:
        globs = [glob for glob in ahead.globs if (ahead.resolved, glob) not in self._visited]
        self._visited.update((ahead.resolved, glob) for glob in globs)
        try:
            with self._beneath.directory(ahead.resolved) as place:
                listed = self._listed(place, globs)
                for child, left in sorted(self._candidates(listed, globs).items()):
                    of = rotation(child, listed) if self._rotated and () in left else None
                    self._meet(ahead, place, child, left, of)
        except OSError as error:
            self._miss(f"{ahead.name}/", error)

    def _candidates(self, listed: Mapping[str, bool], globs: list[Glob]) -> dict[str, set[Glob]]:
        """The names worth a look in a directory, each with what is left of the globs once it is passed."""
        candidates: dict[str, set[Glob]] = {}
        for glob in globs:
            if _is_name(glob[0]):
                candidates.setdefault(glob[0].text, set()).add(glob[1:])
        patterns = [glob for glob in globs if not _is_name(glob[0])]
        beginnings = ("",) if patterns else tuple(beginning(glob[0].text) for glob in globs)
        for name, leads_on in listed.items():
            if not name.startswith(beginnings):
                continue
            left = {rest for glob in patterns for rest in _passed(glob, name, leads_on)}
            if (generation := rotation(name, listed)) is not None:
                left -= {()} if not self._rotated else set()
                left |= {()} if self._rotated and match_name(globs, generation.log) else set()
            if left:
                candidates.setdefault(name, set()).update(left)
        return candidates

    def _listed(self, place: Place, globs: list[Glob]) -> dict[str, bool]:
        """The names in a directory, and whether each may lead further down. A directory is read only for a pattern, and
        for the generations of a name: one that may be entered but not listed still serves the names within."""
        self._budget.spend(len(globs))
        patterns = [glob for glob in globs if not _is_name(glob[0])]
        names = self._rotated and any(len(glob) == 1 for glob in globs if _is_name(glob[0]))
        if not patterns and not names:
            return {}
        try:
            return dict(self._read(place, len(patterns) + names))
        except PermissionError:
            if patterns:
                raise
            return {}

    def _read(self, place: Place, comparisons: int) -> Iterator[tuple[str, bool]]:
        descriptor = self._beneath.open_directory(place)
        try:
            with os.scandir(descriptor) as listing:
                for listed in listing:
                    self._budget.spend(comparisons)
                    yield listed.name, listed.is_dir(follow_symlinks=False) or listed.is_symlink()
        finally:
            os.close(descriptor)

    def _meet(self, parent: _Ahead, place: Place, child: str, left: set[Glob], of: Rotation | None) -> None:
        name = _join(parent.name, child)
        try:
            met = self._look(place, child, name, _join(parent.resolved, child))
        except OSError as error:
            self._miss(name, error)
            return
        if stat.S_ISREG(met.status.st_mode) and () in left:
            self.found.append(met._replace(rotation=of and of._replace(log=_join(parent.name, of.log))))
        elif stat.S_ISDIR(met.status.st_mode):
            self._plan(name, met.resolved, left - {()})

    def _look(self, place: Place, child: str, name: str, inside: str) -> FoundFile:
        status = os.stat(child, dir_fd=place.descriptor, follow_symlinks=False)
        if not stat.S_ISLNK(status.st_mode):
            return FoundFile(name, inside, status)
        with self._beneath.resolve(inside) as target:
            return FoundFile(name, target.resolved, target.status)

    def _miss(self, name: str, error: OSError) -> None:
        # What is gone, leads out of the root or in circles is no file of this root; the rest must not go unnamed.
        if failure_of(error, name).status is not Status.NOT_FOUND:
            self.unreachable.append(Unreachable(name, error))


def _entered(globs: Iterable[Glob]) -> set[Glob]:
    """The globs as they stand in a directory that was just entered: a leading `**` may also stand for nothing."""
    return {also for glob in globs for also in ((glob, glob[1:]) if glob[0] == _GLOBSTAR else (glob,))}


def _passed(glob: Glob, name: str, leads_on: bool) -> tuple[Glob, ...]:
    """What is left of a glob once the listed `name` is passed; nothing at all if it does not match."""
    if glob[0] == _GLOBSTAR:
        return (glob,) if leads_on and not name.startswith(".") else ()
    fits = (leads_on or len(glob) == 1) and glob[0].matches(name)
    return (glob[1:],) if fits else ()


def _is_name(part: GlobComponent) -> bool:
    return part.expression is None and part != _GLOBSTAR


def _join(directory: str, child: str) -> str:
    return f"{directory}/{child}" if directory else child
