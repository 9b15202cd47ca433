"""A file that no longer holds what was read of it, and how a reader finds out."""

from __future__ import annotations

import os

from logagent.disk.files.blocks import Read


class Overwritten(Exception):
    """A file no longer holds what was read of it: it was truncated, and perhaps written anew."""


def guarded(read: Read, head: bytes) -> Read:
    """Return a read that raises `Overwritten` once the file no longer begins as it did.

    Args:
        read: reads the file.
        head: its first bytes, up to `FINGERPRINT_BYTES`. A file that begins with a part of them was cut off, and
            still holds the text that it held.
    """

    def read_guarded(descriptor: int, size: int, offset: int) -> bytes:
        body = read(descriptor, size, offset)
        begins = os.pread(descriptor, len(head), 0)
        if not begins or not head.startswith(begins):
            raise Overwritten
        return body

    return read_guarded if head else read
