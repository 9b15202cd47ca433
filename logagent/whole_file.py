"""A file that is replaced in one step: whoever reads it sees all of the old one or all of the new one."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def replace_file(path: Path, content: bytes, *, mode: int, owner: int, group: int) -> None:
    """Put a file in the place of another, or of none, and return once the disk holds it; blocks.

    Args:
        path: of the file, no link. Its directory holds the new file, under a hidden name, until it is whole.
        mode: permission bits that the file gets.
        owner: the user who gets it; only root can give a file away.
        group: that gets it.

    Raises:
        OSError: if it cannot be written; the file that was there stays as it is.
    """
    staged = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        _write(staged, content, mode, owner, group)
        staged.replace(path)
    finally:
        staged.unlink(missing_ok=True)
    _sync(path.parent)


def _write(path: Path, content: bytes, mode: int, owner: int, group: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        made = os.fstat(descriptor)
        if (owner, group) != (made.st_uid, made.st_gid):
            os.fchown(descriptor, owner, group)
        os.fchmod(descriptor, mode)
        os.fsync(descriptor)


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
