"""What a caller sees of one host's files: which of them are there for him, and how far back their lines reach.

A file has several names. Those of it as it was met and as it resolves are judged one after the other, and each must be
seen. Here, one name is judged together with the names of the logs that its file is a generation of:

- What denies counts for the file if it is about any of its names, also of a log that the file only may belong to.
- What allows counts if it is about its own name, or that of a log that it certainly belongs to.
- The first decision that counts holds, in the order in which they are written.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from logagent.core.access.decisions import Decision, Decisions

REMEMBERED = 1024
"""Directories of which is remembered what decides in them: many files are judged that lie in one."""


class Sight:
    """What a caller sees by questions that need several permissions at once; equal ones show the same.

    Args:
        lists: for each of them, the decisions in their order, the first that counts deciding; none: nothing is seen.
    """

    def __init__(self, lists: Iterable[Sequence[Decision]]) -> None:
        self._lists = tuple(dict.fromkeys(map(tuple, lists))) or ((),)
        self._hash = hash(self._lists)
        self._places: dict[tuple[str, str], list[Decisions]] = {}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sight) and self._lists == other._lists

    def __hash__(self) -> int:
        return self._hash

    def sees(self, root: str, names: Sequence[str], perhaps: Sequence[str] = ()) -> bool:
        """Return whether a file is seen.

        Args:
            root: the name of its root.
            names: its own below the root, and those of the logs that it is a generation of.
            perhaps: those of further logs that it may be a generation of, which what denies covers too.
        """
        return all(one is not None and one.allows for one in self.deciding(root, names, perhaps))

    def sees_below(self, root: str, directory: str) -> bool:
        """Return whether anything below a directory may be seen; then the directory is there.

        Args:
            root: the name of its root.
            directory: its name below the root; empty: the root itself.
        """
        return all(one.may_allow for one in self._place(root, directory))

    def back(self, root: str, names: Sequence[str], perhaps: Sequence[str] = ()) -> int | None:
        """Return how many nanoseconds old the lines of a seen file may be; None: as old as they are.

        Args:
            root: the name of its root.
            names: as for `sees`.
            perhaps: as for `sees`.
        """
        decisions = self.deciding(root, names, perhaps)
        return min((one.back for one in decisions if one is not None and one.back is not None), default=None)

    def deciding(self, root: str, names: Sequence[str], perhaps: Sequence[str] = ()) -> list[Decision | None]:
        """Return for each list of decisions the one that holds for a file; None: none does, so that it is denied.

        Args:
            root: the name of its root.
            names: as for `sees`.
            perhaps: as for `sees`.
        """
        directories: dict[str, tuple[list[str], list[str]]] = {}
        for kind, several in enumerate((names, perhaps)):
            for name in several:
                directory, _, own = name.rpartition("/")
                directories.setdefault(directory, ([], []))[kind].append(own)
        places = [(self._place(root, directory), *several) for directory, several in directories.items()]
        return [
            _first([place[each].first(own, maybe) for place, own, maybe in places]) for each in range(len(self._lists))
        ]

    def _place(self, root: str, directory: str) -> list[Decisions]:
        """Return, for each list, the decisions that may be about files in a directory, or below it."""
        known = self._places.get((root, directory))
        if known is not None:
            return known
        here = self._places.get((root, "")) or self._remember(
            root, "", [Decisions.of_root(each, root) for each in self._lists]
        )
        parts = directory.split("/") if directory else []
        for depth, part in enumerate(parts, 1):
            above = "/".join(parts[:depth])
            here = self._places.get((root, above)) or self._remember(root, above, [one.below(part) for one in here])
        return here

    def _remember(self, root: str, directory: str, here: list[Decisions]) -> list[Decisions]:
        if len(self._places) >= REMEMBERED:
            self._places.clear()
        self._places[root, directory] = here
        return here


def _first(found: Iterable[tuple[int, Decision] | None]) -> Decision | None:
    decisions = [one for one in found if one is not None]
    return min(decisions, key=lambda one: one[0])[1] if decisions else None
