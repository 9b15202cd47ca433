"""Which requests an agent answers."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from trio.testing import MockClock

from logagent.core.access.caller import ANONYMOUS, Caller, Proof
from logagent.core.access.local_rights import LocalRights
from logagent.core.access.rules import Rule, Rules
from logagent.web.access import NO_CERTIFICATE, NO_PROOF, Access, may_ask
from logagent.web.admission.local_client import STATE, LocalClient
from logagent.web.admission.local_users import Account, LocalUsers
from logagent.web.admission.proving import Provers
from logagent.web.documents import Refusal
from testbed.shows import Shows

NOBODY: dict[str, Any] = {"scheme": "https", "state": {}}
KNOWN: dict[str, Any] = {"scheme": "https", "state": {"client_certificate": b"DER"}}
CLEARTEXT: dict[str, Any] = {"scheme": "http", "state": {}}
STRANGER, FRIEND = LocalClient(1000), LocalClient(33)


@pytest.mark.parametrize(
    ("scope", "required", "allowed"),
    [
        (NOBODY, True, False),
        (NOBODY, False, True),
        (KNOWN, True, True),
        (CLEARTEXT, True, True),
        ({"scheme": "https"}, True, False),
        ({"scheme": "https", "state": {"client_certificate": None}}, True, False),
    ],
)
def test_certificate_is_asked_for_only_over_tls_and_where_required(
    scope: dict[str, Any], required: bool, allowed: bool
) -> None:
    assert may_ask(scope, certificate_required=required) is allowed


async def no_account(user: int) -> Account:
    return Account("", frozenset())


def access(*, required: bool = False, trusting: bool = False) -> Access:
    rights = LocalRights(own=998, users=frozenset({33}))
    users = LocalUsers(rights, no_account, trusting=trusting)
    return Access(["web0"], certificate_required=required, local_users=users)


async def admitted(access: Access, scope: dict[str, Any]) -> str | int:
    """Who asks; or with which status he is refused."""
    try:
        return (await access.admit(scope)).identity
    except Refusal as refusal:
        return refusal.status


async def refused(access: Access, scope: dict[str, Any]) -> int | None:
    told = await admitted(access, scope)
    return told if isinstance(told, int) else None


@pytest.mark.parametrize(
    ("scheme", "state", "status"),
    [
        ("http", {STATE: STRANGER}, 403),
        ("http", {STATE: LocalClient(None)}, 403),
        ("http", {STATE: FRIEND}, None),
        ("http", {STATE: None}, None),
        ("http", {}, None),
        ("https", {STATE: STRANGER, "client_certificate": None}, 403),
        ("https", {STATE: STRANGER, "client_certificate": b"DER"}, None),
        ("https", {STATE: None, "client_certificate": None}, None),
    ],
)
async def test_a_user_of_this_machine_is_served_by_his_rights_or_his_certificate(
    scheme: str, state: dict[str, Any], status: int | None
) -> None:
    assert await refused(access(), {"scheme": scheme, "state": state}) == status


async def test_a_missing_certificate_is_told_before_anything_else() -> None:
    assert await refused(access(required=True), {"scheme": "https", "state": {STATE: STRANGER}}) == 401


RULES = Rules(
    [
        Rule(allows=False, who=("unix:eve@*",)),
        Rule(allows=True, who=("unix:u33@web0", "token:alice", "group:staff")),
        Rule(allows=False, who=("cert:*",)),
    ]
)


async def named_account(user: int) -> Account:
    return {0: Account("root", frozenset({0}), frozenset({"root"}))}.get(
        user, Account(f"u{user}", frozenset({user}), frozenset({"staff"} if user == 50 else ()))
    )


def ruled(rules: Rules = RULES, *, trusting: bool = False, required: bool = False) -> Access:
    rights = LocalRights(own=998, users=frozenset({33}), nameless=65534)
    users = LocalUsers(rights, named_account, host="web0", trusting=trusting)
    provers = Provers([Shows(), users])
    return Access(["web0"], certificate_required=required, local_users=users, host="web0", rules=rules, provers=provers)


def asking(shows: str = "", local: LocalClient | None = None, scheme: str = "http") -> dict[str, Any]:
    return {"scheme": scheme, "headers": [(b"shows", shows.encode())] if shows else [], "state": {STATE: local}}


def user(number: int | None) -> dict[str, Any]:
    return asking(local=LocalClient(number))


@pytest.mark.parametrize(
    ("scope", "who"),
    [
        (user(33), "unix:u33@web0"),
        (user(50), "unix:u50@web0"),
        (asking("token:alice"), "token:alice"),
        (asking("token:alice", LocalClient(1000)), "token:alice"),
        (asking("token:alice", LocalClient(65534)), "token:alice"),
        (asking("token:alice", LocalClient(None)), "token:alice"),
    ],
)
async def test_who_is_given_something_by_a_rule_is_admitted(scope: dict[str, Any], who: str) -> None:
    assert (await ruled().admit(scope)).identity == who


@pytest.mark.parametrize(
    ("scope", "status", "told"),
    [
        (user(0), 403, 'no rule gives unix:root@web0 anything here; a [[rule]] with who = ["unix:root@*"] would'),
        (user(998), 403, 'no rule gives unix:u998@web0 anything here; a [[rule]] with who = ["unix:u998@*"] would'),
        (user(None), 403, "it is not known which user asks"),
        (user(65534), 403, "stands for all users"),
        (asking("token:bob"), 403, 'no rule gives token:bob anything here; a [[rule]] with who = ["token:bob"] would'),
        (asking("token:bob", LocalClient(33)), 403, "token:bob"),
        (asking("cert:web-1"), 403, "cert:web-1"),
        (asking("none"), 403, "a host's certificate proves no person"),
        (asking("bad"), 401, "the token is not valid"),
        (asking("bad", LocalClient(33)), 401, "the token is not valid"),
        (asking(), 401, NO_PROOF),
    ],
)
async def test_whom_no_rule_gives_anything_is_refused_and_told_which_would(
    scope: dict[str, Any], status: int, told: str
) -> None:
    with pytest.raises(Refusal) as refused:
        await ruled().admit(scope)
    assert refused.value.status == status
    assert told in refused.value.detail
    challenge = {"www-authenticate": 'Bearer realm="logagent"'} if status == 401 else {}
    assert refused.value.headers == challenge


async def test_an_anonymous_client_is_told_nothing_of_the_rules() -> None:
    with pytest.raises(Refusal) as refused:
        await ruled().admit(asking())
    assert "rule" not in refused.value.detail


async def test_what_the_log_says_of_a_bad_proof_is_not_told() -> None:
    with pytest.raises(Refusal) as refused:
        await ruled().admit(asking("bad"))
    assert (refused.value.detail, refused.value.logged) == ("the token is not valid", "token alice has ended")


async def test_a_rule_for_everybody_admits_the_anonymous_but_no_user_whom_nobody_can_tell() -> None:
    everybody = ruled(Rules([Rule(allows=True, who=("*",))]))
    assert await everybody.admit(asking()) == ANONYMOUS
    assert await refused(everybody, user(65534)) == 403


async def test_who_trusts_loopback_takes_users_whom_nobody_can_tell_for_anonymous_and_gives_them_no_right() -> None:
    assert [await refused(ruled(trusting=True), user(number)) for number in (65534, None, 0, 33)] == [
        401,
        401,
        403,
        None,
    ]
    everybody = ruled(Rules([Rule(allows=True, who=("*",))]), trusting=True)
    assert [(await everybody.admit(user(number))).identity for number in (65534, 0)] == ["anonymous", "unix:root@web0"]


async def test_a_required_certificate_is_required_of_those_with_a_token_too() -> None:
    assert await refused(ruled(required=True), asking("token:alice", scheme="https")) == 401


@pytest.mark.parametrize(
    ("scope", "who"),
    [
        (user(0), "unix:root@web0"),
        (user(33), "unix:u33@web0"),
        (user(1000), 403),
        (user(65534), 403),
        (asking("token:bob", LocalClient(1000)), "token:bob"),
        (asking("none"), "anonymous"),
        (asking(), "anonymous"),
        (asking("bad"), 401),
    ],
)
async def test_without_rules_who_asks_is_known_and_served_as_before(scope: dict[str, Any], who: str | int) -> None:
    assert await admitted(ruled(Rules()), scope) == who


async def test_a_directory_that_hangs_refuses_for_now_and_without_rules_leaves_the_user_without_a_name(
    autojump_clock: MockClock,
) -> None:
    async def hang(user: int) -> Account:
        await trio.sleep_forever()

    users = LocalUsers(LocalRights(own=998), hang, host="web0")
    for rules, known in ((RULES, 503), (Rules(), None)):
        access = Access(
            [], certificate_required=False, local_users=users, host="web0", rules=rules, provers=Provers([users])
        )
        assert await refused(access, user(0)) == known


def test_who_was_admitted_is_still_while_his_proof_holds_and_a_rule_gives_him_something() -> None:
    alice, revoked = Caller(Proof.TOKEN, "alice"), Caller(Proof.TOKEN, "revoked")
    assert ruled().still_admits(alice)
    assert not ruled().still_admits(Caller(Proof.TOKEN, "bob"))
    assert ruled(Rules()).still_admits(alice)
    assert not ruled(Rules()).still_admits(revoked)


async def test_who_trusts_loopback_serves_everybody_there() -> None:
    assert await refused(access(trusting=True), {"scheme": "http", "state": {STATE: STRANGER}}) is None


def addressed(
    *fields: tuple[str, str], target: str = "/logs", scheme: str = "http", asked: Access | None = None
) -> int | None:
    headers = [(name.encode(), value.encode("latin-1")) for name, value in fields]
    try:
        (asked or access()).check_names({"scheme": scheme, "headers": headers, "raw_path": target.encode()})
    except Refusal as refusal:
        return refusal.status
    return None


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ([("host", "web0")], None),
        ([("host", "127.0.0.1:8000")], None),
        ([("host", "evil.example")], 421),
        ([("host", "web0"), ("host", "evil.example")], 421),
        ([("host", "")], 421),
        ([], None),
        ([("host", "web0"), ("origin", "http://localhost:3000")], None),
        ([("host", "web0"), ("origin", "http://evil.example")], 403),
        ([("host", "web0"), ("origin", "null")], 403),
        ([("host", "web0"), ("origin", "http://web0"), ("origin", "http://evil.example")], 403),
        ([("origin", "http://evil.example")], 403),
        ([("host", "evil.example"), ("origin", "http://evil.example")], 421),
    ],
)
def test_every_name_and_every_origin_of_a_request_must_be_its_own(
    fields: list[tuple[str, str]], status: int | None
) -> None:
    assert addressed(*fields) == status


def test_a_target_that_names_another_host_is_refused_whatever_host_says() -> None:
    assert addressed(("host", "web0"), target="http://evil.example/logs") == 421
    assert addressed(("host", "web0"), target="http://web0/logs") is None
    assert addressed(target="http://evil.example/logs") == 421


def test_over_tls_the_certificate_has_proved_the_name() -> None:
    assert addressed(("host", "anything"), ("origin", "http://anything"), scheme="https") is None


def test_a_refusal_tells_a_page_nothing_of_the_agent() -> None:
    with pytest.raises(Refusal) as refusal:
        access().check_names({"scheme": "http", "headers": [(b"host", b"x" * 10_000)], "raw_path": b"/logs"})
    assert "web0" not in refusal.value.detail
    assert len(refusal.value.detail) < 500


@pytest.mark.parametrize("path", ["/logs", "/hits", "/files", "/hosts", "/nowhere", "/healthz/"])
def test_all_but_the_signs_of_life_are_refused_before_anything_is_done(path: str) -> None:
    requiring = access(required=True)
    assert requiring.refused_at_once(NOBODY | {"path": path}) == (401, NO_CERTIFICATE)
    assert requiring.refused_at_once(KNOWN | {"path": path}) is None
    assert access().refused_at_once(NOBODY | {"path": path}) is None


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_signs_of_life_are_given_to_everybody(path: str) -> None:
    assert access(required=True).refused_at_once(NOBODY | {"path": path}) is None
