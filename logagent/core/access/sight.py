"""What a caller sees of one host's files: which of them are there for him, and how far back their lines reach."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from logagent.core.access.file_globs import FileGlob


@dataclass(frozen=True, slots=True)
class Decision:
    """One rule, as far as it is about files.

    Attributes:
        allows: whether its files are seen.
        files: none: every file.
        back: nanoseconds that lines may be old; None: as old as they are.
        place: where the rule is written, for people.
    """

    allows: bool
    files: tuple[FileGlob, ...]
    back: int | None = None
    place: str = ""

    def matches(self, root: str, names: Sequence[str]) -> bool:
        """Return whether it decides about a file; what denies a directory denies all that lies in it."""
        if not self.files:
            return True
        if self.allows:
            return any(glob.matches(root, name) for glob in self.files for name in names)
        return any(glob.covers(root, name) for glob in self.files for name in names)


class Sight:
    """What a caller sees by questions that need several permissions at once.

    Args:
        lists: for each of them, the decisions in their order, the first that matches counting.
    """

    def __init__(self, lists: Sequence[Sequence[Decision]]) -> None:
        self._lists = tuple(map(tuple, lists))

    def _key(self) -> object:
        return self._lists

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sight) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def sees(self, root: str, names: Sequence[str]) -> bool:
        """Return whether a file is seen.

        Args:
            root: the name of its root.
            names: its own below the root, and those of the logs that it may be a generation of.
        """
        return all((found := decided(each, root, names)) is not None and found.allows for each in self._lists)

    def sees_below(self, root: str, directory: str) -> bool:
        """Return whether anything below a directory may be seen; then the directory is there.

        Args:
            root: the name of its root.
            directory: its name below the root; empty: the root itself.
        """
        return all(_may_see_below(each, root, directory) for each in self._lists)

    def back(self, root: str, names: Sequence[str]) -> int | None:
        """Return how many nanoseconds old the lines of a seen file may be; None: as old as they are.

        Args:
            root: the name of its root.
            names: as for `sees`.
        """
        decisions = [decided(each, root, names) for each in self._lists]
        return min((one.back for one in decisions if one is not None and one.back is not None), default=None)


def decided(decisions: Sequence[Decision], root: str, names: Sequence[str]) -> Decision | None:
    """Return the first of some decisions that is about a file; None: none is, so that it is denied."""
    return next((decision for decision in decisions if decision.matches(root, names)), None)


def _may_see_below(decisions: Sequence[Decision], root: str, directory: str) -> bool:
    for decision in decisions:
        if decision.allows:
            if not decision.files or any(glob.may_match_below(root, directory) for glob in decision.files):
                return True
        elif not decision.files or any(glob.matches_all_below(root, directory) for glob in decision.files):
            return False
    return False
