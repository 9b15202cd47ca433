"""Who else can change or read the file of contexts, and how to mend that.

Whoever can change it can have any program run as whoever asks (`token_command`), and have tokens sent to himself.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from logagent.config import accounts

_WRITE = stat.S_IWGRP | stat.S_IWOTH
_READ = stat.S_IRGRP | stat.S_IROTH


def why_changeable(path: Path, status: os.stat_result) -> str:
    """Return how others can change a file, and what mends that; empty if they cannot.

    Args:
        path: as it was named; it may be a link.
        status: of the open file.
    """
    if not stat.S_ISREG(status.st_mode):
        return "is no file"
    if not _is_trusted(status.st_uid):
        return (
            f"belongs to user {accounts.user_name(status.st_uid)}, who can have any program run as you: "
            f"`cp {path} {path}.mine && mv -f {path}.mine {path}` makes it your own, once you have read it"
        )
    if status.st_mode & _WRITE:
        return f"others can write it, and so have any program run as you: `chmod go-w {path}`"
    directories = dict.fromkeys([path.absolute().parent, Path(os.path.realpath(path)).parent])
    return next(filter(None, map(_why_replaceable, directories)), "")


def _why_replaceable(directory: Path) -> str:
    status = directory.stat()
    if not _is_trusted(status.st_uid):
        owner = accounts.user_name(status.st_uid)
        return f"lies in {directory}, which belongs to user {owner}: he can put another file there; keep it elsewhere"
    if status.st_mode & _WRITE and not status.st_mode & stat.S_ISVTX:
        return f"others can put another file in its place: `chmod go-w {directory}`"
    return ""


def why_readable(path: Path, status: os.stat_result) -> str:
    """Return how others can read a file, and what mends that; empty if they cannot.

    A file of root's may be readable for a group.
    """
    others = status.st_mode & (_READ if status.st_uid else stat.S_IROTH)
    return f"others can read it: `chmod {'600' if status.st_uid else 'o='} {path}`" if others else ""


def _is_trusted(user: int) -> bool:
    return user in (0, os.geteuid())
