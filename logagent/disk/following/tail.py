"""The tail of one log: its newest file and those that took its place since, read once for all who follow it."""

from __future__ import annotations

import logging
import math
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple, Protocol

import trio

from logagent.core.outcome import Failure
from logagent.disk.catalog.logs import Generation
from logagent.disk.rotation.chain import Chain
from logagent.disk.search.options import ReadOptions
from logagent.disk.threads import DiskThreads
from logagent.disk.watch.watching import Watch, Watching

GAP = 0.01
"""Seconds between two looks at a log that is written to all the time: what comes meanwhile is read at once."""
KEPT = 16
"""Blocks, each 256 KiB at most, that are kept for followers a little behind."""
RETRY = 1.0
"""Seconds after which a log is looked at again that could not be read."""

_log = logging.getLogger(__name__)


class Follower(Protocol):
    """One that follows a tail. number: of the file that it reads."""

    @property
    def number(self) -> int: ...

    def wake(self) -> None: ...


class TailBlock(NamedTuple):
    """Whole lines, where they begin in their file, and whether the last one is but a piece of a line."""

    offset: int
    body: bytes
    partial: bool


class Tail:
    """Follows one log. `run` is its one task; who follows is told of news by `wake`, and reads what there is at its own
    pace.

    find: gives the log's files by then, newest first; called in a thread. chain: those that are followed.
    """

    def __init__(
        self,
        name: str,
        find: Callable[[], Sequence[Generation]],
        options: ReadOptions,
        threads: DiskThreads,
        watching: Watching,
    ) -> None:
        self.name = name
        self.host = options.host
        self.chain = Chain(name, find, host=options.host, zone=options.zone, max_line=options.max_line)
        self.scope = trio.CancelScope()
        self.followers: set[Follower] = set()
        self.failure: Failure | None = None
        self._threads = threads
        self._watching = watching
        self._called = trio.Event()
        self._looked = -math.inf
        self._looks = self._seen = 0
        self._told = trio.Event()
        self._watches: dict[int, Watch] = {}
        self._directories: list[Watch] = []
        self._blocks: OrderedDict[tuple[int, int], TailBlock] = OrderedDict()
        self._reading = trio.Lock()

    # For those who follow: on the event loop.

    async def block(self, number: int, offset: int) -> TailBlock | None:
        """What there is from an offset on, up to 256 KiB; None if it is gone. Raises `Failure`."""
        if self.failure is not None:
            raise self.failure
        if (kept := self._kept(number, offset)) is not None:
            return kept
        async with self._reading:
            if (kept := self._kept(number, offset)) is not None:
                return kept
            found = await self._threads.in_thread(self.chain.read, number, offset)
            return None if found is None else self._keep(number, TailBlock(offset, *found))

    def _keep(self, number: int, block: TailBlock) -> TailBlock:
        self._blocks[number, block.offset] = block
        while len(self._blocks) > KEPT:
            self._blocks.popitem(last=False)
        return block

    def _kept(self, number: int, offset: int) -> TailBlock | None:
        """A block that was read before, from the offset on."""
        if (block := self._blocks.get((number, offset))) is not None:
            return block
        for (of, begin), block in reversed(self._blocks.items()):
            if of == number and begin < offset < begin + len(block.body):
                return TailBlock(offset, block.body[offset - begin :], block.partial)
        return None

    def fail(self, failure: Failure) -> None:
        """It has ended, and nobody asked it to."""
        self.failure = failure
        self._tell()

    def wake(self) -> None:
        """Have a look soon."""
        self._called.set()

    async def see_all(self) -> None:
        """Wait for a look that begins from now on: then all is seen that was written before. Raises `Failure`."""
        awaited = self._looks + 1
        while self._seen < awaited:
            if self.failure is not None:
                raise self.failure
            self.wake()
            await self._told.wait()

    # The task.

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Open the log, then look again and again. Raises `Failure` where it cannot be opened."""
        try:
            with self.scope:
                await self._threads.in_thread(self.chain.open)
                self._watch()
                self.wake()  # what was written before the kernel was asked to tell
                task_status.started()
                while True:
                    with trio.move_on_at(self.chain.next_look(self._looked)):
                        await self._called.wait()
                    self._called = trio.Event()
                    await self._look_once()
        finally:
            self._close()

    async def _look_once(self) -> None:
        in_use = min((follower.number for follower in self.followers), default=self.chain.files.last)
        self.chain.files.forget(in_use)
        self._looked = trio.current_time()
        self._looks += 1
        look = partial(self.chain.look, watched=all(watch.reached for watch in self._directories))
        try:
            more = await self._threads.in_thread(look, self._looked, in_use)
        except (OSError, Failure) as error:
            _log.warning("following %s: %s", self.name, error)
            await trio.sleep(RETRY)
            self.wake()
            return
        self._seen = self._looks
        self._watch()
        self._tell()
        if more:
            self.wake()
        await trio.sleep(GAP)

    def _tell(self) -> None:
        self._told.set()
        self._told = trio.Event()
        for follower in tuple(self.followers):
            follower.wake()

    def _watch(self) -> None:
        """Have the kernel tell of all files that are held, and of their directories' names."""
        held = self.chain.files.descriptors()
        for number, descriptor in held.items():
            if number not in self._watches:
                self._watches[number] = self._watching.file(descriptor, self.wake)
                self.wake()  # for what came before
        for number in self._watches.keys() - held.keys():
            self._watches.pop(number).close()
        if self.chain.directory is not None and all(watch.outdated for watch in self._directories):
            self._watch_names_in(self.chain.directory)

    def _watch_names_in(self, directory: Path) -> None:
        for outdated in self._directories:
            outdated.close()
        self._directories = [self._watching.directory(directory, self._wake_for_names)]
        if self._directories[0].reached:
            self._wake_for_names()  # for what came before

    def _wake_for_names(self) -> None:
        self.chain.note_rename()
        self.wake()

    def _close(self) -> None:
        for watch in [*self._watches.values(), *self._directories]:
            watch.close()
        self.chain.close()
