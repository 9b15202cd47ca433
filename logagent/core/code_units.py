"""The bytes that text takes in UTF-16 and UTF-32, whose lines are answered in UTF-8, but counted as in their files.

The fingerprint of such a file says how wide its code units are, so that whoever merges its lines knows where they
end in the file. To all others it is an opaque number.
"""

from __future__ import annotations

_TAG_AT = 48
"""The lowest of two bits of a fingerprint that hold this tag: 1 is UTF-16, 2 is UTF-32. Two more are those of `trust`,
and the rest of the upper half counts bytes."""
_CONTINUATIONS = bytes(range(0x80, 0xC0))
_FIRST_OF_FOUR = bytes(range(0xF0, 0xF8))


def tagged(fingerprint: int, unit: int) -> int:
    """Return the fingerprint of a file with code units of 1, 2 or 4 bytes."""
    return fingerprint | (unit // 2) << _TAG_AT


def untagged(fingerprint: int) -> int:
    """Return a fingerprint as it is made of the file's first bytes, without this tag and that of `trust`."""
    return fingerprint & ~(15 << _TAG_AT)


def unit_of(fingerprint: int) -> int:
    """Return the bytes of a code unit in the file of a fingerprint: 1, 2 or 4."""
    return 1 << (fingerprint >> _TAG_AT & 3)


def width(text: bytes, unit: int) -> int:
    """Return the bytes that a text takes in its file.

    Args:
        text: in UTF-8, or any part of it: the widths of parts add up to that of the whole.
        unit: bytes of a code unit in the file.
    """
    if unit == 1 or text.isascii():
        return unit * len(text)
    characters = len(text.translate(None, _CONTINUATIONS))
    pairs = len(text) - len(text.translate(None, _FIRST_OF_FOUR)) if unit == 2 else 0
    return unit * (characters + pairs)
