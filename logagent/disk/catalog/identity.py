"""Is it still this file? Files are told apart by inode and by how they begin, whatever they are called by now."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from logagent.core.cursor import MARKED, mark, marks
from logagent.core.outcome import Failure
from logagent.disk.archives.decoding import head_of
from logagent.disk.catalog.logs import Generation

LISTINGS = 20
"""How often files are listed to find them standing still, while they are renamed again and again."""


def settled(find: Callable[[], Sequence[Generation]]) -> Sequence[Generation] | None:
    """What `find` gives while nothing is renamed, each file once: a listing that is made during a rotation may hold one
    under two names, or under none. So files are listed until they are twice the same; None if they never are."""
    found = find()
    for _ in range(LISTINGS):
        before, found = found, find()
        if are_same(before, found):
            return once(found)
    return None


def listed(find: Callable[[], Sequence[Generation]]) -> Sequence[Generation]:
    """The files that `find` gives, each once: settled, or, where they never settle, as they are found last."""
    found = settled(find)
    return once(find()) if found is None else found


def are_same(files: Sequence[Generation], others: Sequence[Generation]) -> bool:
    """Whether two listings have the same files under the same names."""
    return [(one.name, one.identity) for one in files] == [(one.name, one.identity) for one in others]


def once(files: Sequence[Generation]) -> Sequence[Generation]:
    """Each file once, by its first name if it has several."""
    by_identity: dict[object, Generation] = {}
    for one in files:
        by_identity.setdefault(one.identity or one.name, one)
    return list(by_identity.values())


def place_of(files: Sequence[Generation], known: int) -> int | None:
    """The place of the file with that mark, None if there is none any more. Reads the beginning of each up to it; one
    that cannot be opened is not it."""
    return place_where(files, lambda head: marks(head, known))


def place_where(files: Sequence[Generation], fits: Callable[[bytes], bool]) -> int | None:
    """The place of the first file whose beginning, up to `MARKED` bytes of text, fits; None if there is none."""
    return next((place for place, file in enumerate(files) if fits(beginning_of(file))), None)


def beginning_of(file: Generation) -> bytes:
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
