"""The lines that a pass over an archive picks: the matching ones alone, packed, so that one pass holds far more."""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple, Protocol

import zstandard

from logagent.core.batch import Column
from logagent.core.columns import joined
from logagent.disk.archives.memory import Room
from logagent.disk.archives.piece_store import PieceStore
from logagent.disk.files.blocks import Block

GROUP = 256 * 1024
"""Bytes of lines that are packed together: packed alone, the few lines of one block would take twice the room."""
LEVEL = 1
"""The level of zstd: the next ones take twice the time, and save a tenth."""


class PickedLines(NamedTuple):
    """The matching lines of a part of a text, from the last to the first.

    Attributes:
        offset: where the part begins.
        size: bytes of the part.
        lines: without line breaks.
        starts: the offset of each line; empty if not wanted, and then `lines` are all lines of the part.
        times: nanoseconds since the epoch for each line; None: they are not wanted.
    """

    offset: int
    size: int
    lines: list[bytes]
    starts: Column
    times: Column | None


class Picker(Protocol):
    """Picks the matching lines of an archive while its text goes by."""

    def pick(self, block: Block) -> PickedLines:
        """Return the matching lines of a block."""

    def pick_long(self, start: int, head: bytes, *, matches: bool) -> PickedLines:
        """Return a line that is too long to be held, if it matches.

        Args:
            start: its offset.
            head: its first bytes.
            matches: whether the whole line matches.
        """


class _Packed(NamedTuple):
    """Picked lines whose piece in the store is their lines, their starts and their times, each compressed.

    Attributes:
        offset: where their part of the text begins.
        size: bytes of that part.
        number: of the lines.
        lines: bytes of the piece.
        starts: bytes of the piece; 0: they are not wanted.
        times: bytes of the piece; 0: they are not wanted.
    """

    offset: int
    size: int
    number: int
    lines: int
    starts: int
    times: int

    @property
    def held(self) -> int:
        return self.lines + self.starts + self.times


class KeptLines:
    """Takes picked lines, oldest first, and keeps the newest of them.

    Args:
        room: bytes to hold of packed lines; the lines picked last are held whatever their size.
        most: lines to keep at least: older ones are dropped once there are so many; None: all.

    Attributes:
        dropped: whether lines were dropped for lack of room.
        begin: where the oldest part begins whose lines are kept; None: there is none.
    """

    def __init__(self, room: int, most: int | None) -> None:
        self._room = Room(room)
        self._most = most
        self._open: list[PickedLines] = []
        self._open_bytes = 0
        self._groups: deque[_Packed] = deque()
        self._store = PieceStore()  # a piece for each group
        self._held = self._lines = 0
        self._pack = zstandard.ZstdCompressor(LEVEL).compress
        self._unpack = zstandard.ZstdDecompressor().decompress
        self.dropped = False
        self.begin: int | None = None

    def add(self, picked: PickedLines) -> None:
        """Take the lines of the next part."""
        if not picked.lines:
            return
        if self._open and bool(self._open[-1].starts) != bool(picked.starts):
            self._close()  # a long line among lines whose offsets are not wanted
        self._open.append(picked)
        self._open_bytes += sum(map(len, picked.lines)) + len(picked.lines)
        if self._open_bytes >= GROUP:
            self._close()

    def end(self) -> None:
        """End the pass."""
        self._close()

    @property
    def most_left(self) -> int | None:
        """How many lines are still to be found before the kept ones; None: all."""
        return None if self._most is None else max(0, self._most - self._lines)

    def given_out(self) -> Iterator[PickedLines]:
        """Give the kept lines, newest first, and drop them."""
        while self._groups:
            yield self._unpacked(self._groups.pop())

    def close(self) -> None:
        """Give back the memory that the lines had."""
        self._room.give_back()

    def _close(self) -> None:
        if not self._open:
            return
        group = self._packed(self._open)
        self._open, self._open_bytes = [], 0
        self._groups.append(group)
        self._held += group.held
        self._lines += group.number
        self._make_room()
        self.begin = self._groups[0].offset

    def _packed(self, parts: list[PickedLines]) -> _Packed:
        backward = parts[::-1]
        text = b"\n".join([line for part in backward for line in part.lines])
        starts = joined([part.starts for part in backward])
        times = joined([part.times for part in backward if part.times is not None])
        packed = self._pack(text), self._packed_numbers(starts), self._packed_numbers(times)
        self._store.add(b"".join(packed))
        size = parts[-1].offset + parts[-1].size - parts[0].offset
        return _Packed(parts[0].offset, size, sum(len(part.lines) for part in parts), *map(len, packed))

    def _packed_numbers(self, numbers: Column) -> bytes:
        return self._pack(_to_bytes(numbers)) if numbers else b""

    def _unpacked(self, group: _Packed) -> PickedLines:
        piece = memoryview(self._store.take_newest())
        text, starts, times = piece[: group.lines], piece[group.lines :][: group.starts], piece[-group.times :]
        lines = self._unpack(text).split(b"\n")
        numbers = _from_bytes(self._unpack(starts)) if group.starts else []
        return PickedLines(
            group.offset, group.size, lines, numbers, _from_bytes(self._unpack(times)) if group.times else None
        )

    def _make_room(self) -> None:
        while len(self._groups) > 1 and self._is_enough_without_oldest():
            self._drop()
        while len(self._groups) > 1 and not self._room.holds(self._held):
            self._drop()
            self.dropped = True

    def _is_enough_without_oldest(self) -> bool:
        return self._most is not None and self._lines - self._groups[0].number >= self._most

    def _drop(self) -> None:
        group = self._groups.popleft()
        self._store.drop_oldest()
        self._held -= group.held
        self._lines -= group.number


def _to_bytes(column: Column) -> bytes:
    """Return numbers as bytes of an array behind a blank, or as digits where one takes more than 64 bits."""
    return b" " + column.tobytes() if isinstance(column, array) else ",".join(map(str, column)).encode()


def _from_bytes(stored: bytes) -> list[int]:
    return (
        array("q", stored[1:]).tolist() if stored.startswith(b" ") else [int(digits) for digits in stored.split(b",")]
    )
