"""A tree that is followed by somebody who sees a part of it; what is hidden lies in it, or outside of the roots."""

from __future__ import annotations

import gzip
import os
import shutil
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC
from functools import partial
from pathlib import Path

import trio

from logagent.core.access.sight import Sight
from logagent.core.batch import Notice, Position
from logagent.core.outcome import Outcome, Status
from logagent.disk.catalog.catalog import Catalog
from logagent.disk.catalog.shown import shown_of
from logagent.disk.files.beneath import Root
from logagent.disk.following.shared_tails import SharedTails, open_shared_tails
from logagent.disk.following.source import FollowSource
from logagent.disk.search.options import ReadOptions
from logagent.disk.threads import DiskThreads
from logagent.disk.watch.watching import Wake, Watch, Watching
from testbed.reading import Collected
from testbed.tailing import followed

SETTLED = 1.0
"""Virtual seconds after which all whole lines that were written have come."""


class Names(Watching):
    """Wakes who watches a directory whose names have changed, as the kernel does, but on the virtual clock.

    Args:
        twins: of a directory, others whose names wake as well.
    """

    def __init__(self, twins: Callable[[Path], Sequence[Path]] = lambda _: ()) -> None:
        super().__init__(notify=False, poll=0.2)
        self._twins = twins
        self._seen: dict[Watch, tuple[Path, object]] = {}
        self.watched: set[Path] = set()

    def directory(self, path: Path, wake: Wake) -> Watch:
        watch = Watch(wake, self._forget)
        watch.reached = True
        self._seen[watch] = path, self._names(path)
        self.watched.add(path)
        return watch

    def _forget(self, watch: Watch) -> None:
        self._seen.pop(watch, None)

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(super().run)
            task_status.started()
            while True:
                await trio.sleep(0.1)
                for watch, (path, seen) in list(self._seen.items()):
                    if watch in self._seen and (now := self._names(path)) != seen:
                        self._seen[watch] = path, now
                        watch.outdated = now is None
                        watch.wake()

    def _names(self, path: Path) -> object:
        names = _names(path)
        return names and (names, *map(_names, self._twins(path)))


def _names(path: Path) -> object:
    try:
        return path.stat().st_ino, sorted((each.name, each.inode()) for each in os.scandir(path))
    except OSError:
        return None


class Followed(Collected):
    """What a follow gave."""

    def __init__(self) -> None:
        super().__init__()
        self.outcome: Outcome | None = None

    @property
    def texts(self) -> list[str]:
        return [line.decode() for line in self.lines]

    @property
    def notices(self) -> list[Notice]:
        return [notice for batch in self.batches for notice in batch.notices]

    @property
    def statuses(self) -> list[Status]:
        return [notice.status for notice in self.notices]

    @property
    def position(self) -> Position:
        """The last that was told."""
        return [position for batch in self.batches for position in batch.positions][-1]

    def told(self) -> object:
        """All that it tells, but for how lines are gathered into batches."""
        lines: dict[str, list[bytes]] = {}
        places: dict[str, object] = {}
        notes: object = ()
        for batch in self.batches:
            for line, place in zip(batch.lines(), batch.origin_of_each(), strict=True):
                origin = batch.origins[place]
                lines.setdefault(origin.log, []).append(line + b" in %s" % origin.file.encode())
            for position in batch.positions:
                places[position.log] = (position.offset, position.fingerprint)
            notes = batch.notes or notes
        told = [(notice.status.name, notice.message) for notice in self.notices]
        return lines, told, places, notes


@dataclass
class Tree:
    """One of the two trees.

    Attributes:
        top: holds the root, and what lies outside of it.
        seen: what is seen of the root.
        hides: whether what is not seen lies in the root; else it lies outside.
        opened: the names below the root of the files that were opened while they were hidden.
    """

    top: Path
    seen: Sight
    hides: bool
    opened: list[str] = field(default_factory=list)
    began: float = field(default_factory=time.time)
    written: int = 0
    tails: SharedTails | None = None
    watching: Names = field(init=False)

    def __post_init__(self) -> None:
        self.root = self.top / "log"
        self.outside = self.top / "outside"
        for place in (self.root, self.outside):
            place.mkdir(parents=True)
        self.watching = Names(self._twins)
        [self._shown] = shown_of(self.seen, [Root(self.root)])

    def _twins(self, directory: Path) -> Sequence[Path]:
        """What is hidden wakes as well, as the kernel does not tell which name it was."""
        is_in = directory.is_relative_to(self.root) and not self.hides
        return [self.outside / directory.relative_to(self.root)] if is_in else []

    def is_hidden(self, name: str) -> bool:
        parents = [str(each) for each in Path(name).parents if str(each) != "."]
        return not self._shown(name) or not all(self._shown(each, directory=True) for each in parents)

    def place(self, name: str) -> Path:
        top = self.outside if self.is_hidden(name) and not self.hides else self.root
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        return top / name

    # What happens.

    def write(self, name: str, *lines: str) -> None:
        self.append(name, "".join(f"{line}\n" for line in lines))

    def append(self, name: str, text: str) -> None:
        with self.place(name).open("a") as file:
            file.write(text)
        self.written += 1
        modified = self.began + self.written
        os.utime(self.place(name), (modified, modified))

    def rename(self, name: str, other: str) -> None:
        if os.path.lexists(self.place(name)):
            self.place(name).replace(self.place(other))

    def delete(self, name: str) -> None:
        self.place(name).unlink(missing_ok=True)

    def remove(self, name: str) -> None:
        shutil.rmtree(self.place(name), ignore_errors=True)

    def create(self, name: str) -> None:
        self.place(name).touch()

    def truncate(self, name: str) -> None:
        if self.place(name).exists():
            os.truncate(self.place(name), 0)

    def copy(self, name: str, other: str) -> None:
        if self.place(name).exists() and not (
            self.place(other).exists() and self.place(other).samefile(self.place(name))
        ):
            shutil.copyfile(self.place(name), self.place(other))

    def pack(self, name: str) -> None:
        if (path := self.place(name)).exists() and not self.is_hidden(f"{name}.gz"):
            self.place(f"{name}.gz").write_bytes(gzip.compress(path.read_bytes()))
            path.unlink()

    def link(self, name: str, target: str) -> None:
        made = self.top / "made"
        made.symlink_to(target)
        made.replace(self.place(name))

    # Following.

    def __call__(self, path: str, flags: int, *, dir_fd: int | None = None) -> int:
        descriptor = os.open(path, flags, dir_fd=dir_fd)
        place = Path(f"/proc/self/fd/{descriptor}").readlink()
        if not flags & os.O_PATH and place.is_relative_to(self.root) and place != self.root:
            name = str(place.relative_to(self.root))
            if self.is_hidden(name) and not (place.is_dir() and self._shown(name, directory=True)):
                self.opened.append(name)
        return descriptor

    @asynccontextmanager
    async def served(self) -> AsyncIterator[Served]:
        threads = DiskThreads(inline=True)
        async with open_shared_tails(threads, self.watching) as tails, trio.open_nursery() as nursery:
            yield Served(Catalog([self.root], opener=self).seen_with(self.seen), tails, threads, nursery)
            nursery.cancel_scope.cancel()


@dataclass
class Served:
    """The logs of a tree while they are served."""

    catalog: Catalog
    tails: SharedTails
    threads: DiskThreads
    nursery: trio.Nursery

    async def follow(self, *names: str, **asked: object) -> Followed:
        source = FollowSource(
            "web",
            catalog=self.catalog,
            threads=self.threads,
            tails=self.tails,
            options=lambda _: ReadOptions(host="web", zone=UTC, max_line=1000),
            again=self.catalog.again,
            max_files=20,
        )
        out = Followed()
        self.nursery.start_soon(partial(source.pump, followed(files=names, **asked), out))
        await trio.sleep(SETTLED)
        return out
