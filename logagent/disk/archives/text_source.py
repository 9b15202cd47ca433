"""The text of a file that cannot be searched as it lies there: decompressed, and then decoded to UTF-8."""

from __future__ import annotations

import codecs
import os
from collections.abc import Callable, Iterator
from typing import Protocol

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


def decoded(chunks: Iterator[bytes], encoding: str | None) -> Iterator[bytes]:
    """Give a text in UTF-8, with U+FFFD for what is not valid.

    Args:
        encoding: of the text; None: it is given as it is.
    """
    if encoding is None:
        yield from chunks
        return
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    for chunk in chunks:
        yield decoder.decode(chunk).encode("utf-8", "replace")
    yield decoder.decode(b"", final=True).encode("utf-8", "replace")


def in_utf8(text: bytes, encoding: str | None) -> bytes:
    """Return a text, or the beginning or the end of one, in UTF-8; see `decoded`."""
    return b"".join(decoded(iter([text]), encoding))
