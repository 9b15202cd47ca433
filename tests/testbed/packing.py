"""Archives to read: texts packed in each of the ways that are known, and files to read them from."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
from collections.abc import Callable, Iterable

import lz4.frame
import zstandard

from logagent.disk.archives.compression import Compression


def _zstd(text: bytes, *, block: int = 1000) -> bytes:
    """A frame of several blocks, with a checksum, as the command line makes them."""
    packer = zstandard.ZstdCompressor(write_checksum=True).compressobj()
    packed = b""
    for begin in range(0, len(text), block):
        packed += packer.compress(text[begin : begin + block]) + packer.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
    return packed + packer.flush()


class _Pipe(io.BytesIO):
    def seekable(self) -> bool:
        return False

    def tell(self) -> int:
        raise OSError


def zipped(*texts: bytes, method: int = zipfile.ZIP_DEFLATED, piped: bool = False) -> bytes:
    """A zip archive with a file for each of the texts, perhaps written to a pipe."""
    archive = _Pipe() if piped else io.BytesIO()
    with zipfile.ZipFile(archive, "w", method) as files:
        for number, text in enumerate(texts):
            files.writestr(f"app.log.{number}", text)
    return archive.getvalue()


def encrypted(archive: bytes) -> bytes:
    """A zip archive whose first file says that it is encrypted."""
    return archive[:6] + bytes([archive[6] | 1]) + archive[7:]


PACK: dict[Compression, Callable[[bytes], bytes]] = {
    Compression.GZIP: lambda text: gzip.compress(text, mtime=0),
    Compression.BZIP2: lambda text: bz2.compress(text, 1),  # blocks of 100 kB
    Compression.XZ: lambda text: lzma.compress(text, preset=0),
    Compression.ZSTD: _zstd,
    Compression.LZ4: lambda text: lz4.frame.compress(text, content_checksum=True),
    Compression.LZMA: lambda text: lzma.compress(text, lzma.FORMAT_ALONE, preset=0),
}
"""The formats in which archives may follow one another, and how a text is packed in them."""


def packed(kind: Compression, texts: Iterable[bytes]) -> bytes:
    """An archive for each of the texts, one behind the other."""
    return b"".join(map(PACK[kind], texts))
