"""Opening a log file as plain text: the file itself, or a decompressed copy of it in memory."""

from __future__ import annotations

import os
from typing import NamedTuple

from logagent.core.batch import BATCH_BYTES
from logagent.disk.archives.compression import HEAD, compression_of
from logagent.disk.archives.decoding import Decompression
from logagent.disk.catalog import identity
from logagent.disk.catalog.logs import Generation

MAX_DECOMPRESSED = 256 * 1024 * 1024
"""Bytes of text that are decompressed into memory at most, when a file was compressed before it was fully read: more
than a busy log gets between two rotations."""


class PlainText(NamedTuple):
    """An open descriptor of plain text.

    Attributes:
        descriptor: of the text; whoever takes it closes it.
        whole: whether the text is complete: not too large, and not damaged.
    """

    descriptor: int
    whole: bool = True


def open_plain_text(file: Generation) -> PlainText:
    """Open a plain file, or decompress an archive into memory as far as it fits and is undamaged; blocks.

    Raises:
        Failure: when it cannot be opened.
        identity.Replaced: when its name belongs to another inode.
        OSError: when it cannot be read.
    """
    descriptor = file.open()
    try:
        identity.require_same(file, identity.inode_of(descriptor))
        kind = compression_of(os.pread(descriptor, HEAD, 0))
        if kind is None:
            return PlainText(os.dup(descriptor))
        return _decompressed(Decompression(descriptor, file.name, kind, chunk=BATCH_BYTES), file)
    finally:
        os.close(descriptor)


def _decompressed(decompression: Decompression, file: Generation) -> PlainText:
    text = os.memfd_create(file.name.rpartition("/")[2][:200])
    try:
        size = 0
        for chunk in decompression.chunks():
            size += len(chunk)
            if size > MAX_DECOMPRESSED:
                break
            _write(text, chunk)
        os.utime(text, ns=(file.modified, file.modified))  # a file without times takes its lines' time from here
    except BaseException:
        os.close(text)
        raise
    return PlainText(text, whole=decompression.loss is None and size <= MAX_DECOMPRESSED)


def _write(descriptor: int, chunk: bytes) -> None:
    left = memoryview(chunk)
    while left:
        left = left[os.write(descriptor, left) :]
