"""Text from files and other machines, made safe to show to people: names and messages keep to one line.

Characters that could begin a line, command a terminal, hide text or turn its direction become escapes, as in `ls -b`:
`\\x0a`, `\\x1b`, `\\u202e`, and bytes that are not UTF-8 `\\xff`. A backslash stays as it is, so that a text that was
escaped before does not change. JSON has escapes of its own, by which a program gets a name as it is.
"""

from __future__ import annotations

import re

SPOOFING = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # controls but tab and line feed; the upper half commands terminals, too
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # direction of text
    "\u00ad\u180e\u200b\u2060-\u2064\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"  # invisible, but for joiners
    "\u2028\u2029"  # separators of lines and paragraphs, which some terminals show as a new line
)
"""The characters that are escaped everywhere, as they stand between the brackets of a regular expression."""

LONGEST_PATH = 100
"""Characters of a request's path that are shown: no route has more."""

LONGEST_VALUE = 40
"""Characters that a message repeats of a value that cannot be used: enough to find it among those that were given."""

_SPOOFING_CHARACTER = f"[{SPOOFING}]"
_NOT_IN_A_LINE = f"[{SPOOFING}\t\n\ud800-\udfff]"
_ESCAPED_BYTES = range(0xDC80, 0xDD00)  # how Python keeps bytes that are not UTF-8


def without_spoofing(text: str) -> str:
    """Escape a text for a terminal; line feeds and tabs stay."""
    return re.sub(_SPOOFING_CHARACTER, _escape, text)


def in_line(text: str) -> str:
    """Escape a name or a message, so that it can neither forge a line nor deceive about itself."""
    if text.isascii() and text.isprintable():  # nearly all names, in a tenth of the time
        return text
    return re.sub(_NOT_IN_A_LINE, _escape, text)


def value_shown(text: str) -> str:
    """Return a value as a message repeats it: cut if it is long, and in quotes where it would not be seen as a word."""
    cut = text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}..."
    return cut if cut and cut.isprintable() and " " not in cut else repr(cut)


def bare_path(path: str) -> str:
    """Return the path of a request for the agent's own log: what may be a parameter in the wrong place is left out.

    Of `/logs&keyword=secret` that is `/logs&...`.
    """
    bare = re.split(r"(?<=[?&;=])", path, maxsplit=1)[0][:LONGEST_PATH]
    return path if bare == path else f"{bare}..."


def line_prefix(host: str, file: str) -> str:
    """Return `host file: `, which stands before a line.

    The first space ends the host, and the first colon with a space after it ends the file, whatever they are called:
    such a space in a name becomes `\\x20`.
    """
    return f"{in_line(host).replace(' ', _SPACE)} {in_line(file).replace(': ', f':{_SPACE}')}: "


_SPACE = "\\x20"


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code in _ESCAPED_BYTES:
        code -= 0xDC00
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
