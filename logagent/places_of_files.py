"""Where a file of this host lies, by all of its names that rules judge it by; without an agent."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from logagent.config.settings import Settings
from logagent.disk.catalog.log_names import log_names
from logagent.disk.catalog.never_served import NeverServed

MAX_LINKS = 40
"""Links that are followed for one name: the kernel's own limit (path_resolution(7))."""


class FilePlace(NamedTuple):
    """One name of a file below one root.

    Attributes:
        root: the name of the root; empty: it is not known.
        name: of the file below it.
        logs: its name, and those of the logs that it is a generation of.
        perhaps: those of the logs that it may be a generation of.
        never_served: whether files of this name are never served.
        there: whether a file of this name is there.
    """

    root: str
    name: str
    logs: tuple[str, ...]
    perhaps: tuple[str, ...]
    never_served: bool
    there: bool


def places(settings: Settings, file: str, *, here: bool = True) -> list[FilePlace]:
    """Return the places of a file, by the names that it may be met by, and by those that it resolves to.

    Of several roots, those count that have the file, or all if none has it. Reads the disk, and blocks.

    Args:
        settings: of the agent of this host.
        file: its name below the roots, `ROOT:NAME`, or its absolute path.
        here: whether it is a file of this host; of others its name alone counts.

    Raises:
        ValueError: for a path outside of the roots, or a name that none has; says what would be right.
    """
    hides = NeverServed(settings.never_serve)
    if not here:
        return [_elsewhere(settings, file, hides)]
    met = dict.fromkeys(_met(settings, file))
    existing = [(root, name) for root, name in met if (root / name).exists()]
    named = dict.fromkeys(existing or met)
    behind = {
        place for root, name in existing for path in _behind(root / name) for place in _below_roots(settings, path)
    }
    return [_place(settings, root, name, hides) for root, name in dict.fromkeys([*named, *sorted(behind)])]


def _behind(path: Path) -> Iterator[Path]:
    """Yield what links lead to from a path, one after the other, and at last where it ends."""
    for _ in range(MAX_LINKS):
        if not path.is_symlink():
            break
        target = Path(os.path.realpath(path.parent)) / path.readlink()
        path = Path(os.path.realpath(target.parent)) / target.name
        yield path
    yield Path(os.path.realpath(path))


def _elsewhere(settings: Settings, file: str, hides: NeverServed) -> FilePlace:
    """Return a file of another host, of which its name alone is known."""
    before, colon, name = file.partition(":")
    root, name = (before, name) if colon and before in settings.root_name.values() else ("", file)
    _check_name(name, file)
    return FilePlace(root, name, *log_names(name), _is_hidden(name, hides), True)


def _check_name(name: str, file: str) -> None:
    if not {"", ".", ".."}.isdisjoint(name.split("/")) or "\0" in name:
        raise ValueError(f"{file} is no name of a file below a root, such as nginx/access.log")


def _met(settings: Settings, file: str) -> Iterator[tuple[Path, str]]:
    if file.startswith("/") and not file.startswith("/:"):
        found = list(_below_roots(settings, Path(file)))
        if not found:
            raise ValueError(f"{file} lies below none of the roots: {', '.join(map(str, settings.root))}")
        yield from found
        return
    before, colon, name = file.partition(":")
    named = [root for root, own in settings.root_name.items() if colon and own == before]
    name = name if named else file
    _check_name(name, file)
    yield from ((root, name) for root in named or settings.root_name)


def _below_roots(settings: Settings, path: Path) -> Iterator[tuple[Path, str]]:
    """Yield the roots that a path lies below, as it is spelled or with their links resolved, and its name there."""
    for root in settings.root_name:
        for spelled in dict.fromkeys((root, Path(os.path.realpath(root)))):
            if path != spelled and path.is_relative_to(spelled):
                yield root, str(path.relative_to(spelled))
                break


def _place(settings: Settings, root: Path, name: str, hides: NeverServed) -> FilePlace:
    return FilePlace(settings.root_name[root], name, *log_names(name), _is_hidden(name, hides), (root / name).exists())


def never_serves(settings: Settings) -> Callable[[str], bool]:
    """Return what tells the names below a root of files that are never served."""
    hides = NeverServed(settings.never_serve)
    return lambda name: _is_hidden(name, hides)


def is_directory(settings: Settings, root: str, name: str) -> bool:
    """Return whether a name is that of a directory, below the root of some name, or below any if that is empty."""
    return any((path / name).is_dir() for path, own in settings.root_name.items() if root in ("", own))


def _is_hidden(name: str, hides: NeverServed) -> bool:
    parts = name.split("/")
    above = ("/".join(parts[:depth]) for depth in range(1, len(parts)))
    return hides(name) or any(hides(directory, directory=True) for directory in above)
