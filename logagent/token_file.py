"""The file of tokens, which agents read and the command `token` changes.

Changes are made in a copy that then takes the file's place, so whoever reads the file sees all of one or of the other.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import time
from collections.abc import Callable, Collection, Iterator
from functools import partial
from pathlib import Path

from logagent.config import accounts
from logagent.core.access.token_entries import BadTokens, from_document, to_document
from logagent.core.access.tokens import TokenEntry
from logagent.watched_file import BadFile, Stamp, bytes_and_stamp
from logagent.whole_file import replace_file

LARGEST = 512 * 1024
"""Bytes of the file at most: two thousand tokens, which an agent reads within some milliseconds when they change."""
LOCK_TIME = 10.0
"""Seconds to wait for another command that changes the file, which takes milliseconds."""

_LOCK_STEP = 0.05
_TOO_MANY = "take out tokens that nobody uses, also those that were revoked or have ended"
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


class TokensFault(BadFile):
    """The file of tokens cannot be used or changed; the message names it and says what would be right."""


def read(path: Path, owners: Collection[int] | None = None) -> tuple[TokenEntry, ...]:
    """Read the entries of a file; none if it does not exist.

    Args:
        owners: the users who may own the file and its directory; None: any.

    Raises:
        TokensFault: if it cannot be read, is no file of tokens, or if others can write it.
    """
    return read_stamped(path, owners)[0]


def names_and_groups(path: Path) -> dict[str, frozenset[str]]:
    """Return the names that have a valid token, each with the groups of all its tokens.

    Raises:
        TokensFault: as `read`.
    """
    known: dict[str, frozenset[str]] = {}
    for entry in read(path):
        if not entry.over(time.time()):
            known[entry.name] = known.get(entry.name, frozenset()) | set(entry.groups)
    return known


def read_stamped(path: Path, owners: Collection[int] | None) -> tuple[tuple[TokenEntry, ...], Stamp]:
    """Read the entries of a file as `read` does, and return them with what tells whether it was changed since."""
    try:
        text, stamp = bytes_and_stamp(path, LARGEST, partial(_check, path, owners))
    except FileNotFoundError:
        return (), ()
    except PermissionError:
        reason = "may not be read by this user; an agent's needs its group, and mode 0640"
        raise TokensFault(f"{path} {reason}") from None
    except OSError as error:
        raise TokensFault(f"{path} cannot be read: {(error.strerror or str(error)).lower()}") from None
    if len(text) > LARGEST:
        raise TokensFault(f"{path} has more than {LARGEST} bytes: {_TOO_MANY}", lasting=True)
    try:
        return from_document(text.decode()), stamp
    except UnicodeDecodeError:
        raise TokensFault(f"{path} is not UTF-8", lasting=True) from None
    except BadTokens as error:
        raise TokensFault(f"{path}: {error}", lasting=True) from None


def _check(path: Path, owners: Collection[int] | None, status: os.stat_result) -> None:
    """Check that nobody else can have written the file, or put it in the place of another."""
    if not stat.S_ISREG(status.st_mode):
        raise TokensFault(f"{path} is no file")
    if status.st_mode & _OTHERS_WRITE:
        raise TokensFault(f"others can write {path}: `chmod go-w {path}` lets its owner alone", suspect=True)
    directory = path.parent.stat()
    if directory.st_mode & stat.S_IWOTH and not directory.st_mode & stat.S_ISVTX:
        raise TokensFault(f"others can write {path.parent}, where the file of tokens is: `chmod o-w` it", suspect=True)
    if owners is not None and not {status.st_uid, directory.st_uid} <= {*owners}:
        raise TokensFault(f"{path} and its directory must belong to root or to the agent's user", suspect=True)


def change(path: Path, edit: Callable[[tuple[TokenEntry, ...]], tuple[TokenEntry, ...]]) -> None:
    """Change the entries of a file, which is made if it is missing; two changes at a time follow each other.

    Args:
        edit: returns the new entries for the ones that are there; what it raises leaves the file as it is.

    Raises:
        TokensFault: if the file cannot be read or written.
    """
    path = path.resolve()
    try:
        path.parent.mkdir(mode=0o755, exist_ok=True)
        with _alone(path.parent):
            document = to_document(edit(read(path)))
            if len(document) > LARGEST:
                raise TokensFault(f"{path} would have more than {LARGEST} bytes: {_TOO_MANY}")
            mode, owner, group = _rights(path)
            replace_file(path, document.encode(), mode=mode, owner=owner, group=group)
    except FileNotFoundError:
        raise TokensFault(f"{path} cannot be written: there is no {path.parent}; make that directory") from None
    except OSError as error:
        what = (error.strerror or str(error)).lower()
        raise TokensFault(f"{path} cannot be written: {what}; write it as its owner, or as root") from None


@contextlib.contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """Hold the lock of a directory, which stays while files in it change places."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        until = time.monotonic() + LOCK_TIME
        while not _locked(descriptor):
            if time.monotonic() >= until:
                raise TokensFault(f"another program has locked {directory} for {LOCK_TIME:g} s; `fuser` tells which")
            time.sleep(_LOCK_STEP)
        yield
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _rights(path: Path) -> tuple[int, int, int]:
    """Return mode, owner and group: as the file has them, or for a new one so that the agent's group may read it.

    That is the group of its directory, or for root the group that agents usually run in. The file holds no secrets; but
    it says who has tokens, which not everybody needs to know.
    """
    with contextlib.suppress(FileNotFoundError):
        status = path.stat()
        return stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid
    own, group = os.getegid(), path.parent.stat().st_gid
    if group == 0 and os.geteuid() == 0:
        group = accounts.group_of_agents() or 0
    may_give = os.geteuid() == 0 or group in os.getgroups()
    if group in (0, own) or not may_give or accounts.is_everybodys(group):
        return 0o600, os.geteuid(), own
    return 0o640, os.geteuid(), group
