"""The bytes of a compressed file as decoders read them: one after the other, with a look ahead."""

from __future__ import annotations

import os
from collections.abc import Callable

from logagent.disk.files.blocks import Read

READ = 64 * 1024
"""Bytes read at a time: enough gzip for one or two chunks of text. More is not faster."""


CUT_OFF = "it is cut off"
"""How a message of damage ends if the file ends too early, so that more of it may still come."""


class Damaged(Exception):
    """A compressed file is damaged; the message says how."""


class CompressedBytes:
    """Reads the bytes of one file in order, up to the size that it had when opened.

    Every method that reads raises `Damaged` if the read fails.

    Args:
        descriptor: of a regular file, open for reading; stays the caller's.
        read: `os.pread`, or its stand-in.
        before_read: called before each read; an exception that it raises propagates.
        size: bytes to read at most; None: the file's size.
    """

    def __init__(self, descriptor: int, read: Read, before_read: Callable[[], object], size: int | None = None) -> None:
        self._descriptor = descriptor
        self._read = read
        self._before_read = before_read
        self._size = os.fstat(descriptor).st_size if size is None else size
        self.go_to(0)

    @property
    def place(self) -> int:
        """The offset of the next byte."""
        return self._end - len(self._held) + self._taken

    def go_to(self, place: int) -> None:
        """Continue with the byte at the offset `place`."""
        self._held, self._taken, self._end = b"", 0, place

    def ahead(self, count: int) -> bytes:
        """Return the next bytes without taking them; fewer than `count` only at the end of the file."""
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
        """Take the next bytes, at least one and at most `most`.

        Raises:
            Damaged: at the end of the file.
        """
        some = self.ahead(most)
        if not some:
            raise Damaged(CUT_OFF)
        self._taken += len(some)
        return some

    def take(self, count: int) -> bytes:
        """Take the next `count` bytes.

        Raises:
            Damaged: when the file ends before.
        """
        some = self.ahead(count)
        if len(some) < count:
            raise Damaged(CUT_OFF)
        self._taken += count
        return some

    def give_back(self, count: int) -> None:
        """Put back the last `count` bytes that the last call took."""
        self._taken -= count

    def skip(self, count: int) -> None:
        """Skip the next `count` bytes without reading them.

        Raises:
            Damaged: when the file ends before.
        """
        if self.place + count > self._size:
            raise Damaged(CUT_OFF)
        self.go_to(self.place + count)

    def skip_padding(self) -> bool:
        """Skip zeros; return whether other bytes follow."""
        while first := self.ahead(1):
            if first != b"\0":
                return True
            some = self.ahead(READ)
            self._taken += len(some) - len(some.lstrip(b"\0"))
        return False
