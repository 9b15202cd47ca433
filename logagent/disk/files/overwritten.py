"""Noticing that a file was truncated or overwritten while it is read."""

from __future__ import annotations

import os

from logagent.disk.files.blocks import Read


class Overwritten(Exception):
    """A file no longer holds the text that was read of it: it was truncated, and perhaps written anew."""


def guarded(read: Read, head: bytes) -> Read:
    """Return a read that raises `Overwritten` once the file no longer begins as it did.

    Args:
        read: reads the file.
        head: its first bytes, up to `FINGERPRINT_BYTES`; empty: nothing is noticed. A file that begins with a part of
            them was only cut short.
    """

    def read_guarded(descriptor: int, size: int, offset: int) -> bytes:
        body = read(descriptor, size, offset)
        begins = os.pread(descriptor, len(head), 0)
        if not begins or not head.startswith(begins):
            raise Overwritten
        return body

    return read_guarded if head else read
