"""The directories on the way to a file: in each of them a name on the way may be switched, moved or removed."""

from __future__ import annotations

import errno
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from logagent.disk.files.walk import MAX_LINKS, path_parts

Inode = tuple[int, int]
"""A device and an inode."""


class Way(NamedTuple):
    """The directories on a way, by their paths without links; each with its inode, which tells it from a later one.

    Attributes:
        far: those in which the directories on the way, and links to them, have their names.
        near: those in which the file has its name, and, if that is a link, those of what the link leads to.
    """

    far: Mapping[Path, Inode]
    near: Mapping[Path, Inode]


def way_to(path: Path, shows: Callable[[Path, int], bool] | None = None) -> Way:
    """Return the directories on the way to a path, as far as it can be gone; reads links, opens nothing, and blocks.

    Args:
        path: of a file that need not be there.
        shows: tells by its path and its mode whether anything is there for whoever asks; None: all is.
    """
    far: dict[Path, Inode] = {}
    near: dict[Path, Inode] = {}
    first, *others = reversed(path_parts(str(path.absolute()))) or [""]
    ahead = [(first, True), *((part, False) for part in others)]
    here, links = Path("/"), MAX_LINKS
    try:
        while ahead:
            part, is_last = ahead.pop()
            (near if is_last else far)[here] = _inode_of(here)
            target = _target_of(here / part, shows) if part != ".." else None
            if target is None:
                here = here.parent if part == ".." else here / part
                continue
            if not links:
                break
            links -= 1
            here = Path("/") if target.startswith("/") else here
            parts = path_parts(target)
            ahead += [(further, is_last and count == 0) for count, further in enumerate(reversed(parts))]
    except OSError:
        pass  # it leads no further at the moment
    return Way(far, near)


def _inode_of(directory: Path) -> Inode:
    status = directory.stat()
    return status.st_dev, status.st_ino


def _target_of(path: Path, shows: Callable[[Path, int], bool] | None) -> str | None:
    """Return the target of a link, None if it is no link."""
    mode = path.lstat().st_mode
    if shows is not None and not shows(path, mode):
        raise FileNotFoundError(errno.ENOENT, "not shown")
    return str(path.readlink()) if stat.S_ISLNK(mode) else None
