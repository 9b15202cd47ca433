"""Whether a name is a glob: the one place that knows the characters."""

from __future__ import annotations

_WILDCARDS = frozenset("*?[")


def is_glob(text: str) -> bool:
    """Whether a text has a meaning as a glob, and does not only stand for itself."""
    return not _WILDCARDS.isdisjoint(text)
