"""Detecting that a file was truncated or overwritten while it is read."""

from __future__ import annotations

import os

from logagent.disk.files.blocks import Read


class Overwritten(Exception):
    """A file no longer holds the text that was read from it: it was truncated, and perhaps written to again."""


def guarded(read: Read, head: bytes, begin: int = 0) -> Read:
    """Return a function like `read` that raises `Overwritten` once the file's first bytes have changed.

    Args:
        read: reads the file.
        head: its first bytes, up to `FINGERPRINT_BYTES`; empty: nothing is detected. If the file has become shorter
            than these bytes, but not empty, it was only cut short, which is not an overwrite.
        begin: offset of these bytes: behind the NULs that the file begins with, which would not tell it from others.
    """

    def read_guarded(descriptor: int, size: int, offset: int) -> bytes:
        body = read(descriptor, size, offset)
        begins = os.pread(descriptor, len(head), begin)
        if not begins or not head.startswith(begins):
            raise Overwritten
        return body

    return read_guarded if head else read
