"""The end of one log: waits for appended lines, and reads them once for all followers."""

from __future__ import annotations

import logging
import math
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple, Protocol

import trio

from logagent.core.outcome import Failure
from logagent.disk.catalog.logs import Generation
from logagent.disk.catalog.presence import EVERYTHING, Presence
from logagent.disk.files.ways import Inode
from logagent.disk.rotation.chain import Chain
from logagent.disk.search.options import ReadOptions
from logagent.disk.threads import DiskThreads
from logagent.disk.watch.watching import Watch, Watching

GAP = 0.01
"""Seconds between two looks at a log that is written to all the time: lines written meanwhile are read together."""
KEPT_BLOCKS = 16
"""Blocks, each 256 KiB at most, that are cached for followers that lag a little behind."""
RETRY = 1.0
"""Seconds until the next attempt to read a log that could not be read."""

_log = logging.getLogger(__name__)


class TailListener(Protocol):
    """A follower of a tail."""

    @property
    def number(self) -> int:
        """Number of the file that it reads; it needs no older ones."""

    @property
    def offset(self) -> int:
        """How far it has read that file."""

    def wake(self) -> None:
        """Called when there may be more to read."""


class TailBlock(NamedTuple):
    """Whole lines of one file.

    Attributes:
        offset: where they begin in their file.
        partial: whether the last one is only a piece of a line.
    """

    offset: int
    body: bytes
    partial: bool


class Tail:
    """Reads the end of one log for all its followers.

    Its one task is `run`. It wakes the listeners when there may be more to read; each then reads at its own pace.

    Args:
        name: name of the log.
        find: lists the log's files as they are now, newest first; called in a thread.
        options: how they are read.
        threads: that read the disk.
        watching: of files and directories.
        presence: tells what is there for those who follow it.

    Attributes:
        chain: the files that are followed.
        listeners: the followers.
        failure: why the task ended, None while it runs.
    """

    def __init__(
        self,
        name: str,
        find: Callable[[], Sequence[Generation]],
        options: ReadOptions,
        threads: DiskThreads,
        watching: Watching,
        presence: Presence = EVERYTHING,
    ) -> None:
        self.name = name
        self.host = options.host
        self.chain = Chain(
            name,
            find,
            host=options.host,
            zone=options.zone,
            max_line=options.max_line,
            named=options.named,
            presence=presence,
        )
        self.listeners: set[TailListener] = set()
        self.failure: Failure | None = None
        self._threads = threads
        self._watching = watching
        self._called = trio.Event()
        self._looked = -math.inf
        self._looks = self._seen = 0
        self._told = trio.Event()
        self._watches: dict[int, Watch] = {}
        self._near: dict[tuple[Path, Inode], Watch] = {}
        self._far: dict[tuple[Path, Inode], Watch] = {}
        self._blocks: OrderedDict[tuple[int, int], TailBlock] = OrderedDict()
        self._reading = trio.Lock()

    # For listeners, on the event loop.

    async def block(self, number: int, offset: int) -> TailBlock | None:
        """Read lines of a file from an offset on, up to 256 KiB; None: the file is gone.

        Raises:
            Failure: when it cannot be read, or the task has failed.
        """
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
        while len(self._blocks) > KEPT_BLOCKS:
            self._blocks.popitem(last=False)
        return block

    def _kept(self, number: int, offset: int) -> TailBlock | None:
        """Return a cached block, or the rest of one, from an offset on."""
        if (block := self._blocks.get((number, offset))) is not None:
            return block
        for (of, begin), block in reversed(self._blocks.items()):
            if of == number and begin < offset < begin + len(block.body):
                return TailBlock(offset, block.body[offset - begin :], block.partial)
        return None

    def fail(self, failure: Failure) -> None:
        """Report to all listeners that the task has ended with a failure."""
        self.failure = failure
        self._tell()

    def wake(self) -> None:
        """Make the task look at the log soon."""
        self._called.set()

    async def see_all(self) -> None:
        """Wait for a complete look that begins after this call: it sees all bytes written before the call.

        Raises:
            Failure: when the task has failed.
        """
        awaited = self._looks + 1
        while self._seen < awaited:
            if self.failure is not None:
                raise self.failure
            self.wake()
            await self._told.wait()

    # The task.

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Open the log, then look at it whenever it may have changed.

        Raises:
            Failure: when it cannot be opened.
        """
        try:
            await self._threads.in_thread(self.chain.open)
            self._watch()
            self.wake()  # for what was written before it was watched
            task_status.started()
            while True:
                with trio.move_on_at(self.chain.next_look(self._looked)):
                    await self._called.wait()
                self._called = trio.Event()
                await self._look_once()
        finally:
            self._close()

    async def _look_once(self) -> None:
        in_use = min((listener.number for listener in self.listeners), default=self.chain.files.last)
        self.chain.files.forget(in_use)
        newest, last = self.chain.files.newest, self.chain.files.last
        places = [listener.offset if listener.number == last else 0 for listener in self.listeners]
        newest.read_up_to = min(places, default=newest.searched)
        self._looked = trio.current_time()
        self._looks += 1
        look = partial(self.chain.look, watched=all(watch.reached for watch in self._near.values()))
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
        for listener in tuple(self.listeners):
            listener.wake()

    def _watch(self) -> None:
        """Watch all files that are held open, and for renames the directories on the log's way."""
        held = self.chain.files.descriptors()
        for number, descriptor in held.items():
            if number not in self._watches:
                self._watches[number] = self._watching.file(descriptor, self.wake)
                self.wake()  # for what was written before it was watched
        for number in self._watches.keys() - held.keys():
            self._watches.pop(number).close()
        way = self.chain.whereabouts.way
        self._watch_names(self._near, way.near, self._wake_for_names)
        self._watch_names(self._far, way.far, self._wake_for_way)

    def _watch_names(
        self, watches: dict[tuple[Path, Inode], Watch], directories: Mapping[Path, Inode], wake: Callable[[], None]
    ) -> None:
        """Have the directories on the log's way watched, and no others."""
        for watched in [one for one in watches if one not in directories.items() or watches[one].outdated]:
            watches.pop(watched).close()
        for directory in sorted(directories.items() - watches.keys()):
            watches[directory] = self._watching.directory(directory[0], wake)
            if watches[directory].reached:
                wake()  # for renames before it was watched

    def _wake_for_names(self) -> None:
        self.chain.whereabouts.note_rename()
        self.wake()

    def _wake_for_way(self) -> None:
        self.chain.whereabouts.note_way()
        self.wake()

    def _close(self) -> None:
        for watch in [*self._watches.values(), *self._near.values(), *self._far.values()]:
            watch.close()
        self.chain.close()
