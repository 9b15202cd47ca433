"""Unpacking: the text of a compressed file as a forward stream of chunks, by position and in bounded memory.

The kind is told by the first bytes, never by the name. Formats: RFC 1952 (gzip), RFC 8878 (zstd), the .xz file format
1.2.1 and bzip2's. In each of them archives may follow one another in a file, and are then one text. The decoders alone
unpacked so many MB of made-up log a second, which repeats itself more than most: zstd 4100, gzip 1800 (`isal`; zlib
600), of a shorter one xz 1270, bzip2 60.
"""

from __future__ import annotations

import bz2
import enum
import lzma
import os
import re
import time
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Protocol, TypeVar, cast

import zstandard
from isal import igzip_lib

from logagent.core.batch import BATCH_BYTES
from logagent.core.outcome import Failure, Status
from logagent.disk.archives.compressed_bytes import READ, CompressedBytes, Damaged
from logagent.disk.files.blocks import Read

CHUNK = BATCH_BYTES
"""Bytes of text that are unpacked at a time, at most: they stay in the processor's caches, whatever the ratio is."""
FIRST_STEP = 1024
"""Bytes that a decoder is given first, four times as many with each further step: where thousands of small archives
follow one another, each decoder copies what it was given too much."""
LARGEST_WINDOW = 128 * 1024 * 1024
"""Bytes that one decoder may hold of the text that it refers back to: what `zstd --long` and `zstd --ultra -22` make,
and twice what `xz -9` does. All others need 8 MiB at most, gzip 32 KiB."""
HEAD = 10
"""Bytes of a file that tell whether it is packed, and how."""

_FRAME_HEAD = 18
_BLOCK_HEAD = 3
_LARGEST_BLOCK = 128 * 1024
_RUN, _RESERVED = 1, 3
"""Of zstd: bytes of the longest frame header and of a block's; the largest block, packed or not; two types of block."""


Unpacked = TypeVar("Unpacked")


class Compression(enum.Enum):
    """How a file may be packed."""

    GZIP = "gzip"
    BZIP2 = "bzip2"
    XZ = "xz"
    ZSTD = "zstd"


_MAGICS = {
    Compression.GZIP: re.compile(rb"\x1f\x8b\x08"),
    Compression.BZIP2: re.compile(rb"BZh[1-9](1AY&SY|\x17rE8P\x90)"),  # a line of text could begin with the first four
    Compression.XZ: re.compile(rb"\xfd7zXZ\0"),
    Compression.ZSTD: re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18"),
}
_SKIPPABLE = re.compile(rb"[\x50-\x5f]\x2a\x4d\x18")


def compression_of(head: bytes) -> Compression | None:
    """How a file is packed that begins with `head`, its first `HEAD` bytes; None if in no way known here."""
    return next((kind for kind, magic in _MAGICS.items() if magic.match(head)), None)


def head_of(descriptor: int, size: int) -> bytes:
    """The first bytes of a file's text, unpacked if it is packed: `size`, or all there is. Raises `OSError`."""
    kind = compression_of(os.pread(descriptor, HEAD, 0))
    if kind is None:
        return os.pread(descriptor, size, 0)
    head = b""
    for chunk in Decompression(descriptor, "", kind, chunk=size).chunks():
        head += chunk
        if len(head) >= size:
            break
    return head[:size]


class Decompression:
    """One pass over an archive.

    descriptor: of a regular file, open for reading; stays the caller's. name: for messages. chunk: bytes of text given
    at a time. read: `os.pread` or what stands in for it. before_read: called before each read and before each chunk;
    what it raises ends the pass.

    loss: why the text is not all there, None as long as it is. spent: nanoseconds in the decoder so far; reading the
    file is not among them.
    """

    def __init__(
        self,
        descriptor: int,
        name: str,
        kind: Compression,
        *,
        chunk: int = CHUNK,
        read: Read = os.pread,
        before_read: Callable[[], object] = lambda: None,
    ) -> None:
        self._name = name
        self._kind = kind
        self._chunk = chunk
        self._before_read = before_read
        self._packed = CompressedBytes(descriptor, read, before_read)
        self.loss: Failure | None = None
        self.spent = 0

    def chunks(self) -> Iterator[bytes]:
        """The text, at most `chunk` bytes at a time (of zstd, 128 KiB); an empty chunk means that reading goes on.

        Ends where nothing more can be had; see `loss`. To be called once.
        """
        given = 0
        try:
            for chunk in self._frames() if self._kind is Compression.ZSTD else self._members():
                given += len(chunk)
                yield chunk
        except Damaged as damaged:
            self.loss = Failure(Status.DATA_LOSS, f"{self._name}: damaged after {given} bytes: {damaged}")
        except _TooLarge as large:
            self.loss = Failure(Status.RESOURCE_EXHAUSTED, f"{self._name}: not unpacked after {given} bytes: {large}")

    def _members(self) -> Iterator[bytes]:
        while self._packed.skip_padding():
            yield from self._member()

    def _member(self) -> Iterator[bytes]:
        begin, given = self._packed.place, 0
        try:
            for chunk in self._decoded(_DECODERS[self._kind](), lambda _: self._chunk):
                given += len(chunk)
                yield chunk
        except _Invalid:
            self._packed.go_to(begin)
            yield from self._rescued(given)

    def _rescued(self, given: int) -> Iterator[bytes]:
        """The text from `given` on up to the damage: a decoder that fails keeps what it had unpacked since it was last
        asked, so the member is unpacked again, and then asked for single bytes. All but perhaps the last one come."""
        seen = 0
        decoder = _CAREFUL[self._kind]()
        for chunk in self._decoded(decoder, lambda seen: max(1, min(self._chunk, given - seen))):
            yield chunk if seen >= given else b""
            seen += len(chunk)

    def _decoded(self, decoder: _Decoder, most: Callable[[int], int]) -> Iterator[bytes]:
        """The text of a member. most: how much comes next at most, after so many bytes."""
        step, seen = FIRST_STEP, 0
        while not decoder.eof:
            self._before_read()
            packed = b""
            if decoder.needs_input:
                packed, step = self._packed.take_some(step), min(4 * step, READ)
            chunk = self._checked(partial(decoder.decompress, packed, most(seen)))
            seen += len(chunk)
            yield chunk
        self._packed.give_back(len(decoder.unused_data))

    def _frames(self) -> Iterator[bytes]:
        decompressor = zstandard.ZstdDecompressor(max_window_size=LARGEST_WINDOW)
        while self._packed.skip_padding():
            head = self._packed.ahead(_FRAME_HEAD)
            if _SKIPPABLE.match(head):
                self._packed.skip(8 + int.from_bytes(head[4:8], "little"))
                yield b""
            else:
                yield from self._frame(decompressor.decompressobj(), head)

    def _frame(self, decoder: zstandard.ZstdDecompressionObj, head: bytes) -> Iterator[bytes]:
        """A frame, block by block: a decoder of zstd takes no bound, but a block holds 128 KiB of text at most."""
        facts = self._checked(partial(zstandard.get_frame_parameters, head))
        if facts.window_size > LARGEST_WINDOW:
            raise _TooLarge(f"needs a window of {facts.window_size} bytes, the limit is {LARGEST_WINDOW}")
        packed, last = self._packed.take(zstandard.frame_header_size(head)), False
        while not last:
            self._before_read()
            block, last = self._block()
            yield self._checked(partial(decoder.decompress, packed + block))
            packed = b""
        if facts.has_checksum:
            self._checked(partial(decoder.decompress, self._packed.take(4)))

    def _block(self) -> tuple[bytes, bool]:
        """A block of a frame with its header, and whether it is the last one (RFC 8878, section 3.1.1.2)."""
        head = self._packed.take(_BLOCK_HEAD)
        facts = int.from_bytes(head, "little")
        last, kind, size = facts & 1, facts >> 1 & 3, facts >> 3
        if kind == _RESERVED or size > _LARGEST_BLOCK:
            raise self._invalid()
        return head + self._packed.take(1 if kind == _RUN else size), bool(last)

    def _checked(self, act: Callable[[], Unpacked]) -> Unpacked:
        began = time.perf_counter_ns()
        try:
            return act()
        except _DECODER_ERRORS as error:
            if str(error) == _XZ_MEMORY:
                raise _TooLarge(f"needs more than {LARGEST_WINDOW} bytes of memory, which is the limit") from None
            raise self._invalid() from error
        finally:
            self.spent += time.perf_counter_ns() - began

    def _invalid(self) -> _Invalid:
        return _Invalid(f"what follows is not valid as {self._kind.value}")


class _Decoder(Protocol):
    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, packed: bytes, most: int, /) -> bytes: ...


class _Zlib:
    """Unpacks gzip exactly as far as it is asked to, where `isal` looks ahead and fails early; a third as fast."""

    def __init__(self) -> None:
        self._decoder = zlib.decompressobj(16 + zlib.MAX_WBITS)
        self._full = False

    @property
    def eof(self) -> bool:
        return self._decoder.eof

    @property
    def needs_input(self) -> bool:
        return not (self._full or self._decoder.unconsumed_tail)

    @property
    def unused_data(self) -> bytes:
        return self._decoder.unused_data

    def decompress(self, packed: bytes, most: int, /) -> bytes:
        text = self._decoder.decompress(packed or self._decoder.unconsumed_tail, most)
        self._full = len(text) == most
        return text


_DECODERS: dict[Compression, Callable[[], _Decoder]] = {
    Compression.GZIP: partial(igzip_lib.IgzipDecompressor, flag=igzip_lib.DECOMP_GZIP),
    Compression.BZIP2: bz2.BZ2Decompressor,
    Compression.XZ: partial(lzma.LZMADecompressor, lzma.FORMAT_XZ, memlimit=LARGEST_WINDOW),
}
_CAREFUL = {**_DECODERS, Compression.GZIP: _Zlib}
_ISAL_ERROR = cast(type[Exception], igzip_lib.IsalError)  # its stub takes the class for an exception
_DECODER_ERRORS = (_ISAL_ERROR, zlib.error, OSError, lzma.LZMAError, zstandard.ZstdError)
_XZ_MEMORY = "Memory usage limit exceeded"


class _Invalid(Damaged):
    """A decoder could not go on."""


class _TooLarge(Exception):
    """Which limit unpacking would pass."""
