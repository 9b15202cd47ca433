"""What the bytes of a file are, as far as its first ones tell: compressed, encoded, text or none."""

from __future__ import annotations

import codecs
import os
from collections.abc import Callable
from typing import NamedTuple

from logagent.disk.archives.compression import HEAD, Compression, compression_of, is_cut_off
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


def form_of(descriptor: int, before_read: Callable[[], object] = lambda: None) -> FileForm:
    """Return the form of an open file.

    Args:
        descriptor: of it.
        before_read: called every now and then; an exception that it raises propagates.

    Raises:
        OSError: when it cannot be read.
    """
    kind, nuls = compression_of(os.pread(descriptor, HEAD, 0)), 0
    if kind is None:
        nuls = nuls_before(descriptor, os.fstat(descriptor).st_size)
        head = os.pread(descriptor, FORM_BYTES, aligned(nuls))
    else:
        head = head_behind_nuls(descriptor, kind, FORM_BYTES, before_read)
    encoding = encoding_of(head)
    head = head.lstrip(b"\0")
    return FileForm(kind, encoding, nuls, binary_form(head) if encoding is None else None, head)


def damage_of_head(form: FileForm) -> str | None:
    """Return why a file is no whole archive whose name says that it is one, for people; None: it is one, or a text.

    That the file is a text is no damage: somebody unpacked it in place, or named it wrongly.
    """
    if form.kind is not None:
        return None
    if not form.head:
        return "it holds nothing but NULs" if form.nuls else "it is empty"
    if is_cut_off(form.head):
        return "it is cut off within its first bytes"
    return None if _is_text(form.head) else "it is not the archive that its name says"


def _is_text(head: bytes) -> bool:
    """Return whether the first bytes of a file are UTF-8 text; they may end within a character."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return b"\0" not in head
