"""The arguments of `grep`, checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from logagent.config.errors import ConfigError
from logagent.core.query import Match
from logagent.terminal.checking import given
from logagent.terminal.unix.grep import GrepCommand
from logagent.terminal.unix.patterns import MatchingLines, split, wanted
from logagent.terminal.unix.printing import Finder
from logagent.terminal.unix.request import EVERYTHING, operands_of, request_of
from logagent.terminal.unix.typed import GrepTyped

_FLAGS = dict.fromkeys(("keyword", "exclude", "regex", "exclude_regex"), "PATTERN") | {"n": "-m"}
ReadPatterns = Callable[[str], str]
"""Returns the text of a file of patterns; `-` is standard input."""


def checked_grep(typed: GrepTyped, environ: Mapping[str, str], read_patterns: ReadPatterns) -> GrepCommand:
    """Check the arguments of `grep`, and read files of patterns.

    Raises:
        ConfigError: for an argument that cannot be used.
        OSError: if a file of patterns cannot be read.
    """
    if typed.dialect == "G":
        raise ConfigError(
            "-G", "basic expressions are not known; leave it out and write a|b, (a), a{2}, or -F for texts"
        )
    words, patterns = list(typed.operands), _patterns(typed, read_patterns)
    if patterns is None:
        if not words:
            raise ConfigError("PATTERN", "is missing; `logagent grep PATTERN FILE...`")
        patterns = split(words.pop(0))
    literal, line = typed.dialect == "F", bool(typed.line)
    match = wanted(patterns, literal=literal, word=bool(typed.word), line=line, invert=bool(typed.invert))
    operands = operands_of(words or [EVERYTHING] * bool(typed.recursive), recursive=bool(typed.recursive))
    request = request_of(typed, operands, environ, {**match.parameters, **_parameters(typed)}, _FLAGS)
    return GrepCommand(
        request,
        match,
        _most(typed),
        _output(typed),
        typed.names,
        len(operands) > 1,
        bool(typed.recursive),
        bool(typed.no_messages),
        typed.color,
        bool(typed.line_number),
        _only(typed, match) if typed.only_matching else None,
        _shown(typed, match),
    )


def _shown(typed: GrepTyped, match: MatchingLines) -> Match:
    """Return what of a line matches, without the edges of words and lines; nothing with -v."""
    literals, expressions = ((), ()) if typed.invert else (match.literals, match.expressions)
    return Match(
        keywords=tuple(map(_bytes, filter(None, literals))),
        regex=tuple(map(_bytes, filter(None, expressions))),
        ignore_case=bool(typed.ignore_case),
    )


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _patterns(typed: GrepTyped, read: ReadPatterns) -> list[str] | None:
    """Return the patterns that flags give; None: none is."""
    if not typed.regexp and not typed.pattern_files:
        return None
    texts = [*typed.regexp, *map(read, typed.pattern_files)]
    return [pattern for text in texts[: len(typed.regexp)] for pattern in split(text)] + [
        pattern for text in texts[len(typed.regexp) :] for pattern in split(text) if text
    ]


def _parameters(typed: GrepTyped) -> dict[str, Sequence[str]]:
    context = None if typed.only_matching else typed.context
    after, before = (None, None) if typed.only_matching else (typed.after, typed.before)
    return {
        "ignore_case": ["true"] if typed.ignore_case else [],
        "before_context": given(before if before is not None else context),
        "after_context": given(after if after is not None else context),
    }


def _most(typed: GrepTyped) -> int | None:
    if typed.max_count is None:
        return None
    if not typed.max_count.isdecimal():
        raise ConfigError("-m", "must be a whole number from 0")
    return int(typed.max_count)


def _output(typed: GrepTyped) -> str:
    """Return what is printed: the strongest of the letters decides, as in grep."""
    if typed.quiet:
        return "nothing"
    if typed.listed is not None:
        return "with" if typed.listed else "without"
    return "counts" if typed.count else "lines"


def _only(typed: GrepTyped, match: MatchingLines) -> Finder:
    """Return what finds the matches of lines.

    Raises:
        ConfigError: if they cannot be found.
    """
    # Imported here, since the engine takes longer to load than most answers to come.
    from logagent.core.matching.expressions import BadPattern
    from logagent.core.matching.occurrences import Occurrences

    shown = _shown(typed, match)
    try:
        return Occurrences(
            shown.regex,
            shown.keywords,
            ignore_case=bool(typed.ignore_case),
            word=bool(typed.word),
            line=bool(typed.line),
        ).spans
    except BadPattern as error:
        raise ConfigError("-o", str(error)) from None
