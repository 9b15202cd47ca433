"""The decoders of the formats whose members are decompressed piece by piece: gzip, bzip2, xz, lzma, lz4 and zip."""

from __future__ import annotations

import bz2
import lzma
import re
import zlib
from collections.abc import Callable
from functools import partial
from typing import Protocol, cast

import lz4.frame  # type: ignore[import-untyped]
import zstandard
from isal import igzip_lib

from logagent.disk.archives.compression import Compression


class Decoder(Protocol):
    """Decompresses one member of an archive; `bz2.BZ2Decompressor` documents the names."""

    @property
    def eof(self) -> bool:
        """Whether the end of the member was reached."""

    @property
    def needs_input(self) -> bool:
        """Whether it needs more compressed bytes to give more text."""

    @property
    def unused_data(self) -> bytes:
        """Given bytes that lie after the end of the member."""

    def decompress(self, compressed: bytes, most: int, /) -> bytes:
        """Decompress at most `most` bytes of text."""


class ExactGzip:
    """Decompresses gzip with `zlib`, which gives all valid text before damage.

    `isal` looks ahead, and so fails before it has given all valid text; but `zlib` takes three times as long.

    Args:
        bits: zlib's `wbits`: gzip, or a bare deflate stream.
    """

    def __init__(self, bits: int = 16 + zlib.MAX_WBITS) -> None:
        self._decoder = zlib.decompressobj(bits)
        self._full = False

    @property
    def eof(self) -> bool:
        """Whether the end of the member was reached."""
        return self._decoder.eof

    @property
    def needs_input(self) -> bool:
        """Whether it needs more compressed bytes to give more text."""
        return not (self._full or self._decoder.unconsumed_tail)

    @property
    def unused_data(self) -> bytes:
        """Given bytes that lie after the end of the member."""
        return self._decoder.unused_data

    def decompress(self, compressed: bytes, most: int, /) -> bytes:
        """Decompress at most `most` bytes of text; without new bytes, use those that earlier calls left over."""
        text = self._decoder.decompress(compressed or self._decoder.unconsumed_tail, most)
        self._full = len(text) == most
        return text


class Lz4Frame:
    """Decompresses one frame of lz4."""

    def __init__(self) -> None:
        self._decoder = lz4.frame.LZ4FrameDecompressor()

    @property
    def eof(self) -> bool:
        """Whether the end of the frame was reached."""
        return bool(self._decoder.eof)

    @property
    def needs_input(self) -> bool:
        """Whether more text can be had only from more compressed bytes."""
        return bool(self._decoder.needs_input)

    @property
    def unused_data(self) -> bytes:
        """Bytes that were given and lie behind the end of the frame."""
        return self._decoder.unused_data or b""

    def decompress(self, compressed: bytes, most: int, /) -> bytes:
        """Decompress at most `most` bytes of text."""
        return bytes(self._decoder.decompress(compressed, most))


def decoder_of(kind: Compression, memory: int) -> Decoder:
    """Return a decoder for one member.

    Args:
        kind: any format that is read but zstd, whose frames are decompressed block by block; of zip, what a member
            holds.
        memory: bytes that an xz or lzma decoder may take; the others take little.
    """
    if kind in _LZMA_FORMATS:
        return lzma.LZMADecompressor(_LZMA_FORMATS[kind], memlimit=memory)
    return _DECODERS[kind]()


def exact_decoder_of(kind: Compression, memory: int) -> Decoder:
    """Return a decoder that gives all valid text before damage if single bytes are asked for.

    Args:
        kind: any format that `decoder_of` takes.
        memory: bytes that an xz or lzma decoder may take.
    """
    return ExactGzip() if kind is Compression.GZIP else decoder_of(kind, memory)


def exceeds_memory(error: Exception) -> bool:
    """Return whether a decoder failed because it needs more memory than it may take."""
    return str(error) == "Memory usage limit exceeded"


def lacks_memory(error: Exception) -> bool:
    """Return whether a decoder failed because the system gave it no memory."""
    return isinstance(error, MemoryError) or _NO_MEMORY.search(str(error)) is not None


_LZMA_FORMATS = {Compression.XZ: lzma.FORMAT_XZ, Compression.LZMA: lzma.FORMAT_ALONE}
_DECODERS: dict[Compression, Callable[[], Decoder]] = {
    Compression.GZIP: partial(igzip_lib.IgzipDecompressor, flag=igzip_lib.DECOMP_GZIP),
    Compression.BZIP2: bz2.BZ2Decompressor,
    Compression.LZ4: Lz4Frame,
    Compression.ZIP: partial(ExactGzip, -zlib.MAX_WBITS),
}
_ISAL_ERROR = cast(type[Exception], igzip_lib.IsalError)  # its stub takes the class for an exception

_NO_MEMORY = re.compile("not enough memory|allocation_failed", re.IGNORECASE)
"""What `zstandard` and `lz4` say where the others raise `MemoryError`."""

DECODER_ERRORS = (_ISAL_ERROR, zlib.error, OSError, lzma.LZMAError, zstandard.ZstdError, RuntimeError, MemoryError)
"""The exceptions that decoders raise for invalid input, or for lack of memory; `lz4` raises `RuntimeError`."""
