"""Choices made by the bytes that a fuzzer gives, so that each change of a byte is a change of one choice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

Item = TypeVar("Item")


class Draws:
    """Takes choices from the front of some bytes; behind their end every choice is the first one."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def left(self) -> int:
        """Bytes that no choice was made by yet."""
        return len(self._data) - self._at

    def take(self, size: int) -> bytes:
        """The next bytes, fewer at the end."""
        taken = self._data[self._at : self._at + size]
        self._at += len(taken)
        return taken

    def rest(self) -> bytes:
        return self.take(self.left)

    def number(self, most: int) -> int:
        """A number from 0 to `most`, which is below 2 ** 64."""
        size = (most.bit_length() + 7) // 8
        return int.from_bytes(self.take(size), "big") % (most + 1)

    def text(self, most: int) -> bytes:
        """Up to so many bytes, after a byte that says how many."""
        return self.take(self.number(most))

    def flag(self) -> bool:
        return self.number(1) == 1

    def one_of(self, items: Sequence[Item]) -> Item:
        return items[self.number(len(items) - 1)]

    def some(self, most: int, draw: Callable[[], Item]) -> list[Item]:
        """Up to so many items."""
        return [draw() for _ in range(self.number(most))]
