"""Telling globs from names: the one place that knows the wildcards."""

from __future__ import annotations

_WILDCARDS = frozenset("*?[")


def is_glob(text: str) -> bool:
    """Return whether a text holds a wildcard, and so may match other names than itself."""
    return not _WILDCARDS.isdisjoint(text)
