"""Globs as texts: telling them from names, and which names they stand for."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

_WILDCARDS = frozenset("*?[")


def is_glob(text: str) -> bool:
    """Return whether a text holds a wildcard, and so may match other names than itself."""
    return not _WILDCARDS.isdisjoint(text)


def fits(glob: str, name: str) -> bool:
    """Return whether a glob stands for a name.

    Args:
        glob: `*`, `?` and `[...]` match within one component, `**` any number of directories, at the end all files
            below. One without a slash stands for the last component of a name, in any directory.
        name: of a file, with `/`.
    """
    parts = name.split("/")
    if "/" not in glob and glob != "**":
        return fnmatchcase(parts[-1], glob)
    return glob == name or _fit(glob.split("/"), parts)


def _fit(globs: Sequence[str], parts: Sequence[str]) -> bool:
    if not globs or not parts:
        return not globs and not parts
    if globs[0] == "**":
        return len(globs) == 1 or _fit(globs[1:], parts) or _fit(globs, parts[1:])
    return fnmatchcase(parts[0], globs[0]) and _fit(globs[1:], parts[1:])
