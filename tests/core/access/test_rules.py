"""Whom a rule is for, what it is about, and what an ordered list of them gives somebody."""

from __future__ import annotations

import pytest

from logagent.core.access.caller import ANONYMOUS, Caller, Proof
from logagent.core.access.file_globs import FileGlob
from logagent.core.access.rules import Rule, Rules, What

ALICE = Caller(Proof.TOKEN, "alice", frozenset({"web", "ops"}))
IDP = "https://id.example/realms/a"


def oidc(subject: str, *groups: str) -> Caller:
    return Caller(Proof.OIDC, f"{IDP}/{subject}", frozenset(groups))


def unix(name: str) -> Caller:
    return Caller(Proof.UNIX, name)


@pytest.mark.parametrize(
    ("who", "caller", "expected"),
    [
        ("*", ALICE, True),
        ("*", ANONYMOUS, True),
        ("anonymous", ANONYMOUS, True),
        ("anonymous", ALICE, False),
        ("token:alice", ALICE, True),
        ("token:al*", ALICE, True),
        ("token:*", ALICE, True),
        ("token:*", ANONYMOUS, False),
        ("token:bob", ALICE, False),
        ("token:Alice", ALICE, False),
        # No kind of proof poses as another.
        ("cert:alice", ALICE, False),
        ("*:alice", ALICE, False),
        ("alice", ALICE, False),
        ("token:alice", Caller(Proof.CERT, "alice"), False),
        ("token:alice", Caller(Proof.CERT, "token:alice"), False),
        ("token:alice", oidc("token:alice"), False),
        ("cert:web", Caller(Proof.CERT, "Alice", aliases=frozenset({"web"})), True),
        # A glob stands for no name that is spelled as the glob is, unless it matches.
        ("token:user-[0-9]", Caller(Proof.TOKEN, "user-[0-9]"), False),
        ("token:user-[0-9]", Caller(Proof.TOKEN, "user-7"), True),
        ("token:[[]x]", Caller(Proof.TOKEN, "[x]"), True),
        ("token:a*", Caller(Proof.TOKEN, "a*"), True),
        # Users: the last @ is before the host.
        ("unix:alice@web-1", unix("alice@web-1"), True),
        ("unix:alice@*", unix("alice@web-1"), True),
        ("unix:alice@*", unix("alice@evil@web-1"), False),
        ("unix:*@web-1", unix("alice@corp@web-1"), True),
        ("unix:root@*", unix("root@evil@web-1"), False),
        ("unix:*", unix("alice@web-1"), True),
        # Subjects of a provider.
        (f"oidc:{IDP}/auth0|1", oidc("auth0|1"), True),
        (f"oidc:{IDP}/*", oidc("anything"), True),
        (f"oidc:{IDP}/a", oidc("ab"), False),
        (f"oidc:{IDP}/[*]", oidc("*"), True),
        (f"oidc:{IDP}/[*]", oidc("x"), False),
        # Groups, of any proof or of one.
        ("group:web", ALICE, True),
        ("group:w*", ALICE, True),
        ("group:db", ALICE, False),
        ("group:token:web", ALICE, True),
        ("group:oidc:web", ALICE, False),
        ("group:token:web", oidc("a", "web"), False),
        ("group:*", ANONYMOUS, False),
        # A provider may call a group what it likes.
        ("group:token:web", oidc("a", "token:web"), False),
        ("group:oidc:token:web", oidc("a", "token:web"), True),
        ("group:web", oidc("a", "token:web"), False),
        ("group:role:admin", oidc("a", "role:admin"), True),
        ("group:web[1]", oidc("a", "web[1]"), False),
    ],
)
def test_whom_a_word_stands_for(who: str, caller: Caller, expected: bool) -> None:
    assert Rule(True, (who,)).is_for(caller, "web-1") is expected


@pytest.mark.parametrize(
    ("hosts", "host", "expected"),
    [
        ((), "web-1", True),
        (("web-1",), "web-1", True),
        (("web-*",), "web-1", True),
        (("db-*", "web-1"), "web-1", True),
        (("web-1",), "web-10", False),
        (("web-?",), "web-10", False),
    ],
)
def test_which_hosts_a_rule_is_about(hosts: tuple[str, ...], host: str, expected: bool) -> None:
    assert Rule(True, ("*",), hosts).is_for(ALICE, host) is expected


def rule(allows: bool, who: str = "*", *, hosts: str = "", files: str = "", what: str = "") -> Rule:
    return Rule(
        allows,
        (who,),
        tuple(hosts.split()),
        tuple(FileGlob(glob) for glob in files.split()),
        frozenset(map(What, what.split())),
    )


def test_without_rules_everything_is_given() -> None:
    rules = Rules()
    assert not rules
    assert rules.accepts(ANONYMOUS, "web-1")
    assert rules.shows_host(ANONYMOUS, "web-1", [What.LOGS])
    assert rules.sight(ANONYMOUS, "web-1", [What.LOGS]) is None


@pytest.mark.parametrize(
    ("rules", "given"),
    [
        ([rule(True, "token:bob")], ""),
        ([rule(True, "token:alice")], "logs hits files follow hosts metrics"),
        ([rule(True, what="logs hits")], "logs hits"),
        ([rule(False), rule(True)], ""),
        ([rule(False, files="**"), rule(True)], ""),
        ([rule(False, files="d/"), rule(True, what="logs")], "logs"),
        ([rule(False, what="logs"), rule(True)], "hits files follow hosts metrics"),
        ([rule(True, hosts="db-*")], ""),
        ([rule(False, hosts="db-*"), rule(True)], "logs hits files follow hosts metrics"),
        ([rule(False, "group:web"), rule(True)], ""),
    ],
)
def test_kinds_of_questions_that_somebody_may_ask_a_host(rules: list[Rule], given: str) -> None:
    decided = Rules(rules)
    assert [what for what in What if decided.shows_host(ALICE, "web-1", [what])] == given.split()
    assert decided.accepts(ALICE, "web-1") is bool(given)


def test_a_follow_takes_both_of_its_permissions() -> None:
    rules = Rules([rule(True, what="logs"), rule(True, files="a.log", what="follow")])
    both = rules.sight(ALICE, "web-1", [What.LOGS, What.FOLLOW])
    assert both is not None
    assert (both.sees("log", ["a.log"]), both.sees("log", ["b.log"])) == (True, False)


def test_those_to_whom_the_same_rules_apply_share_a_sight() -> None:
    rules = Rules([rule(True, "group:web", files="web/"), rule(True, "token:bob", files="db/")])
    others = Caller(Proof.TOKEN, "carol", frozenset({"web"}))
    assert rules.sight(ALICE, "web-1", [What.LOGS]) is rules.sight(others, "web-1", [What.LOGS])
    assert rules.sight(ALICE, "web-1", [What.LOGS]) != rules.sight(Caller(Proof.TOKEN, "bob"), "web-1", [What.LOGS])


def test_a_sight_of_rules_that_are_for_nobody_shows_nothing() -> None:
    sight = Rules([rule(True, "token:bob")]).sight(ALICE, "web-1", [What.LOGS])
    assert sight is not None
    assert not sight.sees("log", ["a.log"])
