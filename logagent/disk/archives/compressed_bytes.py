"""The bytes of an archive as its decoders take them: one after the other, and sometimes looked at before."""

from __future__ import annotations

import os
from collections.abc import Callable

from logagent.disk.files.blocks import Read

READ = 64 * 1024
"""Bytes read at a time: one or two chunks' worth of gzip. More is not faster."""


class Damaged(Exception):
    """What is wrong with an archive."""


class CompressedBytes:
    """Goes through the bytes of one file, up to the size that it had at first.

    descriptor, read, before_read: see `Reader`. All that read raise `Damaged` where a read fails, and those that take
    bytes where there are too few.
    """

    def __init__(self, descriptor: int, read: Read, before_read: Callable[[], object]) -> None:
        self._descriptor = descriptor
        self._read = read
        self._before_read = before_read
        self._size = os.fstat(descriptor).st_size
        self.go_to(0)

    @property
    def place(self) -> int:
        """Where the next byte is."""
        return self._end - len(self._held) + self._taken

    def go_to(self, place: int) -> None:
        """Go on with the byte at `place`."""
        self._held, self._taken, self._end = b"", 0, place

    def ahead(self, count: int) -> bytes:
        """The next bytes without taking them; fewer than `count` only at the end."""
        while len(self._held) - self._taken < count and (more := self._more(count)):
            self._held, self._taken = self._held[self._taken :] + more, 0
        return self._held[self._taken : self._taken + count]

    def _more(self, count: int) -> bytes:
        self._before_read()
        try:
            more = self._read(self._descriptor, min(max(READ, count), self._size - self._end), self._end)
        except OSError as error:
            raise Damaged(os.strerror(error.errno) if error.errno else "cannot be read") from error
        self._end += len(more)
        return more

    def take_some(self, most: int) -> bytes:
        """The next bytes, at least one."""
        some = self.ahead(most)
        if not some:
            raise Damaged("it is cut off")
        self._taken += len(some)
        return some

    def take(self, count: int) -> bytes:
        """The next `count` bytes."""
        some = self.ahead(count)
        if len(some) < count:
            raise Damaged("it is cut off")
        self._taken += count
        return some

    def give_back(self, count: int) -> None:
        """Undo a part of the last taking."""
        self._taken -= count

    def skip(self, count: int) -> None:
        """Go past the next `count` bytes without reading them."""
        if self.place + count > self._size:
            raise Damaged("it is cut off")
        self.go_to(self.place + count)

    def skip_padding(self) -> bool:
        """Go past zeros; false if nothing follows them."""
        while first := self.ahead(1):
            if first != b"\0":
                return True
            some = self.ahead(READ)
            self._taken += len(some) - len(some.lstrip(b"\0"))
        return False
