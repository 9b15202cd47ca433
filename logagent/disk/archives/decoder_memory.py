"""How much memory a decoder takes, as the head of what it decompresses says (the .xz file format 1.2.1, and lzma's)."""

from __future__ import annotations

from logagent.disk.archives.compression import Compression

XZ_HEAD = 64
"""Bytes in which a file of xz says how large its dictionary is; its first block's header hardly ever takes more."""
MOST = 128 * 1024 * 1024
"""Bytes that are reckoned where a head does not tell."""

_MIB = 1024 * 1024
_FIXED = {Compression.GZIP: _MIB, Compression.ZIP: _MIB, Compression.BZIP2: 4 * _MIB, Compression.LZ4: 8 * _MIB}
"""Bytes for the decoders of formats whose windows are limited: 900 kB of text for bzip2, blocks of 4 MiB for lz4."""
_STREAM_HEAD = 12
_LZMA2 = 0x21


def memory_of(kind: Compression, head: bytes) -> int:
    """Return the bytes that a decoder needs.

    Args:
        kind: any format but zstd, whose frames tell by themselves.
        head: the first `XZ_HEAD` bytes of what it decompresses; fewer if there are not so many.
    """
    if kind in _FIXED:
        return _FIXED[kind]
    dictionary = int.from_bytes(head[1:5], "little") if kind is Compression.LZMA else _dictionary(head)
    return MOST if dictionary is None else dictionary + _MIB


def _dictionary(head: bytes) -> int | None:
    """Return the size of an xz file's dictionary: the property of the filter LZMA2 in the header of the first block."""
    place = head.find(bytes([_LZMA2, 1]), _STREAM_HEAD + 2)  # its number, and the size of its property
    if place < 0 or place + 2 >= len(head) or head[place + 2] > 40:
        return None
    bits = head[place + 2]
    return (2 | bits & 1) << (bits // 2 + 11)
