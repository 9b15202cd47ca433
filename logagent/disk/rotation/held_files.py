"""The files of a followed log that are held open, and when each of them is closed.

A file is held open from the moment it is found to be the newest of its log. Its descriptor is closed:

- at the next look after `forget`: every follower reads a newer file, and this one is no longer needed to recognise
  newer files;
- `DELETED_GRACE` seconds after the last write to it, if it was deleted and every follower reads a newer file;
- when more than `MAX_HELD` files are held and it is one of the oldest, as soon as all of it was searched;
- `LET_GO` seconds after nothing of the log was there any more, neither under its name nor as a generation of it, so
  that a volume that was detached is not kept busy;
- when its text is lost, because it was truncated and no copy of it was found;
- when the tail of the log ends.

So a deleted file is held open, and keeps its space on the disk, until every follower has read it to its end, up to
`MAX_HELD` files. A file that is closed before a follower has read it is found by its fingerprint and opened again,
whatever its name is then; if it is gone, the follower is told how many bytes it lost.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from datetime import tzinfo
from functools import partial

from logagent.core.batch import Notice, Position
from logagent.core.times.named_formats import NamedFormat
from logagent.disk.files.blocks import UNKNOWN
from logagent.disk.rotation.growing_archive import archive_of
from logagent.disk.rotation.growing_file import GrowingFile
from logagent.disk.rotation.left_files import LeftFiles
from logagent.disk.times.appended import AppendedTimes

DELETED_GRACE = 10.0
"""Seconds without a write after which a deleted file that every follower has read is closed: a program that has the
file open may still write to it, but as long as it is open here, it keeps its space on the disk."""
MAX_HELD = 32
"""Files of one log that are held open at a time, since descriptors are few. Older ones are closed, and opened again
when a slow follower comes to them. This many hourly files are more than a day. docs/api.md tells users this number."""


class HeldFiles:
    """The files of one log, numbered from 0 on in the order in which they replaced each other.

    Followers on the event loop and the thread that runs `Chain.look` use it at the same time. Methods that close files
    are called by the thread alone.

    Args:
        zone: time zone of times that name none.
        named: the format of time that was named for them, if one was.

    Attributes:
        first: number of the oldest file that is still known.
        last: number of the newest file; -1 as long as there is none.
        begun: number of the file that was the newest one when the log was opened.
        left: how far files were read that are not known any more.
    """

    def __init__(self, zone: tzinfo, named: NamedFormat | None = None) -> None:
        self.first, self.last, self.begun = 0, -1, 0
        self.left = LeftFiles()
        self._zone = zone
        self._named = named
        self._files: dict[int, GrowingFile] = {}
        self._stampings: dict[int, AppendedTimes] = {}
        self._notices: dict[int, Sequence[Notice]] = {}
        self._forgotten: list[GrowingFile] = []

    def __getitem__(self, number: int) -> GrowingFile:
        return self._files[number]

    def get(self, number: int) -> GrowingFile | None:
        """Return the file with a number, None if it was forgotten."""
        return self._files.get(number)

    def __iter__(self) -> Iterator[GrowingFile]:
        """Iterate over the files as they are now, oldest first."""
        return iter(tuple(self._files.values()))

    @property
    def newest(self) -> GrowingFile:
        """The newest file."""
        return self._files[self.last]

    def stamping(self, number: int) -> AppendedTimes:
        """Return what gives the lines of a file their times."""
        return self._stampings[number]

    def learn_times(self, number: int, offset: int, body: bytes, modified: int) -> None:
        """Note the times of lines that were read, in a thread; the file may be forgotten meanwhile.

        Args:
            offset: where the lines begin in their file.
            modified: when the file was last written to, in nanoseconds since the epoch.
        """
        stamping = self._stampings.get(number)
        if stamping is not None:
            stamping.learn(offset, body, modified)

    def notices(self, number: int) -> Sequence[Notice]:
        """Return the notices to give before the lines of a file."""
        return self._notices.get(number, ())

    def descriptors(self) -> dict[int, int]:
        """Return the descriptor of each file that is open, by its number."""
        files = tuple(self._files.items())
        return {number: file.watched for number, file in files if file.watched is not None}

    def open_newest_first(self) -> list[GrowingFile]:
        """Return the files that are open, newest first."""
        return [file for file in reversed(tuple(self)) if file.descriptor is not None]

    def anchors(self) -> list[GrowingFile]:
        """Return the files before the newest one, newest first: by their places in a listing, newer files are found."""
        before = [self._files[number] for number in range(self.last - 1, self.first - 1, -1)]
        return [file for file in before if not file.lost]

    # A place is the number of a file and an offset in it.

    def end(self) -> tuple[int, int]:
        """Return the place after the last whole line of the log, in the newest file that is not empty.

        An empty file has no fingerprint, so that a position in it could not be found again.
        """
        number = self.last
        while number > self.first and not self[number].fingerprint:
            number -= 1
        file = self[number]
        if file.lost:
            return self.last, file.size
        if not file.fingerprint:
            return self.last, 0
        return number, file.end

    def beginning(self) -> tuple[int, int]:
        """Return the beginning of the oldest known file that is to be read."""
        number = max(self.first, self.begun)
        return number, self[number].end if self[number].end >= UNKNOWN else 0

    def place_of(self, position: Position) -> tuple[int, int] | None:
        """Return the place of a position, None if it is in no file that can be read."""
        for number in range(self.last, self.first - 1, -1):
            file = self[number]
            is_in = file.begun_at <= position.offset <= file.size or position.offset == file.end
            if is_in and file.is_of(position.fingerprint) and not (file.lost or file.passed):
                return number, position.offset
        return None

    # Adding and closing files.

    def newest_by_content(self) -> GrowingFile:
        """Return the newest file, from now on as an archive if it was empty and turns out to be one, in a thread."""
        archive = archive_of(self.newest, held=0)
        if archive is not None:
            self._files[self.last] = archive
        return self.newest

    def add(self, files: Sequence[GrowingFile], notices: Sequence[Notice] = ()) -> None:
        """Add files that replaced the newest one; they belong to this object from then on.

        Args:
            files: oldest first, at least one.
            notices: to give before the lines of the first of them.
        """
        self._notices |= {self.last + 1: notices} if notices else {}
        for number, file in enumerate(files, self.last + 1):
            before = self._stampings.get(number - 1)
            lines = before.sample if before is not None else ()
            self._stampings[number] = AppendedTimes(self._zone, partial(_before, file), self._named, lines)
            self._files[number] = file
        self.last += len(files)

    def continue_in(self, files: Sequence[GrowingFile]) -> None:
        """Have files that are about to be added begin where they were left, if they were read before, in a thread."""
        for file in files:
            continued = self.left.continue_in(file, self)
            if continued is not None:
                continued.freeze()

    def forget(self, before: int) -> None:
        """Forget files that nobody reads any more; they are closed at the next look.

        The newest file and the nearest one before it that can be recognised stay: files newer than them are new.

        Args:
            before: number of the oldest file that is still read.
        """
        while self.first < min(before, self._anchor()):
            self.left.note(self._files[self.first])
            self._forgotten.append(self._files.pop(self.first))
            self._stampings.pop(self.first, None)
            self._notices.pop(self.first, None)
            self.first += 1

    def _anchor(self) -> int:
        older = range(self.last - 1, self.first, -1)
        known = (number for number in older if self[number].fingerprint and not self[number].lost)
        return next(known, self.first)

    def releases(self) -> list[float]:
        """Return when deleted files are to be closed, in seconds on the caller's clock."""
        *older, _ = tuple(self)
        return [file.quiet_since + DELETED_GRACE for file in older if file.deleted and file.descriptor is not None]

    def let_go(self, now: float, in_use: int) -> None:
        """Close the files that are no longer to be held open, in a thread.

        Args:
            in_use: number of the oldest file that is still read.
        """
        self._close_forgotten()
        *older, _ = tuple(self._files.items())
        for number, file in older:
            if number < in_use and file.deleted and now >= file.quiet_since + DELETED_GRACE:
                file.close()
        for _, file in older[: 1 - MAX_HELD]:
            if file.exhausted:  # else its unseen lines could not be counted if it is lost
                file.close()

    def release(self) -> None:
        """Close all files because the log is gone, in a thread; they are still known."""
        for file in self:
            if file.descriptor is not None:
                file.release()

    def close(self) -> None:
        """Close all files, in a thread or when no thread works on them; idempotent."""
        self._close_forgotten()
        for file in self:
            file.close()

    def _close_forgotten(self) -> None:
        while self._forgotten:
            self._forgotten.pop().close()


def _before(file: GrowingFile, offset: int, size: int) -> bytes:
    """Read up to `size` bytes before an offset; none if the file is closed."""
    if file.descriptor is None:
        return b""
    begin = max(0, offset - size)
    return os.pread(file.descriptor, offset - begin, begin)
