"""The bytes of an archive that lies in another one, read by position as those of a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator


class NestedBytes:
    """Stands for `os.pread` on what an outer archive holds: fast forward, from the beginning again for a step back.

    Args:
        unpack: gives the text of the outer archive from its beginning, in chunks.
    """

    def __init__(self, unpack: Callable[[], Iterator[bytes]]) -> None:
        self._unpack = unpack
        self._begin_again()

    def _begin_again(self) -> None:
        self._chunks, self._held, self._begin = self._unpack(), b"", 0

    def __call__(self, descriptor: int, size: int, offset: int) -> bytes:
        """Return bytes from an offset on: at least one, unless it is the end."""
        if offset < self._begin:
            self._begin_again()
        while self._begin + len(self._held) <= offset and (chunk := next(self._chunks, None)) is not None:
            self._begin, self._held = self._begin + len(self._held), chunk
        at = offset - self._begin
        return self._held[at : at + size]
