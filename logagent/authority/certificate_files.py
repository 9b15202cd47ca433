"""The files of a certificate and its key: each is written atomically, and only its owner can read the key.

Everybody can read certificates. Keys have no passphrase, and their mode is 0600 from the first byte on.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from logagent.whole_file import staged, sync_directory

SECRET, PUBLIC = 0o600, 0o644
"""The modes of keys and of certificates."""


class Taken(Exception):
    """A file exists already and must not be replaced.

    Attributes:
        path: the file.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self.path = path


def paths(directory: Path, name: str) -> tuple[Path, Path]:
    """Return the files of a certificate and its key."""
    return directory / f"{name}.pem", directory / f"{name}-key.pem"


def write_pair(directory: Path, name: str, certificate: bytes, key: bytes, *, overwrite: bool) -> list[Path]:
    """Write a certificate and its key, into a directory that is made if it is missing.

    Both are written under temporary names first, so that the old pair stays intact if writing fails.

    Args:
        overwrite: replace files of these names.

    Returns:
        The paths of the certificate and of the key.

    Raises:
        Taken: if one of the files exists already, unless `overwrite`.
        OSError: if they cannot be written.
    """
    certificate_path, key_path = paths(directory, name)
    if not overwrite:
        _refuse_existing(certificate_path, key_path)
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    with staged(key_path, key, SECRET) as new_key, staged(certificate_path, certificate, PUBLIC) as new_certificate:
        _publish(new_key, key_path, overwrite)
        _publish(new_certificate, certificate_path, overwrite)
    sync_directory(directory)
    return [certificate_path, key_path]


def write_public(path: Path, content: bytes) -> None:
    """Write a file that everybody may read, in place of one that is there.

    Raises:
        OSError: if it cannot be written; then the old one is as it was.
    """
    with staged(path, content, PUBLIC) as new:
        _publish(new, path, overwrite=True)
    sync_directory(path.parent)


def append(path: Path, content: bytes) -> None:
    """Add to the end of a file that everybody may read, which is made if it is missing.

    Raises:
        OSError: if it cannot be written.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, PUBLIC)
    with os.fdopen(descriptor, "ab") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Let nobody else who asks for it change what a directory holds, while the block runs.

    Raises:
        OSError: if the directory cannot be opened.
    """
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _refuse_existing(*paths: Path) -> None:
    for path in paths:
        if os.path.lexists(path):
            raise Taken(path)


def _publish(new: Path, path: Path, overwrite: bool) -> None:
    """Give a file its name atomically; without `overwrite` by a link, which fails if the name exists already."""
    if overwrite:
        new.replace(path)
    else:
        path.hardlink_to(new)
