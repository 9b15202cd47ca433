"""A directory in which a followed log is rotated, without a tail: for finding what came after a file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from logagent.disk.archives.compression import Compression
from logagent.disk.catalog.catalog import Catalog
from logagent.disk.catalog.logs import Generation
from logagent.disk.rotation.growing_file import GrowingFile
from logagent.disk.rotation.successors import SuccessorFinder, Successors
from testbed.packing import PACK
from testbed.tailing import append, generations

SUFFIXES = {Compression.GZIP: ".gz", Compression.BZIP2: ".bz2", Compression.XZ: ".xz", Compression.ZSTD: ".zst"}


class Rotating:
    """A directory with a log whose file app.log is followed; its first line was looked at."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.path = directory / "app.log"
        self.find: Callable[[], Sequence[Generation]] = lambda: generations(Catalog([directory]))
        append(self.path, "first")
        self.file = GrowingFile("app.log", os.open(self.path, os.O_RDONLY))
        self.opened = [self.file]
        self.known: list[GrowingFile] = []
        self.look()

    def look(self) -> None:
        self.file.look(0.0)

    def old(self, name: str, *lines: str) -> Path:
        """Create a rotated file that is older than all others."""
        append(self.directory / name, *lines)
        os.utime(self.directory / name, (1, 1))
        return self.directory / name

    def successors(self) -> Successors:
        return self._kept(self.finder.after_renaming(self.file, self.known))

    def after_overwriting(self) -> Successors:
        return self._kept(self.finder.after_overwriting(self.file, self.known))

    def after_emptiness(self) -> Successors:
        return self._kept(self.finder.after_emptiness(self.file, self.known))

    @property
    def finder(self) -> SuccessorFinder:
        return SuccessorFinder(lambda: self.find(), 1000)

    def _kept(self, found: Successors | None) -> Successors:
        assert found is not None
        self.opened += found.files
        return found

    def pack(self, path: Path, kind: Compression = Compression.GZIP) -> None:
        """Compress a file, and delete it."""
        path.with_name(path.name + SUFFIXES[kind]).write_bytes(PACK[kind](path.read_bytes()))
        path.unlink()

    def know(self, path: Path) -> None:
        """Have a file known as older than the followed one."""
        self.known.insert(0, GrowingFile(path.name, os.open(path, os.O_RDONLY)))
        self.known[0].keep_fingerprint_only()


def texts(files: Sequence[GrowingFile]) -> list[str]:
    """Return what files hold."""
    for file in files:
        file.look(0.0)
    return [file.read(0)[0].decode() for file in files]


@contextmanager
def rotating(directory: Path) -> Iterator[Rotating]:
    it = Rotating(directory)
    try:
        yield it
    finally:
        for file in it.opened:
            file.close()
        left = [link for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
        assert not [link for link in left if directory in link.readlink().parents], "a file was not closed"


def copy_and_truncate(it: Rotating, name: str = "app.log.1") -> Path:
    copy = it.directory / name
    copy.write_bytes(it.path.read_bytes())
    os.truncate(it.path, 0)
    return copy


def empty(it: Rotating) -> None:
    """Overwrite the file with nothing, and follow it from there."""
    it.know(copy_and_truncate(it))
    it.file = GrowingFile("app.log", os.open(it.path, os.O_RDONLY))
    it.opened.append(it.file)
    it.look()
