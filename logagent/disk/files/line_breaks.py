"""Where lines begin and end in an open file."""

from __future__ import annotations

import os

from logagent.disk.files.reader import Reader

_PIECE = 64 * 1024
"""Bytes read at a time to find a line break: more than nearly all lines have."""


def whole_end(descriptor: int) -> int:
    """Return the offset after the last line break of an open file, 0 if it has none.

    Raises:
        OSError: when the file cannot be read.
    """
    end = os.fstat(descriptor).st_size
    while end > 0:
        begin = max(0, end - _PIECE)
        line_break = os.pread(descriptor, end - begin, begin).rfind(b"\n")
        if line_break >= 0:
            return begin + line_break + 1
        end = begin
    return 0


def line_start(reader: Reader, offset: int) -> int:
    """Return the offset of the first line that begins at or after `offset`; the file's size if none does."""
    if offset <= 0:
        return 0
    at = offset - 1
    while at < reader.size:
        end = min(at + _PIECE, reader.size)
        line_break = reader.read(at, end).find(b"\n")
        if line_break >= 0:
            return at + line_break + 1
        at = end
    return reader.size
