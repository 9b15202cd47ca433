r"""The patterns of `grep` as the parameters of a query that match the same lines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from logagent.core.matching.expressions import MAX_PATTERN

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
        literals: the texts one of which a line holds.
        expressions: the expressions one of which it matches, without the edges of words and lines.
    """

    parameters: dict[str, list[str]] = field(default_factory=dict)
    nothing: bool = False
    uncounted: bool = False
    hints: tuple[str, ...] = ()
    literals: tuple[str, ...] = ()
    expressions: tuple[str, ...] = ()


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
    texts = tuple(dict.fromkeys(patterns))
    if not whole and all(_is_plain(text, literal=literal) for text in texts) and (invert or len(texts) == 1):
        return MatchingLines({"exclude" if invert else "keyword": list(texts)}, literals=texts)
    expressions = texts if literal else tuple(_WORD_EDGE.sub(r"\\b", text) for text in texts)
    return MatchingLines(
        _parameters(texts, expressions, literal=literal, word=word, line=line, invert=invert),
        hints=() if literal else _hints(texts),
        literals=texts if literal else (),
        expressions=() if literal else expressions,
    )


def _parameters(
    texts: Sequence[str], expressions: Sequence[str], *, literal: bool, word: bool, line: bool, invert: bool
) -> dict[str, list[str]]:
    """Return the parameters for several patterns, so that agents of all versions know them if they are few."""
    edged = [_edged(_escaped(each) if literal else each, word=word, line=line) for each in expressions]
    joined = "|".join(map("(?:{})".format, edged))
    if not invert and (len(edged) == 1 or len(joined) <= MAX_PATTERN):
        return {"regex": edged if len(edged) == 1 else [joined]}
    plain = [not word and not line and _is_plain(text, literal=literal) for text in texts]
    keywords = [text for text, is_text in zip(texts, plain, strict=True) if is_text]
    others = [each for each, is_text in zip(edged, plain, strict=True) if not is_text]
    if invert:
        return {"exclude": keywords, "exclude_regex": others}
    return {"keyword": keywords, "regex": others, "any": ["true"]}


def _is_plain(text: str, *, literal: bool) -> bool:
    """Whether a pattern means itself; agents take more of these than of expressions, and find them faster."""
    return literal or _PLAIN.fullmatch(text) is not None


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
