"""Trees of log files, and what a catalog finds in them."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from logagent.core.outcome import Failure, Status
from logagent.core.units import SECOND
from logagent.disk.catalog.catalog import Catalog, Generation, Log
from logagent.disk.files.walk import Opener

NOBODY = 65534
PLANTED = 1_795_000_000
ROTATED = ("app.log", "app.log.1", "app.log.2.gz", "app.log.10.gz")


def planted(root: Path, *names: str) -> Path:
    """A directory with files that each hold their own name, all modified at the same time."""
    root.mkdir(parents=True, exist_ok=True)
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(os.fsencode(name))
        os.utime(root / name, (PLANTED, PLANTED))
    return root


def permit(directory: Path) -> None:
    """Undo what a test forbade, for its owner too must be able to delete it."""
    directory.chmod(0o755)
    for path in directory.iterdir():
        if not path.is_symlink() and path.is_dir():
            permit(path)


class Unprivileged:
    """A block in which permissions count: root, whom nothing is forbidden, becomes nobody for its length."""

    def __enter__(self) -> None:
        self._before = os.geteuid()
        if self._before == 0:
            os.seteuid(NOBODY)

    def __exit__(self, *_: object) -> None:
        os.seteuid(self._before)


def names(logs: list[Log]) -> list[str]:
    return [log.name for log in logs]


def read(log: Log) -> bytes:
    return contents_of(log.generations[0])


def contents_of(file: Generation) -> bytes:
    descriptor = file.open()
    try:
        return os.read(descriptor, 1000)
    finally:
        os.close(descriptor)


def refusal(log: Log) -> tuple[Status, str]:
    with pytest.raises(Failure) as raised:
        log.generations[0].open()
    return raised.value.status, raised.value.message


def failure(catalog: Catalog, *patterns: str, limit: int = 500) -> tuple[Status, str]:
    with pytest.raises(Failure) as raised:
        catalog.find(patterns, limit=limit)
    return raised.value.status, raised.value.message


def contents(logs: list[Log]) -> dict[str, list[str]]:
    """The names of each log's files, newest first."""
    return {log.name: [generation.name for generation in log.generations] for log in logs}


def settled_catalog(*roots: Path, opener: Opener = os.open) -> Catalog:
    """A catalog that finds each file long after it was renamed."""
    return Catalog(roots, opener=opener, now=lambda: time.time_ns() + SECOND)


def found(root: Path, *patterns: str, rotated: bool = True) -> dict[str, list[str]]:
    return contents(settled_catalog(root).find(patterns, rotated=rotated))
