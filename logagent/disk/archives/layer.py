"""The text of one compressed file as a forward stream of chunks, read by position and in bounded memory.

Formats: RFC 1952 (gzip), RFC 8878 (zstd), the .xz file format 1.2.1, bzip2's, lzma's, lz4's frames and zip with one
file. In all but zip a file may hold several archives one after the other, which form one text. Measured on a synthetic
log that is more repetitive than most, the decoders alone give, in MB of text a second: zstd 4100, gzip 1800 (`isal`;
zlib 600), xz 1270, bzip2 60.
"""

from __future__ import annotations

import os
import time
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeVar

import zstandard

from logagent.core.batch import BATCH_BYTES
from logagent.core.outcome import Failure, Status
from logagent.disk.archives.compressed_bytes import READ, CompressedBytes, Damaged
from logagent.disk.archives.compression import CONTAINERS, HEAD, SKIPPABLE, UNREAD, Compression, compression_of
from logagent.disk.archives.decoder_memory import XZ_HEAD, memory_of
from logagent.disk.archives.decoders import (
    DECODER_ERRORS,
    Decoder,
    decoder_of,
    exact_decoder_of,
    exceeds_memory,
    lacks_memory,
)
from logagent.disk.archives.memory import NoMemory, windowed
from logagent.disk.archives.zip_members import DEFLATED, END_OF_ZIP, ZipMember, checksum_behind, next_member
from logagent.disk.files.blocks import Read

CHUNK = BATCH_BYTES
"""Bytes of text that are decompressed at a time, at most: they stay in the processor's caches, however well the file
is compressed."""
FIRST_STEP = 1024
"""Bytes that a decoder is given first; each further step is four times as large. Small at first, since in a file of
thousands of small archives each decoder copies all bytes that follow its own."""
LARGEST_WINDOW = 128 * 1024 * 1024
"""Bytes of the window (earlier text) that one decoder may hold: as many as `zstd --long` and `zstd --ultra -22` need,
and twice as many as `xz -9` does. All others need 8 MiB at most, gzip 32 KiB."""

_FRAME_HEAD = 18
"""Bytes of the longest header of a zstd frame."""
_BLOCK_HEAD = 3
"""Bytes of the header of a zstd block."""
_LARGEST_BLOCK = 128 * 1024
"""Bytes of the largest zstd block, both compressed and decompressed."""
_NO_MEMORY = "the system gave no memory for {}; raise the agent's limit (ulimit -v, MemoryMax=)"
_RUN, _COMPRESSED, _RESERVED = 1, 2, 3
"""Types of zstd blocks: one byte repeated, compressed, and one that no valid frame has."""

Decoded = TypeVar("Decoded")


class Layer:
    """One pass over a compressed file, whatever its text is.

    Args:
        descriptor: of a regular file, open for reading; stays the caller's.
        name: of the file, for messages.
        kind: how it is compressed.
        chunk: bytes of text given at a time, at most.
        window: bytes of earlier text that a decoder may hold; a file that needs more is not decompressed.
        read: `os.pread`, or its stand-in.
        before_read: called before each read and before each chunk; an exception that it raises ends the pass.
        size: bytes of the file; None: what the kernel says.

    Attributes:
        loss: why the text is incomplete; None as long as it is complete.
        spent: nanoseconds in the decoder so far, reading the file not included.
    """

    def __init__(
        self,
        descriptor: int,
        name: str,
        kind: Compression,
        *,
        chunk: int = CHUNK,
        window: int = LARGEST_WINDOW,
        read: Read = os.pread,
        before_read: Callable[[], object] = lambda: None,
        size: int | None = None,
    ) -> None:
        self._name = name
        self._kind = kind
        self._chunk = chunk
        self._window = window
        self._before_read = before_read
        self._compressed = CompressedBytes(descriptor, read, before_read, size)
        self._needed = "its decoder"
        self.loss: Failure | None = None
        self.spent = 0

    def chunks(self) -> Iterator[bytes]:
        """Give the text, at most `chunk` bytes at a time (of zstd, 128 KiB); to be called once.

        An empty chunk means that reading continues. At damage the text ends, and `loss` says why.
        """
        given = 0
        try:
            if self._kind in UNREAD:
                raise _Unread(f"{_what(self._kind)}, which is not read")
            for chunk in self._archives():
                given += len(chunk)
                yield chunk
        except _Unread as unread:
            self.loss = Failure(Status.DATA_LOSS, f"{self._name}: {unread}")
        except Damaged as damaged:
            self.loss = Failure(Status.DATA_LOSS, f"{self._name}: damaged after {given} bytes: {damaged}")
        except (_TooLarge, NoMemory, MemoryError) as large:
            cause = _NO_MEMORY.format(self._needed) if isinstance(large, MemoryError) else large
            self.loss = Failure(
                Status.RESOURCE_EXHAUSTED, f"{self._name}: not decompressed after {given} bytes: {cause}"
            )

    def _archives(self) -> Iterator[bytes]:
        if self._kind is Compression.ZSTD:
            return self._frames()
        return self._files() if self._kind is Compression.ZIP else self._members()

    def _files(self) -> Iterator[bytes]:
        """Give the one file of a zip archive."""
        met = False
        while (member := next_member(self._compressed)) is not None:
            if member.directory:
                continue
            if met or member.unread:
                raise _Unread(member.unread or "is a zip archive of several files, of which only the first is read")
            met = True
            yield from self._file(member)
        if not met:  # behind a file, nothing that is missing holds text
            self._compressed.take(END_OF_ZIP)

    def _file(self, member: ZipMember) -> Iterator[bytes]:
        checksum = 0
        for chunk in self._member() if member.method == DEFLATED else self._stored(member.size):
            checksum = zlib.crc32(chunk, checksum)
            yield chunk
        expected = checksum_behind(self._compressed) if member.checksum is None else member.checksum
        if checksum != expected:
            raise Damaged("its checksum is wrong")

    def _stored(self, size: int) -> Iterator[bytes]:
        while size:
            self._before_read()
            chunk = self._compressed.take_some(min(size, self._chunk))
            size -= len(chunk)
            yield chunk

    def _members(self) -> Iterator[bytes]:
        while self._compressed.skip_padding():
            if self._kind is Compression.LZMA and compression_of(self._compressed.ahead(HEAD)) is not self._kind:
                raise self._invalid()  # without a checksum, its decoder takes much for text
            yield from self._member()

    def _member(self) -> Iterator[bytes]:
        begin, given = self._compressed.place, 0
        with windowed(min(self._window, memory_of(self._kind, self._compressed.ahead(XZ_HEAD)))):
            try:
                for chunk in self._decoded(decoder_of(self._kind, self._window), lambda _: self._chunk):
                    given += len(chunk)
                    yield chunk
            except _Invalid:
                self._compressed.go_to(begin)
                yield from self._rescued(given)

    def _rescued(self, given: int) -> Iterator[bytes]:
        """Give the text of a damaged member from `given` on, up to the damage.

        A decoder that fails drops the text that it decompressed in the failing call. So the member is decompressed
        again, from `given` on in single bytes, which loses one byte at most.
        """
        seen = 0
        decoder = exact_decoder_of(self._kind, self._window)
        for chunk in self._decoded(decoder, lambda seen: max(1, min(self._chunk, given - seen))):
            yield chunk if seen >= given else b""
            seen += len(chunk)

    def _decoded(self, decoder: Decoder, most: Callable[[int], int]) -> Iterator[bytes]:
        """Give the text of a member; `most` returns the size of the next chunk from the bytes given so far."""
        step, seen = FIRST_STEP, 0
        while not decoder.eof:
            self._before_read()
            compressed = b""
            if decoder.needs_input:
                compressed, step = self._compressed.take_some(step), min(4 * step, READ)
            chunk = self._checked(partial(decoder.decompress, compressed, most(seen)))
            seen += len(chunk)
            yield chunk
        self._compressed.give_back(len(decoder.unused_data))

    def _frames(self) -> Iterator[bytes]:
        decompressor = zstandard.ZstdDecompressor(max_window_size=self._window)
        while self._compressed.skip_padding():
            head = self._compressed.ahead(_FRAME_HEAD)
            if SKIPPABLE.match(head):
                self._compressed.skip(8 + int.from_bytes(head[4:8], "little"))
                yield b""
            else:
                facts = self._facts(head)
                with windowed(facts.window_size):
                    yield from self._frame(decompressor.decompressobj(), head, facts)

    def _facts(self, head: bytes) -> zstandard.FrameParameters:
        facts = self._checked(partial(zstandard.get_frame_parameters, head))
        if facts.window_size > self._window:
            raise _TooLarge(f"needs a window of {facts.window_size} bytes, the limit is {self._window}")
        self._needed = f"its window of {facts.window_size} bytes"
        return facts

    def _frame(
        self, decoder: zstandard.ZstdDecompressionObj, head: bytes, facts: zstandard.FrameParameters
    ) -> Iterator[bytes]:
        """Give a frame block by block, since zstd's decoder takes no bound, but a block has 128 KiB of text at most."""
        compressed, given, last = self._compressed.take(zstandard.frame_header_size(head)), 0, False
        while not last:
            self._before_read()
            block, last = self._block()
            text = self._checked(partial(decoder.decompress, compressed + block))
            given += len(text)
            yield text
            compressed = b""
        if facts.content_size not in (given, zstandard.CONTENTSIZE_UNKNOWN):
            raise Damaged("its text is not as long as it says")  # not seen by the decoder where the last block is empty
        if facts.has_checksum:
            self._checked(partial(decoder.decompress, self._compressed.take(4)))

    def _block(self) -> tuple[bytes, bool]:
        """Return a block of a frame with its header, and whether it is the last one (RFC 8878, section 3.1.1.2)."""
        head = self._compressed.take(_BLOCK_HEAD)
        facts = int.from_bytes(head, "little")
        last, kind, size = facts & 1, facts >> 1 & 3, facts >> 3
        if kind == _RESERVED or size > _LARGEST_BLOCK or (kind == _COMPRESSED and not size):
            raise self._invalid()
        return head + self._compressed.take(1 if kind == _RUN else size), bool(last)

    def _checked(self, act: Callable[[], Decoded]) -> Decoded:
        began = time.perf_counter_ns()
        try:
            return act()
        except DECODER_ERRORS as error:
            if "not enough data" in str(error):  # zstd's word for a header that is cut
                raise Damaged("it is cut off") from None
            if exceeds_memory(error):
                raise _TooLarge(f"needs more than {self._window} bytes of memory, which is the limit") from None
            if lacks_memory(error):
                raise _TooLarge(_NO_MEMORY.format(self._needed)) from None
            raise self._invalid() from error
        finally:
            self.spent += time.perf_counter_ns() - began

    def _invalid(self) -> _Invalid:
        return _Invalid(f"what follows is not valid as {self._kind.value}")


def _what(kind: Compression) -> str:
    return f"is a {kind.value} archive" if kind in CONTAINERS else f"is compressed with {kind.value}"


class _Invalid(Damaged):
    """A decoder found invalid input."""


class _Unread(Exception):
    """A file is in a format that is known and not read; the message says which."""


class _TooLarge(Exception):
    """A file needs more memory than a decoder may take, or than there is; the message names the limit."""
