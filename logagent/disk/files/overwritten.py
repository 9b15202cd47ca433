"""A file that no longer holds what was read of it, and how a reader finds out."""

from __future__ import annotations

import os

from logagent.disk.files.blocks import Read


class Overwritten(Exception):
    """A file no longer holds what was read of it: it was truncated, or written anew."""


class WrittenOver(Exception):
    """A file no longer holds what it held when it was opened: it was truncated, and written anew perhaps."""


def guarded(read: Read, head: bytes) -> Read:
    """Reads only as long as the file begins as it did, with up to `MARKED` bytes, or with some of them, where it was
    cut off: what is given is of the same text then. Raises `WrittenOver`."""

    def read_guarded(descriptor: int, size: int, offset: int) -> bytes:
        body = read(descriptor, size, offset)
        begins = os.pread(descriptor, len(head), 0)
        if not begins or not head.startswith(begins):
            raise WrittenOver
        return body

    return read_guarded if head else read
