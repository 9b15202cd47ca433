"""The rules that say who may read what: one ordered list, of which the first that matches decides.

As soon as there is any rule, what none allows is denied. A denied file is as if it were not there.
"""

from __future__ import annotations

import enum
import hashlib
import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache

from logagent.core.access.caller import Caller, Proof
from logagent.core.access.decisions import Decision
from logagent.core.access.file_globs import FileGlob
from logagent.core.access.sight import Sight
from logagent.core.globs import is_glob

GROUP = "group"
"""What begins the spelling of a group in a rule."""
EVERYBODY = "*"
"""All callers, anonymous ones too."""
REMEMBERED = 256
"""Sights that are kept, for as many sorts of callers; those to whom the same rules apply share one."""
MOST_ASKING = 1000
"""Callers of whom it is kept which rules are about them: a thousand rules take a tenth of a second to look through."""
MOST_ASKED = 20_000
"""Pairs of callers and hosts of which that is kept."""

NO_RULES = "none"
"""What `/healthz` has in place of a digest where there are no rules; agents that know nothing of rules have nothing."""
DIGEST_LETTERS = 8
"""Hexadecimal digits of a digest: one in four billion other rules has the same."""


class What(enum.StrEnum):
    """What a rule is about.

    Attributes:
        LOGS: lines.
        HITS: how many lines there are, by time or by file.
        FILES: the list of logs.
        FOLLOW: lines as they are written; takes LOGS, too.
        HOSTS: the list of hosts.
        METRICS: figures about the agent itself.
    """

    LOGS = "logs"
    HITS = "hits"
    FILES = "files"
    FOLLOW = "follow"
    HOSTS = "hosts"
    METRICS = "metrics"


def needed_for(what: What) -> tuple[What, ...]:
    """Return the permissions that a kind of question needs, all of them."""
    return (What.LOGS, What.FOLLOW) if what is What.FOLLOW else (what,)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; an empty field matches everything.

    Attributes:
        allows: whether what it matches is allowed, or else denied.
        who: identities or globs of them, `group:NAME`, `group:PROOF:NAME`, or `*`.
        hosts: names or globs.
        files: globs below the roots.
        what: what it is about.
        back: nanoseconds that lines may be old; None: as old as they are. Of rules that allow only.
        place: where it is written, for people.
    """

    allows: bool
    who: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    files: tuple[FileGlob, ...] = ()
    what: frozenset[What] = frozenset()
    back: int | None = None
    place: str = ""

    def is_for(self, caller: Caller, host: str) -> bool:
        """Return whether it is about a caller, and about a host."""
        return self.is_for_caller(caller) and self.is_on(host)

    def is_for_caller(self, caller: Caller) -> bool:
        """Return whether it is about a caller."""
        return not self.who or any(means(who, caller) for who in self.who)

    def is_on(self, host: str) -> bool:
        """Return whether it is about a host."""
        return not self.hosts or any(_stands_for(glob, host) for glob in self.hosts)

    def is_about(self, what: What) -> bool:
        """Return whether it is about a kind of question."""
        return not self.what or what in self.what

    @property
    def is_about_all_files(self) -> bool:
        """Whether it is about every file."""
        return not self.files or any(glob.matches_all for glob in self.files)


class Rules:
    """An ordered list of rules.

    Args:
        rules: the first that matches decides; none at all: everything is allowed.
    """

    def __init__(self, rules: Iterable[Rule] = ()) -> None:
        self.rules: Sequence[Rule] = tuple(rules)
        # One sight for all to whom the same rules apply: it remembers what decides in a directory.
        self._seen = lru_cache(REMEMBERED)(Sight)
        self._for_caller = lru_cache(MOST_ASKING)(self._about_caller)
        self._for_both = lru_cache(MOST_ASKED)(self._about_both)

    def __bool__(self) -> bool:
        return bool(self.rules)

    @property
    def digest(self) -> str:
        """What differs for most other rules, and is too short to tell what they say; `NO_RULES` without any."""
        if not self.rules:
            return NO_RULES
        spelled = [
            [one.allows, one.who, one.hosts, [glob.text for glob in one.files], sorted(one.what), one.back]
            for one in self.rules
        ]
        return hashlib.sha256(json.dumps(spelled).encode()).hexdigest()[:DIGEST_LETTERS]

    def accepts(self, caller: Caller, host: str) -> bool:
        """Return whether a host gives a caller anything at all."""
        return not self.rules or any(self._gives(caller, host, what) for what in What)

    def shows_host(self, caller: Caller, host: str, whats: Collection[What]) -> bool:
        """Return whether a caller may ask a host for something of each of these kinds."""
        return not self.rules or all(self._gives(caller, host, what) for what in whats)

    def tells_hosts_apart(self, caller: Caller) -> bool:
        """Return whether a rule about a caller is about some hosts only."""
        return any(rule.hosts for rule in self._for_caller(caller))

    def shows_any_host(self, caller: Caller, what: What) -> bool:
        """Return whether a caller may ask every host that there could be for something of a kind."""
        for rule in self._for_caller(caller) if self.rules else ():
            if not rule.is_about(what):
                continue
            if rule.allows and (not rule.hosts or EVERYBODY in rule.hosts):
                return True
            if not rule.allows and rule.is_about_all_files:
                return False
        return not self.rules

    def sight(self, caller: Caller, host: str, whats: Collection[What]) -> Sight | None:
        """Return what a caller sees of a host's files by questions of all these kinds; None: everything."""
        if not self.rules:
            return None
        return self._seen(tuple(tuple(map(_decision, self.matching(caller, host, what))) for what in whats))

    def matching(self, caller: Caller, host: str, what: What) -> list[Rule]:
        """Return the rules that decide about a caller's questions of a kind to a host, in their order."""
        return [rule for rule in self._for_both(caller, host) if rule.is_about(what)]

    def _about_both(self, caller: Caller, host: str) -> tuple[Rule, ...]:
        return tuple(rule for rule in self._for_caller(caller) if rule.is_on(host))

    def _about_caller(self, caller: Caller) -> tuple[Rule, ...]:
        return tuple(rule for rule in self.rules if rule.is_for_caller(caller))

    def _gives(self, caller: Caller, host: str, what: What) -> bool:
        for rule in self.matching(caller, host, what):
            if rule.allows:
                return True
            if rule.is_about_all_files:
                return False
        return False


def _decision(rule: Rule) -> Decision:
    return Decision(rule.allows, rule.files, rule.back, rule.place)


def means(who: str, caller: Caller) -> bool:
    """Return whether a word of a rule stands for a caller, see `Rule.who`."""
    if who == EVERYBODY:
        return True
    if who == Proof.ANONYMOUS:
        return caller.proof == Proof.ANONYMOUS
    kind, _, name = who.partition(":")
    if kind == GROUP:
        proof, colon, group = name.partition(":")
        if colon and proof in tuple(Proof):
            return proof == caller.proof and any(_stands_for(group, one) for one in caller.groups)
        return name in caller.groups if not is_glob(name) else any(_stands_for(name, one) for one in caller.groups)
    if kind != caller.proof:
        return False
    stands_for = _is_user if kind == Proof.UNIX else _stands_for
    return any(stands_for(name, one) for one in (caller.name, *caller.aliases))


def _is_user(glob: str, name: str) -> bool:
    """Return whether a glob of `USER@HOST` stands for one; the last `@` is before the host, whoever the user is."""
    user, at, host = glob.rpartition("@")
    if not at:
        return _stands_for(glob, name)
    own, _, where = name.rpartition("@")
    return _stands_for(user, own) and _stands_for(host, where)


def _stands_for(glob: str, name: str) -> bool:
    """Return whether a name or a glob stands for a name; a glob not for itself: it may be somebody's chosen name."""
    return bool(name) and (fnmatchcase(name, glob) if is_glob(glob) else glob == name)
