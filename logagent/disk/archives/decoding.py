"""The text of a compressed file, which may lie in several archives, each in the other."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial

from logagent.core.outcome import Failure
from logagent.disk.archives.compression import HEAD, UNREAD, Compression, compression_of
from logagent.disk.archives.layer import CHUNK, LARGEST_WINDOW, Layer
from logagent.disk.archives.nested_bytes import NestedBytes
from logagent.disk.files.blocks import UNKNOWN, Read
from logagent.disk.files.text_form import UNIT, aligned, nuls_before

MAX_NESTED = 3
"""Archives that may lie in one another: somebody compressed twice by mistake, nobody five times."""
MAX_NULS = 1024 * 1024 * 1024
"""NULs at the beginning of an archive's text behind which its first line is looked for: half a second's work."""


def head_of(descriptor: int, size: int) -> bytes:
    """Return the first bytes of a file's text, decompressed if the file is compressed, without NULs before it.

    So files that `copytruncate` left with NULs at their heads can be told from one another.

    Args:
        descriptor: of a regular file, open for reading.
        size: bytes to return; fewer are returned if the text is shorter, or damaged earlier.

    Raises:
        OSError: when the file cannot be read.
    """
    kind = compression_of(os.pread(descriptor, HEAD, 0))
    if kind in UNREAD:
        kind = None
    head = os.pread(descriptor, size, 0) if kind is None else _beginning(descriptor, kind, size)
    if not head.startswith(b"\0"):
        return head
    if kind is None:
        return os.pread(descriptor, size, nuls_before(descriptor, os.fstat(descriptor).st_size))
    return head_behind_nuls(descriptor, kind, aligned(size) + UNIT).lstrip(b"\0")[:size]


def _beginning(descriptor: int, kind: Compression, size: int) -> bytes:
    head = b""
    for chunk in Decompression(descriptor, "", kind, chunk=size).chunks():
        head += chunk
        if len(head) >= size:
            break
    return head[:size]


def head_behind_nuls(
    descriptor: int, kind: Compression, size: int, before_read: Callable[[], object] = lambda: None
) -> bytes:
    """Return the first bytes of an archive's text behind the NULs that it begins with, but for a few of these.

    Args:
        descriptor: of a regular file, open for reading.
        kind: how it is compressed.
        size: bytes to return; fewer if the text is shorter, damaged before, or has more than `MAX_NULS` NULs.
        before_read: called before each read and each chunk; an exception that it raises propagates.
    """
    head, nuls = b"", 0
    for chunk in Decompression(descriptor, "", kind, before_read=before_read).chunks():
        head += chunk
        only_nuls = head == bytes(len(head))  # ten times as fast as looking for the first byte that is none
        skipped = aligned(len(head) if only_nuls else len(head) - len(head.lstrip(b"\0")))
        head, nuls = head[skipped:], nuls + skipped
        if len(head) >= size or nuls > MAX_NULS:
            break
    return head[:size]


def read_up_to(size: int, read: Read = os.pread) -> Read:
    """Return a read that finds the end of a file behind its first `size` bytes."""
    return lambda descriptor, most, offset: read(descriptor, max(0, min(most, size - offset)), offset)


class Decompression:
    """One pass over a compressed file; what an archive in an archive holds is given, too.

    Args:
        descriptor: of a regular file, open for reading; stays the caller's.
        name: of the file, for messages.
        kind: how it is compressed.
        chunk: bytes of text given at a time, at most.
        window: bytes of earlier text that a decoder may hold; a file that needs more is not decompressed.
        read: `os.pread`, or its stand-in.
        before_read: called before each read and before each chunk; an exception that it raises ends the pass.

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
    ) -> None:
        self._read = read
        self._layer = partial(Layer, descriptor, name, chunk=chunk, window=window, before_read=before_read)
        self._layers = [self._layer(kind, read=read)]
        self._kinds = [kind]

    @property
    def loss(self) -> Failure | None:
        """Why the text is incomplete; None as long as it is complete."""
        return next((layer.loss for layer in self._layers if layer.loss is not None), None)

    @property
    def spent(self) -> int:
        """Nanoseconds in the decoders so far, reading the file not included."""
        return self._layers[-1].spent

    def chunks(self) -> Iterator[bytes]:
        """Give the text, at most `chunk` bytes at a time (of zstd, 128 KiB); to be called once.

        An empty chunk means that reading continues. At damage the text ends, and `loss` says why.
        """
        while True:
            text, head, held = self._layers[-1].chunks(), b"", list[bytes]()
            while len(head) < HEAD and (chunk := next(text, None)) is not None:
                head += chunk
                held.append(chunk)
                yield b""
            inside = compression_of(head[:HEAD])
            if inside is None or len(self._kinds) > MAX_NESTED:
                yield from held
                yield from text
                return
            read = NestedBytes(partial(self._unpacked, len(self._kinds)))
            self._layers.append(self._layer(inside, read=read, size=UNKNOWN))
            self._kinds.append(inside)

    def _unpacked(self, layers: int) -> Iterator[bytes]:
        """Give what so many layers hold, from its beginning."""
        if layers == 1:
            return self._layer(self._kinds[0], read=self._read).chunks()
        read = NestedBytes(partial(self._unpacked, layers - 1))
        return self._layer(self._kinds[layers - 1], read=read, size=UNKNOWN).chunks()
