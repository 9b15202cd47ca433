"""Detecting the compression of a file by its first bytes, never by its name."""

from __future__ import annotations

import enum
import re

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

_SIGNATURES = {
    Compression.GZIP: re.compile(rb"\x1f\x8b\x08"),
    Compression.BZIP2: re.compile(rb"BZh[1-9](1AY&SY|\x17rE8P\x90)"),  # a line of text could begin with the first four
    Compression.XZ: re.compile(rb"\xfd7zXZ\0"),
    Compression.ZSTD: re.compile(rb"\x28\xb5\x2f\xfd|" + SKIPPABLE.pattern),
    Compression.LZ4: re.compile(rb"\x04\x22\x4d\x18"),
    # Five bits of parameters, the size of a dictionary (4 KiB to 128 MiB, or 4 GiB), the size of the text or none.
    Compression.LZMA: re.compile(rb"\x5d\0([\x10-\xff]\0\0|\0.[\0-\x08]|\0\0\xff)(\xff{8}|.{5}\0{3})", re.DOTALL),
    Compression.ZIP: re.compile(rb"PK(\x03\x04|\x05\x06)"),
    Compression.COMPRESS: re.compile(rb"\x1f\x9d[\x80-\x90]|\x1f\xa0"),
    Compression.PACK: re.compile(rb"\x1f\x1e"),
    Compression.LZIP: re.compile(rb"LZIP[\0\x01][\x0c-\xff]"),
    Compression.LZOP: re.compile(rb"\x89LZO\0\r\n\x1a\n"),
    Compression.OLD_LZ4: re.compile(rb"\x02\x21\x4c\x18"),
    Compression.SNAPPY: re.compile(rb"\xff\x06\0\0sNaPpY"),
    Compression.SEVEN_ZIP: re.compile(rb"7z\xbc\xaf\x27\x1c"),
    Compression.RAR: re.compile(rb"Rar!\x1a\x07"),
}


def compression_of(head: bytes) -> Compression | None:
    """Return the compression of a file; None if it is not compressed, or in an unknown format.

    Args:
        head: the first `HEAD` bytes of the file, or all of them if there are fewer.
    """
    return next((kind for kind, signature in _SIGNATURES.items() if signature.match(head)), None)
