"""Who may ask an agent, made from its settings."""

from __future__ import annotations

import os
import pwd
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from logagent.admitting.access import access_of, acts_as, local_rights, rules_of, supplementary_groups
from logagent.authority import certs
from logagent.config import accounts
from logagent.config.access_rules import AccessRule
from logagent.config.settings import Settings
from logagent.core.access.caller import ANONYMOUS, Caller, Proof
from logagent.core.access.rules import Rules, What
from logagent.core.access.tokens import RANDOM_BYTES, TokenEntry, digest_of, token_of
from logagent.core.units import SECOND
from logagent.token_file import change
from logagent.web.access import Access
from logagent.web.admission.local_client import STATE, LocalClient
from logagent.web.documents import Refusal


def test_its_own_user_and_those_of_its_settings_are_served() -> None:
    rights = local_rights(Settings(name="web-1", local_users=(33,), local_groups=(4,)))
    assert (rights.own, rights.users, rights.groups) == (os.geteuid(), {33}, {4})
    assert rights.nameless == accounts.nameless_user()


def test_an_agent_that_runs_as_the_user_who_stands_for_many_is_warned(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(os, "geteuid", accounts.nameless_user)
    local_rights(Settings(name="web-1"))
    assert "run this agent as another one" in caplog.text


def addressed_as(access: Access, host: str) -> bool:
    try:
        access.check_names({"scheme": "http", "headers": [(b"host", host.encode())], "raw_path": b"/"})
    except Refusal:
        return False
    return True


def test_it_goes_by_its_name_those_of_its_certificate_and_those_that_are_given(tmp_path: Path) -> None:
    certs.init(tmp_path, now=datetime.now(UTC))
    certificate, *_ = certs.host("web-9.internal", tmp_path, now=datetime.now(UTC))
    access = access_of(Settings(name="web-1", known_as=("*.fleet.example",), tls_certificate=certificate))
    known = ("web-1", "web-9.internal", "a.fleet.example", "localhost", "10.0.0.1")
    assert [name for name in (*known, "web-2", "fleet.example") if addressed_as(access, name)] == list(known)


def test_a_certificate_that_cannot_be_read_here_gives_no_names(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "odd.pem").write_text("odd")
    access = access_of(Settings(name="web-1", tls_certificate=tmp_path / "odd.pem"))
    assert addressed_as(access, "web-1")
    assert "the agent is not known by the names in it" in caplog.text


def test_without_a_setting_its_supplementary_groups_count() -> None:
    assert local_rights(Settings(name="web-1")).groups == supplementary_groups()


def test_an_empty_setting_means_no_group() -> None:
    assert local_rights(Settings(name="web-1", local_groups=())).groups == frozenset()


def test_its_own_group_and_those_that_hold_everybody_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    names = {100: "users", 44: "video", 65534: "nogroup", 4: "adm", 999: "logagent"}
    monkeypatch.setattr(accounts, "_name_of", lambda group: names[group])
    monkeypatch.setattr(os, "getgroups", lambda: list(names))
    monkeypatch.setattr(os, "getegid", lambda: 999)
    assert supplementary_groups() == {4}


def test_rules_are_made_of_the_settings_with_the_roots_that_their_files_may_name() -> None:
    given = AccessRule(True, ("token:alice",), ("web-*",), ("app:x.log",), ("logs",), back=60)
    (rule,) = rules_of(Settings(name="web-1", rule=(given,), root_name={Path("/srv/app"): "app"})).rules
    assert (rule.allows, rule.who, rule.hosts, rule.what) == (True, ("token:alice",), ("web-*",), {What.LOGS})
    assert (rule.back, rule.place) == (60 * SECOND, "rule 1")
    assert [(glob.text, glob.root) for glob in rule.files] == [("app:x.log", "app")]


def test_without_rules_there_is_none() -> None:
    assert not rules_of(Settings(name="web-1"))


TOKEN = token_of(bytes(RANDOM_BYTES))


def shows(*authorization: str) -> dict[str, Any]:
    fields = [(b"authorization", each.encode()) for each in authorization]
    return {"scheme": "https", "path": "/logs", "state": {}, "headers": fields}


async def test_a_token_of_its_file_is_an_identity_until_it_is_revoked(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    tokens = tmp_path / "tokens"
    change(tokens, lambda _: (TokenEntry("web-ci", digest_of(TOKEN)),))
    access = access_of(Settings(name="web-1", tokens=tokens))
    caller = await access.admit(shows(f"Bearer {TOKEN}"))
    assert caller.identity == "token:web-ci"
    assert access.still_admits(caller)
    change(tokens, lambda _: ())
    await trio.sleep(1)
    assert not access.still_admits(caller)
    for field in (f"Bearer {TOKEN}", "Digest x", "Bearer a.b.c"):
        with pytest.raises(Refusal) as refused:
            await access.admit(shows(field))
        assert refused.value.status == 401
        assert refused.value.headers == {"www-authenticate": 'Bearer realm="logagent", error="invalid_token"'}
    assert (await access.admit(shows())).identity == "anonymous"


async def test_where_there_are_no_tokens_nobody_looks_at_what_would_show_one() -> None:
    access = access_of(Settings(name="web-1"), Rules())
    assert (await access.admit(shows("Bearer x", "Digest y"))).identity == "anonymous"


@pytest.mark.parametrize(
    ("settings", "is_named"),
    [
        ({}, False),
        ({"log_to": ("none",)}, False),
        ({"log_to": ("journald",)}, True),
        ({"log_to": ("files", "stderr"), "log_directory": Path("/var/log/logagent")}, True),
        ({"log_directory": Path("/var/log/logagent")}, True),
        ({"peer": {"web-2": "http://10.0.0.2:8000"}}, True),
    ],
)
async def test_who_asks_over_loopback_is_known_where_the_own_log_tells_it(
    settings: dict[str, Any], *, is_named: bool
) -> None:
    user = os.geteuid()
    access = access_of(Settings(name="web-1", **settings))
    caller = await access.admit({**shows(), "state": {STATE: LocalClient(user)}})
    expected = f"unix:{pwd.getpwuid(user).pw_name}@web-1" if is_named else "anonymous"
    assert caller.identity == expected


async def test_who_was_known_by_a_proof_that_is_not_taken_any_more_is_known_no_more() -> None:
    access = access_of(Settings(name="web-1"))
    for proof in (Proof.TOKEN, Proof.OIDC):
        assert not access.still_admits(Caller(proof, "alice"))
        assert access.still_admits(Caller(proof, "alice", chain=("web-2",))), "another agent has proved it"
    assert access.still_admits(Caller(Proof.UNIX, "root@web-1"))
    assert access.still_admits(ANONYMOUS)


def test_it_asks_for_others_by_its_own_name_if_its_certificate_has_it(tmp_path: Path) -> None:
    certs.init(tmp_path, now=datetime.now(UTC))
    certificate, *_ = certs.host("host-a", tmp_path, addresses=["web-1"], now=datetime.now(UTC))
    for name, told in (("web-1", "web-1"), ("WEB-1", "WEB-1"), ("web-2", "host-a")):
        assert acts_as(Settings(name=name, tls_certificate=certificate)) == told
    assert acts_as(Settings(name="web-1")) == "web-1"


TOLD = [(b"log-caller", b'who="token:alice", chain=("web-1")')]
RULE = AccessRule(allows=True, who=("*",))


@pytest.mark.parametrize(
    ("settings", "status"),
    [
        (Settings(name="web-1"), None),
        (Settings(name="web-1", rule=(RULE,)), 403),
        (Settings(name="web-1", acting={"web-2": frozenset({"token"})}), 403),
    ],
)
async def test_for_whom_a_client_asks_is_looked_at_where_there_are_rules_or_agents_that_may_ask_for_others(
    settings: Settings, status: int | None
) -> None:
    refusal = await access_of(settings).refusal({"scheme": "http", "headers": TOLD, "state": {}})
    assert (refusal.status if refusal else None) == status
