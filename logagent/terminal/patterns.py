"""Patterns of files, and patterns that match whole words or lines only, as the patterns of a query."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from logagent.config.errors import ConfigError
from logagent.core.query import Match
from logagent.core.wire.parameter_values import MAX_MANY
from logagent.terminal.arguments import QueryArguments, SearchArguments
from logagent.terminal.printing import Finder

_ENDS = re.compile(r"(?<!\\)(?:\\\\)*\$$")
"""A `$` at the end that is no character."""
_BYTE_ORDER_MARK = "\ufeff"
"""What editors on Windows put before a text in UTF-8."""


@dataclass(frozen=True, slots=True)
class Patterns:
    """What lines must have, and what they must not have.

    Attributes:
        any: whether one of `keywords` and `regex` is enough.
    """

    keywords: Sequence[str]
    exclude: Sequence[str]
    regex: Sequence[str]
    exclude_regex: Sequence[str]
    any: bool

    def shown(self, *, ignore_case: bool) -> Match:
        """Return what of a line matches."""
        keywords, regex = (tuple(map(_bytes, texts)) for texts in (self.keywords, self.regex))
        return Match(keywords=keywords, regex=regex, ignore_case=ignore_case)

    def edged(self, *, word: bool, line: bool) -> Patterns:
        """Return the patterns, which then match whole words or whole lines only."""
        texts, excluded = map(escaped, self.keywords), map(escaped, self.exclude)
        regex = [edged(each, word=word, line=line) for each in (*texts, *self.regex)]
        exclude_regex = [edged(each, word=word, line=line) for each in (*excluded, *self.exclude_regex)]
        return Patterns((), (), regex, exclude_regex, self.any)

    def flags(self, typed: SearchArguments) -> dict[str, str]:
        """Return by the names of parameters what gave their values, where files or edges did."""
        names = {"keyword": "--patterns-from"} if typed.patterns_from else {}
        if typed.regex_from or (self.regex and not typed.regex):
            names["regex"] = "--regex-from" if typed.regex_from else names.get("keyword", "KEYWORD")
        return names


def patterns_of(typed: SearchArguments) -> Patterns:
    """Return the patterns that were typed, and those of files, which are read.

    Raises:
        ConfigError: for a file without patterns, with an empty one or too many, and for what stands beside one.
        OSError: if a file cannot be read.
    """
    keywords = [*typed.words, *typed.more_keywords]
    given = Patterns(keywords, typed.exclude, typed.regex, typed.exclude_regex, typed.any)
    if not typed.patterns_from and not typed.regex_from:
        return given
    if (keywords or typed.regex) and not typed.any:
        flag = "--patterns-from" if typed.patterns_from else "--regex-from"
        raise ConfigError(flag, "of its lines one is enough; add --any if one of KEYWORD and PATTERN is, too")
    return replace(
        given,
        keywords=[*keywords, *_of_files("--patterns-from", typed.patterns_from)],
        regex=[*typed.regex, *_of_files("--regex-from", typed.regex_from)],
        any=True,
    )


def finder_of(typed: QueryArguments, shown: Match) -> Finder:
    """Return what finds in a line what matches.

    Args:
        shown: the patterns, without the edges of words and lines.

    Raises:
        ConfigError: if there are none, or the places of their matches cannot be found.
    """
    if not shown.keywords and not shown.regex:
        raise ConfigError("--only-matching", "prints what KEYWORD and PATTERN match; give one of them")
    # Imported here, since the engine takes longer to load than most answers to come.
    from logagent.core.matching.expressions import BadPattern
    from logagent.core.matching.occurrences import Occurrences

    given = shown.regex, shown.keywords
    try:
        return Occurrences(*given, ignore_case=shown.ignore_case, word=typed.word, line=typed.line).spans
    except BadPattern as error:
        raise ConfigError("--only-matching", str(error)) from None


def _of_files(flag: str, names: Sequence[str]) -> list[str]:
    """Return the patterns of files, each once."""
    patterns = list(dict.fromkeys(pattern for name in names for pattern in _of_file(flag, name)))
    if len(patterns) > MAX_MANY:
        raise ConfigError(flag, f"{' and '.join(names)}: {len(patterns)} patterns; {MAX_MANY} at most in one question")
    return patterns


def _of_file(flag: str, name: str) -> list[str]:
    patterns = split(read_text(name).removeprefix(_BYTE_ORDER_MARK))
    shown = "standard input" if name == "-" else name
    if patterns == [""]:
        raise ConfigError(flag, f"{shown} holds no pattern, and no line could match")
    if "" in patterns:
        where = f"line {patterns.index('') + 1} of {shown}"
        raise ConfigError(flag, f"{where} is empty, and would match every line; take it out")
    return patterns


def read_text(name: str) -> str:
    """Return the text of a file of patterns; `-` is standard input.

    Raises:
        OSError: if it cannot be read.
    """
    data = sys.stdin.buffer.read() if name == "-" and sys.stdin is not None else Path(name).read_bytes()
    return data.decode("utf-8", "surrogateescape")


def split(text: str) -> list[str]:
    """Return the patterns of a text, one a line; line ends may be those of Windows."""
    lines = text.split("\n")
    if len(lines) > 1 and not lines[-1]:
        lines.pop()
    return [line.removesuffix("\r") for line in lines]


def edged(expression: str, *, word: bool, line: bool) -> str:
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


def escaped(text: str) -> str:
    """Return the expression that matches a text."""
    return re.sub(r"([^\w\s/:=,@\"'<>%&~;!\x80-\U0010ffff])", r"\\\1", text, flags=re.ASCII)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
