"""Going on where an earlier answer ended: which file that was in, whatever it is called by now, and where in it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from logagent.core.cursor import MARKED, mark, marks
from logagent.core.outcome import Failure
from logagent.disk.archives.decoding import head_of

LISTINGS = 20
"""How often files are listed to find them standing still, while they are renamed again and again."""


class Openable(Protocol):
    """A file of a log, see `ways.File`."""

    @property
    def open(self) -> Callable[[], int]: ...


class Named(Protocol):
    """A file of a log, see `ways.File`."""

    @property
    def name(self) -> str: ...

    @property
    def identity(self) -> tuple[int, int] | None: ...


N = TypeVar("N", bound=Named)


def settled(find: Callable[[], Sequence[N]]) -> Sequence[N] | None:
    """What `find` gives while nothing is renamed, each file once: a listing that is made during a rotation may hold one
    under two names, or under none. So files are listed until they are twice the same; None if they never are."""
    found = find()
    for _ in range(LISTINGS):
        before, found = found, find()
        if are_same(before, found):
            return once(found)
    return None


def listed(find: Callable[[], Sequence[N]]) -> Sequence[N]:
    """The same; where files never stand still, what is found of them."""
    found = settled(find)
    return once(find()) if found is None else found


def are_same(files: Sequence[Named], others: Sequence[Named]) -> bool:
    """Whether two listings have the same files under the same names."""
    return [(one.name, one.identity) for one in files] == [(one.name, one.identity) for one in others]


def once(files: Sequence[N]) -> Sequence[N]:
    """Each file once, by its first name if it has several."""
    by_identity: dict[object, N] = {}
    for one in files:
        by_identity.setdefault(one.identity or one.name, one)
    return list(by_identity.values())


def place_of(files: Sequence[Openable], known: int) -> int | None:
    """The place of the file with that mark, None if there is none any more. Reads the beginning of each up to it; one
    that cannot be opened is not it."""
    return place_where(files, lambda head: marks(head, known))


def place_where(files: Sequence[Openable], fits: Callable[[bytes], bool]) -> int | None:
    """The same for the first file whose text begins in a way that fits: up to `MARKED` bytes."""
    return next((place for place, file in enumerate(files) if fits(beginning_of(file))), None)


def beginning_of(file: Openable) -> bytes:
    """The first bytes of its text, up to `MARKED`; none if it cannot be opened. Raises `OSError`."""
    try:
        descriptor = file.open()
    except (OSError, Failure):
        return b""
    try:
        return head_of(descriptor, MARKED)
    finally:
        os.close(descriptor)


def mark_of(descriptor: int) -> int:
    """The mark of an open file. Raises `OSError`."""
    return mark(head_of(descriptor, MARKED))
