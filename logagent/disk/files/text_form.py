"""Where the text of a file begins, and in which encoding it is: told by its first bytes.

`copytruncate` leaves NULs at the head of a file whose writer goes on at its old offset; some programs write a mark of
the byte order (BOM) there. Neither is part of the first line.
"""

from __future__ import annotations

import codecs
import os
import re
from contextlib import suppress

from logagent.disk.files.blocks import Read

BOM = codecs.BOM_UTF8
"""What some programs write in front of UTF-8."""
FORM_BYTES = 1024
"""Bytes from the beginning of a text that tell its encoding, or that it is none."""

UNIT = 4
"""Bytes of the longest code unit: a writer that uses it begins at a multiple of them."""

_PIECE = 1024 * 1024
_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
_LEAST = 8
"""Characters from which on a text without a mark is long enough to tell its encoding."""
_LEAST_ASCII = 0.1
"""The part of a text in ASCII characters from which on it is believed to be text: times, blanks and line breaks alone
are more than that."""
_ODD = re.compile(rb"[\0\x04-\x06\x0e-\x1a\x7f]")
"""Control characters that texts do not use, not even to separate fields and messages, as FIX and HL7 do."""
_MOST_ODD = 0.03
"""The part of them up to which bytes count as text: what is compressed or encrypted has twice that, programs more."""
_FEW_ODD = 2
"""So many of them are nothing odd, however short the text is."""
_TAR_AT = 257
"""Offset at which a tar archive says that it is one."""
_BINARIES = {
    b"\x7fELF": "a program",
    b"SQLite format 3\0": "an SQLite database",
    b"LPKSHHRH": "a file of the systemd journal",
    b"\xd4\xc3\xb2\xa1": "a capture of packets",
    b"ElfFile\0": "a Windows event log",
    b"%PDF-": "a PDF document",
    b"\x89PNG\r\n": "an image",
    b"\xff\xd8\xff": "an image",
}


def encoding_of(head: bytes) -> str | None:
    """Return the encoding of a text of which each character takes two or four bytes; None: it is not in one of them.

    Args:
        head: the first `FORM_BYTES` of the text, or all there are.
    """
    marked = next((encoding for mark, encoding in _MARKS.items() if head.startswith(mark)), None)
    if marked is not None or b"\0" not in head:
        return marked
    return next((encoding for encoding in _MARKS.values() if _fits(head, encoding)), None)


def name_of(encoding: str) -> str:
    """Return the name of an encoding for people."""
    return "UTF-16" if "16" in encoding else "UTF-32"


def unit_in(encoding: str | None) -> int:
    """Return the bytes of a code unit in an encoding that `encoding_of` returned; 1 in all others."""
    return 1 if encoding is None else 2 if "16" in encoding else 4


def known_binary(head: bytes) -> str | None:
    """Return what a file is that is known for no text, with its article; None: it may be text.

    Args:
        head: the first `FORM_BYTES` of the file, or all there are.
    """
    if head.startswith(b"ustar", _TAR_AT):
        return "a tar archive"
    return next((name for signature, name in _BINARIES.items() if head.startswith(signature)), None)


def binary_form(head: bytes) -> str | None:
    """Return what a file is that is no text in any encoding of bytes, for people; None: it is text.

    Args:
        head: the first `FORM_BYTES` of the file, or all there are.
    """
    known = known_binary(head)
    if known is not None:
        return f"is {known}"
    return "is no text" if len(_ODD.findall(head)) > max(_FEW_ODD, _MOST_ODD * len(head)) else None


def nuls_before(descriptor: int, size: int, read: Read = os.pread) -> int:
    """Return how many NULs a file begins with; holes are not read.

    Args:
        descriptor: of a regular file.
        size: bytes of it to look at.
    """
    at = 0
    while at < size:
        with suppress(OSError):  # the file system does not know holes, or there is nothing but a hole
            at = max(at, os.lseek(descriptor, at, os.SEEK_DATA))
        piece = read(descriptor, min(_PIECE if at else FORM_BYTES, size - at), at)
        rest = piece.lstrip(b"\0")
        at += len(piece) - len(rest)
        if rest or not piece:
            break
    return min(at, size)


def aligned(nuls: int) -> int:
    """Return from where the encoding of a text behind NULs can be told: the last of them may be part of a character."""
    return nuls - nuls % UNIT


def mark_at(head: bytes) -> int:
    """Return the bytes of the mark of UTF-8 that a text begins with."""
    return len(BOM) if head.startswith(BOM) else 0


def without_lead(text: bytes) -> bytes:
    """Return a text without the NULs and the mark that it begins with."""
    text = text.lstrip(b"\0")
    return text[mark_at(text) :]


def hiding_lead(read: Read, lead: int) -> Read:
    """Return a read that gives line breaks for the first bytes of a file, so that a line begins behind them.

    Args:
        lead: how many bytes are no part of the text.
    """

    def read_behind(descriptor: int, size: int, offset: int) -> bytes:
        body = read(descriptor, size, offset)
        hidden = min(len(body), max(0, lead - offset))
        return b"\n" * hidden + body[hidden:] if hidden else body

    return read_behind if lead else read


def _fits(head: bytes, encoding: str) -> bool:
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(head)
    except UnicodeDecodeError:
        return False
    plain = sum(" " <= character <= "~" or character in "\t\r\n" for character in text)
    return len(text) >= _LEAST and "\0" not in text and plain >= _LEAST_ASCII * len(text)
