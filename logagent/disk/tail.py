"""The tail of one log: its newest file and those that took its place since, read once for all who follow it."""

from __future__ import annotations

import logging
import math
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple, Protocol

import trio

from logagent.core.batch import Notice, Position
from logagent.core.outcome import Failure
from logagent.disk import resuming, succession
from logagent.disk.beneath import failure_of
from logagent.disk.growing import Growing, Overwritten
from logagent.disk.live_stamping import LiveStamping
from logagent.disk.logs import Generation
from logagent.disk.threads import DiskThreads
from logagent.disk.watching import Watch, Watching
from logagent.disk.ways import Ways

GAP = 0.01
"""Seconds between two looks at a log that is written to all the time: what comes meanwhile is read at once."""
HALF_TIME = 2.0
"""Seconds that a line may take to be ended; then what there is of it is given, and marked."""
QUIET = 0.1
"""Seconds without a further line in a file that another one has taken the place of, before the other's lines are given:
whoever writes may take a moment to notice, and several may not do so at once."""
LINGER = 10.0
"""Seconds after which a deleted file that nothing is written to any more is let go of."""
MAX_HELD = 32
"""Files of one log that are held open for slow followers; older ones are sought again when their turn comes."""
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


class LiveBlock(NamedTuple):
    """Whole lines, where they begin in their file, and whether the last one is but a piece of a line."""

    offset: int
    body: bytes
    partial: bool


class Tail:
    """Follows one log. Files are numbered from 0 on, in the order in which they took each other's place.

    find: gives the log's files by then, newest first; called in a thread. `run` is its one task; who follows is told
    of news by `wake`, and reads what there is at its own pace.
    """

    def __init__(
        self, name: str, find: Callable[[], Sequence[Generation]], ways: Ways, threads: DiskThreads, watching: Watching
    ) -> None:
        self.name = name
        self.host = ways.host
        self.scope = trio.CancelScope()
        self.followers: set[Follower] = set()
        self.failure: Failure | None = None
        self._find = find
        self._ways = ways
        self._threads = threads
        self._watching = watching
        self._called = trio.Event()
        self._lock = threading.Lock()
        self._closed = self._renamed = False
        self._path: Path | None = None
        self._tried: tuple[int, int] | None = None
        self._first = 0
        self._files: list[Growing] = []
        self._stampings: dict[int, LiveStamping] = {}
        self._notices: dict[int, list[Notice]] = {}
        self._watches: dict[int, Watch] = {}
        self._directories: list[Watch] = []
        self._blocks: OrderedDict[tuple[int, int], LiveBlock] = OrderedDict()
        self._reading = trio.Lock()

    # For those who follow: on the event loop.

    @property
    def first(self) -> int:
        """The number of the oldest file that is still known."""
        return self._first

    @property
    def last(self) -> int:
        """The number of the newest file."""
        return self._first + len(self._files) - 1

    def file(self, number: int) -> Growing:
        return self._files[max(0, number - self._first)]

    def stamping(self, number: int) -> LiveStamping:
        return self._stampings[number]

    def notices(self, number: int) -> Sequence[Notice]:
        """What is to be said before the lines of a file."""
        return self._notices.get(number, ())

    def end(self) -> tuple[int, int]:
        """The end of all whole lines by now: the number of a file, and an offset in it."""
        return self.last, self.file(self.last).whole

    def place_of(self, position: Position) -> tuple[int, int] | None:
        """The same for a position, None if it is in no file that is held."""
        if not position.mark:
            return self._first, 0
        for number in range(self.last, self._first - 1, -1):
            file = self.file(number)
            if file.is_of(position.mark) and position.offset <= file.size and not file.lost:
                return number, position.offset
        return None

    def is_done(self, number: int) -> bool:
        """Whether the lines of the next file may be given after those that are there of this one."""
        file = self.file(number)
        if number == self.last or file.lost:
            return number < self.last
        if not file.exhausted or file.half:
            return False
        quiet = trio.current_time() - file.grew
        begun = self.file(number + 1).searched > 0
        return number + 1 < self.last or (begun and quiet >= QUIET) or (file.deleted and quiet >= LINGER)

    async def block(self, number: int, offset: int) -> LiveBlock | None:
        """What there is from an offset on, up to 256 KiB; None if it is gone. Raises `Failure`."""
        if self.failure is not None:
            raise self.failure
        if (kept := self._kept(number, offset)) is not None:
            return kept
        async with self._reading:
            if (kept := self._kept(number, offset)) is not None:
                return kept
            block = await self._threads.in_thread(self._read, number, offset)
            if block is not None:
                self._blocks[number, offset] = block
                while len(self._blocks) > KEPT:
                    self._blocks.popitem(last=False)
            return block

    def fail(self, failure: Failure) -> None:
        """It has ended, and nobody asked it to."""
        self.failure = failure
        self._tell()

    def wake(self) -> None:
        """Have a look soon."""
        self._called.set()

    # The task.

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Open the log, then look again and again. Raises `Failure` where it cannot be opened."""
        try:
            with self.scope:
                await self._threads.in_thread(self._open)
                self._watch()
                self.wake()  # what was written before the kernel was asked to tell
                task_status.started()
                while True:
                    with trio.move_on_at(self._next_look()):
                        await self._called.wait()
                    self._called = trio.Event()
                    await self._look_once()
        finally:
            self._close()

    async def _look_once(self) -> None:
        try:
            more = await self._threads.in_thread(self._look, trio.current_time())
        except (OSError, Failure) as error:
            _log.warning("following %s: %s", self.name, error)
            await trio.sleep(RETRY)
            self.wake()
            return
        self._watch()
        self._tell()
        if more:
            self.wake()
        await trio.sleep(GAP)

    def _tell(self) -> None:
        for follower in tuple(self.followers):
            follower.wake()

    def _next_look(self) -> float:
        """When to look even if nobody calls."""
        dues = [file.grew + HALF_TIME for file in self._files if file.half]
        *older, newest = self._files
        if older and newest.searched:
            due = older[-1].grew + QUIET
            dues += [due] if due > trio.current_time() else []
        dues += [file.grew + LINGER for file in older if file.deleted and file.descriptor is not None]
        return min(dues, default=math.inf)

    def _watch(self) -> None:
        """Have the kernel tell of all files that are held, and of their directories' names."""
        for number in range(self._first, self.last + 1):
            file = self.file(number)
            if number not in self._watches and file.descriptor is not None:
                self._watches[number] = self._watching.file(file.descriptor, self.wake)
                self.wake()  # for what came before
        for number in [number for number in self._watches if self.file(number).descriptor is None]:
            self._watches.pop(number).close()
        if not self._directories and self._path is not None:
            self._directories = [self._watching.directory(self._path.parent, self._wake_for_names)]

    def _wake_for_names(self) -> None:
        self._renamed = True
        self.wake()

    def _close(self) -> None:
        for watch in [*self._watches.values(), *self._directories]:
            watch.close()
        self._closed = True
        if self._lock.acquire(blocking=False):  # else the thread that is at work does it
            try:
                self._close_files()
            finally:
                self._lock.release()

    # In a thread.

    def _open(self) -> None:
        with self._lock:
            found = self._find()
            if not found:
                raise failure_of(FileNotFoundError(2, "gone"), self.name)
            newest = found[0]
            file = Growing(newest.name, newest.open(), max_line=self._ways.max_line)
            if newest.root is not None:
                self._path = newest.root / newest.name if newest.root.is_dir() else newest.root
            self._add([file])
            file.skip(resuming.whole_end(file.descriptor or 0))
            if self._closed:
                self._close_files()

    def _look(self, now: float) -> bool:
        """Whether there is more to be seen at once."""
        with self._lock:
            try:
                return not self._closed and self._see(now)
            finally:
                if self._closed:
                    self._close_files()

    def _see(self, now: float) -> bool:
        self._see_names()
        # From the newest to the oldest: a line that is seen in a newer file was written after all in those before it.
        more = [self._see_file(file, now) for file in reversed(self._files) if file.descriptor is not None]
        for file in self._files:
            if file.half and now >= file.grew + HALF_TIME:
                file.give_half()
        self._let_go(now)
        return any(more)

    def _see_names(self) -> None:
        newest = self._files[-1]
        if newest.lost:
            self._begin_anew(newest)
        elif self._is_replaced(newest):
            self._succeed(newest, succession.successors(self._find, newest, max_line=self._ways.max_line))

    def _is_replaced(self, newest: Growing) -> bool:
        renamed, self._renamed = self._renamed, False
        if newest.name != self.name or self._path is None:
            return renamed  # a log of dated files has no name that stays
        try:
            status = self._path.stat()
        except OSError:
            return False
        identity = status.st_dev, status.st_ino
        tried, self._tried = self._tried, identity
        return identity != newest.identity and (renamed or identity != tried or not self._watched)

    @property
    def _watched(self) -> bool:
        return all(watch.reached for watch in self._directories)

    def _see_file(self, file: Growing, now: float) -> bool:
        try:
            return file.look(now)
        except Overwritten:
            if file is self._files[-1]:
                self._begin_anew(file)
                return True
            file.close()
            return False

    def _begin_anew(self, file: Growing) -> None:
        """A file was written over: go on with a copy of it, if there is one, and then with what it holds now."""
        followed = succession.after_overwriting(self._find, file, max_line=self._ways.max_line)
        file.lost = not followed.sure
        self._succeed(file, followed._replace(sure=True))

    def _succeed(self, file: Growing, followed: succession.Successors) -> None:
        if not followed.files:
            return
        file.ended = True
        self._add(followed.files)
        if file.lost:
            file.close()
        if not followed.sure:
            self._notices[self.last] = [succession.rotated_too_fast(self.host, self.name)]

    def _add(self, files: Sequence[Growing]) -> None:
        for file in files[:-1]:
            file.ended = True
        self._files += files
        for file in files:
            number = self._first + self._files.index(file)
            self._stampings[number] = LiveStamping(self._ways.zone, partial(_before, file))

    def _let_go(self, now: float) -> None:
        """Of files that everybody is done with, and of the oldest if there are too many."""
        in_use = min((follower.number for follower in tuple(self.followers)), default=self.last)
        while self._first < min(in_use, self.last - 1):
            self._files.pop(0).close()
            self._stampings.pop(self._first, None)
            self._notices.pop(self._first, None)
            self._first += 1
        for number, file in enumerate(self._files[:-1], self._first):
            if number < in_use and file.deleted and now >= file.grew + LINGER:
                file.close()
        for file in self._files[: -MAX_HELD or None]:
            file.close()

    def _read(self, number: int, offset: int) -> LiveBlock | None:
        with self._lock:
            file = self.file(number)
            if self._closed or file.lost or not self._is_open(file):
                file.lost = True
                return None
            try:
                body, partial = file.read(offset)
            except OSError as error:
                raise failure_of(error, file.name) from error
            if not body:
                file.lost = True
                return None
            self._stampings[number].learn(offset, body, file.modified)
            return LiveBlock(offset, body, partial)

    def _is_open(self, file: Growing) -> bool:
        """Whether a file is open, if need be again, by whatever name it has by now."""
        if file.descriptor is None:
            found = [one for one in self._find() if not one.packed]
            place = resuming.place_of(found, file.mark)
            if place is not None:
                file.adopt(found[place].open())
        return file.descriptor is not None

    def _kept(self, number: int, offset: int) -> LiveBlock | None:
        """A block that was read before, from the offset on."""
        if (block := self._blocks.get((number, offset))) is not None:
            return block
        for (of, begin), block in reversed(self._blocks.items()):
            if of == number and begin < offset < begin + len(block.body):
                return LiveBlock(offset, block.body[offset - begin :], block.partial)
        return None

    def _close_files(self) -> None:
        for file in self._files:
            file.close()


def _before(file: Growing, offset: int, most: int) -> bytes:
    """What lies before an offset of a file, up to so many bytes."""
    if file.descriptor is None:
        return b""
    begin = max(0, offset - most)
    return os.pread(file.descriptor, offset - begin, begin)
