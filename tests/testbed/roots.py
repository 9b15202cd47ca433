"""A root with what must never be read beside it, and files opened below it while something else happens."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from logagent.core.outcome import Status
from logagent.disk.files.beneath import Root, failure_of
from logagent.disk.files.walk import Opener

SECRET = b"outside every root"


def build(top: Path) -> None:
    """Make a root `log`, and beside it `outside` and `logs`, which hold what must never be read."""
    (top / "log" / "nginx").mkdir(parents=True)
    (top / "log" / "a.log").write_bytes(b"a")
    (top / "log" / "nginx" / "b.log").write_bytes(b"b")
    for outside in ("outside", "logs"):
        (top / outside / "nginx").mkdir(parents=True)
        for name in ("secret.log", "a.log", "b.log", "nginx/b.log"):
            (top / outside / name).write_bytes(SECRET)


def read(root: Path, name: str, opener: Opener = os.open, *, between: Callable[[], object] = bool) -> bytes:
    """What is read under `name`, with `between` called after it is resolved and before it is opened."""
    served = Root(root, opener)
    with served.enter() as opened, opened.resolve(name) as place:
        resolved = place.resolved
    between()
    with served.enter() as opened:
        descriptor = opened.open_file(resolved or name)
    try:
        return os.read(descriptor, 100)
    finally:
        os.close(descriptor)


def status_of(root: Path, name: str, opener: Opener = os.open, *, between: Callable[[], object] = bool) -> Status:
    with pytest.raises(OSError) as raised:  # noqa: PT011 - which error it is, is the caller's question
        read(root, name, opener, between=between)
    return failure_of(raised.value, name).status


class Meanwhile:
    """`os.open`, with something that another process does just before the first open that fits."""

    def __init__(self, fits: Callable[[str, int], bool], act: Callable[[], object]) -> None:
        self._fits = fits
        self._act = act
        self.acted = False

    def __call__(self, path: str, flags: int, *, dir_fd: int | None = None) -> int:
        if not self.acted and self._fits(path, flags):
            self.acted = True
            self._act()
        return os.open(path, flags, dir_fd=dir_fd)


class Recorder:
    """`os.open`, keeping what was opened how; fails where something other than a regular file is opened for reading."""

    def __init__(self) -> None:
        self.opened: list[tuple[str, int]] = []

    def __call__(self, path: str, flags: int, *, dir_fd: int | None = None) -> int:
        self.opened.append((path, flags))
        if not flags & (os.O_PATH | os.O_DIRECTORY):
            assert stat.S_ISREG(os.stat(path, dir_fd=dir_fd).st_mode), "this open could hang or move a tape"
        return os.open(path, flags, dir_fd=dir_fd)


def is_last_open(path: str, flags: int) -> bool:
    return path.startswith("/proc/self/fd/")


def is_open_of(name: str) -> Callable[[str, int], bool]:
    return lambda path, flags: path == name


def replace_by_link(path: Path, target: Path) -> None:
    path.rename(path.with_name("moved away"))
    path.symlink_to(target)


def open_descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())
