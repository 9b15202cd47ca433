"""Recognising files after a rotation, by inode and by fingerprint, whatever their names are now."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from logagent.core.cursor import FINGERPRINT_BYTES, fingerprint, has_fingerprint
from logagent.core.outcome import Failure
from logagent.disk.archives.decoding import head_of
from logagent.disk.catalog.logs import Generation

LISTINGS = 20
"""How often files are listed at most until two consecutive listings are equal."""


class Replaced(Exception):
    """The name of a file belongs to another inode than when the file was found."""


def inode_of(descriptor: int) -> tuple[int, int]:
    """Return the device and inode of an open file.

    Raises:
        OSError: when they cannot be read.
    """
    status = os.fstat(descriptor)
    return status.st_dev, status.st_ino


def is_same(file: Generation, inode: tuple[int, int]) -> bool:
    """Return whether a file that was opened by its name is the file that was found.

    Args:
        file: as it was found. If its inode is not known, every file counts as the same.
        inode: device and inode of the opened file.
    """
    return file.identity in (None, inode)


def require_same(file: Generation, inode: tuple[int, int]) -> None:
    """Check that a file that was opened by its name is the file that was found; see `is_same`.

    Raises:
        Replaced: when it is another file.
    """
    if not is_same(file, inode):
        raise Replaced


def settled(find: Callable[[], Sequence[Generation]]) -> Sequence[Generation] | None:
    """Return a listing that was made while nothing was renamed, each file once; None if renames do not stop.

    A listing made during a rotation may hold a file under two names, or under none. So files are listed until two
    consecutive listings are equal, at most `LISTINGS` times.

    Args:
        find: lists the files.
    """
    found = find()
    for _ in range(LISTINGS):
        before, found = found, find()
        if are_same(before, found):
            return once(found)
    return None


def listed(find: Callable[[], Sequence[Generation]]) -> Sequence[Generation]:
    """Return the files that `find` lists, each once: as `settled` does, or the last listing if renames do not stop."""
    found = settled(find)
    return once(find()) if found is None else found


def are_same(files: Sequence[Generation], others: Sequence[Generation]) -> bool:
    """Return whether two listings have the same files under the same names."""
    return [(one.name, one.identity) for one in files] == [(one.name, one.identity) for one in others]


def once(files: Sequence[Generation]) -> Sequence[Generation]:
    """Return each file once, by its first name if it has several."""
    by_identity: dict[object, Generation] = {}
    for one in files:
        by_identity.setdefault(one.identity or one.name, one)
    return list(by_identity.values())


def place_of(files: Sequence[Generation], known: int) -> int | None:
    """Return the index of the file with a fingerprint; None if there is none.

    Reads the beginning of one file after the other. A file that cannot be opened is skipped.

    Raises:
        OSError: when a file cannot be read.
    """
    return place_where(files, lambda head: has_fingerprint(head, known))


def search(
    files: Sequence[Generation], known: int, find: Callable[[], Sequence[Generation]]
) -> tuple[int | None, Sequence[Generation]]:
    """Return the index of the file with a fingerprint, None if it is gone, and the listing in which it was searched.

    Files that are renamed, compressed or copied between a listing and the look into them are not found in it, although
    they are still there. So as long as another listing differs, it is searched too, at most `LISTINGS` times.

    Args:
        files: as they were listed; searched first.
        known: the fingerprint.
        find: lists the files as they are now; none: only those listed are searched.

    Raises:
        OSError: when a file cannot be read.
    """
    for _ in range(LISTINGS):
        place = place_of(files, known)
        if place is not None and _has_its_name(files[place]):
            return place, files
        before, files = files, listed(find) or files
        if are_same(before, files):
            break
    return None, files


def _has_its_name(file: Generation) -> bool:
    """Return whether a file is still called as it was when it was found."""
    try:
        descriptor = file.open()
    except (OSError, Failure):
        return False
    try:
        return is_same(file, inode_of(descriptor))
    finally:
        os.close(descriptor)


def place_of_inode(files: Sequence[Generation], inode: tuple[int, int], known: int) -> int | None:
    """Return the index of a file by its inode and its fingerprint; None if it is gone.

    The inode alone does not suffice, since the kernel reuses the inode of a deleted file. If the inode's file does not
    have the fingerprint, or no file has the inode, a file with the fingerprint is searched for.

    Args:
        inode: device and inode.
        known: the file's fingerprint; 0: it was empty, so that the inode decides.
    """
    place = next((place for place, file in enumerate(files) if file.identity == inode), None)
    if place is not None and (not known or place_of(files[place : place + 1], known) == 0):
        return place
    return place_of(files, known) if known else None


def place_where(files: Sequence[Generation], fits: Callable[[bytes], bool]) -> int | None:
    """Return the index of the first file whose beginning fits; None if there is none.

    Args:
        fits: called with up to `FINGERPRINT_BYTES` bytes of text.
    """
    return next((place for place, file in enumerate(files) if fits(beginning_of(file))), None)


def beginning_of(file: Generation) -> bytes:
    """Return the first bytes of a file's text, up to `FINGERPRINT_BYTES`; none if it cannot be opened.

    Raises:
        OSError: when it cannot be read.
    """
    try:
        descriptor = file.open()
    except (OSError, Failure):
        return b""
    try:
        return head_of(descriptor, FINGERPRINT_BYTES)
    finally:
        os.close(descriptor)


def fingerprint_of(descriptor: int) -> int:
    """Return the fingerprint of an open file.

    Raises:
        OSError: when it cannot be read.
    """
    return fingerprint(head_of(descriptor, FINGERPRINT_BYTES))


def begins_as(descriptor: int, known: int) -> bool:
    """Return whether an open file has the fingerprint `known`.

    Raises:
        OSError: when it cannot be read.
    """
    return has_fingerprint(head_of(descriptor, FINGERPRINT_BYTES), known)
