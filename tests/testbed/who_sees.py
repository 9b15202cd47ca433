"""Who sees what of the tree of `known_tree.py`, said by tables: whatever decides in the program is not asked.

What a rule is about stands beside its text as plain sets.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from logagent.admitting.access import rules_of
from logagent.config.loading import load
from logagent.core.access.caller import ANONYMOUS, Caller, Proof
from logagent.core.access.rules import Rules
from testbed.known_tree import APP, HERE, IN_SRV, LOGS, NAMES, NGINX, OLD, QUESTIONS, ROOTS, judged

ALICE, BOB = "alice", "bob"
PEOPLE = {
    **{f"{proof}:{ALICE}": Caller(proof, ALICE) for proof in (Proof.TOKEN, Proof.CERT)},
    **{f"{proof}:{BOB}": Caller(proof, BOB, frozenset({"ops"})) for proof in (Proof.TOKEN, Proof.CERT)},
    "oidc:alice": Caller(Proof.OIDC, "https://login.example.org/alice"),
    "oidc:bob": Caller(Proof.OIDC, "https://login.example.org/bob", frozenset({"ops"})),
    "unix:alice": Caller(Proof.UNIX, "alice@web-1"),
    "unix:bob": Caller(Proof.UNIX, "bob@web-1", frozenset({"ops"})),
    "anonymous": ANONYMOUS,
}
"""Everybody by the word that is shown for him; each Bob is in the group `ops`."""
ALL = frozenset(PEOPLE)
OPS = frozenset({"token:bob", "cert:bob", "oidc:bob", "unix:bob"})
KINDS = frozenset({"logs", "hits", "files", "follow", "hosts"})


@dataclass(frozen=True)
class Meant:
    """What a rule is about."""

    allows: bool
    who: Collection[str] = ALL
    names: Collection[str] = NAMES
    what: Collection[str] = KINDS
    hosts: Collection[str] = ("web-1", "db-2")
    recent: bool = False

    def is_about(self, who: str, host: str, what: str) -> bool:
        return who in self.who and host in self.hosts and what in self.what


def one(*who: str) -> frozenset[str]:
    return frozenset(who)


EVERYBODY = '[[rule]]\nwho = "*"\naccess = "allow"\n'
SETS: Mapping[str, tuple[str, Sequence[Meant] | None]] = {
    "none": ("", None),
    "allow all": (EVERYBODY, [Meant(True)]),
    "by identity": (
        """
        [[rule]]
        who = "token:alice"
        access = "allow"
        files = ["app.log"]
        [[rule]]
        who = "cert:alice"
        access = "allow"
        files = ["nginx/"]
        [[rule]]
        who = "oidc:https://login.example.org/alice"
        access = "allow"
        files = ["srv:**"]
        [[rule]]
        who = "unix:alice@*"
        access = "allow"
        files = ["pay/roll.log", "*.log"]
        [[rule]]
        who = "anonymous"
        access = "allow"
        files = ["app.log.1"]
        """,
        [
            Meant(True, one("token:alice"), APP),
            Meant(True, one("cert:alice"), NGINX),
            Meant(True, one("oidc:alice"), IN_SRV),
            Meant(True, one("unix:alice"), HERE | IN_SRV | {"log:pay/roll.log"}),
            Meant(True, one("anonymous"), {OLD}),
        ],
    ),
    "by group": (
        """
        [[rule]]
        who = "group:token:ops"
        access = "deny"
        files = ["srv:hidden.log"]
        [[rule]]
        who = "group:ops"
        access = "allow"
        """,
        [Meant(False, one("token:bob"), {"srv:hidden.log"}), Meant(True, OPS)],
    ),
    "deny before allow": (
        """
        [[rule]]
        who = "*"
        access = "deny"
        files = ["**/SECRET.log", "pay"]
        [[rule]]
        who = "*"
        access = "allow"
        """,
        [Meant(False, ALL, {"log:nginx/secret.log", "log:latest/secret.log", "log:pay/roll.log"}), Meant(True)],
    ),
    "allow before deny": (
        """
        [[rule]]
        who = "group:ops"
        access = "allow"
        files = ["nginx/secret.log", "denied.log"]
        [[rule]]
        who = "*"
        access = "deny"
        files = ["nginx/secret.log", "app.log"]
        [[rule]]
        who = "*"
        access = "allow"
        """,
        [
            Meant(True, OPS, {"log:nginx/secret.log", "log:denied.log"}),
            Meant(False, ALL, {"log:nginx/secret.log", *APP}),
            Meant(True),
        ],
    ),
    "hosts": (
        """
        [[rule]]
        who = "group:ops"
        access = "allow"
        hosts = ["web-*"]
        [[rule]]
        who = "token:*"
        access = "allow"
        hosts = ["db-2"]
        files = ["app.log", "allowed.log"]
        """,
        [
            Meant(True, OPS, hosts=["web-1"]),
            Meant(True, one("token:alice", "token:bob"), APP | {"log:allowed.log"}, hosts=["db-2"]),
        ],
    ),
    "files": (
        """
        [[rule]]
        who = "*"
        access = "allow"
        files = ["log:*", "latest/access.log", "srv:d[a-c].log"]
        """,
        [Meant(True, ALL, HERE | {"log:latest/access.log", "srv:db.log"})],
    ),
    "what": (
        """
        [[rule]]
        who = "*"
        access = "deny"
        what = ["follow"]
        files = ["srv:hidden.log"]
        [[rule]]
        who = "token:alice"
        access = "allow"
        what = ["logs"]
        [[rule]]
        who = "cert:alice"
        access = "allow"
        what = "hits"
        [[rule]]
        who = "oidc:*"
        access = "allow"
        what = ["files", "hosts"]
        [[rule]]
        who = ["unix:*"]
        access = "allow"
        what = ["logs", "follow"]
        [[rule]]
        who = "anonymous"
        access = "allow"
        what = ["hosts"]
        [[rule]]
        who = "token:bob"
        access = "allow"
        what = ["follow"]
        """,
        [
            Meant(False, ALL, {"srv:hidden.log"}, {"follow"}),
            Meant(True, one("token:alice"), what={"logs"}),
            Meant(True, one("cert:alice"), what={"hits"}),
            Meant(True, one("oidc:alice", "oidc:bob"), what={"files", "hosts"}),
            Meant(True, one("unix:alice", "unix:bob"), what={"logs", "follow"}),
            Meant(True, one("anonymous"), what={"hosts"}),
            Meant(True, one("token:bob"), what={"follow"}),
        ],
    ),
    "back": (
        """
        [[rule]]
        who = "group:ops"
        access = "allow"
        files = ["app.log"]
        [[rule]]
        who = "*"
        access = "allow"
        back = "7d"
        """,
        [Meant(True, OPS, APP), Meant(True, recent=True)],
    ),
}
"""Rules as settings hold them, and what is meant by each; None: there are none."""


def rules(name: str, directory: Path) -> Rules:
    """The rules of a set, as an agent with the two roots reads them."""
    file = directory / f"{name.replace(' ', '-')}.toml"
    roots = [str(directory / root) for root in ROOTS]
    for root in roots:
        Path(root).mkdir(exist_ok=True)
    file.write_text(f"root = {roots}\n{SETS[name][0]}")
    return rules_of(load({}, {}, host="web-1", file=str(file)))


class Says:
    """A proof of who asks: the header `shows` holds a word of `PEOPLE`."""

    async def prove(self, scope: Mapping[str, Any]) -> Caller | None:
        shown = dict(scope.get("headers", [])).get(b"shows", b"").decode()
        return PEOPLE[shown] if shown not in ("", "anonymous") else None

    def still_proves(self, caller: Caller) -> bool:
        return True


@dataclass(frozen=True)
class Oracle:
    """What somebody is to be given by the rules of one host."""

    rules: str
    host: str
    who: str

    @property
    def has_rules(self) -> bool:
        return SETS[self.rules][1] is not None

    def accepts(self) -> bool:
        return any(self.gives(what) for what in KINDS)

    def gives(self, *whats: str) -> bool:
        """Whether the host gives him something of each of these kinds."""
        return not self.has_rules or all(any(self._decides(what, name) for name in NAMES) for what in whats)

    def files(self, whats: Iterable[str], question: str) -> dict[str, bool]:
        """The files that a question finds for him, each with whether lines of any age are."""
        found: dict[str, bool] = {}
        for met in QUESTIONS[question]:
            by, real = judged(met)
            decided = [self._decides(what, name) for what in whats for name in (by, real)]
            if not self.has_rules:
                found[real] = True
            elif all(decided):
                found[real] = found.get(real, False) or not any(one.recent for one in decided if one)
        return found

    def counted(self, whats: Iterable[str], question: str) -> dict[str, int]:
        """How many lines of each file he is given."""
        found = self.files(whats, question)
        return {name: LOGS[name] for name, of_any_age in found.items() if of_any_age or name != OLD}

    def _decides(self, what: str, name: str) -> Meant | None:
        for meant in SETS[self.rules][1] or ():
            if meant.is_about(self.who, self.host, what) and name in meant.names:
                return meant if meant.allows else None
        return None
