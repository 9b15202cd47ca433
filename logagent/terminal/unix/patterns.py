r"""The patterns of `grep` as the parameters of a query that match the same lines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from logagent.core.matching.expressions import MAX_PATTERN
from logagent.terminal.patterns import edged, escaped

_PLAIN = re.compile(r"[\w\s/:=,@\"'<>#%&~;!-]*", re.ASCII)
"""Patterns that mean themselves in every dialect."""
_BASIC = re.compile(r"(?<!\\)(?:\\\\)*\\([|(){}+?])")
"""What is an operator in a basic pattern of grep, and here a character."""
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
    bounded = [edged(escaped(each) if literal else each, word=word, line=line) for each in expressions]
    joined = "|".join(map("(?:{})".format, bounded))
    if not invert and (len(bounded) == 1 or len(joined) <= MAX_PATTERN):
        return {"regex": bounded if len(bounded) == 1 else [joined]}
    plain = [not word and not line and _is_plain(text, literal=literal) for text in texts]
    keywords = [text for text, is_text in zip(texts, plain, strict=True) if is_text]
    others = [each for each, is_text in zip(bounded, plain, strict=True) if not is_text]
    if invert:
        return {"exclude": keywords, "exclude_regex": others}
    return {"keyword": keywords, "regex": others, "any": ["true"]}


def _is_plain(text: str, *, literal: bool) -> bool:
    """Whether a pattern means itself; agents take more of these than of expressions, and find them faster."""
    return literal or _PLAIN.fullmatch(text) is not None


def _hints(patterns: Sequence[str]) -> tuple[str, ...]:
    found = next(filter(None, map(_BASIC.search, patterns)), None)
    if found is None:
        return ()
    sign = found[1]
    return (f"\\{sign} means {sign} itself here, as in grep -E; write {sign} for what \\{sign} is to grep without -E",)
