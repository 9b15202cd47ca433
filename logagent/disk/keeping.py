"""What is kept of a pass over an archive: the newest stretches that are wanted, and neighbours, within bounds."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from logagent.disk.reader import Stretch


class Kept(NamedTuple):
    """A stretch, its text (of a long line the head), how many wanted lines it has, and its number in the pass."""

    stretch: Stretch
    text: bytes
    wanted: int
    number: int


class Keeping:
    """Takes the stretches of a pass from the oldest on, and keeps the newest.

    room: bytes of text to keep; a single stretch is kept whatever its size, and so are `around` more that are perhaps
    needed. most: keep only as many wanted stretches as hold so many wanted lines; None: all. around: how many
    neighbours on either side of a wanted stretch are kept. owed: how many stretches at the end of the pass are
    neighbours of one that comes behind it.

    kept: what is kept, the oldest first. dropped: whether something was left out for lack of room.
    """

    def __init__(self, room: int, most: int | None, around: int, owed: int) -> None:
        self._room = room
        self._most = most
        self._around = around
        self._owed = owed
        self._recent: deque[Kept] = deque(maxlen=around)  # perhaps neighbours of what comes next
        self._following = 0
        self._added = 0
        self._size = 0
        self._needed: deque[Kept] = deque()  # of `kept`, the wanted ones that are not more than `most` asks for
        self._wanted = 0  # lines in these
        self.kept: deque[Kept] = deque()
        self.dropped = False

    def add(self, stretch: Stretch, text: bytes, wanted: int) -> None:
        """Take the next stretch, in which so many lines are wanted."""
        one = Kept(stretch, text, 0 if self._most == 0 else wanted, self._added)
        self._added += 1
        if one.wanted:
            self._keep_wanted(one)
        elif self._following:
            self._following -= 1
            self._keep(one)
        else:
            self._recent.append(one)
        self._make_room()

    def end(self) -> None:
        """No more stretches follow in this pass."""
        for one in [*self._recent][max(0, len(self._recent) - self._owed) :]:
            self._keep(one)
        self._recent.clear()
        self._make_room()

    @property
    def most_left(self) -> int | None:
        """How many wanted lines must come from stretches older than these, at most."""
        return None if self._most is None else max(0, self._most - self._wanted)

    @property
    def owed_left(self) -> int:
        """How many stretches older than these are neighbours of one of these, or of one behind the pass."""
        oldest = self.kept[0].number
        wanted = self._needed[0].number if self._needed else self._added + self._around
        return max(0, self._around - (wanted - oldest), self._owed - (self._added - oldest))

    def _keep_wanted(self, one: Kept) -> None:
        for neighbour in self._recent:
            self._keep(neighbour)
        self._recent.clear()
        self._keep(one)
        self._following = self._around
        self._needed.append(one)
        self._wanted += one.wanted
        while self._most is not None and self._wanted - self._needed[0].wanted >= self._most:
            self._wanted -= self._needed.popleft().wanted
        while self.kept[0].number < self._needed[0].number - self._around:
            self._drop()

    def _keep(self, one: Kept) -> None:
        self.kept.append(one)
        self._size += len(one.text)

    def _make_room(self) -> None:
        while self._size > self._room and len(self.kept) > 1:
            self._drop()
            self.dropped = True
        while self._needed and self._needed[0].number < self.kept[0].number:
            self._wanted -= self._needed.popleft().wanted

    def _drop(self) -> None:
        self._size -= len(self.kept.popleft().text)
