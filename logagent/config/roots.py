"""What settings say of single roots: each by its absolute path, and each with a name of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

Value = TypeVar("Value")


def of_roots(given: Iterable[tuple[str, Value]], base: Path, roots: Sequence[Path]) -> dict[Path, Value]:
    """Return values by the absolute path of their root, which they may spell in another way than the list of roots.

    Args:
        given: directories, each with its value.
        base: from which relative ones start.
        roots: all there are.

    Raises:
        ValueError: for a directory that is no root.
    """
    values: dict[Path, Value] = {}
    for text, value in given:
        directory = base / text
        meant = [root for root in roots if root.resolve() == directory.resolve()]
        if not meant:
            raise ValueError(f"{directory} is none of the roots: {', '.join(map(str, roots))}")
        values.update((root.absolute(), value) for root in meant)
    return values


def names_of(roots: Iterable[Path], given: Mapping[Path, str]) -> dict[Path, str]:
    """Return the name of each root, by its absolute path.

    Args:
        roots: directories.
        given: names of some; the others are named by the last parts of their paths.

    Raises:
        ValueError: for two roots of one name.
    """
    names = dict(given)
    known: dict[str, Path] = {}
    for root in map(Path.absolute, roots):
        name = names.setdefault(root, root.name or "/")
        if name in known:
            raise ValueError(_alike(known[name], root, name))
        known[name] = root
    return names


def _alike(root: Path, other: Path, name: str) -> str:
    if root == other:
        return f"{root} is given twice"
    return f"{root} and {other} are both named {name}: give one another name, such as --root-name {other}={name}-2"
