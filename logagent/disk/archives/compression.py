"""Detecting the compression of a file by its first bytes, never by its name."""

from __future__ import annotations

import enum
import re

HEAD = 10
"""Bytes at the beginning of a file that tell whether it is compressed, and how: the longest of the signatures."""

SKIPPABLE = re.compile(rb"[\x50-\x5f]\x2a\x4d\x18")
"""The beginning of a zstd frame that holds no text (RFC 8878, section 3.1.2)."""


class Compression(enum.Enum):
    """A format of compressed files."""

    GZIP = "gzip"
    BZIP2 = "bzip2"
    XZ = "xz"
    ZSTD = "zstd"


_SIGNATURES = {
    Compression.GZIP: re.compile(rb"\x1f\x8b\x08"),
    Compression.BZIP2: re.compile(rb"BZh[1-9](1AY&SY|\x17rE8P\x90)"),  # a line of text could begin with the first four
    Compression.XZ: re.compile(rb"\xfd7zXZ\0"),
    Compression.ZSTD: re.compile(rb"\x28\xb5\x2f\xfd|" + SKIPPABLE.pattern),
}


def compression_of(head: bytes) -> Compression | None:
    """Return the compression of a file; None if it is not compressed, or in an unknown format.

    Args:
        head: the first `HEAD` bytes of the file, or all of them if there are fewer.
    """
    return next((kind for kind, signature in _SIGNATURES.items() if signature.match(head)), None)
