"""The files in a zip archive, found by their local headers (PKWARE's APPNOTE.TXT, section 4.3.7)."""

from __future__ import annotations

import struct
from typing import NamedTuple

from logagent.disk.archives.compressed_bytes import CompressedBytes, Damaged

STORED, DEFLATED = 0, 8
"""The methods by which a file may be compressed to be read; nearly all are deflated."""

END_OF_ZIP = 22
"""Bytes of the record at the end of an archive, of which an empty one consists."""

_HEAD = struct.Struct("<4xHHH4xIIIHH")
_LOCAL, _DESCRIPTOR = b"PK\x03\x04", b"PK\x07\x08"
_BEHIND = (b"PK\x01\x02", b"PK\x05\x06")
"""What comes behind the last file: the central directory, or the end of an empty archive."""
_ENCRYPTED, _SIZES_BEHIND = 1, 8
_IN_EXTRA_FIELD = 2**32 - 1


class ZipMember(NamedTuple):
    """The local header of a file.

    Attributes:
        method: by which it is compressed.
        size: bytes that it takes in the archive; only known where they do not stand behind it.
        checksum: the CRC-32 of its text; None: it stands behind the file.
        directory: whether it is a directory.
        unread: why it cannot be read; empty: it can.
    """

    method: int
    size: int
    checksum: int | None
    directory: bool
    unread: str


def next_member(compressed: CompressedBytes) -> ZipMember | None:
    """Take the local header of the next file; None: there is none left.

    Raises:
        Damaged: when there is neither a header nor the archive's end.
    """
    signature = compressed.ahead(4)
    if signature in _BEHIND:
        return None
    if signature != _LOCAL:
        raise Damaged("what follows is not valid as zip" if signature else "it is cut off")
    _, flags, method, checksum, size, _, name_size, extra_size = _HEAD.unpack(compressed.take(_HEAD.size))
    name = compressed.take(name_size)
    compressed.take(extra_size)
    behind = bool(flags & _SIZES_BEHIND)
    unread = _why_unread(method, encrypted=bool(flags & _ENCRYPTED), sized=not behind and size != _IN_EXTRA_FIELD)
    return ZipMember(method, size, None if behind else checksum, name.endswith(b"/"), unread)


def checksum_behind(compressed: CompressedBytes) -> int:
    """Take what stands behind a file whose size was not known before, and return its checksum.

    Raises:
        Damaged: when the archive ends before.
    """
    if compressed.ahead(4) == _DESCRIPTOR:
        compressed.take(4)
    checksum = int.from_bytes(compressed.take(4), "little")
    compressed.take(8)
    if compressed.ahead(4) not in (_LOCAL, *_BEHIND):
        compressed.take(8)  # the two sizes have 8 bytes each
    return checksum


def _why_unread(method: int, *, encrypted: bool, sized: bool) -> str:
    if encrypted:
        return "is an encrypted zip archive, which is not read"
    if method not in (STORED, DEFLATED) or (method == STORED and not sized):
        return f"is a zip archive compressed by method {method}, which is not read"
    return ""
