"""A file that is replaced in one step: whoever reads it sees all of the old one or all of the new one."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_OWNERS_ALONE = 0o600
"""The mode of a file until it is whole: it may hold a secret."""


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
    with staged(path, content, mode, (owner, group)) as new:
        new.replace(path)
    sync_directory(path.parent)


@contextmanager
def staged(path: Path, content: bytes, mode: int, owners: tuple[int, int] | None = None) -> Iterator[Path]:
    """Write a whole file under a hidden name beside a path, and remove it at the end unless it was renamed; blocks.

    Args:
        path: that it may take; its directory holds the file meanwhile.
        mode: permission bits that the file gets, once it is whole.
        owners: the user and the group who get it; None: those of this process.

    Raises:
        OSError: if it cannot be written.
    """
    new = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _OWNERS_ALONE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            made = os.fstat(descriptor)
            if owners is not None and owners != (made.st_uid, made.st_gid):
                os.fchown(descriptor, *owners)
            os.fchmod(descriptor, mode)
            os.fsync(descriptor)
        yield new
    finally:
        new.unlink(missing_ok=True)


def sync_directory(directory: Path) -> None:
    """Return once the disk holds the names in a directory; blocks."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
