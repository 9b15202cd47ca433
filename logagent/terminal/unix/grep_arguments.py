"""The arguments of `grep`, checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from logagent.config import values
from logagent.config.errors import ConfigError
from logagent.core.query import Match
from logagent.terminal.checking import given
from logagent.terminal.patterns import split
from logagent.terminal.printing import Finder
from logagent.terminal.unix.grep import GrepCommand
from logagent.terminal.unix.patterns import MatchingLines, wanted
from logagent.terminal.unix.reading import PATTERNS
from logagent.terminal.unix.request import EVERYTHING, UnixRequest, operands_of, request_of
from logagent.terminal.unix.typed import GrepTyped

_FLAGS = dict.fromkeys(PATTERNS, "PATTERN") | {"n": "-m"}
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
    recursive = bool(typed.recursive)
    operands = operands_of(typed, words or [EVERYTHING] * recursive, environ, recursive=recursive)
    request = request_of(typed, operands, environ, {**match.parameters, **_parameters(typed)}, _FLAGS)
    has_context = request.query.match.has_context
    bare = not has_context and not {typed.after, typed.before, typed.context} <= {None}
    return GrepCommand(
        _with_lines_before(request) if bare else request,
        match,
        _most(typed),
        _output(typed),
        typed.names,
        len(operands) > 1,
        bool(typed.recursive),
        bool(typed.no_messages),
        typed.color,
        bool(typed.line_number),
        _only(typed, match, beside=has_context) if typed.only_matching else None,
        _shown(typed, match),
        bare=bare,
        inverted=bool(typed.invert),
    )


def _with_lines_before(request: UnixRequest) -> UnixRequest:
    """Return the request with one line of context, by which is seen which lines are no neighbours."""
    query = request.query
    return replace(request, query=replace(query, match=replace(query.match, before=1)))


def _shown(typed: GrepTyped, match: MatchingLines) -> Match:
    """Return what of a line matches, without the edges of words and lines; nothing with -v."""
    return Match() if typed.invert else _patterns_of(typed, match)


def _patterns_of(typed: GrepTyped, match: MatchingLines) -> Match:
    return Match(
        keywords=tuple(map(_bytes, filter(None, match.literals))),
        regex=tuple(map(_bytes, filter(None, match.expressions))),
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
    return {
        "ignore_case": ["true"] if typed.ignore_case else [],
        "before_context": given(typed.before if typed.before is not None else typed.context),
        "after_context": given(typed.after if typed.after is not None else typed.context),
    }


def _most(typed: GrepTyped) -> int | None:
    if typed.max_count is None:
        return None
    if typed.max_count[:1] == "-" and typed.max_count[1:].isdecimal():
        return None  # as in grep, a number below 0 is no limit
    if not typed.max_count.isdecimal():
        raise ConfigError("-m", f"must be a whole number from 0, not {values.shown(typed.max_count)}")
    return int(typed.max_count)


def _output(typed: GrepTyped) -> str:
    """Return what is printed: the strongest of the letters decides, as in grep."""
    if typed.quiet:
        return "nothing"
    if typed.listed is not None:
        return "with" if typed.listed else "without"
    return "counts" if typed.count else "lines"


def _only(typed: GrepTyped, match: MatchingLines, *, beside: bool) -> Finder:
    """Return what finds the matches of lines.

    Args:
        beside: whether lines of context come, which match with `-v`.

    Raises:
        ConfigError: if they cannot be found.
    """
    # Imported here, since the engine takes longer to load than most answers to come.
    from logagent.core.matching.expressions import BadPattern
    from logagent.core.matching.occurrences import Occurrences

    shown = _patterns_of(typed, match) if beside else _shown(typed, match)
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
