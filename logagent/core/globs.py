"""What makes a name a glob: the one place that knows the characters."""

from __future__ import annotations

_WILDCARDS = frozenset("*?[")


def is_glob(text: str) -> bool:
    """Whether a name holds a wildcard, and so may stand for other names than itself."""
    return not _WILDCARDS.isdisjoint(text)
