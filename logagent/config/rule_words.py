"""The words of rules: who somebody is and how that is proved, and what a rule is about."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Sequence

PROOFS = ("token", "cert", "oidc", "unix", "anonymous")
"""How it is proved who somebody is; the first word of an identity."""
EVERYBODY = "*"
"""All callers, anonymous ones too."""

_GROUP = "group"
_NAMED = (*(proof for proof in PROOFS if proof != "anonymous"), _GROUP)
_ALL = ("all", "any", "anyone", "anybody", "everyone", "everybody", "world", "public")
_SEVERAL = re.compile(rf"[,;\s]\s*(?:(?:{'|'.join(_NAMED)}):|anonymous\Z|\*\Z)")
"""Tells two identities in one text."""
_NEAR = 0.75
"""How like a known word another one must be to be taken for a typing error of it."""


def who(text: str) -> str:
    """Read one identity, group, or glob of these.

    Raises:
        ValueError: with what would be right.
    """
    if text in (EVERYBODY, "anonymous"):
        return text
    kind, colon, name = text.partition(":")
    if not text or text.strip() != text or not text.isprintable():
        raise ValueError(f"{json.dumps(text)} is no identity; write such as token:alice, without spaces around it")
    if _SEVERAL.search(text):
        raise ValueError(f'{text} holds two in one text; write a list, such as ["token:alice", "token:bob"]')
    if not colon:
        raise ValueError(_bare(text))
    if kind not in _NAMED:
        raise ValueError(f"{text}: {kind} is no way to prove who somebody is; {meant(kind, _NAMED)}{_ways()}")
    if not name:
        raise ValueError(f"{text}: a name is missing behind the colon, such as {kind}:alice; {kind}:* is all of them")
    _check_name(text, kind, name)
    return text


def _check_name(text: str, kind: str, name: str) -> None:
    anything = "*" in name
    if kind == "unix" and "@" not in name and not anything:
        raise ValueError(f"{text}: a local user is one of a host: {text}@HOST, or {text}@* for all hosts")
    if kind == "oidc" and "/" not in name and not anything:
        raise ValueError(f"{text}: an identity of a provider is oidc:ISSUER/SUBJECT, as it stands in its tokens")
    if kind == _GROUP:
        _check_group(text, name)


def _check_group(text: str, name: str) -> None:
    proof, colon, group = name.partition(":")
    if not colon or (proof in _NAMED and group):
        return
    if proof in _NAMED:
        raise ValueError(f"{text}: a group's name is missing behind the last colon")
    if proof == "anonymous":
        raise ValueError(f"{text}: who proves nothing is in no group; write anonymous")
    if near := difflib.get_close_matches(proof, _NAMED, 1, _NEAR):
        raise ValueError(
            f"{text}: is group:{near[0]}:{group} meant? A group whose name really begins so is spelled "
            f"group:[{name[0]}]{name[1:]}"
        )


def _bare(text: str) -> str:
    if text.lower() in _ALL:
        return f"{text}: everybody is *, and who proves nothing is anonymous"
    if near := difflib.get_close_matches(text, ("anonymous",), 1, _NEAR):
        return f"{text}: is {near[0]} meant? Of others it must be said how it is proved who they are: token:{text}"
    return (
        f"{text}: say how it is proved who that is: token:{text}, cert:{text}, oidc:ISSUER/{text}, unix:{text}@HOST, "
        f"or group:{text}"
    )


def _ways() -> str:
    return "write token:NAME, cert:NAME, oidc:ISSUER/SUBJECT, unix:USER@HOST, anonymous, group:NAME or *"


def known(word: str, words: Sequence[str]) -> str:
    """Return a word that is one of some words.

    Raises:
        ValueError: if it is none of them, with the nearest.
    """
    if word not in words:
        raise ValueError(f"{json.dumps(word)} is not known; {meant(word, words)}known are {', '.join(words)}")
    return word


def meant(word: str, words: Sequence[str]) -> str:
    """Return a question for the word that may be meant, with a space behind it; empty if none may."""
    near = difflib.get_close_matches(word.lower(), words, 1)
    return f"is {near[0]} meant? " if near else ""
