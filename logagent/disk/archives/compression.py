"""Detecting the compression of a file by its first bytes, never by its name."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping, Sequence

HEAD = 13
"""Bytes at the beginning of a file that tell whether it is compressed, and how: the longest of the signatures."""

SKIPPABLE = re.compile(rb"[\x50-\x5f]\x2a\x4d\x18")
"""The beginning of a zstd frame that holds no text (RFC 8878, section 3.1.2)."""


class Compression(enum.Enum):
    """A format of compressed files."""

    GZIP = "gzip"
    BZIP2 = "bzip2"
    XZ = "xz"
    ZSTD = "zstd"
    LZ4 = "lz4"
    LZMA = "lzma"
    ZIP = "zip"
    COMPRESS = "compress (.Z)"
    PACK = "pack (.z)"
    LZIP = "lzip"
    LZOP = "lzop"
    OLD_LZ4 = "the old format of lz4"
    SNAPPY = "snappy"
    SEVEN_ZIP = "7z"
    RAR = "rar"


UNREAD = frozenset(
    {
        Compression.COMPRESS,
        Compression.PACK,
        Compression.LZIP,
        Compression.LZOP,
        Compression.OLD_LZ4,
        Compression.SNAPPY,
        Compression.SEVEN_ZIP,
        Compression.RAR,
    }
)
"""Formats that are known and not read: there is no well-kept library for them, or they hold many files."""

CONTAINERS = frozenset({Compression.ZIP, Compression.SEVEN_ZIP, Compression.RAR})
"""Formats that hold files by name: archives of anything, and programs' and documents' own files (`OF_PROGRAMS`)."""
OF_PROGRAMS = re.compile(
    r"\.([jwea]ar|apk|whl|egg|nupkg|xpi|crx|vsix|docx|xlsx|pptx|od[tsp]|epub|kmz)\Z", re.IGNORECASE
)
"""Searches names for the endings of files that are zip archives and hold no logs."""

_LZMA_DICTIONARIES = (rb"[\x10-\xff]\0\0", rb"\0[\0-\xff][\0-\x08]", rb"\0\0\xff")
"""The size of an lzma dictionary without its lowest byte: 4 KiB to 128 MiB, or 4 GiB."""
_LZMA_TEXTS = (rb"\xff" * 8, rb"[\0-\xff]" * 5 + rb"\0" * 3)
"""The size of an lzma archive's text: none, or one below a terabyte."""

_SIGNATURES: Mapping[Compression, Sequence[bytes]] = {
    Compression.GZIP: [rb"\x1f\x8b\x08"],
    # A line of text could begin with the first four bytes of bzip2.
    Compression.BZIP2: [rb"BZh[1-9]1AY&SY", rb"BZh[1-9]\x17rE8P\x90"],
    Compression.XZ: [rb"\xfd7zXZ\0"],
    Compression.ZSTD: [rb"\x28\xb5\x2f\xfd", SKIPPABLE.pattern],
    Compression.LZ4: [rb"\x04\x22\x4d\x18"],
    # Behind a byte of parameters and the lowest of the dictionary's size.
    Compression.LZMA: [rb"\x5d\0" + size + text for size in _LZMA_DICTIONARIES for text in _LZMA_TEXTS],
    Compression.ZIP: [rb"PK\x03\x04", rb"PK\x05\x06"],
    Compression.COMPRESS: [rb"\x1f\x9d[\x80-\x90]", rb"\x1f\xa0"],
    Compression.PACK: [rb"\x1f\x1e"],
    Compression.LZIP: [rb"LZIP[\0\x01][\x0c-\xff]"],
    Compression.LZOP: [rb"\x89LZO\0\r\n\x1a\n"],
    Compression.OLD_LZ4: [rb"\x02\x21\x4c\x18"],
    Compression.SNAPPY: [rb"\xff\x06\0\0sNaPpY"],
    Compression.SEVEN_ZIP: [rb"7z\xbc\xaf\x27\x1c"],
    Compression.RAR: [rb"Rar!\x1a\x07"],
}
"""What a file of each format begins with, in one of several ways: regular expressions of single bytes, one behind the
other."""
_BYTE = re.compile(rb"\[.*?\]|\\x[0-9a-f]{2}|\\.|.", re.DOTALL)
"""What stands for one byte in such an expression."""


def _beginning(signature: bytes) -> bytes:
    """Return an expression for the first bytes of a signature: one at least, and one fewer than all at most."""
    first, *others = _BYTE.findall(signature)[:-1]
    return bytes(first + b"".join(b"(?:" + other for other in others) + b")?" * len(others))


_WHOLE = {kind: re.compile(b"|".join(signatures)) for kind, signatures in _SIGNATURES.items()}
_CUT = re.compile(b"|".join(_beginning(signature) for every in _SIGNATURES.values() for signature in every))


def compression_of(head: bytes) -> Compression | None:
    """Return the compression of a file; None if it is not compressed, or in an unknown format.

    Args:
        head: the first `HEAD` bytes of the file, or all of them if there are fewer.
    """
    return next((kind for kind, signature in _WHOLE.items() if signature.match(head)), None)


def is_cut_off(text: bytes) -> bool:
    """Return whether a file may be an archive of which not even the signature is whole, in some format.

    Args:
        text: all bytes of the file, or its first `HEAD` if it has more.
    """
    return _CUT.fullmatch(text) is not None
