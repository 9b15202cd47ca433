"""A log that is followed through its rotations: finds appended lines, and files that replaced the newest one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import tzinfo
from typing import NamedTuple

from logagent.core.times.named_formats import NamedFormat
from logagent.disk.catalog import losses
from logagent.disk.catalog.logs import Generation
from logagent.disk.catalog.presence import EVERYTHING, Presence
from logagent.disk.files.beneath import failure_of
from logagent.disk.files.overwritten import Overwritten
from logagent.disk.rotation.growing_file import GrowingFile
from logagent.disk.rotation.held_files import DELETED_GRACE, HeldFiles
from logagent.disk.rotation.hidden_files import note_presence
from logagent.disk.rotation.retries import Retries
from logagent.disk.rotation.successors import SuccessorFinder, Successors
from logagent.disk.rotation.whereabouts import Whereabouts

HALF_TIME = 2.0
"""Seconds to wait for the end of an unfinished line; then its beginning is given as a line, flagged as partial."""
QUIET = 0.1
"""Seconds without a write to a rotated file before the lines of the next file are given: a program takes a moment to
notice a rotation, and several programs that write to one log notice it at different moments."""
BUSY = 2.0
"""If a file grew within this many seconds before it was found truncated, lines may have been written and lost unseen.
Files are looked at every few hundredths of a second, or every second where the kernel does not report writes."""


Find = Callable[[], Sequence[Generation]]
"""Lists the files of a log as they are now, newest first."""


class _Seen(NamedTuple):
    """What the last complete look has seen; while a look is under way, newer files are ahead of older ones.

    Attributes:
        last: number of the newest file.
        begun: whether that one had lines.
    """

    last: int = -1
    begun: bool = False


class Chain:
    """Follows the files of one log.

    `open`, `look` and `read` are called in threads, and wait there for each other; the rest is called on the event loop
    and does not block. Times are in seconds, of any clock that does not run backwards.

    Args:
        name: name of the log.
        find: lists the log's files as they are now, newest first; reads the disk.
        host: host that the log is on.
        zone: time zone of times that name none.
        named: the format of time that was named for the log, if one was.
        max_line: bytes; longer lines are given in pieces.
        presence: tells what is there for whoever follows it.

    Attributes:
        files: the known files, by number.
        retries: failures to open the file that replaced the newest one.
        whereabouts: the directories on its way, and whether it is gone.
    """

    def __init__(
        self,
        name: str,
        find: Find,
        *,
        host: str,
        zone: tzinfo,
        max_line: int,
        named: NamedFormat | None = None,
        presence: Presence = EVERYTHING,
    ) -> None:
        self.name, self.host = name, host
        self.files = HeldFiles(zone, named)
        self.retries = Retries()
        self._find, self._presence = find, presence
        self._finder = SuccessorFinder(find, max_line)
        self.whereabouts, self._lock = Whereabouts(name, find, presence), threading.Lock()
        self._closed = False
        # Number of the newest file known to follow its predecessor directly: no text between them was rotated away.
        self._last_direct = -1
        self._seen = _Seen()

    def is_done(self, number: int, now: float) -> bool:
        """Return whether the next file's lines may be given once this one's `whole`, read after this call, is given."""
        return _is_done(self.files, number, now, self._seen)

    def next_look(self, looked: float) -> float:
        """Return when to look next, even if no write is reported.

        Args:
            looked: `now` of the last look. What was due before it is done, or waits for a follower that wakes the tail.
        """
        return min([self.whereabouts.due, *(due for due in _dues(self.files) if due > looked)])

    def open(self) -> None:
        """Open the newest file, to be read from the end of its last whole line; blocks.

        Raises:
            Failure: when there is none, or it cannot be opened.
            OSError: when it cannot be read.
        """
        with self._lock:
            newest, files = self._finder.open_newest(self.name)
            self.whereabouts.begin(newest)
            self._add(files)
            self.files.begun = self.files.last
            if self._closed:
                self.files.close()

    def look(self, now: float, in_use: int, *, watched: bool) -> bool:
        """Look for appended lines and for files that replaced others; blocks.

        Args:
            in_use: number of the oldest file that is still read.
            watched: whether the kernel reports each rename.

        Returns:
            Whether to look again at once, because a file has more appended bytes.
        """
        with self._lock:
            try:
                return not self._closed and self._see(now, in_use, watched)
            finally:
                if self._closed:
                    self.files.close()

    def _see(self, now: float, in_use: int, watched: bool) -> bool:
        note_presence(self.files, self._presence, self._find)
        self._see_names(now, watched)
        note_presence(self.files, self._presence, self._find)  # of files that were opened just now
        # Newest first: lines written to an older file while a newer one is looked at are then still seen in this look.
        more = [self._see_file(file, now) for file in self.files.open_newest_first()]
        for file in self.files:
            if now >= file.grew + HALF_TIME:
                file.end_half_line()
        self.files.let_go(now, in_use)
        self._seen = _Seen(self.files.last, self.files.newest.searched > 0)
        return any(more)

    def _see_names(self, now: float, watched: bool) -> None:
        newest = self.files.newest
        if newest.lost:
            self._begin_anew(newest, now)
        elif self.whereabouts.may_be_replaced(newest, now, watched=watched):
            self._succeed(newest, self._finder.after_renaming(newest, self.files.anchors()), now)
        elif self.whereabouts.is_to_be_let_go(now):
            self.files.release()

    def _see_file(self, file: GrowingFile, now: float) -> bool:
        is_newest = file is self.files.newest
        if file.spent:
            return False
        try:
            if is_newest and not file.searched and not file.fingerprint:
                file = self.files.newest_by_content()
            if is_newest and self._last_direct != self.files.last and file.note_head():
                return self._begin_filled(file, now)
            return file.look(now)
        except Overwritten:
            if is_newest:
                return self._begin_anew(file, now)
            file.lost = True
            file.close()
            return False

    def _begin_filled(self, file: GrowingFile, now: float) -> bool:
        """Continue with a file that was empty and now holds text: earlier text may have been rotated away unseen."""
        if now < self.retries.not_before:
            return False
        followed = self._finder.after_emptiness(file, self.files.anchors())
        if followed is not None and not followed.files:
            self._last_direct = self.files.last
            return file.look(now)
        if followed is not None:
            file.stay_empty()
        return self._succeed(file, followed, now)

    def _begin_anew(self, file: GrowingFile, now: float) -> bool:
        """Continue in a copy of a file that was overwritten, if there is one, and then with the file's new text."""
        if now < self.retries.not_before:
            return False
        followed = self._finder.after_overwriting(file, self.files.anchors())
        file.lost = followed is None or not followed.copied
        file.torn = file.lost and (file.torn or now < file.grew + BUSY)
        return self._succeed(file, followed, now)

    def _succeed(self, file: GrowingFile, followed: Successors | None, now: float) -> bool:
        """Take over the files that replaced a file; return whether there are any. If not, search again later."""
        self.retries.note(self._finder.failure, now)
        if followed is None or not followed.files:
            self.whereabouts.retry_later(now)
            return False
        file.left = now
        if file.lost:
            file.close()
        if followed.elsewhere:
            self.files.continue_in(followed.files)
        self._add(followed.files, sure=followed.sure)
        return True

    def _add(self, files: Sequence[GrowingFile], *, sure: bool = True) -> None:
        self.files.add(files, () if sure else [losses.rotated_too_fast(self.host, self.name)])
        if files[-1].fingerprint:
            self._last_direct = self.files.last

    def read(self, number: int, offset: int) -> tuple[bytes, bool] | None:
        """Read whole lines of a file from an offset on; blocks.

        Returns:
            The lines, and whether the last one is only a piece of a line; None if the file is gone.

        Raises:
            Failure: when it cannot be read.
        """
        with self._lock:
            file = self.files.get(number)
            if file is None:
                return None
            if self._closed or file.lost or (file.descriptor is None and not self._finder.reopen(file)):
                file.lost = True
                return None
            try:
                body, partial = file.read(offset)
            except OSError as error:
                raise failure_of(error, file.name) from error
            if not body:
                file.lost = True
                return None
            self.files.learn_times(number, offset, body, file.modified)
            return body, partial

    def close(self) -> None:
        """Close all files now, or as soon as the thread that works on them is done."""
        self._closed = True
        if self._lock.acquire(blocking=False):  # else the thread that holds the lock closes them
            try:
                self.files.close()
            finally:
                self._lock.release()


def _is_done(files: HeldFiles, number: int, now: float, seen: _Seen) -> bool:
    file, last = files[number], files.last
    if number == last or file.lost:
        return number < last
    if file.released or file.frozen:
        return True
    if not file.exhausted or file.half:
        return False
    if file.spent or number + 1 < seen.last:
        return True
    quiet, begun = now - file.quiet_since, number + 1 == seen.last and seen.begun
    return (begun and quiet >= QUIET) or (file.deleted and quiet >= DELETED_GRACE)


def _dues(files: HeldFiles) -> list[float]:
    """Return when to look at files again, in seconds on the caller's clock; some of it may have passed."""
    *older, newest = tuple(files)
    dues = [file.grew + HALF_TIME for file in (*older, newest) if file.half and not file.released]
    if older and newest.searched:
        dues.append(older[-1].quiet_since + QUIET)
    return [*dues, *files.releases(), newest.due]
