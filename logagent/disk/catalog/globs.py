"""Globs: their meaning, and the rest of a glob that remains to be matched on a walk down a tree.

A glob is read as in a shell: `*`, `?` and `[...]` match within one component, and a leading dot only if the pattern has
one; `**` as a whole component matches any number of directories, at the end all files below. A backslash is an ordinary
character.

A walk down a tree carries the rest of each glob with it: within `nginx`, the rest of `nginx/*.log` is `*.log`. A glob
with an empty rest has matched.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from itertools import takewhile
from typing import NamedTuple

from logagent.core.globs import is_glob
from logagent.disk.files.walk import components


class GlobComponent(NamedTuple):
    """One component of a glob: a name, a pattern for one name, or `**`.

    Attributes:
        expression: of a pattern; None for a name and for `**`.
    """

    text: str
    expression: re.Pattern[str] | None = None

    def matches(self, name: str) -> bool:
        """Return whether this component, which is not `**`, matches `name`."""
        if self.expression is None:
            return name == self.text
        hidden = name.startswith(".") and not self.text.startswith(".")
        return not hidden and self.expression.match(name) is not None


Glob = tuple[GlobComponent, ...]
"""A glob, or the rest of one on a walk down; the empty glob has matched."""

_GLOBSTAR = GlobComponent("**")
_ANY_NAME = GlobComponent("*", re.compile(fnmatch.translate("*")))


def compiled(text: str) -> Glob:
    """Return the glob that `text` spells.

    Raises:
        FileNotFoundError: if the text is no valid path below a root, for example because of `..`.
    """
    parts: list[GlobComponent] = []
    for component in components(text):
        if component != "**":
            parts.append(
                GlobComponent(component, re.compile(fnmatch.translate(component)) if is_glob(component) else None)
            )
        elif parts[-1:] != [_GLOBSTAR]:
            parts.append(_GLOBSTAR)
    return (*parts, _ANY_NAME) if parts[-1] == _GLOBSTAR else tuple(parts)


def compiled_all(texts: Iterable[str]) -> frozenset[Glob]:
    """Return the globs among some names and globs.

    A text that is no valid path is not among them: it is looked for, and refused, as a name.
    """
    globs = set()
    for text in filter(is_glob, texts):
        with suppress(FileNotFoundError):
            globs.add(compiled(text))
    return frozenset(globs)


def directory_of(text: str) -> str:
    """Return the directory of a name; of a glob, its components before the first one with a wildcard."""
    parts = text.split("/")[:-1]
    named = list(takewhile(lambda part: not is_glob(part), parts))
    return "" if {"", ".", ".."} & set(named) or "\0" in text else "/".join(named)


def literally(name: str) -> Glob:
    """Return the glob that matches `name` alone, character for character.

    Raises:
        FileNotFoundError: as `compiled` does.
    """
    return tuple(map(GlobComponent, components(name)))


def match_name(globs: Iterable[Glob], name: str) -> bool:
    """Return whether one of `globs` matches a name in the directory where they begin."""
    return any(glob[0].matches(name) for glob in entered(globs) if len(glob) == 1)


def entered(globs: Iterable[Glob]) -> set[Glob]:
    """Return the globs to match in a directory that is entered.

    A leading `**` may also stand for no directory: then both the glob and its rest after `**` are returned.
    """
    return {also for glob in globs for also in ((glob, glob[1:]) if glob[0] == _GLOBSTAR else (glob,))}


def passed(glob: Glob, name: str, leads_on: bool) -> tuple[Glob, ...]:
    """Return the rests of a glob below `name`; none if the glob does not match the name.

    Args:
        name: of a file or directory that was listed.
        leads_on: whether it may be a directory: a directory, or a link.
    """
    if glob[0] == _GLOBSTAR:
        return (glob,) if leads_on and not name.startswith(".") else ()
    fits = (leads_on or len(glob) == 1) and glob[0].matches(name)
    return (glob[1:],) if fits else ()


def matches(glob: Glob, parts: Sequence[str]) -> bool:
    """Return whether a glob matches the components of a name."""
    if not glob or not parts:
        return not glob and not parts
    if glob[0] == _GLOBSTAR:
        return matches(glob[1:], parts) or matches(glob, parts[1:])
    return glob[0].matches(parts[0]) and matches(glob[1:], parts[1:])


def leads_into(glob: Glob, directory: str) -> bool:
    """Return whether a glob names a directory literally, and goes on below it."""
    parts = directory.split("/")
    return len(glob) > len(parts) and all(
        is_name(part) and part.text == name for part, name in zip(glob, parts, strict=False)
    )


def matcher(texts: Sequence[str]) -> Callable[[str], bool]:
    """Return a function that tells whether a name below a root matches one of some globs.

    Args:
        texts: those without a slash match the last component of the name, in any directory.

    Raises:
        FileNotFoundError: as `compiled` does.
    """
    whole = [compiled(text) for text in texts if "/" in text]
    last = [compiled(text)[0] for text in texts if "/" not in text]

    def is_matched(name: str) -> bool:
        parts = name.split("/")
        return any(part.matches(parts[-1]) for part in last) or any(matches(glob, parts) for glob in whole)

    return is_matched


def is_name(part: GlobComponent) -> bool:
    """Return whether a component is a name, neither a pattern nor `**`."""
    return part.expression is None and part != _GLOBSTAR
