"""Which agents may ask for others, and for whom: a table of certificates' names and kinds of identities."""

from __future__ import annotations

import json
from collections.abc import Iterable

from logagent.config import rule_globs, rule_words

EXAMPLE = 'web-1 = "token, cert, oidc, unix, anonymous"'
"""A line of the table."""


def acting(text: str) -> tuple[str, frozenset[str]]:
    """Read the name in an agent's certificate, or a glob of it, and the kinds of identities that it may claim.

    Args:
        text: such as `web-1=token,cert`.

    Raises:
        ValueError: with what would be right.
    """
    name, equals, kinds = text.partition("=")
    if not equals or not name.strip():
        raise ValueError(f"must be the name in an agent's certificate and kinds of identities, such as {EXAMPLE}")
    words = [word.strip() for word in kinds.split(",") if word.strip()]
    if not words:
        raise ValueError(f"{name}: must have one kind of identity at least, of {', '.join(rule_words.PROOFS)}")
    try:
        return rule_globs.host(name.strip()), frozenset(_kind(word) for word in words)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def _kind(word: str) -> str:
    if word == "*":
        raise ValueError(f"name the kinds one by one: {', '.join(rule_words.PROOFS)}")
    if ":" in word:
        raise ValueError(f"{json.dumps(word)} is an identity; here stand kinds of them: {', '.join(rule_words.PROOFS)}")
    return rule_words.known(word, rule_words.PROOFS)


def by_name(pairs: Iterable[tuple[str, frozenset[str]]]) -> dict[str, frozenset[str]]:
    """Return kinds of identities by the name that may claim them.

    Raises:
        ValueError: for a name that is given twice.
    """
    acting: dict[str, frozenset[str]] = {}
    for name, kinds in pairs:
        if name in acting:
            raise ValueError(f"{name} is given twice; give all of its kinds at once")
        acting[name] = kinds
    return acting
