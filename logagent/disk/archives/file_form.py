"""What the bytes of a file are, as far as its first ones tell: compressed, encoded, text or none."""

from __future__ import annotations

import os
from typing import NamedTuple

from logagent.disk.archives.compression import HEAD, Compression, compression_of
from logagent.disk.archives.decoding import head_behind_nuls
from logagent.disk.files.text_form import FORM_BYTES, aligned, binary_form, encoding_of, nuls_before


class FileForm(NamedTuple):
    """How a file is to be read.

    Attributes:
        kind: how it is compressed; None: it is not.
        encoding: of its text, if a character takes two or four bytes; None: it does not, or there is no text.
        nuls: bytes before the text of a file that is not compressed.
        binary: what it is instead of text, for people; None: it is text.
        head: the first bytes of its text behind NULs.
    """

    kind: Compression | None
    encoding: str | None
    nuls: int
    binary: str | None
    head: bytes


def form_of(descriptor: int) -> FileForm:
    """Return the form of an open file.

    Raises:
        OSError: when it cannot be read.
    """
    kind, nuls = compression_of(os.pread(descriptor, HEAD, 0)), 0
    if kind is None:
        nuls = nuls_before(descriptor, os.fstat(descriptor).st_size)
        head = os.pread(descriptor, FORM_BYTES, aligned(nuls))
    else:
        head = head_behind_nuls(descriptor, kind, FORM_BYTES)
    encoding = encoding_of(head)
    head = head.lstrip(b"\0")
    return FileForm(kind, encoding, nuls, binary_form(head) if encoding is None else None, head)
