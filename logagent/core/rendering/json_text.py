"""JSON as bytes in which no reader finds a line break that is none.

JSON escapes the control characters, the line feed among them. It need not escape U+0085, U+2028 and U+2029; but Unicode
calls these line breaks too, and readers such as Python's `str.splitlines`, and with it httpx's `iter_lines`, break
lines there.
"""

from __future__ import annotations

_ESCAPES = tuple((character, f"\\u{ord(character):04x}") for character in "\u0085\u2028\u2029")


def without_line_breaks(text: str) -> bytes:
    """Encode JSON, with the line breaks that it need not escape escaped.

    Such a character can only stand within a string of the JSON, where the escape means the same.

    Args:
        text: one or more JSON texts; what is not Unicode (a lone surrogate) becomes `?`.
    """
    if not text.isascii():
        for character, escape in _ESCAPES:
            if character in text:  # Rare, and found far faster than replaced.
                text = text.replace(character, escape)
    return text.encode("utf-8", "replace")
