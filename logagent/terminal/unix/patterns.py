r"""The patterns of `grep` as the parameters of a query that match the same lines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

_PLAIN = re.compile(r"[\w\s/:=,@\"'<>#%&~;!-]*", re.ASCII)
"""Patterns that mean themselves in every dialect."""
_BASIC = re.compile(r"(?<!\\)(?:\\\\)*\\([|(){}+?])")
"""What is an operator in a basic pattern of grep, and here a character."""
_ENDS = re.compile(r"(?<!\\)(?:\\\\)*\$$")
"""A `$` at the end that is no character."""
_WORD_EDGE = re.compile(r"\\<(?=\w)|(?<=\w)\\>")
"""The edges of a word as grep spells them, where `\b` is the same."""


@dataclass(frozen=True, slots=True)
class MatchingLines:
    """Which lines match.

    Attributes:
        parameters: of a query, by name.
        nothing: whether no line can match.
        uncounted: whether grep then counts none, which it does where every line is excluded.
        hints: what people should know who are used to basic patterns.
    """

    parameters: dict[str, list[str]] = field(default_factory=dict)
    nothing: bool = False
    uncounted: bool = False
    hints: tuple[str, ...] = ()


def split(text: str) -> list[str]:
    """Return the patterns of a text, one a line; line ends may be those of Windows."""
    lines = text.split("\n")
    if len(lines) > 1 and not lines[-1]:
        lines.pop()
    return [line.removesuffix("\r") for line in lines]


def wanted(
    patterns: Sequence[str], *, literal: bool, word: bool = False, line: bool = False, invert: bool = False
) -> MatchingLines:
    """Return which lines match one of several patterns.

    Args:
        literal: whether they are texts; else they are regular expressions.
        word: whether they match whole words only.
        line: whether they match whole lines only.
        invert: whether the lines are meant that match none of them.
    """
    if not patterns:
        return MatchingLines(nothing=not invert)
    whole = word or line
    if "" in patterns and not whole:
        return MatchingLines(nothing=invert, uncounted=invert)
    texts = list(dict.fromkeys(patterns))
    if not whole and all(literal or _PLAIN.fullmatch(text) for text in texts) and (invert or len(texts) == 1):
        return MatchingLines({"exclude" if invert else "keyword": texts})
    expressions = [_escaped(text) if literal else _WORD_EDGE.sub(r"\\b", text) for text in texts]
    name = "exclude_regex" if invert else "regex"
    hints = () if literal else _hints(texts)
    edged = [_edged(each, word=word, line=line) for each in expressions]
    return MatchingLines(
        {name: [edged[0] if len(edged) == 1 else "|".join(f"(?:{each})" for each in edged)]}, hints=hints
    )


def _edged(expression: str, *, word: bool, line: bool) -> str:
    """Put the edges of a line or of a word around an expression, by what it must stand between.

    The engine takes `^` and `$` at the edges of an expression only, so those that are there take the place of others.
    """
    if not word and not line:
        return expression
    left, right = ("^", "$") if line else (r"(?:^|\W)", r"(?:\W|$)")
    if "|" not in expression:
        if expression.startswith("^"):
            left, expression = "^", expression[1:]
        if _ENDS.search(expression):
            right, expression = "$", expression[:-1]
    return f"{left}(?:{expression}){right}"


def _escaped(text: str) -> str:
    return re.sub(r"([^\w\s/:=,@\"'<>%&~;!\x80-\U0010ffff])", r"\\\1", text, flags=re.ASCII)


def _hints(patterns: Sequence[str]) -> tuple[str, ...]:
    found = next(filter(None, map(_BASIC.search, patterns)), None)
    if found is None:
        return ()
    sign = found[1]
    return (f"\\{sign} means {sign} itself here, as in grep -E; write {sign} for what \\{sign} is to grep without -E",)
