"""Logs that grow, without an agent: files in a directory, their tails on the virtual clock, and followers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC
from pathlib import Path
from typing import Any

import trio

from logagent.core.batch import Batch, LineFlag, Notice
from logagent.core.outcome import Failure
from logagent.core.query import Order, Query
from logagent.disk.catalog.catalog import Catalog
from logagent.disk.catalog.logs import Generation
from logagent.disk.following.follower import LogFollower
from logagent.disk.following.shared_tails import SharedTails, open_shared_tails
from logagent.disk.following.tail import Tail
from logagent.disk.search.options import ReadOptions
from logagent.disk.threads import DiskThreads
from logagent.disk.watch.watching import Wake, Watch, Watching

POLL = 0.02
"""Virtual seconds from one look to the next."""
SETTLED = 0.3
"""Virtual seconds after which all whole lines have come, whatever was rotated meanwhile."""


def followed(**asked: Any) -> Query:
    """Return a query that follows app.log."""
    wants: dict[str, Any] = {"files": ("app.log",), "order": Order.OLDEST, "follow": True, "times": True}
    return Query.of(**{**wants, **asked})


class Told(Watching):
    """A `Watching` that wakes nobody by itself, and knows which directories are watched."""

    def __init__(self) -> None:
        super().__init__(notify=False, poll=1e9)
        self.watches: dict[str, Watch] = {}

    def directory(self, path: Path, wake: Wake) -> Watch:
        watch = self.watches[path.name] = super().directory(path, wake)
        return watch

    @property
    def watched(self) -> list[str]:
        return sorted(name for name, watch in self.watches.items() if not watch.closed)


class Reader:
    """Follows a log and keeps its batches: by `read`, when a test calls it, or by `run`, whenever there is news.

    Args:
        place: where to begin: the number of a file, and an offset; None: at the end.
        asked: fields of the query.
    """

    def __init__(self, tail: Tail, place: tuple[int, int] | None = None, **asked: Any) -> None:
        self.tail = tail
        self.batches: list[Batch] = []
        self.woken = trio.Event()
        place = place or tail.chain.files.end()
        self.follower = LogFollower(followed(**asked), tail, place, max_line=1000, woken=lambda _: self.woken.set())

    async def read(self) -> None:
        """Read all that there is."""
        while (batch := await self.follower.next_batch()) is not None:
            self.batches.append(batch)

    async def run(self) -> None:
        while True:
            await self.read()
            await self.woken.wait()
            self.woken = trio.Event()

    @property
    def lines(self) -> list[str]:
        return [line.decode() for batch in self.batches for line in batch.lines()]

    @property
    def partial(self) -> list[bool]:
        """For each line, whether it is but a piece of a line."""
        flags = [flag for batch in self.batches for flag in batch.flags or bytes(batch.count)]
        return [bool(flag & LineFlag.PARTIAL) for flag in flags]

    @property
    def fingerprints(self) -> list[int]:
        """For each line, the fingerprint of its file."""
        return [batch.origins[place].fingerprint for batch in self.batches for place in batch.origin_of_each()]

    @property
    def notices(self) -> list[Notice]:
        return [notice for batch in self.batches for notice in batch.notices]


class Logs:
    """The logs in a directory, with what follows them."""

    def __init__(self, directory: Path, tails: SharedTails, nursery: trio.Nursery) -> None:
        self.directory = directory
        self.path = directory / "app.log"
        self.tails = tails
        self.nursery = nursery
        self.catalog = Catalog([directory])

    def find(self) -> Sequence[Generation]:
        """Return the files of app.log, newest first."""
        return generations(self.catalog)

    async def tail(self, find: Callable[[], Sequence[Generation]] | None = None, *, max_line: int = 1000) -> Tail:
        """Borrow the tail of app.log."""
        options = ReadOptions(host="web", zone=UTC, max_line=max_line)
        return await self.tails.borrow(
            "app.log", lambda threads, watching: Tail("app.log", find or self.find, options, threads, watching)
        )

    async def reader(self, **asked: Any) -> Reader:
        """Return a reader that reads from now on whenever there is news."""
        reader = Reader(await self.tail(), **asked)
        self.nursery.start_soon(reader.run)
        return reader

    def rotate(self, name: str) -> Path:
        """Rename app.log, and create an empty file in its place."""
        renamed = self.path.rename(self.directory / name)
        self.path.touch()
        return renamed


def generations(catalog: Catalog, name: str = "app.log") -> Sequence[Generation]:
    """Return the files of a log, newest first; none if it is not there."""
    try:
        logs = catalog.find([name])
    except Failure:
        return ()
    return next((log.generations for log in logs if log.name == name), ())


@asynccontextmanager
async def growing_logs(
    directory: Path, *lines: str, poll: float = POLL, watching: Watching | None = None
) -> AsyncIterator[Logs]:
    """Provide a directory with an app.log of these lines, whose logs can be followed.

    Args:
        poll: virtual seconds between two looks.
        watching: instead of one that polls.
    """
    append(directory / "app.log", *lines)
    watching = watching or Watching(poll=poll, notify=False)
    async with open_shared_tails(DiskThreads(inline=True), watching) as tails:
        async with trio.open_nursery() as nursery:
            yield Logs(directory, tails, nursery)
            nursery.cancel_scope.cancel()


def append(path: Path, *lines: str, end: str = "\n") -> None:
    """Write lines to the end of a file; without lines, create it."""
    with path.open("a", encoding="utf-8", newline="") as file:
        file.write("".join(line + end for line in lines))


def held(directory: Path) -> list[str]:
    """Return the files of a directory that this process holds open, by the names that they have or had."""
    links = (link.readlink() for link in Path("/proc/self/fd").iterdir() if link.is_symlink())
    return sorted(link.name for link in links if link.parent == directory)
