"""Which requests an agent answers."""

from __future__ import annotations

from typing import Any

import pytest

from logagent.core.access.local_rights import LocalRights
from logagent.web.access import NO_CERTIFICATE, Access, may_ask
from logagent.web.admission.local_client import STATE, LocalClient
from logagent.web.admission.local_users import Account, LocalUsers
from logagent.web.documents import Refusal

ANONYMOUS: dict[str, Any] = {"scheme": "https", "state": {}}
KNOWN: dict[str, Any] = {"scheme": "https", "state": {"client_certificate": b"DER"}}
CLEARTEXT: dict[str, Any] = {"scheme": "http", "state": {}}
STRANGER, FRIEND = LocalClient(1000), LocalClient(33)


@pytest.mark.parametrize(
    ("scope", "required", "allowed"),
    [
        (ANONYMOUS, True, False),
        (ANONYMOUS, False, True),
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
    users = None if trusting else LocalUsers(rights, no_account)
    return Access(["web0"], certificate_required=required, local_users=users)


async def refused(access: Access, scope: dict[str, Any]) -> int | None:
    try:
        await access.admit(scope)
    except Refusal as refusal:
        return refusal.status
    return None


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
    asking = access(required=True)
    assert asking.refused_at_once(ANONYMOUS | {"path": path}) == (401, NO_CERTIFICATE)
    assert asking.refused_at_once(KNOWN | {"path": path}) is None
    assert access().refused_at_once(ANONYMOUS | {"path": path}) is None


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_signs_of_life_are_given_to_everybody(path: str) -> None:
    assert access(required=True).refused_at_once(ANONYMOUS | {"path": path}) is None
