"""What is there of the served roots for whoever sees only some of their files.

A file is shown by its own name together with those of all logs that it may be a generation of, to judge by its name
alone: `app.log.1.gz` also by `app.log.1` and `app.log`, whether these are there or not. Where roots lie within each
other, a file has a name below each of them, and is shown only by all of these. What a link leads to is found only
through names that are shown, its own and those on its way.
"""

from __future__ import annotations

import os
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from logagent.disk.catalog.log_names import log_names
from logagent.disk.files.beneath import Root
from logagent.disk.files.walk import shows_any

REMEMBERED = 10_000
"""Names of which the answer is remembered, for one root and one question."""


class FileSight(Hashable, Protocol):
    """What somebody sees of the files below all roots; equal ones show the same."""

    def sees(self, root: str, names: Sequence[str], perhaps: Sequence[str]) -> bool:
        """Return whether a file of a root is seen, by its `LogNames`."""
        ...

    def sees_below(self, root: str, directory: str) -> bool:
        """Return whether anything below a directory of a root may be seen."""
        ...

    def back(self, root: str, names: Sequence[str], perhaps: Sequence[str]) -> int | None:
        """Return how many nanoseconds old the lines of a seen file may be; None: as old as they are."""
        ...


class Alias(NamedTuple):
    """Names of one root that are also names of another, which lies within it or round it.

    Attributes:
        inner: the directory or file below this root at which both begin; empty: the root itself.
        root: the name of the other root.
        outer: the same directory or file below the other root.
    """

    inner: str
    root: str
    outer: str

    def name_of(self, name: str) -> str | None:
        """Return the name below the other root; None if there is none."""
        if name == self.inner:
            return self.outer
        if self.inner and not name.startswith(f"{self.inner}/"):
            return None
        rest = name[len(self.inner) :].removeprefix("/")
        return f"{self.outer}/{rest}" if self.outer else rest


@dataclass(frozen=True, slots=True, eq=False)
class ShownNames:
    """Tells the names below one root of what is there.

    Attributes:
        sight: what is seen.
        root: the name of the root.
        aliases: of names below it.
    """

    sight: FileSight
    root: str
    aliases: tuple[Alias, ...] = ()
    _known: dict[tuple[str, bool], bool] = field(default_factory=dict, init=False, repr=False)

    @property
    def key(self) -> Hashable:
        """What is equal for those that tell the same."""
        return self.sight, self.root, self.aliases

    def __call__(self, name: str, *, directory: bool = False) -> bool:
        """Return whether a file, or a directory, of a name below the root is there."""
        known = self._known.get((name, directory))
        if known is None:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            known = self._known[name, directory] = all(
                self.sight.sees_below(root, other) if directory else self.sight.sees(root, *log_names(other))
                for root, other in self._names(name)
            )
        return known

    def back(self, name: str) -> int | None:
        """Return how many nanoseconds old the lines of a file may be; None: as old as they are."""
        each = (self.sight.back(root, *log_names(other)) for root, other in self._names(name))
        return min((back for back in each if back is not None), default=None)

    def _names(self, name: str) -> list[tuple[str, str]]:
        others = ((alias.root, alias.name_of(name)) for alias in self.aliases)
        return [(self.root, name), *((root, other) for root, other in others if other is not None)]


def shown_of(sight: FileSight, roots: Sequence[Root]) -> list[ShownNames]:
    """Return what a sight shows of each root; reads where their paths lead, and blocks."""
    if len(roots) == 1:
        return [ShownNames(sight, roots[0].name)]
    places = [_Place(root, os.path.realpath(root.path)) for root in roots]
    return [ShownNames(sight, own.root.name, tuple(_aliases(own, places))) for own in places]


def shows_root(root: Root) -> bool:
    """Return whether anything of a root may be there for whoever asks; looks at its kind, and blocks.

    A root that is missing counts as what it was when it was looked at last, and else as a directory.
    """
    if root.shows is None:
        return True
    return root.shows("", directory=True) if root.is_directory() else root.shows(root.path.name)


def shown_part(root: Root, name: str) -> str:
    """Return a name, or, if it is not there for whoever asks, the glob of all in its nearest directory that is."""
    while root.shows is not None and name and not shows_any(root.shows, name):
        name = name.rpartition("/")[0]
        if not name or root.shows(name, directory=True):
            return f"{name}/*".lstrip("/")
    return name


class _Place(NamedTuple):
    root: Root
    path: str

    @property
    def itself(self) -> str:
        """Its own name below itself: none, unless it is a single file."""
        return "" if self.root.is_directory() else self.root.path.name


def _aliases(own: _Place, places: Sequence[_Place]) -> Iterator[Alias]:
    for other in places:
        if other is own:
            continue
        outer, inner = _below(other.path, own.path), _below(own.path, other.path)
        if outer is not None:
            yield Alias(own.itself, other.root.name, outer or other.itself)
        elif inner is not None:
            yield Alias(inner, other.root.name, other.itself)


def _below(root: str, path: str) -> str | None:
    """Return the name of a path below a root, empty for the root itself; None if it lies elsewhere."""
    if path == root:
        return ""
    start = f"{root.rstrip('/')}/"
    return path.removeprefix(start) if path.startswith(start) else None
