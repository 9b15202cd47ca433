"""A file of a log as plain text behind a descriptor, whichever way it lies on the disk."""

from __future__ import annotations

import os
from typing import NamedTuple

from logagent.core.batch import BATCH_BYTES
from logagent.disk.archives.compression import HEAD, compression_of
from logagent.disk.archives.decoding import Decompression
from logagent.disk.catalog import identity
from logagent.disk.catalog.logs import Generation

MAX_UNPACKED = 256 * 1024 * 1024
"""Bytes of text that are unpacked into memory, to be followed as a file is, where one was compressed before it was read
to its end: more than a busy log gets between two rotations."""


class Plain(NamedTuple):
    """descriptor: of the text, to be closed by whoever takes it. whole: whether it is all of the text."""

    descriptor: int
    whole: bool = True


def open_plain(file: Generation) -> Plain:
    """The file itself, or what is packed in it, in memory: as much as fits and can be read. Reads the disk and blocks.

    Raises `Failure` where it cannot be opened, `Replaced`, `OSError`.
    """
    descriptor = file.open()
    try:
        identity.require_same(file, identity.inode_of(descriptor))
        kind = compression_of(os.pread(descriptor, HEAD, 0))
        if kind is None:
            return Plain(os.dup(descriptor))
        return _unpacked(Decompression(descriptor, file.name, kind, chunk=BATCH_BYTES), file)
    finally:
        os.close(descriptor)


def _unpacked(unpacking: Decompression, file: Generation) -> Plain:
    text = os.memfd_create(file.name.rpartition("/")[2][:200])
    try:
        size = 0
        for chunk in unpacking.chunks():
            size += len(chunk)
            if size > MAX_UNPACKED:
                break
            _write(text, chunk)
        os.utime(text, ns=(file.modified, file.modified))  # what its lines go by that have no time
    except BaseException:
        os.close(text)
        raise
    return Plain(text, whole=unpacking.loss is None and size <= MAX_UNPACKED)


def _write(descriptor: int, chunk: bytes) -> None:
    left = memoryview(chunk)
    while left:
        left = left[os.write(descriptor, left) :]
