"""Compiling the expressions of a query ahead of a search, for whoever answers it."""

from __future__ import annotations

import time
from collections.abc import Callable

from logagent.core.matching.combining import is_many
from logagent.core.matching.matcher import check
from logagent.core.query import Query

COMPILING = 10.0
"""Seconds that the expressions of one query may take to compile; a part of them, which takes a second at worst, is
finished beyond that. Thousands of usual ones take one or two."""


def compiling(query: Query) -> Callable[[], None] | None:
    """Return what compiles the expressions of a query, from now on, to be called in a thread; None: there are none.

    It raises `BadParameter` for an expression that cannot be searched for.
    """
    match, late = query.match, time.monotonic() + COMPILING
    if match.regex or match.exclude_regex or match.any or is_many(match.exclude, ()):
        return lambda: check(query, lambda: time.monotonic() > late)
    return None
