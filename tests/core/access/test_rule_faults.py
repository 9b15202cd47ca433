"""What is most likely a mistake in rules that can be used."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from logagent.core.access.file_globs import FileGlob
from logagent.core.access.rule_faults import KnownFacts, faults
from logagent.core.access.rules import Rule, Rules, What

KNOWN = KnownFacts(
    host="web-1",
    hosts={"web-1", "web-2", "db-1"},
    roots=("log", "app"),
    tokens={"ci": {"build"}, "alice": {"web"}},
    issuer="https://id.example",
    authority=True,
    acted_for=(),
    never_serves=lambda name: name.endswith((".key", "id_rsa")) or name.startswith(".ssh/"),
    is_directory=lambda root, name: name == "nginx" and root in ("", "log"),
)


def rule(spelled: str, **members: Any) -> Rule:
    """`+ WHO...` allows, `- WHO...` denies."""
    sign, *who = spelled.split()
    globs = tuple(FileGlob(each, KNOWN.roots) for each in members.pop("files", "").split())
    return Rule(
        sign == "+",
        tuple(who),
        tuple(members.pop("hosts", "").split()),
        globs,
        frozenset(map(What, members.pop("what", "").split())),
        **members,
    )


def found(*rules: Rule, known: KnownFacts = KNOWN) -> list[str]:
    return [*faults(Rules(replace(one, place=f"rule {number}") for number, one in enumerate(rules, 1)), known)]


SHADOW = "rule 2 never counts: rule 1, before it, decides about all that it is about"


@pytest.mark.parametrize(
    ("first", "second", "shadows"),
    [
        (rule("- *"), rule("+ token:ci"), True),
        (rule("+ token:ci"), rule("- token:ci"), True),
        (rule("+ token:ci token:alice"), rule("- token:ci", files="a.log", what="logs"), True),
        (rule("+ *", files="a.log b.log"), rule("- *", files="a.log"), True),
        (rule("+ *", files="**"), rule("- *", files="a.log"), True),
        (rule("+ *", hosts="*"), rule("- *", hosts="web-1"), True),
        (rule("+ *", what="logs hits"), rule("- *", what="logs"), True),
        (rule("+ token:ci"), rule("- *"), False),
        (rule("+ *", files="a.log"), rule("- *"), False),
        (rule("+ *", files="a.log"), rule("- *", files="a.log b.log"), False),
        (rule("+ *", hosts="web-1"), rule("- *"), False),
        (rule("+ *", what="logs"), rule("- *", what="logs hits"), False),
        (rule("+ *", what="logs"), rule("- *"), False),
    ],
)
def test_a_rule_that_never_counts_is_told(first: Rule, second: Rule, shadows: bool) -> None:
    assert found(first, second) == ([SHADOW] if shadows else [])


@pytest.mark.parametrize(
    ("one", "told"),
    [
        (rule("+ *", hosts="web-9"), "hosts: web-9 is neither this host nor one of its peers; is web-2 meant?"),
        (rule("+ *", hosts="x*"), "hosts: x* is neither this host nor one of its peers; known are db-1, web-1, web-2"),
        (rule("+ *", hosts="web-*"), ""),
        (rule("+ token:alise"), "who: token:alise: no valid token is called alise; is alice meant?"),
        (rule("+ token:ci*"), ""),
        (rule("+ group:token:webs"), "who: group:token:webs: no valid token is in a group webs; is web meant?"),
        (rule("+ group:token:build group:anything"), ""),
        (rule("+ cert:alice"), ""),
        (rule("+ oidc:https://id.example/1"), ""),
        (
            rule("+ oidc:https://other.example/1"),
            "who: oidc:https://other.example/1: identities of this host's provider",
        ),
        (rule("+ oidc:*/1"), ""),
        (
            rule("- *", files="apt:x/"),
            "files: apt:x/: no root is called apt, so that it is about names that begin so; is",
        ),
        (rule("- *", files="a*b:x.log app:x log:y"), ""),
        (rule("- *", files="apt:x/", hosts="db-1"), ""),
        (rule("+ *", files="ssl/*.key"), "files: ssl/*.key is never served, whatever rules say; see never_serve"),
        (rule("+ *", files="app:id_rsa"), "files: app:id_rsa is never served"),
        (rule("+ *", files=".ssh/"), "files: .ssh/ is never served"),
        (rule("+ *", files="**/*.log [a-z]*.log"), ""),
        (rule("- *", files="**/*.key"), ""),
        (rule("+ *", files="nginx"), "files: nginx is a directory here; nginx/ allows what lies in it"),
        (rule("+ *", files="log:nginx"), "files: log:nginx is a directory here; log:nginx/ allows what lies in it"),
        (rule("+ *", files="nginx/"), ""),
        (rule("- *", files="nginx"), ""),
    ],
)
def test_what_nobody_and_no_host_has_is_told(one: Rule, told: str) -> None:
    sentences = found(one, rule("+ group:all"))
    assert bool(sentences) == bool(told)
    assert all(each.startswith(f"rule 1: {told}") for each in sentences)


@pytest.mark.parametrize(
    ("known", "who", "told"),
    [
        ({"tokens": None}, "token:ci", "this host knows no tokens, since the setting tokens names no file"),
        (
            {"issuer": ""},
            "oidc:https://id.example/1",
            "this host takes no tokens of a provider, since oidc",
        ),
        ({"authority": False}, "cert:alice", "this host takes no certificates, since it has no authority"),
        ({"tokens": {}}, "token:ci", "no valid token is called ci; there is none"),
        # Where another agent may say who asks, that one knows.
        ({"tokens": None, "acted_for": {"token"}}, "token:ci", ""),
        ({"tokens": None, "acted_for": {"token"}}, "group:token:web", ""),
        ({"acted_for": {"token"}}, "token:dashboard", ""),
        ({"acted_for": {"token"}}, "token:a*", ""),
        (
            {"acted_for": {"token"}},
            "token:alise",
            "who: token:alise: no valid token of this host is called alise; is alice meant?",
        ),
        ({"issuer": "", "acted_for": {"oidc"}}, "oidc:https://id.example/1", ""),
    ],
)
def test_what_this_host_cannot_prove_is_told(known: dict[str, Any], who: str, told: str) -> None:
    sentences = found(rule(f"+ {who}"), known=replace(KNOWN, **known))
    assert bool(sentences) == bool(told)
    assert all(told in each for each in sentences)


def test_an_agent_that_looks_mistyped_is_told() -> None:
    known = replace(KNOWN, acting=("web2", "db-1", "web-*", "gateway", "db-2"))
    assert found(rule("+ *"), known=known) == ["acting: web2 is none of the peers; is web-2 meant?"]


@pytest.mark.parametrize("rules", [[rule("- *")], [rule("+ *", hosts="db-1"), rule("- *", files="d/")]])
def test_rules_that_give_nobody_anything_are_told(rules: list[Rule]) -> None:
    assert found(*rules) == ["no rule allows anything on web-1, so that it refuses everybody"]


def test_a_host_without_peers_may_share_its_rules_with_a_fleet() -> None:
    shared = rule("+ *", hosts="db-*"), rule("+ *", hosts="web-*")
    assert found(*shared, known=replace(KNOWN, hosts={"web-1"})) == []


def test_a_digest_tells_rules_apart_and_not_where_they_are_written() -> None:
    one, other = rule("+ token:ci", files="a.log"), rule("+ token:ci", files="b.log")
    assert Rules([one]).digest == Rules([replace(one, place="rule 7")]).digest
    assert len({Rules(each).digest for each in ([], [one], [other], [one, other], [other, one])}) == 5
    assert len(Rules([one]).digest) == 8
