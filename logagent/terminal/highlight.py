"""Lines in colour: what matches, and how grave a line says it is; nothing else of a line changes.

Only loaded where something is printed in colour.
"""

from __future__ import annotations

import re
import time
import warnings
from collections.abc import Callable, Iterator

from logagent.core.matching.expressions import BadPattern, read
from logagent.core.query import Match
from logagent.terminal.escapes import escaped
from logagent.terminal.tame_patterns import is_tame

Paint = Callable[[bytes], bytes]
"""Returns whole lines in colour, and escaped where they are for a terminal."""

FOUND = b"\x1b[1;31m"
"""What matches: bold and red, as grep has it."""
PLAIN = b"\x1b[0m"
MOST_PATTERNS = 200
"""Patterns that are looked for: of more, each line would take milliseconds."""
HEAD = 1000
"""Bytes of a line in which regular expressions are looked for: they take more than linear time here."""
LEVEL_HEAD = 200
"""Bytes of a line in which its level is looked for: behind that, the word is text."""
SLOW = 0.1
"""Seconds of one line after which no further line has its matches coloured."""

_GRAVE, _BAD, _WARNING, _GOOD, _MINOR = (b"\x1b[1;38;5;160m", *(b"\x1b[38;5;%dm" % n for n in (160, 166, 29, 244)))
_COLORS = {
    **dict.fromkeys((b"fatal", b"critical", b"crit", b"emergency", b"emerg", b"alert", b"panic"), _GRAVE),
    **dict.fromkeys((b"error", b"err", b"severe"), _BAD),
    **dict.fromkeys((b"warning", b"warn"), _WARNING),
    **dict.fromkeys((b"info", b"information", b"notice"), _GOOD),
    **dict.fromkeys((b"debug", b"trace", b"verbose"), _MINOR),
}
"""The colours of levels, of the 256 that most terminals have; they are legible on black and on white."""
_WORDS = b"|".join(sorted(_COLORS, reverse=True))  # the longer of two that begin alike comes first
_LEVEL = re.compile(
    rb"(?<![\w.-])(?:" + _WORDS.upper() + rb")(?![\w.-])"  # a word in capitals
    rb"|(?<=[\[<])(?i:" + _WORDS + rb")(?=[\]>])"  # one in brackets
    rb"|(?<![\w])(?i:level|lvl|severity|loglevel)\"?[=:] ?\"?(?P<value>(?i:" + _WORDS + rb"))(?![\w-])"
)
_LETTER_GOES_ON = range(0x80, 0xC0)

_Spans = list[tuple[int, int, bytes]]


def painter(match: Match, *, escape: bool) -> Paint:
    """Return what colours lines.

    Args:
        match: what the lines were searched for.
        escape: whether they are for a terminal.
    """
    return _Painter(match, escape).paint


class _Painter:
    def __init__(self, match: Match, escape: bool) -> None:
        self._literals, self._expressions = _compiled(match)
        self._escape = escape

    def paint(self, lines: bytes) -> bytes:
        return b"\n".join(map(self._line, lines.split(b"\n")))

    def _line(self, line: bytes) -> bytes:
        spans = [*self._matches(line), *_level(line)]
        if not spans:
            return escaped(line) if self._escape else line
        return b"".join(self._pieces(line, sorted(spans)))

    def _matches(self, line: bytes) -> Iterator[tuple[int, int, bytes]]:
        if self._literals:
            yield from _found(self._literals, line)
        if self._expressions:
            began = time.monotonic()
            for expression in self._expressions:
                yield from _found(expression, line[:HEAD])
            if time.monotonic() - began > SLOW:
                self._expressions = []

    def _pieces(self, line: bytes, spans: _Spans) -> Iterator[bytes]:
        """Yield the line with colours; of what overlaps, the match shows, else what begins first."""
        done = 0
        for begin, end, color in _apart(spans):
            yield self._safe(line[done:begin])
            yield color + self._safe(line[begin:end]) + PLAIN
            done = end
        yield self._safe(line[done:])

    def _safe(self, piece: bytes) -> bytes:
        return escaped(piece) if self._escape else piece


def _apart(spans: _Spans) -> Iterator[tuple[int, int, bytes]]:
    matched = [(begin, end) for begin, end, color in spans if color is FOUND]
    done = 0
    for begin, end, color in spans:
        hidden = color is not FOUND and any(begin < last and first < end for first, last in matched)
        if not hidden and end > done:
            yield max(begin, done), end, color
            done = end


def _found(expression: re.Pattern[bytes], line: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield what matches, as whole letters: a letter that is torn apart would be shown as none."""
    for found in expression.finditer(line):
        begin, end = found.span()
        while begin and begin < len(line) and line[begin] in _LETTER_GOES_ON:
            begin -= 1
        while end < len(line) and line[end] in _LETTER_GOES_ON:
            end += 1
        if found[0]:
            yield begin, end, FOUND


def _level(line: bytes) -> Iterator[tuple[int, int, bytes]]:
    found = _LEVEL.search(line[:LEVEL_HEAD])
    if found:
        group = "value" if found["value"] else 0
        yield *found.span(group), _COLORS[found[group].lower()]


def _compiled(match: Match) -> tuple[re.Pattern[bytes] | None, list[re.Pattern[bytes]]]:
    """Return an expression for all literals, and those that mean the same here as they do to an agent."""
    if len(match.keywords) + len(match.regex) > MOST_PATTERNS:
        return None, []
    longest_first = sorted(match.keywords, key=len, reverse=True)
    literals = _as_one([_for_here(re.escape(literal), match.ignore_case) for literal in longest_first])
    tame = [_as_one([_for_here(expression, match.ignore_case)]) for expression in match.regex if is_tame(expression)]
    return literals, [expression for expression in tame if expression]


def _for_here(pattern: bytes, ignore_case: bool) -> bytes:
    """Rewrite an expression as an agent does, whereby letters beyond ASCII stand for their bytes in every case."""
    try:
        text = read(pattern, ignore_case=ignore_case).text
    except BadPattern:
        return b""
    return b"(?i:" + text + b")" if ignore_case else b"(?:" + text + b")"


def _as_one(patterns: list[bytes]) -> re.Pattern[bytes] | None:
    joined = b"|".join(filter(None, patterns))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # such as for [[:alpha:]], which Python takes for another set
            return re.compile(joined) if joined else None
    except (re.error, FutureWarning, OverflowError):
        return None
