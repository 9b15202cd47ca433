"""The decoders of the formats whose members are decompressed piece by piece: gzip, bzip2 and xz."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable
from functools import partial
from typing import Protocol, cast

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
    """

    def __init__(self) -> None:
        self._decoder = zlib.decompressobj(16 + zlib.MAX_WBITS)
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


def decoder_of(kind: Compression, memory: int) -> Decoder:
    """Return a decoder for one member.

    Args:
        kind: any format but zstd, whose frames are decompressed block by block.
        memory: bytes that an xz decoder may take; gzip and bzip2 take little.
    """
    if kind is Compression.XZ:
        return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=memory)
    return _DECODERS[kind]()


def exact_decoder_of(kind: Compression, memory: int) -> Decoder:
    """Return a decoder that gives all valid text before damage if single bytes are asked for.

    Args:
        kind: any format but zstd.
        memory: bytes that an xz decoder may take.
    """
    return ExactGzip() if kind is Compression.GZIP else decoder_of(kind, memory)


def exceeds_memory(error: Exception) -> bool:
    """Return whether a decoder failed because it needs more memory than it may take."""
    return str(error) == "Memory usage limit exceeded"


_DECODERS: dict[Compression, Callable[[], Decoder]] = {
    Compression.GZIP: partial(igzip_lib.IgzipDecompressor, flag=igzip_lib.DECOMP_GZIP),
    Compression.BZIP2: bz2.BZ2Decompressor,
}
_ISAL_ERROR = cast(type[Exception], igzip_lib.IsalError)  # its stub takes the class for an exception

DECODER_ERRORS = (_ISAL_ERROR, zlib.error, OSError, lzma.LZMAError, zstandard.ZstdError)
"""The exceptions that decoders raise for invalid input."""
