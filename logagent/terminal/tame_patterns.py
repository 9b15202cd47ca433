"""Which regular expressions Python's `re` matches as agents do, and soon enough.

An agent's engine takes linear time whatever the expression is; `re` tries one way after the other, and of some
expressions there are more ways than anybody waits for.
"""

from __future__ import annotations

import re

MOST_UNBOUNDED = 2
"""Repetitions without an end: each multiplies the time by the bytes of the text."""
MOST_CHOICES = 8
"""Places with several ways to go on, those in a repeated group counted as often as it may be repeated."""

_FOREIGN = re.compile(rb"\\[vVhHRKXNGe]|\\x\{|\{,|\(\?<[A-Za-z]|\(\?'|\\c|\[:|\\[0-9]")
"""What means something else to `re`, or nothing."""
_TOKEN = re.compile(
    rb"(?P<atom>\\.|\[\^?\]?(?:\\.|[^\]\\])*\])|(?P<open>\()|(?P<close>\))|(?P<choice>\|)"
    rb"|(?P<repeat>[*+?]|\{(?P<least>\d+)(?P<comma>,)?(?P<most>\d*)\})|.",
    re.DOTALL,
)


def is_tame(pattern: bytes) -> bool:
    """Return whether `re` may be asked to look for an expression that an agent accepts."""
    if _FOREIGN.search(pattern):
        return False
    groups: list[_Ways] = [_Ways()]
    last = _Ways()  # of what was just passed: a group, or a single atom
    for token in _TOKEN.finditer(pattern):
        if token.lastgroup == "open":
            groups.append(_Ways())
        elif token.lastgroup == "close" and len(groups) > 1:
            last = groups.pop()
            groups[-1].add(last)
        elif token["choice"]:
            groups[-1].choices += 1
        elif token["repeat"]:
            groups[-1].repeat(last, *_times(token))
        else:
            last = _Ways()
    return len(groups) == 1 and groups[0].unbounded <= MOST_UNBOUNDED and groups[0].choices <= MOST_CHOICES


class _Ways:
    """How many ways there are through a part of an expression."""

    def __init__(self) -> None:
        self.choices = 0
        self.unbounded = 0

    def add(self, part: _Ways, times: int = 1) -> None:
        self.choices += part.choices * times
        self.unbounded += part.unbounded * times

    def repeat(self, part: _Ways, least: int, most: int | None) -> None:
        """Repeat the last part, which was added once already."""
        if most is None:
            # A repetition of what may be passed in several ways: their number is a power of the length of the text.
            self.unbounded += 1 if not part.choices and not part.unbounded else MOST_UNBOUNDED + 1
        else:
            self.add(part, most - 1)
            self.choices += least != most


def _times(token: re.Match[bytes]) -> tuple[int, int | None]:
    sign = token["repeat"]
    if token["least"] is None:
        return (0, 1) if sign == b"?" else (0, None)
    least = int(token["least"])
    return least, (int(token["most"]) if token["most"] else None) if token["comma"] else least
