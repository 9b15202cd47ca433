"""Conditions on regular expressions: each must match somewhere in a line, or must not (see `expressions`)."""

from __future__ import annotations

from collections.abc import Iterable

from logagent.core.matching import patterns, unions
from logagent.core.matching.conditions import Condition, Scout
from logagent.core.matching.expressions import BadPattern
from logagent.core.matching.literal_places import LiteralPlaces
from logagent.core.matching.spans import Span, all_spans, spans_ending
from logagent.core.outcome import Failure, Status

_MANY = 256
"""Lines of a block that are tested one by one at most (0.5 µs each); if there are more, the whole block is searched."""


def regex_conditions(expressions: Iterable[bytes], *, wanted: bool, ignore_case: bool, across: bool) -> list[Condition]:
    """Return a condition for each regular expression; duplicates are dropped.

    Args:
        expressions: regular expressions.
        wanted: whether they must match; if not, none of them may match.
        ignore_case: whether letters match in either case.
        across: whether the conditions are for texts of several lines (see `expressions.read`).

    Raises:
        Failure: for an expression that this agent cannot search for, although the primary accepted it.
    """
    return [
        _RegexCondition(_compiled(expression, ignore_case, across), wanted=wanted)
        for expression in dict.fromkeys(expressions)
    ]


def union_conditions(
    literals: Iterable[bytes], expressions: Iterable[bytes], *, wanted: bool, ignore_case: bool, across: bool
) -> list[Condition]:
    """Return conditions one of which must hold, or if nothing of it is wanted, all of them.

    Args:
        literals: texts of which one must occur, or none.
        expressions: regular expressions of which one must match, or none.
        wanted: whether they must.
        ignore_case: whether letters match in either case; of literals, only those of ASCII do.
        across: whether the conditions are for texts of several lines (see `expressions.read`).

    Raises:
        Failure: for an expression that this agent cannot search for, although the primary accepted it.
    """
    try:
        found = unions.union(tuple(literals), tuple(expressions), ignore_case=ignore_case, across=across)
    except BadPattern as error:
        raise _failure(error) from None
    return [_RegexCondition(pattern, wanted=wanted, of=found) for pattern in found.patterns]


class _RegexCondition:
    """A pattern that must match, or must not.

    Args:
        of: what the pattern is part of, which is kept as long as the condition is.
    """

    overlap = 0

    def __init__(self, pattern: patterns.Pattern, *, wanted: bool, of: unions.Union | None = None) -> None:
        self.finds = wanted
        self._of = of
        self._pattern = pattern
        self._search = patterns.PatternSearch(pattern)

    def some_spans(self, block: bytes) -> list[Span] | None:
        ends = self._search.some_line_ends(block)
        if self.finds:
            return None if ends is None else spans_ending(ends, block)
        if ends is None:
            return []
        unwanted = set(ends)
        return [span for span in all_spans(block) if span[1] not in unwanted]

    def among(self, spans: list[Span], block: bytes) -> list[Span]:
        if len(spans) <= _MANY:
            return [(start, end) for start, end in spans if self.allows(block[start:end])]
        ends = set(self._search.line_ends(block))
        return [span for span in spans if (span[1] in ends) is self.finds]

    def allows(self, line: bytes) -> bool:
        return self._search.is_in(line) is self.finds

    def places(self, sample: bytes) -> LiteralPlaces | None:
        return None

    def scout(self) -> Scout | None:
        return patterns.PatternSearch(self._pattern)

    def rules_out(self, text: bytes) -> bool:
        return False  # finding out takes as long as the search itself

    def inspect(self) -> _RegexInWindows:
        try:
            return _RegexInWindows(self._search.stream(), self.finds)
        except BadPattern as error:
            raise Failure(Status.RESOURCE_EXHAUSTED, f"a line is too long for a pattern: {error}") from None


class _RegexInWindows:
    """The test of one line in windows, which the engine sees as one stream."""

    def __init__(self, stream: patterns.PatternStream, wanted: bool) -> None:
        self._stream = stream
        self._wanted = wanted

    def see(self, window: bytes, old: int) -> None:
        self._stream.see(window[old:])

    def end(self) -> bool:
        return self._stream.end() is self._wanted


def _compiled(expression: bytes, ignore_case: bool, across: bool) -> patterns.Pattern:
    try:
        return patterns.compiled(expression, ignore_case=ignore_case, across=across)
    except BadPattern as error:
        raise _failure(error) from None


def _failure(error: BadPattern) -> Failure:
    return Failure(Status.INTERNAL, f"an expression cannot be searched for here: {error}")
