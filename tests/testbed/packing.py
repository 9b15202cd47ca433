"""Archives to read: texts packed in each of the ways that are known, and files to read them from."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable, Iterable

import zstandard

from logagent.disk.archives.compression import Compression


def _zstd(text: bytes, *, block: int = 1000) -> bytes:
    """A frame of several blocks, with a checksum, as the command line makes them."""
    packer = zstandard.ZstdCompressor(write_checksum=True).compressobj()
    packed = b""
    for begin in range(0, len(text), block):
        packed += packer.compress(text[begin : begin + block]) + packer.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
    return packed + packer.flush()


PACK: dict[Compression, Callable[[bytes], bytes]] = {
    Compression.GZIP: lambda text: gzip.compress(text, mtime=0),
    Compression.BZIP2: lambda text: bz2.compress(text, 1),  # blocks of 100 kB
    Compression.XZ: lambda text: lzma.compress(text, preset=0),
    Compression.ZSTD: _zstd,
}


def packed(kind: Compression, texts: Iterable[bytes]) -> bytes:
    """An archive for each of the texts, one behind the other."""
    return b"".join(map(PACK[kind], texts))
