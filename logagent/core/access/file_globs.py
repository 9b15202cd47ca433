"""The globs of files in rules, which are read as in questions: from the root down.

Other than in questions, wildcards match leading dots, since a rule must not miss a file for being called so. What
denies takes names that differ in small and capital letters, or in how letters are composed, for the same, as some file
systems do: there, any spelling opens the file.
"""

from __future__ import annotations

from collections.abc import Sequence

from logagent.core.access.path_globs import PathGlob, folded


class FileGlob:
    """One glob; equal ones match the same.

    Args:
        text: `GLOB` below any root, or `ROOT:GLOB` below one; `DIRECTORY/` stands for all below the directory.
        roots: the names of the roots, by which `ROOT:` is told from the beginning of a file's name.

    Attributes:
        text: as it is written.
        root: the name of the root that it is about; empty: any.
        below: the glob below the root, as it is written.
        exact: matches names as they are.
        alike: matches names that are folded; whatever `exact` matches, this matches too, unless `exact_too`.
        exact_too: whether to see if a name is denied takes both.
    """

    def __init__(self, text: str, roots: Sequence[str] = ()) -> None:
        self.text = text
        root, colon, glob = text.partition(":")
        self.root, glob = (root, glob) if colon and root in roots else ("", text)
        self.below = glob
        self._glob = f"{glob}**" if glob.endswith("/") else glob
        self.exact, self.alike = PathGlob(self._glob), PathGlob(folded(self._glob))
        # What is folded may have more letters than a `?`, and fall out of a range.
        self.exact_too = not glob.isascii() or not {"?", "["}.isdisjoint(glob)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FileGlob) and (self.root, self._glob) == (other.root, other._glob)

    def __hash__(self) -> int:
        return hash((self.root, self._glob))

    def __repr__(self) -> str:
        return f"FileGlob({self.text!r})"

    @property
    def matches_all(self) -> bool:
        """Whether it matches every file."""
        return not self.root and self.exact.takes_everything

    def is_of(self, root: str) -> bool:
        """Return whether it is about files of a root."""
        return self.root in ("", root)
