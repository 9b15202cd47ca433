"""Unions: many literals and expressions one of which is enough, found in one pass, or in a few where they are large."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from weakref import WeakValueDictionary

from logagent.core.matching.expressions import MAX_POSITIONS, BadPattern, Expression, read
from logagent.core.matching.patterns import Pattern, literal_expression

KEPT = 4
"""Unions that are kept although no query uses them: between the check of a query and its search, and from page to page.
Each may take some megabytes."""
_SHOWN = 80
"""Bytes of an expression that are told in an error, to tell it from thousands of others."""


class TookTooLong(Exception):
    """Compiling took longer than it may."""


class Union:
    """Patterns one of which has to match.

    Attributes:
        patterns: each compiled from as many literals and expressions as are compiled at once.
    """

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self.patterns = tuple(patterns)


Key = tuple[tuple[bytes, ...], tuple[bytes, ...], bool, bool]
_in_use: WeakValueDictionary[Key, Union] = WeakValueDictionary()


@lru_cache(KEPT)
def _kept(union: Union) -> Union:
    return union


def union(
    literals: Sequence[bytes],
    expressions: Sequence[bytes],
    *,
    ignore_case: bool,
    across: bool = False,
    is_late: Callable[[], bool] = lambda: False,
) -> Union:
    """Return a union, the one in use or compiled now.

    Args:
        literals: each without a line break; of letters, only those of ASCII match in either case.
        expressions: as the client wrote them.
        ignore_case: whether letters match in either case.
        across: whether it is for texts of several lines; only `PatternSearch.is_in` works then.
        is_late: asked between the parts that are compiled; if it says so, compiling ends.

    Raises:
        BadPattern: for an expression that cannot be searched for.
        TookTooLong: if it took too long.
    """
    key = (tuple(literals), tuple(expressions), ignore_case, across)
    found = _in_use.get(key)
    if found is None:  # two threads may compile the same, and one of both is kept
        found = _in_use.setdefault(key, Union(list(_compiled(key, is_late))))
    return _kept(found)


def _compiled(key: Key, is_late: Callable[[], bool]) -> Iterator[Pattern]:
    literals, expressions, ignore_case, across = key
    for group in _groups(literals, expressions, ignore_case=ignore_case, across=across):
        if is_late():
            raise TookTooLong
        try:
            yield Pattern(*(expression for _, expression in group), ignore_case=ignore_case, across=across)
        except BadPattern:
            _raise_for_one_of(group, ignore_case=ignore_case, across=across)
            raise


def _groups(
    literals: Sequence[bytes], expressions: Sequence[bytes], *, ignore_case: bool, across: bool
) -> Iterator[list[tuple[bytes, Expression]]]:
    """Yield what is compiled at once: the literals, which compile fast, and expressions up to `MAX_POSITIONS`."""
    group = [(literal, literal_expression(literal)) for literal in dict.fromkeys(literals)]
    positions = 0
    for written in dict.fromkeys(expressions):
        expression = _read(written, ignore_case=ignore_case, across=across)
        if positions and positions + expression.positions > MAX_POSITIONS:
            yield group
            group, positions = [], 0
        group.append((written, expression))
        positions += expression.positions
    if group:
        yield group


def _read(written: bytes, *, ignore_case: bool, across: bool) -> Expression:
    try:
        return read(written, ignore_case=ignore_case, across=across)
    except BadPattern as error:
        raise _named(written, error) from None


def _raise_for_one_of(group: Sequence[tuple[bytes, Expression]], *, ignore_case: bool, across: bool) -> None:
    """Raise the error of the first expression of a group that cannot be compiled alone."""
    for written, expression in group:
        try:
            Pattern(expression, ignore_case=ignore_case, across=across)
        except BadPattern as error:
            raise _named(written, error) from None


def _named(written: bytes, error: BadPattern) -> BadPattern:
    shown = written if len(written) <= _SHOWN else written[:_SHOWN] + b"..."
    return BadPattern(f"{shown.decode('utf-8', 'backslashreplace')}: {error}")
