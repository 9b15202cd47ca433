"""Content codings of a stream of bytes, encoder beside decoder (RFC 9110, section 8.4; zstd: RFC 8878).

An encoder flushes after every chunk, so that a reader never waits for lines that were sent.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import Protocol

IDENTITY = "identity"
_ZSTD_LEVEL = 1
"""At this level logs shrink to less than a quarter, at 450 MB/s; higher levels cost more time than the network
saves."""
_GZIP_LEVEL = 1
"""The fastest level: gzip is for clients that do not know zstd."""
_MAX_WINDOW = 8 * 1024 * 1024
"""Bytes of the largest window of a zstd stream: RFC 8878 asks every decoder to support this size."""
_DECODED_AT_ONCE = 1024
"""Bytes decoded at a time: at worst they decompress to some 32 MiB, since 128 KiB of one byte take four bytes."""


class DecodeError(ValueError):
    """The bytes are not in the coding that their sender named."""


class Encoder(Protocol):
    """Encodes one stream."""

    def encode(self, chunk: bytes, /) -> bytes:
        """Return the encoded chunk, flushed, so that the receiver can decode all of it."""
        ...

    def finish(self) -> bytes:
        """End the stream and return its last bytes."""
        ...


class _Identity:
    def encode(self, chunk: bytes, /) -> bytes:
        return chunk

    def finish(self) -> bytes:
        return b""


class _Zstd:
    def __init__(self) -> None:
        import zstandard

        self._stream = zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compressobj()
        self._block, self._finish = zstandard.COMPRESSOBJ_FLUSH_BLOCK, zstandard.COMPRESSOBJ_FLUSH_FINISH

    def encode(self, chunk: bytes, /) -> bytes:
        return self._stream.compress(chunk) + self._stream.flush(self._block)

    def finish(self) -> bytes:
        return self._stream.flush(self._finish)


class _Gzip:
    def __init__(self) -> None:
        self._stream = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, zlib.MAX_WBITS | 16)

    def encode(self, chunk: bytes, /) -> bytes:
        return self._stream.compress(chunk) + self._stream.flush(zlib.Z_SYNC_FLUSH)

    def finish(self) -> bytes:
        return self._stream.flush(zlib.Z_FINISH)


_ENCODERS: dict[str, Callable[[], Encoder]] = {"zstd": _Zstd, "gzip": _Gzip, IDENTITY: _Identity}


def negotiate(accept_encoding: str) -> str:
    """Return the coding for the answer: the one the client prefers, zstd before gzip; identity if it accepts neither.

    Args:
        accept_encoding: the value of the header `accept-encoding`; empty if there is none.
    """
    weights = dict(map(_weighted, filter(None, (part.strip() for part in accept_encoding.lower().split(",")))))
    taken = [name for name in _ENCODERS if name != IDENTITY and weights.get(name, 0.0) > 0]
    return max(taken, key=lambda name: weights[name], default=IDENTITY)


def encoder(coding: str) -> Encoder:
    """Return an encoder for a coding that `negotiate` chose."""
    return _ENCODERS[coding]()


def decoder(coding: str) -> Callable[[bytes], Iterator[bytes]]:
    """Return a function that decodes a stream chunk by chunk.

    It yields a chunk's text piece by piece, so that memory is bounded however much a chunk decompresses to. It raises
    `DecodeError` when the bytes are not in the coding.

    Args:
        coding: the value of the header `content-encoding`; only zstd and identity are known.

    Raises:
        DecodeError: when the coding is unknown.
    """
    if coding == IDENTITY:
        return lambda chunk: iter([chunk])
    if coding != "zstd":
        raise DecodeError(f"unknown coding {coding!r}")
    # Imported here, as above: on one machine agents do not compress, and a command does not wait for it.
    import zstandard

    stream = zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW).decompressobj()

    def decode(chunk: bytes) -> Iterator[bytes]:
        try:
            for begin in range(0, len(chunk), _DECODED_AT_ONCE):
                yield stream.decompress(chunk[begin : begin + _DECODED_AT_ONCE])
        except zstandard.ZstdError as error:
            raise DecodeError(str(error)) from None

    return decode


def _weighted(part: str) -> tuple[str, float]:
    name, _, parameter = part.partition(";")
    key, _, value = parameter.strip().partition("=")
    try:
        return name.strip(), float(value) if key.strip() == "q" else 1.0
    except ValueError:
        return name.strip(), 0.0
