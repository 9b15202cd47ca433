"""Proving who a client is by a token."""

from __future__ import annotations

import base64
import logging
from dataclasses import replace
from typing import Any

import pytest

from logagent.core.access.caller import Caller, Proof
from logagent.core.access.tokens import RANDOM_BYTES, NoTokensKnown, TokenEntry, digest_of, token_of
from logagent.web.admission.authorization import LONGEST, UNKNOWN, NoOtherProof, shown_in
from logagent.web.admission.local_client import STATE, LocalClient
from logagent.web.admission.proving import BadProof
from logagent.web.admission.tokens import TokenProver

NOW = 1_800_000_000
TOKEN = token_of(bytes(range(RANDOM_BYTES)))
OTHER = token_of(bytes(RANDOM_BYTES))
ENTRY = TokenEntry("web-ci", digest_of(TOKEN), ("build", "web"), expires=NOW + 60)
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln"


class Tokens:
    """Tokens that are known, until they are not."""

    def __init__(self, *entries: TokenEntry) -> None:
        self.entries: tuple[TokenEntry, ...] | None = entries

    def current(self) -> tuple[TokenEntry, ...]:
        if self.entries is None:
            raise NoTokensKnown("/etc/logagent/tokens is not JSON")
        return self.entries


def scope(*authorization: str | bytes, scheme: str = "https", client: LocalClient | None = None) -> dict[str, Any]:
    fields = [each if isinstance(each, bytes) else each.encode() for each in authorization]
    headers = [(b"host", b"web-1"), *((b"authorization", field) for field in fields)]
    return {"scheme": scheme, "headers": headers, "state": {STATE: client}}


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def prover(*entries: TokenEntry) -> TokenProver:
    return TokenProver(Tokens(*entries or (ENTRY,)), lambda: NOW)


async def refusal(of: dict[str, Any], *entries: TokenEntry) -> BadProof:
    with pytest.raises(BadProof) as bad:
        await prover(*entries).prove(of)
    assert bad.value.status == 401
    for said in (bad.value.told, bad.value.logged, repr(bad.value)):
        assert not any(part in said for part in (TOKEN[9:], OTHER[9:]))
    return bad.value


async def test_a_token_proves_its_name_and_groups() -> None:
    caller = await prover().prove(scope(f"Bearer {TOKEN}"))
    assert caller == Caller(Proof.TOKEN, "web-ci", frozenset({"build", "web"}), NOW + 60)
    assert caller.credential == ENTRY.fingerprint
    assert caller.identity == "token:web-ci"


@pytest.mark.parametrize(
    "field",
    [
        f"bearer {TOKEN}",
        f"BEARER   {TOKEN} ",
        basic("", TOKEN),
        basic("token", TOKEN),
        basic("alice", TOKEN),
        basic("", TOKEN).replace("Basic", "basic"),
    ],
)
async def test_it_may_come_in_any_of_the_usual_forms(field: str) -> None:
    caller = await prover().prove(scope(field))
    assert caller is not None
    assert caller.name == "web-ci"


async def test_nothing_shown_proves_nothing() -> None:
    assert await prover().prove(scope()) is None


async def test_what_an_identity_provider_signs_is_left_to_another_prover() -> None:
    assert await prover().prove(scope(f"Bearer {JWT}")) is None


async def test_what_no_prover_takes_is_refused_at_the_end() -> None:
    with pytest.raises(BadProof) as bad:
        await NoOtherProof().prove(scope(f"Bearer {JWT}"))
    assert (bad.value.status, bad.value.told) == (401, UNKNOWN)
    assert await NoOtherProof().prove(scope()) is None


@pytest.mark.parametrize(
    ("entry", "token", "logged"),
    [
        (ENTRY, OTHER, "a token that this agent does not know"),
        (replace(ENTRY, expires=NOW), TOKEN, "token web-ci ({0}), ended 2027-01-15T08:00:00Z"),
        (replace(ENTRY, revoked=NOW - 1), TOKEN, "token web-ci ({0}), revoked 2027-01-15T07:59:59Z"),
        (
            ENTRY,
            TOKEN[:-1] + ("0" if TOKEN[-1] != "0" else "1"),
            "what was shown is no token: a character of it is wrong",
        ),
        (ENTRY, TOKEN[:9] + TOKEN[9:].lower(), "what was shown is no token: a character of it is wrong"),
        (ENTRY, TOKEN[:9] + TOKEN[9:].upper(), "what was shown is no token: a character of it is wrong"),
        (ENTRY, TOKEN[:-2], "what was shown is no token: it has 56 characters"),
        (ENTRY, "hunter2", "what was shown is no token: it does not begin with logagent_"),
    ],
)
async def test_the_log_alone_learns_why_a_token_is_refused(entry: TokenEntry, token: str, logged: str) -> None:
    for field in (f"Bearer {token}", basic("", token)):
        bad = await refusal(scope(field), entry)
        assert bad.told == UNKNOWN
        assert logged.format(ENTRY.fingerprint) in bad.logged


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ([f"Bearer {TOKEN}", f"Bearer {TOKEN}"], "may have one header Authorization, this one has 2"),
        ([f"Bearer {TOKEN}", basic("", TOKEN)], "this one has 2"),
        ([f"Digest {TOKEN}"], "scheme of the header Authorization is not known"),
        ([f"Negotiate {TOKEN}"], "is not known: this agent takes `Authorization: Bearer TOKEN`"),
        ([TOKEN], "scheme of the header Authorization is not known"),
        ([""], "scheme of the header Authorization is not known"),
        (["Bearer"], "holds no token"),
        ([f"Bearer {TOKEN} {TOKEN}"], "holds no token"),
        ([f"Bearer {TOKEN}, Bearer {OTHER}"], "holds no token"),
        (["Bearer " + "x" * LONGEST], "more than 17408 bytes"),
        ([f"Bearer {TOKEN}\u00e9"], "is not ASCII"),
        ([b"Bearer \xff\xfe"], "is not ASCII"),
        (["Basic !!!"], "is not base64 of ASCII"),
        ([basic("\u00e9", TOKEN)], "is not base64 of ASCII"),
        (["Basic " + base64.b64encode(TOKEN.encode()).decode()], "password of HTTP Basic is empty"),
        ([basic(TOKEN, "")], "password of HTTP Basic is empty"),
        ([basic("", "two words")], "holds no token"),
    ],
)
async def test_a_header_that_cannot_be_read_is_told_without_being_repeated(
    fields: list[str | bytes], said: str
) -> None:
    assert said in (await refusal(scope(*fields))).told


async def test_several_tokens_may_have_one_name_while_one_takes_the_place_of_the_other() -> None:
    old, new = replace(ENTRY, groups=("build",)), replace(ENTRY, sha256=digest_of(OTHER), expires=None)
    both = prover(old, new)
    first, second = [await both.prove(scope(f"Bearer {token}")) for token in (TOKEN, OTHER)]
    assert first is not None
    assert second is not None
    assert first.identity == second.identity
    assert first.credential != second.credential
    bad = await refusal(scope(f"Bearer {TOKEN}"), replace(old, revoked=NOW), new)
    assert "revoked" in bad.logged


async def test_no_token_is_taken_or_refused_for_good_while_none_can_be_checked() -> None:
    tokens = Tokens(ENTRY)
    one = TokenProver(tokens, lambda: NOW)
    caller = await one.prove(scope(f"Bearer {TOKEN}"))
    assert caller is not None
    tokens.entries = None
    with pytest.raises(BadProof) as bad:
        await one.prove(scope(f"Bearer {TOKEN}"))
    assert (bad.value.status, bad.value.logged) == (503, "/etc/logagent/tokens is not JSON")
    assert "/etc" not in bad.value.told
    assert not one.still_proves(caller)


@pytest.mark.parametrize(
    ("entries", "still"),
    [
        ((ENTRY,), True),
        ((TokenEntry("other", digest_of(OTHER)), ENTRY), True),
        ((), False),
        ((replace(ENTRY, revoked=NOW),), False),
        ((replace(ENTRY, expires=NOW),), False),
        ((replace(ENTRY, groups=("web",)),), False),
        ((replace(ENTRY, name="other"),), False),
        ((replace(ENTRY, sha256=digest_of(OTHER)),), False),
    ],
)
async def test_a_token_goes_on_proving_what_it_proved(entries: tuple[TokenEntry, ...], still: bool) -> None:
    tokens = Tokens(ENTRY)
    one = TokenProver(tokens, lambda: NOW)
    caller = await one.prove(scope(f"Bearer {TOKEN}"))
    assert caller is not None
    tokens.entries = entries
    assert one.still_proves(caller) is still


async def test_a_token_in_cleartext_over_the_network_is_warned_of_once(caplog: pytest.LogCaptureFixture) -> None:
    one = prover()
    with caplog.at_level(logging.WARNING):
        for of in (scope(f"Bearer {TOKEN}"), scope(f"Bearer {TOKEN}", scheme="http", client=LocalClient(1000))):
            await one.prove(of)
        assert not caplog.messages
        for _ in range(2):
            assert await one.prove(scope(f"Bearer {TOKEN}", scheme="http"))
    (said,) = caplog.messages
    assert f"token web-ci ({ENTRY.fingerprint}) came over the network in cleartext" in said
    assert TOKEN not in said


def test_what_is_shown_does_not_show_itself() -> None:
    shown = shown_in(scope(f"Bearer {TOKEN}"))
    assert shown is not None
    assert shown.secret == TOKEN
    assert TOKEN not in repr(shown)
