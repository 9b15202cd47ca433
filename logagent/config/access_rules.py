"""The rules that say who may read what, as tables `[[rule]]` in the file: taken apart, and checked word by word."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from logagent.config import rule_globs, rule_words
from logagent.config.errors import ConfigError

EXAMPLE = 'who = ["group:web", "token:alice"], access = "allow", files = ["nginx/", "app.log"], what = ["logs", "hits"]'
"""The members of a rule."""
WHATS = ("logs", "hits", "files", "follow", "hosts", "metrics")
"""What a rule may be about."""
MEMBERS = ("who", "access", "hosts", "files", "what", "back")
"""The names of the members of a rule."""

_ACCESS = {"allow": True, "deny": False}
_SPANS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
_ALL = {"who": "everybody", "hosts": "every host", "files": "every file", "what": "all kinds of questions"}


@dataclass(frozen=True, slots=True)
class AccessRule:
    """One rule, as it is written.

    Attributes:
        allows: whether it allows, or else denies.
        who: identities, groups, or globs of them; at least one.
        hosts: names or globs; none: every host.
        files: globs below the roots; none: every file.
        what: some of `WHATS`; none: all of them.
        back: seconds that lines may be old; None: as old as they are.
    """

    allows: bool
    who: tuple[str, ...]
    hosts: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    what: tuple[str, ...] = ()
    back: int | None = None


def as_text(table: Mapping[str, object]) -> str:
    """Return a table as a text that `access_rule` reads."""
    return json.dumps(table, default=str)


def rules_of(texts: Iterable[str], where: str) -> tuple[AccessRule, ...]:
    """Read rules, each from a table as JSON.

    Args:
        where: the place to name in messages, before the number of the rule.

    Raises:
        ConfigError: for a rule that cannot be used; names its number and its member.
    """
    rules = []
    for number, text in enumerate(texts, 1):
        try:
            rules.append(access_rule(text))
        except ValueError as error:
            raise ConfigError(f"{where} {number}", str(error)) from None
    return tuple(rules)


def access_rule(text: str) -> AccessRule:
    """Read a rule from a table as JSON.

    Raises:
        ValueError: whose message names the member and says what would be right.
    """
    given: dict[str, object] = json.loads(text)
    for name in given:
        _check_known(name)
    if "who" not in given:
        raise ValueError('who is missing: whom the rule is for, such as who = ["token:alice"]; "*" is everybody')
    allows = _access(given)
    if "back" in given and not allows:
        raise ValueError(
            'back: stands with access = "allow" only, since a rule that denies is about lines of all times'
        )
    return AccessRule(
        allows,
        who=_texts(given, "who", rule_words.who),
        hosts=_texts(given, "hosts", rule_globs.host),
        files=_texts(given, "files", rule_globs.file),
        what=_texts(given, "what", lambda word: rule_words.known(word, WHATS)),
        back=_back(given["back"]) if "back" in given else None,
    )


def _check_known(name: str) -> None:
    if name in _ACCESS:
        raise ValueError(f'{name} is not known; write access = "allow" or access = "deny"')
    if name not in MEMBERS:
        raise ValueError(f"{name} is not known; {rule_words.meant(name, MEMBERS)}known are {', '.join(MEMBERS)}")


def _access(given: Mapping[str, object]) -> bool:
    word = given.get("access")
    if word is None:
        raise ValueError('access is missing: write access = "allow" or access = "deny"')
    if not isinstance(word, str) or word not in _ACCESS:
        raise ValueError(f'access: must be "allow" or "deny", not {json.dumps(word)}')
    return _ACCESS[word]


def _texts(given: Mapping[str, object], name: str, read: Callable[[str], str]) -> tuple[str, ...]:
    """Read a member that is a text or a list of texts; one that is missing holds none."""
    if name not in given:
        return ()
    several = given[name] if isinstance(given[name], list) else [given[name]]
    if not isinstance(several, list) or not all(isinstance(each, str) for each in several):
        raise ValueError(f"{name}: must be a text, or a list of texts")
    if not several:
        otherwise = '"*" is everybody' if name == "who" else f"leave it out for {_ALL[name]}"
        raise ValueError(f"{name}: is empty, so that the rule would never count; {otherwise}")
    try:
        return tuple(map(read, several))
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def _back(given: object) -> int:
    spelled = re.fullmatch("([0-9]{1,6}) ?([smhdw])", given, re.ASCII) if isinstance(given, str) else None
    if spelled is None or int(spelled[1]) == 0:
        raise ValueError(f'back: must be a span as a text, such as "7d", "12h" or "30m", not {json.dumps(given)}')
    return int(spelled[1]) * _SPANS[spelled[2]]
