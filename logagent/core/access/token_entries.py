"""The file of tokens as a text: a JSON document, so that one that was written half is never taken for a whole one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from logagent.core.access.tokens import TokenEntry, checked_name, moment_text

_TIMES = ("created", "expires", "revoked")
_KEYS = ("name", "sha256", "groups", *_TIMES)
_DIGEST = re.compile(r"[0-9a-f]{64}")


class BadTokens(ValueError):
    """A text that is no file of tokens; the message says where it is wrong, and what would be right."""


def to_document(entries: Iterable[TokenEntry]) -> str:
    """Write entries as a document that `from_document` reads."""
    return json.dumps({"tokens": [_to_json(entry) for entry in entries]}, indent=2) + "\n"


def from_document(text: str) -> tuple[TokenEntry, ...]:
    """Read the entries of a document.

    Raises:
        BadTokens: if anything in it is not as it should be: a token that ends must not be taken for one that does not.
    """
    try:
        document = json.loads(text, object_pairs_hook=_once)
    except BadTokens:
        raise
    except (ValueError, RecursionError) as error:
        raise BadTokens(f"is not JSON: {error}") from None
    if not isinstance(document, dict) or list(document) != ["tokens"] or not isinstance(document["tokens"], list):
        raise BadTokens('must be {"tokens": [...]}; `logagent token new` writes it')
    entries = tuple(_from_json(place, entry) for place, entry in enumerate(document["tokens"], 1))
    seen: set[str] = set()
    for place, entry in enumerate(entries, 1):
        if entry.sha256 in seen:
            raise BadTokens(f"token {place} ({entry.name}): its sha256 stands there twice")
        seen.add(entry.sha256)
    return entries


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise BadTokens("a key stands twice in one object")
    return members


def _to_json(entry: TokenEntry) -> dict[str, Any]:
    times = {name: moment_text(moment) for name in _TIMES if (moment := getattr(entry, name)) is not None}
    return {"name": entry.name, "sha256": entry.sha256, "groups": list(entry.groups), **times}


def _from_json(place: int, given: object) -> TokenEntry:
    if not isinstance(given, dict):
        raise BadTokens(f"token {place}: must be an object with {', '.join(_KEYS)}")
    where = f"token {place} ({given.get('name', 'without a name')!s:.64})"
    for key in given:
        if key not in _KEYS:
            raise BadTokens(f"{where}: unknown key {key!r}; known are {', '.join(_KEYS)}")
    times = {name: _moment(given, name, where) for name in _TIMES}
    digest = given.get("sha256")
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        raise BadTokens(f"{where}: sha256 must be 64 hexadecimal digits in small letters")
    return TokenEntry(_name(given.get("name"), f"{where}: name"), digest, _groups(given, where), **times)


def _groups(given: Mapping[str, Any], where: str) -> tuple[str, ...]:
    groups = given.get("groups", [])
    if not isinstance(groups, list):
        raise BadTokens(f"{where}: groups must be a list of names")
    return tuple(sorted({_name(group, f"{where}: groups") for group in groups}))


def _name(given: object, where: str) -> str:
    try:
        return checked_name(given if isinstance(given, str) else "")
    except ValueError as error:
        raise BadTokens(f"{where} {error}") from None


def _moment(given: Mapping[str, Any], name: str, where: str) -> int | None:
    text = given.get(name)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        moment = None
    if moment is None or moment.tzinfo is None:
        raise BadTokens(f"{where}: {name} must be a time with its zone, such as 2026-12-01T10:00:00Z")
    return int(moment.timestamp())
