"""The files of a log that is followed, each held open after another one took its place until all is read of it."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable, Sequence
from datetime import tzinfo
from functools import partial
from pathlib import Path

from logagent.core.batch import Notice, Position
from logagent.core.outcome import Failure
from logagent.disk.catalog import losses
from logagent.disk.catalog.logs import Generation
from logagent.disk.files.beneath import failure_of
from logagent.disk.files.blocks import UNKNOWN
from logagent.disk.files.overwritten import Overwritten
from logagent.disk.rotation.growing_file import Growing
from logagent.disk.rotation.renames import AGAIN, Standing
from logagent.disk.rotation.successors import Succession, Successors
from logagent.disk.times.appended import AppendedTimes

HALF_TIME = 2.0
"""Seconds that a line may take to be ended; then what there is of it is given, and marked."""
QUIET = 0.1
"""Seconds without a further line in a file that another one has taken the place of, before the other's lines are given:
whoever writes may take a moment to notice, and several may not do so at once."""
LINGER = 10.0
"""Seconds after which a deleted file that nothing is written to any more is let go of."""
BUSY = 2.0
"""Seconds after which a file that grew is not thought to have been written to just before it was truncated: nothing
tells what was written between the last look and that, but looks come within hundredths of a second, where the kernel
does not tell of writing within one."""
MAX_HELD = 32
"""Files of one log that are held open for slow followers; older ones are sought again when their turn comes."""


class Chain:
    """The files of one log, numbered from 0 on, in the order in which they took each other's place.

    find: gives the log's files by then, newest first. What says so is called in a thread, and waits there for others
    that are; the rest is told at once. Times are in seconds, of any clock that does not run backwards.

    first, last: the numbers of the oldest file that is still known, and of the newest. begun: the number of the file
    that was the newest at first. directory: that of the newest, None if it has none. trouble: why it cannot be gone on
    with what took the newest one's place, None if it can: it is tried again each second.
    """

    def __init__(
        self, name: str, find: Callable[[], Sequence[Generation]], *, host: str, zone: tzinfo, max_line: int
    ) -> None:
        self.name = name
        self.host = host
        self.first, self.last, self.begun = 0, -1, 0
        self._succession = Succession(find, max_line)
        self._zone = zone
        self._lock = threading.Lock()
        self._closed = False
        self.trouble: Failure | None = None
        self._failing: float | None = None
        self._not_before = -math.inf
        # The last file of which it is known that it holds the first that was written to it since the one before it.
        self._begun_with = -1
        self._standing = Standing(name, None)
        self._files: dict[int, Growing] = {}
        self._forgotten: list[Growing] = []
        self._stampings: dict[int, AppendedTimes] = {}
        self._notices: dict[int, list[Notice]] = {}

    @property
    def directory(self) -> Path | None:
        return None if self._standing.path is None else self._standing.path.parent

    def file(self, number: int) -> Growing:
        return self._files[number]

    def stamping(self, number: int) -> AppendedTimes:
        return self._stampings[number]

    def notices(self, number: int) -> Sequence[Notice]:
        """What is to be said before the lines of a file."""
        return self._notices.get(number, ())

    def held(self) -> dict[int, int]:
        """The descriptor of each file that is open, by its number."""
        files = tuple(self._files.items())
        return {number: file.descriptor for number, file in files if file.descriptor is not None}

    def end(self) -> tuple[int, int]:
        """The end of all whole lines by now: the number of a file, and an offset in it. It is in the newest one that
        holds anything, so that a position tells where it is."""
        number = self.last
        while number > self.first and not self.file(number).fingerprint:
            number -= 1
        file = self.file(number)
        if file.lost:
            return self.last, file.size
        if not file.fingerprint:
            return self.last, 0
        return number, UNKNOWN if file.passed else file.whole

    def beginning(self) -> tuple[int, int]:
        """The same for the beginning of what is known."""
        return max(self.first, self.begun), 0

    def place_of(self, position: Position) -> tuple[int, int] | None:
        """The same for a position, None if it is in no file that is held."""
        for number in range(self.last, self.first - 1, -1):
            file = self.file(number)
            if file.is_of(position.fingerprint) and position.offset <= file.size and not (file.lost or file.passed):
                return number, position.offset
        return None

    def is_done(self, number: int, now: float) -> bool:
        """Whether the lines of the next file may be given after those that are there of this one."""
        file = self.file(number)
        if number == self.last or file.lost:
            return number < self.last
        if not file.exhausted or file.half:
            return False
        quiet = now - file.quiet_since
        begun = self.file(number + 1).searched > 0
        return number + 1 < self.last or (begun and quiet >= QUIET) or (file.deleted and quiet >= LINGER)

    def next_look(self, looked: float) -> float:
        """When to look even if nobody calls. looked: the `now` of the last look, after which those who follow were
        told."""
        *older, newest = tuple(self._files.values())
        dues = [file.grew + HALF_TIME for file in (*older, newest) if file.half]
        if older and newest.searched:
            dues.append(older[-1].quiet_since + QUIET)
        dues += [file.quiet_since + LINGER for file in older if file.deleted and file.descriptor is not None]
        # What was due before was done then, or waits for a follower that calls when it is further.
        return min([self._standing.due, *(due for due in dues if due > looked)])

    def expect_renaming(self) -> None:
        """A name has changed beside it: the next look is to see which."""
        self._standing.expect_renaming()

    def forget(self, before: int) -> None:
        """Files before that number are read by nobody any more, but for those by which the next are known to be the
        next. They are closed at the next look."""
        while self.first < min(before, self._anchor()):
            self._forgotten.append(self._files.pop(self.first))
            self._stampings.pop(self.first, None)
            self._notices.pop(self.first, None)
            self.first += 1

    def _anchor(self) -> int:
        older = range(self.last - 1, self.first, -1)
        known = (number for number in older if self.file(number).fingerprint and not self.file(number).lost)
        return next(known, self.first)

    # In a thread.

    def open(self) -> None:
        """Open the newest file, to go on behind the whole lines that it holds. Raises `Failure`, `OSError`."""
        with self._lock:
            newest, files = self._succession.beginning(self.name)
            if newest.root is not None:
                path = newest.root / newest.name if newest.root.is_dir() else newest.root
                self._standing = Standing(self.name, path)
            self._add(files)
            self.begun = self.last
            if self._closed:
                self._close_files()

    def look(self, now: float, in_use: int, *, watched: bool) -> bool:
        """See what was written, and what took whose place. Whether there is more to be seen at once.

        in_use: the number of the oldest file that is still read. watched: whether the kernel tells of each
        renaming.
        """
        with self._lock:
            try:
                return not self._closed and self._see(now, in_use, watched)
            finally:
                if self._closed:
                    self._close_files()

    def _see(self, now: float, in_use: int, watched: bool) -> bool:
        self._see_names(now, watched)
        # From the newest to the oldest: a line that is seen in a newer file was written after all in those before it.
        more = [self._see_file(file, now) for file in self._held_newest_first()]
        for file in self._files.values():
            if file.half and now >= file.grew + HALF_TIME:
                file.give_half()
        self._let_go(now, in_use)
        return any(more)

    def _held_newest_first(self) -> list[Growing]:
        return [file for file in reversed(tuple(self._files.values())) if file.descriptor is not None]

    def _see_names(self, now: float, watched: bool) -> None:
        newest = self._files[self.last]
        if newest.lost:
            self._begin_anew(newest, now)
        elif self._standing.is_replaced(newest, now, watched=watched):
            self._succeed(newest, self._succession.after_renaming(newest, self._anchors()), now)

    def _see_file(self, file: Growing, now: float) -> bool:
        newest = file is self._files[self.last]
        try:
            if newest and self._begun_with != self.last and file.pin():
                return self._begin_filled(file, now)
            return file.look(now)
        except Overwritten:
            if newest:
                return self._begin_anew(file, now)
            file.lost = True
            file.close()
            return False

    def _begin_filled(self, file: Growing, now: float) -> bool:
        """A file that was empty holds something: which need not be the first that was written to it."""
        if now < self._not_before:
            return False
        followed = self._succession.after_emptiness(file, self._anchors())
        if followed is not None and not followed.files:
            self._begun_with = self.last
            return file.look(now)
        if followed is not None:
            file.stay_empty()
        return self._succeed(file, followed, now)

    def _begin_anew(self, file: Growing, now: float) -> bool:
        """A file was written over: go on with a copy of it, if there is one, and then with what it holds now."""
        if now < self._not_before:
            return False
        followed = self._succession.after_overwriting(file, self._anchors())
        file.lost = followed is None or not followed.copied
        file.torn = file.lost and (file.torn or now < file.grew + BUSY)
        return self._succeed(file, followed, now)

    def _succeed(self, file: Growing, followed: Successors | None, now: float) -> bool:
        """Have files follow one. Whether there are any; else they are sought again."""
        self._note_trouble(self._succession.failure, now)
        if followed is None or not followed.files:
            self._standing.ask_again(now)
            return False
        file.left = now
        if file.lost:
            file.close()
        if not followed.sure:
            self._notices[self.last + 1] = [losses.rotated_too_fast(self.host, self.name)]
        self._add(followed.files)
        return True

    def _note_trouble(self, failure: Failure | None, now: float) -> None:
        """Whoever makes a file may take a moment to let it be read; not every write is worth an attempt."""
        self._not_before = now + AGAIN if failure is not None else now
        if failure is None:
            self._failing = self.trouble = None
        elif self._failing is None:
            self._failing = now
        elif now >= self._failing + AGAIN:
            self.trouble = failure

    def _anchors(self) -> list[Growing]:
        """The files before the newest, newest first, by which others are known to be newer."""
        before = [self._files[number] for number in range(self.last - 1, self.first - 1, -1)]
        return [file for file in before if not file.lost]

    def _add(self, files: Sequence[Growing]) -> None:
        for number, file in enumerate(files, self.last + 1):
            self._stampings[number] = AppendedTimes(self._zone, partial(_before, file))
            self._files[number] = file
        self.last += len(files)
        if files[-1].fingerprint:
            self._begun_with = self.last

    def _let_go(self, now: float, in_use: int) -> None:
        """Close what nobody reads any more, and the oldest if there are too many."""
        self._close_forgotten()
        *older, _ = tuple(self._files.items())
        for number, file in older:
            if number < in_use and file.deleted and now >= file.quiet_since + LINGER:
                file.close()
        for _, file in older[: 1 - MAX_HELD]:
            if file.exhausted:  # else nobody would learn what it holds
                file.close()

    def _close_forgotten(self) -> None:
        while self._forgotten:
            self._forgotten.pop().close()

    def read(self, number: int, offset: int) -> tuple[bytes, bool] | None:
        """As `Growing.read`, of a file; None if that is gone. Raises `Failure`."""
        with self._lock:
            file = self._files.get(number)
            if file is None:
                return None
            if self._closed or file.lost or (file.descriptor is None and not self._succession.reopen(file)):
                file.lost = True
                return None
            try:
                body, partial = file.read(offset)
            except OSError as error:
                raise failure_of(error, file.name) from error
            if not body:
                file.lost = True
                return None
            if (stamping := self._stampings.get(number)) is not None:
                stamping.learn(offset, body, file.modified)
            return body, partial

    def close(self) -> None:
        """Close all files, now or as soon as the thread that is at work is done."""
        self._closed = True
        if self._lock.acquire(blocking=False):  # else the thread that is at work does it
            try:
                self._close_files()
            finally:
                self._lock.release()

    def _close_files(self) -> None:
        self._close_forgotten()
        for file in tuple(self._files.values()):
            file.close()


def _before(file: Growing, offset: int, most: int) -> bytes:
    """What lies before an offset of a file, up to so many bytes."""
    if file.descriptor is None:
        return b""
    begin = max(0, offset - most)
    return os.pread(file.descriptor, offset - begin, begin)
