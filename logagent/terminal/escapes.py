"""Text from other machines made safe for a terminal.

Which characters become escapes is said in `core.escapes`; in JSON they become `\\u001b`, which is the same text to a
program.
"""

from __future__ import annotations

import re
import struct

from logagent.core.escapes import SPOOFING, without_spoofing

_SPOOFING_CHARACTER = f"[{SPOOFING}]"
_MAYBE_SPOOFING_BYTE = rb"[\x00-\x08\x0b-\x1f\x7f-\xff]"


def escaped(lines: bytes) -> bytes:
    """Escape lines for a terminal; plain ASCII, as most batches are, is returned unchanged after one search."""
    if not re.search(_MAYBE_SPOOFING_BYTE, lines):
        return lines
    return without_spoofing(lines.decode("utf-8", "backslashreplace")).encode()


def escaped_json(records: bytes) -> bytes:
    """Escape JSON for a terminal; its meaning for a program stays the same.

    Outside of strings JSON holds none of these characters, so all of them may become JSON's escapes.
    """
    if not re.search(_MAYBE_SPOOFING_BYTE, records):
        return records
    return re.sub(_SPOOFING_CHARACTER, _escape_json, records.decode()).encode()


def _escape_json(found: re.Match[str]) -> str:
    units = struct.iter_unpack(">H", found[0].encode("utf-16-be"))
    return "".join(f"\\u{unit:04x}" for (unit,) in units)
