"""Files as searches find them, and how much a search may look at."""

from __future__ import annotations

import os
from typing import NamedTuple

from logagent.core.outcome import Failure, Status
from logagent.disk.catalog.globs import Glob
from logagent.disk.catalog.rotated_names import Rotation
from logagent.disk.files.beneath import Beneath

MAX_WALK = 250_000
"""Directory entries that the globs of one query look at, at most: some seconds of one thread, and half a kilobyte of
memory for each that matches."""
STEP = 100
"""Entries, or files, after which a search lets others go on: less than a millisecond of work."""
_FOR_ONE = 4
"""Comparisons of an entry with the components of globs that count as one entry: `**/*.log` makes two of each."""


class FoundFile(NamedTuple):
    """A file that matches.

    Attributes:
        name: as it matched, below the root.
        resolved: its name with every link resolved.
        rotation: its place in the log that it is a generation of; None if it was not found as one.
        linked: whether the file itself is a link, not only a directory on its way.
        readable: whether this process may read it, as far as that was looked at.
    """

    name: str
    resolved: str
    status: os.stat_result
    rotation: Rotation | None = None
    linked: bool = False
    readable: bool = True

    @property
    def log(self) -> str:
        """The name of the log that the file belongs to."""
        return self.rotation.log if self.rotation else self.name


class Unreachable(NamedTuple):
    """A file or directory that could not be looked at.

    Attributes:
        name: below the root; the name of a directory ends with `/`.
    """

    name: str
    error: OSError


class LeadingOut(NamedTuple):
    """A link that leads out of the root.

    Attributes:
        name: below the root.
        left: the rests of the globs that match below it; the empty glob: it matches if it leads to a file.
    """

    name: str
    left: frozenset[Glob]


class Budget:
    """The directory entries that one query may still look at.

    Args:
        allowed: entries.
        asked: the names and globs that they are looked at for, for people.
    """

    def __init__(self, allowed: int, asked: str = "") -> None:
        self._allowed = allowed
        self._asked = asked
        self._left = allowed

    def spend(self, comparisons: int = 1) -> None:
        """Count one more entry, which is compared with so many components of globs.

        Raises:
            Failure: RESOURCE_EXHAUSTED, when there were too many.
        """
        self._left -= (comparisons + _FOR_ONE - 1) // _FOR_ONE
        if self._left < 0:
            message = f"glob too wide: more than max_walk={self._allowed} directory entries; narrow {self._asked}"
            raise Failure(Status.RESOURCE_EXHAUSTED, message)


def may_open(beneath: Beneath, resolved: str) -> bool:
    """Return whether this process has the right to read a file; True also if opening fails for another reason."""
    try:
        os.close(beneath.open_file(resolved))
    except PermissionError:
        return False
    except OSError:
        return True
    return True
