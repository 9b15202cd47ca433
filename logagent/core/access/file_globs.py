"""The globs of files in rules, which are read as in questions: from the root down, one component at a time.

Other than in questions, wildcards match leading dots, since a rule must not miss a file for being called so.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Sequence

from logagent.core.globs import is_glob

_Component = str | re.Pattern[str] | None
"""A name, a pattern of one, or None for `**`."""


class FileGlob:
    """One glob.

    Args:
        text: `GLOB` below any root, or `ROOT:GLOB` below one; `DIRECTORY/` stands for all below the directory.
        roots: the names of the roots, by which `ROOT:` is told from the beginning of a file's name.

    Attributes:
        text: as it is written.
    """

    def __init__(self, text: str, roots: Sequence[str] = ()) -> None:
        self.text = text
        root, colon, glob = text.partition(":")
        self._root, glob = (root, glob) if colon and root in roots else ("", text)
        glob = f"{glob}**" if glob.endswith("/") else glob
        self._parts = [_component(part) for part in glob.split("/")]

    @property
    def matches_all(self) -> bool:
        """Whether it matches every file."""
        return not self._root and self._parts == [None]

    def matches(self, root: str, name: str) -> bool:
        """Return whether a file matches.

        Args:
            root: the name of the file's root.
            name: below the root, with `/`.
        """
        return self._is_of(root) and _match(self._parts, name.split("/"))

    def covers(self, root: str, name: str) -> bool:
        """Return whether a file matches, or a directory that it lies in."""
        parts = name.split("/")
        return self._is_of(root) and any(_match(self._parts, parts[:depth]) for depth in range(1, len(parts) + 1))

    def may_match_below(self, root: str, directory: str) -> bool:
        """Return whether a file below a directory may match."""
        return self._is_of(root) and _leads_below(self._parts, directory.split("/") if directory else [])

    def matches_all_below(self, root: str, directory: str) -> bool:
        """Return whether the directory matches, one that it lies in, or certainly everything below it."""
        if not self._is_of(root):
            return False
        return self._parts == [None] or (bool(directory) and self.covers(root, directory))

    def _is_of(self, root: str) -> bool:
        return not self._root or self._root == root

    def __repr__(self) -> str:
        return f"FileGlob({self.text!r})"


def _component(part: str) -> _Component:
    if part == "**":
        return None
    return re.compile(fnmatch.translate(part)) if is_glob(part) else part


def _match(globs: Sequence[_Component], parts: Sequence[str]) -> bool:
    if not globs or not parts:
        return not globs and not parts
    if globs[0] is None:
        return len(globs) == 1 or _match(globs[1:], parts) or _match(globs, parts[1:])
    return _matches_one(globs[0], parts[0]) and _match(globs[1:], parts[1:])


def _leads_below(globs: Sequence[_Component], parts: Sequence[str]) -> bool:
    """Return whether globs may match something below a directory of these components."""
    if not globs:
        return False
    if globs[0] is None or not parts:
        return True
    return _matches_one(globs[0], parts[0]) and _leads_below(globs[1:], parts[1:])


def _matches_one(glob: str | re.Pattern[str], part: str) -> bool:
    return glob == part if isinstance(glob, str) else glob.fullmatch(part) is not None
