"""Files that begin like an archive: all their text comes, or it is said that some is missing, forward and backward."""

from __future__ import annotations

import bz2
import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import lz4.frame
import zstandard

from logagent.core.outcome import Failure
from logagent.disk.archives.archive import Archive
from logagent.disk.archives.compression import HEAD, Compression, compression_of
from logagent.disk.archives.decoding import Decompression, head_of
from logagent.disk.archives.layer import Layer
from logagent.disk.files.blocks import Block, LongLine, Stretch
from testbed.reading import file_of

MOST = 1024 * 1024
"""Bytes of text that are looked at: of a bomb, the beginning."""
STEPS = 100_000
"""Steps in which that text comes: an archive that takes more of them hangs."""
CHUNK = 700
"""Bytes of text that are asked for at a time; a block of zstd has 128 KiB at most."""
LARGEST_CHUNK = 128 * 1024
_WINDOW = 1024 * 1024
"""Bytes that a decoder may hold: smaller than in earnest, so that memory is seen to be bounded by it."""


class Hangs(AssertionError):
    """Too many steps for so little text."""


def probe(data: bytes) -> None:
    kind = compression_of(data[:HEAD])
    with file_of(data) as descriptor:
        head = head_of(descriptor, 20)
        assert len(head) <= 20
        if kind is None:
            return
        text, loss, cut = _text_of(Layer(descriptor, "log", kind, chunk=CHUNK, window=_WINDOW, before_read=Steps()))
        if not cut:
            _compare(text, loss, kind, data)
        text, loss, cut = _text_of(Decompression(descriptor, "log", kind, chunk=CHUNK, before_read=Steps()))
        if not cut:
            _read_lines(descriptor, kind, text, loss)


class Steps:
    """Counts steps, and fails where there are too many."""

    def __init__(self) -> None:
        self._steps = 0

    def __call__(self) -> None:
        self._steps += 1
        if self._steps > STEPS:
            raise Hangs


def _text_of(archive: Layer | Decompression) -> tuple[bytes, Failure | None, bool]:
    """The text, what is said to be missing, and whether there is more than was looked at."""
    text = bytearray()
    for chunk in archive.chunks():
        assert len(chunk) <= LARGEST_CHUNK
        text += chunk
        if len(text) > MOST:
            return bytes(text), None, True
    return bytes(text), archive.loss, False


def _compare(text: bytes, loss: Failure | None, kind: Compression, data: bytes) -> None:
    """What is said to be whole is what other programs unpack, and what they unpack is said to be whole."""
    if kind not in _REFERENCES:
        assert loss is not None
        return
    try:
        expected = _REFERENCES[kind](data)
    except _ERRORS:
        expected = None
    if kind is Compression.ZIP:  # others read the directory at its end, which may be damaged, or say something else
        assert expected is None or loss is not None or text == expected
    elif loss is None:
        assert expected is not None, "an archive that is cut or damaged passed for whole"
        assert text == expected
    else:
        assert expected is None or expected.startswith(text)


def _read_lines(descriptor: int, kind: Compression, text: bytes, loss: Failure | None) -> None:
    """The lines forward are the text, or its beginning if it is damaged; backward they are the same lines."""
    if text.startswith((b"\0", b"\xef")):
        return  # what is no part of the first line is left out
    forward, told = _lines(descriptor, kind, lambda archive: archive.forward())
    backward, also_told = _lines(descriptor, kind, lambda archive: archive.backward(lambda _: 1))
    assert (told is None, also_told is None) == (loss is None, loss is None)
    lines = b"".join(forward)
    assert b"".join(reversed(backward)) == lines
    if loss is None:
        assert lines == text
    else:  # how much of it comes may depend on how much is asked for at a time
        assert text.startswith(lines) or lines.startswith(text)


def _lines(
    descriptor: int, kind: Compression, read: Callable[[Archive], Iterator[Stretch]]
) -> tuple[list[bytes], Failure | None]:
    archive = Archive(descriptor, "log", kind, sizes=(100,), max_line=2 * MOST, before_read=Steps())
    blocks: list[bytes] = []
    for stretch in read(archive):
        assert not isinstance(stretch, LongLine)
        blocks += [stretch.body] if isinstance(stretch, Block) else []
    return blocks, archive.loss


def _in_turn(decoder: Callable[[], Any]) -> Callable[[bytes], bytes]:
    """Unpack archives that follow one another, with zeros between them."""

    def unpack(data: bytes) -> bytes:
        text = b""
        while data := data.lstrip(b"\0"):
            one = decoder()
            text += one.decompress(data)
            if not one.eof:
                raise EOFError
            data = one.unused_data or b""
        return text

    return unpack


class _Gzip:
    """Unpacks a member; the bits of its head that mean nothing may be set, which zlib alone refuses."""

    def __init__(self) -> None:
        self._decoder = zlib.decompressobj(16 + zlib.MAX_WBITS)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._decoder, name)

    def decompress(self, data: bytes) -> bytes:
        return self._decoder.decompress(data[:3] + bytes([flags & 0x1F for flags in data[3:4]]) + data[4:])


def _unzip(data: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        (only,) = [member for member in archive.infolist() if not member.is_dir()]
        return archive.read(only)


_REFERENCES: dict[Compression, Callable[[bytes], bytes]] = {
    Compression.GZIP: _in_turn(_Gzip),
    Compression.BZIP2: _in_turn(bz2.BZ2Decompressor),
    Compression.XZ: _in_turn(lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_WINDOW)),
    Compression.LZMA: _in_turn(lambda: lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=_WINDOW)),
    Compression.ZSTD: _in_turn(lambda: zstandard.ZstdDecompressor(max_window_size=_WINDOW).decompressobj()),
    Compression.LZ4: _in_turn(lz4.frame.LZ4FrameDecompressor),
    Compression.ZIP: _unzip,
}
_ERRORS = (EOFError, OSError, ValueError, RuntimeError, NotImplementedError, zlib.error, lzma.LZMAError)
_ERRORS += (zstandard.ZstdError, zipfile.BadZipFile, LookupError, struct.error)
