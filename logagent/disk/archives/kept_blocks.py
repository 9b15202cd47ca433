"""The stretches that a pass over an archive keeps: the newest wanted ones and their neighbours."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from logagent.disk.archives.memory import Room
from logagent.disk.files.blocks import Stretch

MOST_BEFORE = 8 * 1024 * 1024
"""Bytes before a wanted stretch that may be kept as its neighbours: a thousand lines of 8 KiB."""


class KeptStretch(NamedTuple):
    """A stretch of a pass, with its text and counts of lines.

    Attributes:
        text: its text; of a long line only the head.
        wanted: number of its lines that are wanted.
        lines: number of its lines.
        before: number of lines of the pass before it.
    """

    stretch: Stretch
    text: bytes
    wanted: int
    lines: int
    before: int


class KeptBlocks:
    """Takes the stretches of a pass, oldest first, and keeps the newest wanted ones.

    Args:
        room: bytes of text to keep; a single stretch is kept whatever its size. Up to `MOST_BEFORE` bytes more are held
            while they may be neighbours of the next wanted stretch.
        most: number of wanted lines to keep: the newest wanted stretches that together hold so many; None: all.
        around: lines to keep on either side of a wanted stretch as its neighbours, and at the beginning of the pass, as
            neighbours of wanted lines before it.
        owed: lines to keep at the end of the pass, as neighbours of wanted lines after it.

    Attributes:
        kept: the kept stretches, oldest first.
        dropped: whether wanted stretches or neighbours were dropped for lack of room.
    """

    def __init__(self, room: int, most: int | None, around: int, owed: int) -> None:
        self._room = Room(room)
        self._most = most
        self._around = around
        self._owed = owed
        self._recent: deque[KeptStretch] = deque()  # may be neighbours of the next wanted stretch
        self._recent_size = 0
        self._following = around
        self._lines = 0  # added so far
        self._size = 0
        self._needed: deque[KeptStretch] = deque()  # the wanted stretches in `kept`, no more than `most` asks for
        self._wanted = 0  # wanted lines in `_needed`
        self.kept: deque[KeptStretch] = deque()
        self.dropped = False

    def add(self, stretch: Stretch, text: bytes, wanted: int, lines: int = 1) -> None:
        """Take the next stretch.

        Args:
            text: of the stretch; of a long line its head.
            wanted: how many of its lines are wanted.
            lines: how many lines it has.
        """
        added = KeptStretch(stretch, text, 0 if self._most == 0 else wanted, lines, self._lines)
        self._lines += lines
        if added.wanted:
            self._keep_wanted(added)
        elif self._following > 0:
            self._following -= lines
            self._keep(added)
        else:
            self._hold_as_neighbour(added)
        self._make_room()

    def end(self) -> None:
        """End the pass: keep the neighbours of wanted lines after it."""
        for added in self._recent:
            if self._lines - added.before - added.lines < self._owed:
                self._keep(added)
        self._recent.clear()
        self._make_room()

    def close(self) -> None:
        """Give back the memory that the stretches had."""
        self._room.give_back()

    @property
    def counts_lines(self) -> bool:
        """Whether neighbours are kept, so that `add` needs the number of a stretch's lines."""
        return self._around > 0 or self._owed > 0

    @property
    def most_left(self) -> int | None:
        """How many wanted lines are still to be kept from stretches older than the kept ones; None: all."""
        return None if self._most is None else max(0, self._most - self._wanted)

    @property
    def owed_left(self) -> int:
        """How many lines before the kept ones are neighbours of wanted lines, in the kept ones or after the pass."""
        oldest = self.kept[0].before
        wanted = self._needed[0].before if self._needed else self._lines + self._around
        return max(0, self._around - (wanted - oldest), self._owed - (self._lines - oldest))

    def _keep_wanted(self, added: KeptStretch) -> None:
        for neighbour in self._recent:
            self._keep(neighbour)
        self._recent.clear()
        self._recent_size = 0
        self._keep(added)
        self._following = self._around
        self._needed.append(added)
        self._wanted += added.wanted
        if self._most is not None:
            self._drop_too_old(self._most)

    def _drop_too_old(self, most: int) -> None:
        """Drop stretches with none of the newest `most` wanted lines, unless they are neighbours of one of these."""
        dropped = False
        while self._wanted - self._needed[0].wanted >= most:
            self._wanted -= self._needed.popleft().wanted
            dropped = True
        oldest = self._needed[0].before
        while dropped and oldest - self.kept[0].before - self.kept[0].lines >= self._around:
            self._drop()

    def _hold_as_neighbour(self, added: KeptStretch) -> None:
        """Hold a stretch without wanted lines as long as it may be a neighbour of the next wanted stretch."""
        if self._around == 0:
            return
        self._recent.append(added)
        self._recent_size += len(added.text)
        while self._is_dispensable(self._recent[0]):
            self._recent_size -= len(self._recent.popleft().text)

    def _is_dispensable(self, oldest: KeptStretch) -> bool:
        too_far = self._lines - oldest.before - oldest.lines >= self._around
        return len(self._recent) > 1 and (too_far or self._recent_size > MOST_BEFORE)

    def _keep(self, added: KeptStretch) -> None:
        self.kept.append(added)
        self._size += len(added.text)

    def _make_room(self) -> None:
        while len(self.kept) > 1 and not self._room.holds(self._size):
            self._drop()
            self.dropped = True
        while self._needed and self._needed[0].before < self.kept[0].before:
            self._wanted -= self._needed.popleft().wanted

    def _drop(self) -> None:
        self._size -= len(self.kept.popleft().text)
