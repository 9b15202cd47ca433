"""What is kept of a pass over an archive: the newest stretches that are wanted, and neighbours, within bounds."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from logagent.disk.files.blocks import Stretch

MOST_BEFORE = 8 * 1024 * 1024
"""Bytes before a wanted stretch in which its neighbours are looked for: a thousand lines of 8 KiB."""


class KeptStretch(NamedTuple):
    """A stretch, its text (of a long line the head), how many wanted lines it has, how many in all, and how many lines
    of the pass lie before it."""

    stretch: Stretch
    text: bytes
    wanted: int
    lines: int
    before: int


class KeptBlocks:
    """Takes the stretches of a pass from the oldest on, and keeps the newest.

    room: bytes of text to keep; a single stretch is kept whatever its size. Up to `MOST_BEFORE` more are held for as
    long as they may be neighbours of what comes next. most: keep only as many wanted stretches as hold so many wanted
    lines; None: all. around: how many lines on either side of a wanted stretch are kept, and at the beginning of the
    pass, as neighbours of what may lie before it. owed: how many lines at the end of the pass are neighbours of what
    comes behind.

    kept: what is kept, the oldest first. dropped: whether something was left out for lack of room.
    """

    def __init__(self, room: int, most: int | None, around: int, owed: int) -> None:
        self._room = room
        self._most = most
        self._around = around
        self._owed = owed
        self._recent: deque[KeptStretch] = deque()  # perhaps neighbours of what comes next
        self._recent_size = 0
        self._following = around
        self._lines = 0  # of all that was added
        self._size = 0
        self._needed: deque[KeptStretch] = deque()  # of `kept`, the wanted ones that are not more than `most` asks for
        self._wanted = 0  # lines in these
        self.kept: deque[KeptStretch] = deque()
        self.dropped = False

    def add(self, stretch: Stretch, text: bytes, wanted: int, lines: int = 1) -> None:
        """Take the next stretch of so many lines, of which some are wanted."""
        one = KeptStretch(stretch, text, 0 if self._most == 0 else wanted, lines, self._lines)
        self._lines += lines
        if one.wanted:
            self._keep_wanted(one)
        elif self._following > 0:
            self._following -= lines
            self._keep(one)
        else:
            self._bear_in_mind(one)
        self._make_room()

    def end(self) -> None:
        """No more stretches follow in this pass."""
        for one in self._recent:
            if self._lines - one.before - one.lines < self._owed:
                self._keep(one)
        self._recent.clear()
        self._make_room()

    @property
    def counts_lines(self) -> bool:
        """Whether it matters how many lines a stretch has."""
        return self._around > 0 or self._owed > 0

    @property
    def most_left(self) -> int | None:
        """How many wanted lines must come from stretches older than these, at most."""
        return None if self._most is None else max(0, self._most - self._wanted)

    @property
    def owed_left(self) -> int:
        """How many lines older than these are neighbours of one of these, or of one behind the pass."""
        oldest = self.kept[0].before
        wanted = self._needed[0].before if self._needed else self._lines + self._around
        return max(0, self._around - (wanted - oldest), self._owed - (self._lines - oldest))

    def _keep_wanted(self, one: KeptStretch) -> None:
        for neighbour in self._recent:
            self._keep(neighbour)
        self._recent.clear()
        self._recent_size = 0
        self._keep(one)
        self._following = self._around
        self._needed.append(one)
        self._wanted += one.wanted
        if self._most is not None:
            self._drop_what_is_too_old(self._most)

    def _drop_what_is_too_old(self, most: int) -> None:
        """Stretches that neither hold one of the newest `most` wanted lines nor are neighbours of one that does."""
        dropped = False
        while self._wanted - self._needed[0].wanted >= most:
            self._wanted -= self._needed.popleft().wanted
            dropped = True
        oldest = self._needed[0].before
        while dropped and oldest - self.kept[0].before - self.kept[0].lines >= self._around:
            self._drop()

    def _bear_in_mind(self, one: KeptStretch) -> None:
        """As far as its lines, and those behind it, may be neighbours of what comes next."""
        if self._around == 0:
            return
        self._recent.append(one)
        self._recent_size += len(one.text)
        while self._is_too_much(self._recent[0]):
            self._recent_size -= len(self._recent.popleft().text)

    def _is_too_much(self, oldest: KeptStretch) -> bool:
        too_far = self._lines - oldest.before - oldest.lines >= self._around
        return len(self._recent) > 1 and (too_far or self._recent_size > MOST_BEFORE)

    def _keep(self, one: KeptStretch) -> None:
        self.kept.append(one)
        self._size += len(one.text)

    def _make_room(self) -> None:
        while self._size > self._room and len(self.kept) > 1:
            self._drop()
            self.dropped = True
        while self._needed and self._needed[0].before < self.kept[0].before:
            self._wanted -= self._needed.popleft().wanted

    def _drop(self) -> None:
        self._size -= len(self.kept.popleft().text)
