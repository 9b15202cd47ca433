"""Text from other machines made safe for a terminal.

Characters that could command a terminal, hide text or turn its direction become escapes: `\\x1b`, `\\u202e`, and bytes
that are not UTF-8 `\\xff`; in JSON always `\\u001b`, which is the same text to a program.
"""

from __future__ import annotations

import re
import struct

_SPOOFING = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # controls but tab and line feed; the upper half commands terminals, too
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # direction of text
    "\u00ad\u180e\u200b\u2060-\u2064\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"  # invisible, but for joiners
    "\u2028\u2029"  # separators of lines and paragraphs, which some terminals show as a new line
)
_SPOOFING_CHARACTER = re.compile(f"[{_SPOOFING}]")
_MAYBE_SPOOFING_BYTE = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f-\xff]")


def shown(text: str) -> str:
    """Escape a text for a terminal; line feeds and tabs stay."""
    return _SPOOFING_CHARACTER.sub(_escape, text)


def escaped(lines: bytes) -> bytes:
    """Escape lines for a terminal; plain ASCII, as most batches are, is returned unchanged after one search."""
    if not _MAYBE_SPOOFING_BYTE.search(lines):
        return lines
    return shown(lines.decode("utf-8", "backslashreplace")).encode()


def escaped_json(records: bytes) -> bytes:
    """Escape JSON for a terminal; its meaning for a program stays the same.

    Outside of strings JSON holds none of these characters, so all of them may become JSON's escapes.
    """
    if not _MAYBE_SPOOFING_BYTE.search(records):
        return records
    return _SPOOFING_CHARACTER.sub(_escape_json, records.decode()).encode()


def _escape(found: re.Match[str]) -> str:
    return found[0].encode("ascii", "backslashreplace").decode() if found[0] > "\x7f" else f"\\x{ord(found[0]):02x}"


def _escape_json(found: re.Match[str]) -> str:
    units = struct.iter_unpack(">H", found[0].encode("utf-16-be"))
    return "".join(f"\\u{unit:04x}" for (unit,) in units)
