"""The text of a file that cannot be searched as it lies there: decompressed, and then decoded to UTF-8."""

from __future__ import annotations

import codecs
import os
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import NamedTuple, Protocol

from logagent.core.outcome import Failure, Status
from logagent.disk.archives.compressed_bytes import CompressedBytes, Damaged
from logagent.disk.archives.layer import CHUNK
from logagent.disk.files.blocks import Read


class TextSource(Protocol):
    """A text in chunks; see `Decompression`."""

    @property
    def loss(self) -> Failure | None: ...

    @property
    def spent(self) -> int: ...

    def chunks(self) -> Iterator[bytes]: ...


class FileBytes:
    """The bytes of a file that is not compressed, as a `TextSource`.

    Args:
        descriptor: of a regular file, open for reading; stays the caller's.
        name: of the file, for messages.
        chunk: bytes given at a time, at most.
        read: `os.pread`, or its stand-in.
        before_read: called before each read; an exception that it raises ends the pass.

    Attributes:
        loss: why the text is incomplete; None as long as it is complete.
        spent: 0: nothing is decompressed.
    """

    def __init__(
        self,
        descriptor: int,
        name: str,
        *,
        chunk: int = CHUNK,
        read: Read = os.pread,
        before_read: Callable[[], object] = lambda: None,
    ) -> None:
        self._bytes = CompressedBytes(descriptor, read, before_read)
        self._name = name
        self._chunk = chunk
        self.loss: Failure | None = None
        self.spent = 0

    def chunks(self) -> Iterator[bytes]:
        """Give the bytes, at most `chunk` at a time; to be called once."""
        try:
            while self._bytes.ahead(1):
                yield self._bytes.take_some(self._chunk)
        except Damaged as damaged:
            self.loss = Failure(Status.DATA_LOSS, f"{self._name}: {damaged}")


class PlacedText(NamedTuple):
    """A piece of a text in UTF-8.

    Attributes:
        text: the piece.
        place: offset of its first byte in the file.
        behind: offset in the file up to which bytes were taken.
    """

    text: bytes
    place: int
    behind: int


def decoded(
    chunks: Iterator[bytes], encoding: str | None, begin: int = 0, end: int | None = None
) -> Iterator[PlacedText]:
    """Give a text in UTF-8, with U+FFFD for what is not valid.

    Args:
        chunks: the bytes of the file.
        encoding: of the text; None: it is given as it is.
        begin: an offset in an encoded file before which a piece ends.
        end: an offset in an encoded file at which the text ends; None: it does not.
    """
    decoder = codecs.getincrementaldecoder(encoding)("replace") if encoding is not None else None
    place = behind = 0
    for chunk in chunks:
        for piece in [chunk] if decoder is None else _cut(chunk, behind, begin, end):
            behind += len(piece)
            text = piece if decoder is None else decoder.decode(piece).encode("utf-8", "replace")
            yield PlacedText(text, place, behind)
            place = behind - (0 if decoder is None else len(decoder.getstate()[0]))
    if decoder is not None and (end is None or behind < end):
        yield PlacedText(decoder.decode(b"", final=True).encode("utf-8", "replace"), place, behind)


def _cut(chunk: bytes, offset: int, *borders: int | None) -> Iterator[bytes]:
    """Give a chunk, which lies at an offset, in pieces that end at borders."""
    inside = sorted({border - offset for border in borders if border is not None and 0 < border - offset < len(chunk)})
    for first, last in pairwise([0, *inside, len(chunk)]):
        yield chunk[first:last]


def in_utf8(text: bytes, encoding: str | None) -> bytes:
    """Return a text, or the beginning or the end of one, in UTF-8; see `decoded`."""
    return b"".join(piece.text for piece in decoded(iter([text]), encoding))
