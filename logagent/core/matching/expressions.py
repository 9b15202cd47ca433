r"""Expressions: the regular expressions that a client may write, checked and rewritten for the engine.

The syntax is PCRE's without constructs that take more than linear time. A pattern is matched against one line alone, by
bytes, as grep does in the C locale: `.` is one byte, `\w` is ASCII. A letter beyond ASCII, written in UTF-8, counts as
a unit, so that `é?` is an optional letter.

The engine searches blocks of many lines. Therefore whatever could match a line break is rewritten so that it does not:
`[^"]` becomes `[^\n"]`. Where rewriting cannot rule it out, `crosses` says that each line found must be tried alone.
"""

from __future__ import annotations

import re
from typing import NamedTuple

MAX_PATTERN = 4096
"""Bytes of one expression: some hundred alternatives."""
MAX_POSITIONS = 5000
"""Positions of all expressions of one parameter together, each `{m,n}` written out n times. Up to this number, the
engine's compiler takes about a second at worst; beyond it, minutes for some, and it cannot be stopped."""
_WIDE = 5
"""Positions that `.`, an escaped letter or a set count for, since each takes the compiler that much longer."""
MAX_DEPTH = 20
"""Depth of nested groups: with hundreds of nested repeated groups, compiling never ends."""


class BadPattern(ValueError):
    """An expression that cannot be searched for, and why."""


class Expression(NamedTuple):
    """An expression, rewritten for the engine.

    Attributes:
        text: the expression in the engine's syntax.
        crosses: whether a match in a block of lines may hold a line break.
        ends: whether it contains `$`.
        positions: its size, see `MAX_POSITIONS`.
    """

    text: bytes
    crosses: bool
    ends: bool
    positions: int


_TOKEN = rb"""(?xs)
    (?P<escape>\\(?:x\{[^}]*\} | x[0-9a-fA-F]{0,2} | c. | [0-7]{1,3} | [pPk]\{[^}]*\} | .)?)
    | (?P<set>\[ \^? \]? (?: \[:[^\]:]*:\] | \\. | [^\]\\] )* \])
    | (?P<open>\( (?: \?[a-zA-Z^-]*[:)] | \?P?<\w+> | \?'\w+' | \?[^)]? | \*)? )
    | (?P<close>\))
    | (?P<repeat>\{ (?P<least>\d+) (?P<comma>,)? (?P<most>\d*) \})
    | (?P<end>\$)
    | (?P<letter>[\xc2-\xf4][\x80-\xbf]{1,3})
    | (?P<sign>[*+?|^.])
    | (?P<byte>.)
    """
_MEMBER = rb"(?s)\[:(?P<name>[^\]:]*):\]|\\(?P<escape>.)|(?P<letter>[\xc2-\xf4][\x80-\xbf]{1,3})|."

_IN_LINE = {b"s": rb"[\t\x0b\x0c\r ]", b"W": rb"[^\w\n]", b"D": rb"[^\d\n]", b"A": b"^", b"z": b"$", b"Z": b"$"}
"""Escapes that would match the line breaks of a block, and what they mean within one line."""
_SAFE_IN_SETS = frozenset(b"wdSh" + rb"""!"#$%&'()*+,-./:;<=>?@[\]^_`{|}~ """)
"""Characters that, after a backslash within `[...]`, neither match a line break nor begin a range that holds it."""
_SAFE = _SAFE_IN_SETS | frozenset(b"bBtrfea")
"""Characters that, after a backslash elsewhere, never match a line break."""
_SAFE_NAMES = frozenset(b"alpha digit alnum upper lower punct graph print blank xdigit word".split())
_UNSUPPORTED = {
    b"Q": r"\Q is not supported; escape each character",
    b"E": r"\E is not supported",
    b"p": r"Unicode properties such as \p{L} are not supported",
    b"P": r"Unicode properties such as \P{L} are not supported",
    b"C": r"\C is not supported; . is one byte",
    b"<": r"\< is not supported; write \b",
    b">": r"\> is not supported; write \b",
}
_UNSUPPORTED_GROUPS = {
    b"(*": "verbs such as (*UTF8) are not supported",
    b"(?=": "look-ahead is not supported",
    b"(?!": "look-ahead is not supported",
    b"(?<": "look-behind is not supported",
    b"(?>": "atomic groups are not supported",
    b"(?#": "comments are not supported",
    b"(?|": "(?| is not supported",
    b"(?(": "conditions are not supported",
}


def read(pattern: bytes, *, ignore_case: bool = False, across: bool = False) -> Expression:
    """Check an expression and rewrite it for the engine.

    Args:
        pattern: the expression as the client wrote it.
        ignore_case: whether letters match in either case.
        across: whether it is for texts of several lines, in which whatever can match a line break may do so, even `.`.

    Raises:
        BadPattern: for an expression that is not supported or too large. Other errors are left to the engine's parser.
    """
    if len(pattern) > MAX_PATTERN:
        raise BadPattern(f"is longer than {MAX_PATTERN} bytes")
    if b"\n" in pattern:
        raise BadPattern("holds a line break; a match never crosses a line")
    if b"\0" in pattern:
        raise BadPattern(r"holds a NUL; write \x00")
    return _Rewriter(ignore_case, across).rewrite(pattern)


class _Rewriter:
    """Rewrites one pattern in one pass, token by token: the method `_x` rewrites the group `x` of `_TOKEN`."""

    def __init__(self, ignore_case: bool, across: bool) -> None:
        self._ignore_case = ignore_case
        self._across = across
        self._written: list[bytes] = []
        self._groups = [0]
        self._last = 0
        self._crosses = self._ends = False

    def rewrite(self, pattern: bytes) -> Expression:
        for token in re.finditer(_TOKEN, pattern):
            self._written.append(getattr(self, f"_{token.lastgroup}")(token))
            if sum(self._groups) > MAX_POSITIONS:
                raise too_large()
        return Expression(b"".join(self._written), self._crosses, self._ends, sum(self._groups))

    def _atom(self, positions: int = 1) -> None:
        self._last = positions
        self._groups[-1] += positions

    def _sign(self, token: re.Match[bytes]) -> bytes:
        if token[0] == b".":
            self._atom(_WIDE)
        return token[0]

    def _byte(self, token: re.Match[bytes]) -> bytes:
        if token[0] == b"[":
            raise BadPattern("a [ is not closed")
        self._atom()
        return token[0]

    def _end(self, token: re.Match[bytes]) -> bytes:
        self._ends = True
        return token[0]

    def _letter(self, token: re.Match[bytes]) -> bytes:
        self._atom(len(token[0]))
        variants = _cases(token[0]) if self._ignore_case else {token[0]}
        return b"(?:" + b"|".join(sorted(variants)) + b")"

    def _escape(self, token: re.Match[bytes]) -> bytes:
        escaped = token[0][1:]
        if escaped[:1] in _UNSUPPORTED:
            raise BadPattern(_UNSUPPORTED[escaped[:1]])
        if not escaped or escaped[0] >= 0x80:
            raise BadPattern("a \\ stands before nothing that it could escape")
        self._atom(_WIDE if escaped[:1].isalpha() else 1)
        self._ends = self._ends or escaped in (b"z", b"Z")
        if escaped in _IN_LINE and not self._across:
            return _IN_LINE[escaped]
        self._crosses = self._crosses or escaped[0] not in _SAFE
        return token[0]

    def _set(self, token: re.Match[bytes]) -> bytes:
        self._atom(_WIDE)
        negated = token[0].startswith(b"[^")
        members = token[0][2:-1] if negated else token[0][1:-1]
        for member in re.finditer(_MEMBER, members):
            self._crosses = self._crosses or not (negated or _is_safe(member))
        if not negated or self._across:
            return token[0]
        first = b"\\" if members[:1] in (b"]", b"-") else b""
        return b"[^\\n" + first + members + b"]"

    def _open(self, token: re.Match[bytes]) -> bytes:
        flags = re.fullmatch(rb"\(\?([a-zA-Z^]*)(-?)([a-zA-Z]*)([:)])", token[0])
        written = _flags(flags, self._across) if flags else _group(token[0])
        if written.endswith(b")") or not written:
            return written
        self._groups.append(0)
        if len(self._groups) > MAX_DEPTH:
            raise BadPattern(f"has groups within each other more than {MAX_DEPTH - 1} deep")
        return written

    def _close(self, token: re.Match[bytes]) -> bytes:
        if len(self._groups) == 1:
            raise BadPattern("a ) has no ( before it")
        self._atom(max(1, self._groups.pop()))
        return token[0]

    def _repeat(self, token: re.Match[bytes]) -> bytes:
        times = max(1, int(token["most"] or token["least"])) if len(token[0]) < 20 else MAX_POSITIONS + 1
        more = self._last * (times - 1)
        self._groups[-1] += more
        self._last += more
        return token[0]


def too_large(most: int = MAX_POSITIONS) -> BadPattern:
    """Return the error for expressions with more positions than `most`."""
    return BadPattern(
        f"is too large: repetitions written out, and each . and [...] counted {_WIDE} times, "
        f"there are more than {most} characters"
    )


def _cases(letter: bytes) -> set[bytes]:
    """Return a letter in all cases (lower, upper, folded) in which it is a single letter."""
    try:
        text = letter.decode("utf-8")
    except UnicodeDecodeError:
        return {letter}
    return {case.encode() for case in (text, text.lower(), text.upper(), text.casefold()) if len(case) == 1}


def _is_safe(member: re.Match[bytes]) -> bool:
    """Return whether a member of a set cannot match a line break; for a range, its first character decides."""
    if member["letter"]:
        raise BadPattern("letters beyond ASCII are not supported in [...]; write (a|ä) for [aä]")
    if member["name"] is not None:
        return member["name"] in _SAFE_NAMES
    if member["escape"]:
        return member["escape"][0] in _SAFE_IN_SETS
    return member[0] >= b" "


def _flags(flags: re.Match[bytes], across: bool) -> bytes:
    """Rewrite flags such as `(?i)`; `s` and `m` have no meaning in a single line, and are dropped there."""
    on, minus, off, end = flags.groups()
    unknown = (on + off).translate(None, b"ism")
    if unknown:
        raise BadPattern(f"the flag (?{unknown.decode()[:1]}) is not supported; i, m and s are")
    if not across:
        on, off = on.translate(None, b"sm"), off.translate(None, b"sm")
    if end == b")" and not on and not off:
        return b""
    return b"(?" + on + (minus if off else b"") + off + end


def _group(opening: bytes) -> bytes:
    if opening == b"(" or opening.startswith((b"(?P<", b"(?'")):
        return opening
    if re.fullmatch(rb"\(\?<\w+>", opening):
        return opening
    for start, reason in _UNSUPPORTED_GROUPS.items():
        if opening.startswith(start):
            raise BadPattern(reason)
    raise BadPattern(f"{opening.decode('ascii', 'replace')} is not supported")
