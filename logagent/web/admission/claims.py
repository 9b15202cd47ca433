"""Who a verified token is about: its subject and groups, as claims of a provider state them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from logagent.web.admission.signed_tokens import BadSignedToken, shown

LONGEST_SUBJECT = 255
"""Characters of a subject, as OpenID Connect Core 1.0 bounds it in section 2."""
MOST_GROUPS = 500
"""Groups in a token: providers that name each group name two hundred at most."""
LONGEST_GROUP = 255
"""Characters of a group's name."""


def subject_of(claims: Mapping[str, Any]) -> str:
    """Return the subject.

    Raises:
        BadSignedToken: for one that could not be written into a rule and a header as it is.
    """
    subject = claims["sub"]
    if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT:
        raise BadSignedToken(f"its subject is {shown(subject)}, no text of 1 to {LONGEST_SUBJECT} characters")
    if not subject.isascii() or not subject.isprintable() or subject != subject.strip():
        raise BadSignedToken(
            f"its subject {shown(subject)} has other characters than printable ones of ASCII, or spaces around"
        )
    return subject


def groups_of(claims: Mapping[str, Any], path: str) -> frozenset[str]:
    """Return the groups; none if the claim is absent or null.

    Groups that cannot be told are not left out: a rule that denies something to one of them would not hold.

    Args:
        claims: verified.
        path: the name of the claim, or names with dots between them that lead to it; empty: groups are not asked for.

    Raises:
        BadSignedToken: for a claim of another form than a list of texts, or one text.
    """
    found = _at(claims, path) if path else None
    if found is None:
        if path and _is_elsewhere(claims, path):
            raise BadSignedToken(
                f"it has too many groups to name them, and says instead where {path} could be asked for"
            )
        return frozenset()
    groups = [found] if isinstance(found, str) else found
    if not isinstance(groups, list) or not all(isinstance(group, str) for group in groups):
        raise BadSignedToken(f"its {path} is {shown(found)}, neither a list of texts nor a text")
    if len(groups) > MOST_GROUPS:
        raise BadSignedToken(f"its {path} has {len(groups)} groups; {MOST_GROUPS} at most are taken")
    for group in groups:
        if not 0 < len(group) <= LONGEST_GROUP or not group.isprintable():
            raise BadSignedToken(
                f"its {path} holds {shown(group)}, no printable text of 1 to {LONGEST_GROUP} characters"
            )
    return frozenset(groups)


def _at(claims: Mapping[str, Any], path: str) -> Any:
    """Return the claim of a name, which may hold dots itself, as URLs do; or the one to which names with dots lead."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _is_elsewhere(claims: Mapping[str, Any], path: str) -> bool:
    """Return whether a claim is only referred to, as providers do with more groups than a token holds."""
    names = claims.get("_claim_names")
    return isinstance(names, dict) and path in names
