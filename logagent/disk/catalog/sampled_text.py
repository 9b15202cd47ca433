"""Lines from the ends of a text that cannot be read as it lies in its file: decompressed, or decoded to UTF-8."""

from __future__ import annotations

import os
from itertools import islice

from logagent.core.outcome import Failure, Status
from logagent.disk.archives.compression import HEAD, Compression, compression_of
from logagent.disk.archives.decoding import Decompression
from logagent.disk.archives.file_form import damage_of_head, form_of
from logagent.disk.archives.text_source import in_utf8
from logagent.disk.files.blocks import Read
from logagent.disk.files.text_form import FORM_BYTES, aligned, encoding_of, nuls_before, without_lead
from logagent.disk.times.stamping import SAMPLE

MAX_WINDOW = 32 * 1024 * 1024
"""Bytes that a decoder may take for a listing: xz -7 needs 17 MiB. A file that needs more is listed without times."""
MAX_STEPS = 64
"""Chunks of one file that are decompressed: an archive may hold many empty members before its first line."""


def sampled_text(descriptor: int, name: str, head: bytes, read: Read, *, archived: bool) -> tuple[bytes, bool]:
    """Return lines of a text that is not read as it lies there, and whether it is compressed; else nothing.

    Args:
        descriptor: of the file, open for reading; stays the caller's.
        name: of the file, for messages.
        head: its first `FORM_BYTES` bytes.
        read: `os.pread`, or its stand-in.
        archived: whether it is compressed, to judge by its name.

    Raises:
        Failure: DATA_LOSS, when it is an archive that is damaged before its first line.
        OSError: when it cannot be read.
    """
    if archived and (damage := damage_of_head(form_of(descriptor))) is not None:
        raise Failure(Status.DATA_LOSS, f"{name}: damaged: {damage}")
    kind = compression_of(head[:HEAD])
    if kind is not None:
        return _cut(_decompressed(descriptor, name, kind, read)), True
    return _both_ends(descriptor, os.fstat(descriptor).st_size, head, read), False


def _both_ends(descriptor: int, size: int, head: bytes, read: Read) -> bytes:
    """Return both ends of a text in UTF-16 or UTF-32, in UTF-8; nothing if it is no such text."""
    begin = aligned(nuls_before(descriptor, size, read)) if head.startswith(b"\0") else 0
    encoding = encoding_of(read(descriptor, FORM_BYTES, begin) if begin else head)
    if encoding is None:
        return b""
    first = without_lead(in_utf8(read(descriptor, 2 * SAMPLE, begin), encoding))
    if begin + 2 * SAMPLE >= size:
        return first
    # The second part most likely begins within a line, which is dropped.
    tail = aligned(size - SAMPLE)
    return _cut(first) + in_utf8(read(descriptor, size - tail, tail), encoding).partition(b"\n")[2]


def _decompressed(descriptor: int, name: str, kind: Compression, read: Read) -> bytes:
    """Return the first `SAMPLE` bytes of a compressed file's text, or fewer if damage comes behind some of them."""
    decompression = Decompression(descriptor, name, kind, chunk=SAMPLE, window=MAX_WINDOW, read=read)
    text = b""
    for chunk in islice(decompression.chunks(), MAX_STEPS):
        text += chunk
        text = text[aligned(len(text) - len(text.lstrip(b"\0"))) :]
        if len(text) >= SAMPLE:
            break
    if not text and decompression.loss is not None and decompression.loss.status is Status.DATA_LOSS:
        raise decompression.loss
    return without_lead(in_utf8(text[:SAMPLE], encoding_of(text[:FORM_BYTES])))


def _cut(text: bytes) -> bytes:
    """Return the text without its last line, which may be cut; a text of a single line is returned unchanged."""
    return text[: text.rfind(b"\n") + 1] or text
