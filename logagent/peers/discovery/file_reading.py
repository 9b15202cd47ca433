"""Reading files of targets: which there are, whether they may have changed, and what they give; all of it blocks."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NamedTuple

from logagent.peers.discovery.checked import UnusableTarget, targets_of_group
from logagent.peers.discovery.documents import BadDocument, groups_in
from logagent.peers.target import Target
from logagent.watched_file import Stamp, bytes_and_stamp, stamp_at

MOST_BYTES = 16 * 1024 * 1024
"""Bytes of a file of targets: ten thousand of them with many labels take some megabytes."""
MOST_FILES = 1000
"""Files of one glob: a fleet keeps one for each kind of host."""


_WILD = frozenset("*?[")


class TooManyFiles(Exception):
    """A glob matches more files of targets than are read; the message says how many."""


class FileRead(NamedTuple):
    """What a file of targets gave when it was read.

    Attributes:
        wrong: what is wrong with some of its targets, or that it is not there.
        absent: whether it is not there.
        fault: why it cannot be used; empty: it can.
        passing: whether that may end though the file does not change.
    """

    targets: tuple[Target, ...] = ()
    wrong: tuple[str, ...] = ()
    fault: str = ""
    passing: bool = False
    absent: bool = False


NOTHING_READ = FileRead()
"""Of a file that was not read yet."""


class Looked(NamedTuple):
    """What a look at a file found.

    Attributes:
        stamp: of the file.
        read: what it gives; None: it was not read, as it has not changed.
    """

    stamp: Stamp
    read: FileRead | None


def found_by(path: str) -> str:
    """Return by what the targets of a file, or of the files of a glob, are said to be found."""
    return f"file {path}"


def look(pattern: str, known: Mapping[str, Stamp], unsettled: Collection[str], *, cleartext: bool) -> dict[str, Looked]:
    """Look at a file, or at all files that a glob matches, and read those that may have changed.

    Args:
        pattern: a path, whose last part may be a glob.
        known: stamps of the files that were read.
        unsettled: of these, those that are read again in any case.
        cleartext: whether http may lead to another machine.

    Raises:
        TooManyFiles: if the glob matches more than `MOST_FILES`.
    """
    looked = {}
    for path in paths_of(pattern):
        stamp = stamp_at(Path(path))
        same = known.get(path) == stamp and path not in unsettled
        looked[path] = Looked(stamp, None if same else read(path, cleartext=cleartext))
    return looked


def paths_of(pattern: str) -> list[str]:
    """Return the path itself, or those that a glob matches, sorted; without hidden ones.

    Raises:
        TooManyFiles: if there are more than `MOST_FILES`.
    """
    path = Path(pattern)
    if _WILD.isdisjoint(path.name):
        return [pattern]
    paths = sorted(str(one) for one in path.parent.glob(path.name) if not one.name.startswith("."))
    if len(paths) > MOST_FILES:
        raise TooManyFiles(f"{len(paths)} files match, more than {MOST_FILES}")
    return paths


def read(path: str, *, cleartext: bool) -> FileRead:
    """Read a file of targets; whatever is wrong is said in what is returned.

    Args:
        path: of the file; one that is not there gives nothing.
        cleartext: whether http may lead to another machine.
    """
    try:
        content, _ = bytes_and_stamp(Path(path), MOST_BYTES, _check)
        if len(content) > MOST_BYTES:
            return FileRead(fault=f"has more than {MOST_BYTES} bytes")
        return _targets_in(content, path, cleartext)
    except IsADirectoryError:
        return FileRead(fault="is a directory")
    except FileNotFoundError:
        return FileRead(wrong=("is not there, and gives no targets",), absent=True)
    except OSError as error:
        return FileRead(fault=f"cannot be read: {error.strerror or error}", passing=True)
    except BadDocument as bad:
        return FileRead(fault=str(bad))


def _check(status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise BadDocument("is no regular file")


def _targets_in(content: bytes, path: str, cleartext: bool) -> FileRead:
    targets: list[Target] = []
    wrong: list[str] = []
    for number, group in enumerate(groups_in(content, Path(path).suffix), 1):
        try:
            found, faults = targets_of_group(group.targets, group.labels, found_by(path), cleartext=cleartext)
        except UnusableTarget as bad:
            found, faults = [], [f"{bad}; group {number} is left out"]
        targets += found
        wrong += faults
    return FileRead(tuple(targets), tuple(wrong))
