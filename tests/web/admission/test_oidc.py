"""Who asks by a token of an identity provider, as the prover finds out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock

from logagent.core.access.caller import ANONYMOUS, Caller, Proof
from logagent.core.outcome import Failure, Status
from logagent.web.admission import oidc
from logagent.web.admission.key_fetching import FRESH, PAUSE
from logagent.web.admission.oidc import MOST_REMEMBERED, OidcProver
from logagent.web.admission.proving import BadProof
from logagent.web.admission.signed_tokens import SKEW, Demands
from testbed.provider import ADDRESS, AUDIENCE, ISSUER, NOW, Provider, document, jwk, token

DEMANDS = Demands(ISSUER, (AUDIENCE,), ("RS256", "PS256", "ES256", "EdDSA"))


class Wall:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def prover(
    provider: Provider, wall: Wall | None = None, groups: str = "groups", demands: Demands = DEMANDS
) -> AsyncIterator[OidcProver]:
    made = OidcProver(demands, groups, ADDRESS, provider.fetch, wall or Wall())
    async with trio.open_nursery() as nursery:
        nursery.start_soon(made.keys.run)
        yield made
        nursery.cancel_scope.cancel()


def shown(*values: str) -> Mapping[str, Any]:
    """The scope of a request with these headers `Authorization`."""
    return {"scheme": "https", "headers": [(b"authorization", value.encode()) for value in values]}


async def ask(asked: OidcProver, bearer: str) -> Caller | None:
    return await asked.prove(shown(f"Bearer {bearer}"))


async def refusal(asked: OidcProver, bearer: str) -> BadProof:
    with pytest.raises(BadProof) as caught:
        await ask(asked, bearer)
    return caught.value


async def test_a_token_that_is_valid_proves_who_asks() -> None:
    async with prover(Provider()) as it:
        caller = await ask(it, token(groups=["web", "ops"]))
        assert caller is not None
        assert caller.identity == f"oidc:{ISSUER}/alice"
        assert caller.groups == {"web", "ops"}
        assert caller.until == NOW + 300 + SKEW
        assert not caller.chain
        assert it.still_proves(caller)


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer "])
async def test_the_scheme_is_spelled_as_one_likes(scheme: str) -> None:
    async with prover(Provider()) as it:
        assert await it.prove(shown(f"{scheme} {token()}"))


@pytest.mark.parametrize("value", ["Bearer logagent_abc", "Bearer a.b.c.d.e", "Basic YTpi"])
async def test_what_is_no_signed_token_is_left_to_other_provers(value: str) -> None:
    async with prover(Provider()) as it:
        assert await it.prove(shown(value)) is None
        assert await it.prove({"headers": []}) is None


@pytest.mark.parametrize(
    ("bearer", "logged"),
    [
        (lambda: token(iss="https://evil.example"), "its issuer is 'https://evil.example'"),
        (lambda: token(aud="other"), "it is for 'other'"),
        (lambda: token(exp=NOW - SKEW), "it expired 60 s ago"),
        (lambda: token(nbf=NOW + SKEW + 1), "it counts in 61 s"),
        (lambda: token(sub="a\nb"), "its subject"),
        (lambda: token(groups={"a": 1}), "its groups is {'a': 1}"),
        (lambda: token("RSA", "stranger", head={"kid": "RSA"}), "signature verification failed"),
        (lambda: token("RSA", "stranger"), "it names the key 'stranger', and no key of the provider fits it"),
        (lambda: token("P-256", head={"kid": "RSA"}), "it names the key 'RSA', and no key"),
        (lambda: "a.b.c", "its head cannot be read"),
    ],
)
async def test_the_client_learns_nothing_of_why_and_the_log_learns_all(bearer: Any, logged: str) -> None:
    async with prover(Provider()) as it:
        refused = await refusal(it, bearer())
        plain = await refusal(it, "x.y.z")
        assert (refused.told, refused.status) == (plain.told, 401)
        assert logged in refused.logged
        assert bearer()[:20] not in refused.logged or len(bearer()) < 20


async def test_keys_and_addresses_in_a_token_cause_no_request(autojump_clock: MockClock) -> None:
    provider = Provider()
    async with prover(provider) as it:
        await ask(it, token())
        for name in ("jku", "x5u"):
            stranger = token("RSA", "stranger", head={name: "https://evil.example/keys", "kid": "RSA"})
            assert "signature verification failed" in (await refusal(it, stranger)).logged
        brought = token("RSA", "stranger", head={"jwk": jwk("RSA", "stranger"), "kid": None})
        assert "signature verification failed" in (await refusal(it, brought)).logged
        await trio.sleep(PAUSE + 1)
        assert len(provider.fetches) == 1


async def test_after_the_provider_has_changed_its_keys_new_tokens_are_taken(autojump_clock: MockClock) -> None:
    provider = Provider()
    async with prover(provider) as it:
        old = await ask(it, token())
        assert old is not None
        provider.published = document(jwk("P-256"))
        await trio.sleep(PAUSE + 1)
        assert await ask(it, token("P-256"))
        assert len(provider.fetches) == 2
        assert not it.still_proves(old), "its key was withdrawn"
        assert "no key of the provider" in (await refusal(it, token())).logged


async def test_unknown_keys_fetch_once_a_minute_and_known_ones_never(autojump_clock: MockClock) -> None:
    provider = Provider()
    async with prover(provider) as it:
        for number in range(290):
            await refusal(it, token("P-256", head={"kid": f"made-up-{number}"}))
            assert await ask(it, token())
            await trio.sleep(1)
        assert len(provider.fetches) == 5


async def test_a_token_that_names_no_key_is_taken_if_one_key_alone_fits() -> None:
    async with prover(Provider(document(jwk("RSA", kid=None), jwk("P-256")))) as it:
        assert await ask(it, token(head={"kid": None}))
        assert await ask(it, token("P-256", head={"kid": None}))
    async with prover(Provider(document(jwk("RSA"), jwk("RSA", "other")))) as it:
        refused = await refusal(it, token(head={"kid": None}))
        assert "it names no key, and 2 keys of the provider fit it (RS256)" in refused.logged


async def test_of_keys_with_one_id_the_one_of_the_algorithm_is_used_and_of_two_none() -> None:
    async with prover(Provider(document(jwk("RSA", kid="k"), jwk("P-256", kid="k")))) as it:
        assert await ask(it, token(head={"kid": "k"}))
        assert await ask(it, token("P-256", head={"kid": "k"}))
    async with prover(Provider(document(jwk("RSA", kid="k"), jwk("RSA", "other", kid="k")))) as it:
        assert "2 keys of the provider fit it" in (await refusal(it, token(head={"kid": "k"}))).logged


@pytest.mark.parametrize("published", [Failure(Status.UNAVAILABLE, "cannot connect"), b"<html>", document()])
async def test_without_keys_a_token_may_be_tried_later(autojump_clock: MockClock, published: bytes | Exception) -> None:
    async with prover(Provider(published)) as it:
        refused = await refusal(it, token())
        assert refused.status == 503
        assert "cannot verify this token at present" in refused.told
        assert ADDRESS in refused.logged
        assert ADDRESS not in refused.told
        assert (await refusal(it, "a.b.c")).status == 401, "whatever the keys are"


async def test_it_ends_with_its_time(autojump_clock: MockClock) -> None:
    wall = Wall()
    async with prover(Provider(), wall) as it:
        caller = await ask(it, token())
        assert caller is not None
        wall.now = NOW + 300 + SKEW - 1
        assert await ask(it, token()) is caller, "it is remembered"
        assert it.still_proves(caller)
        wall.now += 1
        assert not it.still_proves(caller)
        assert "it expired" in (await refusal(it, token())).logged


async def test_a_token_is_verified_once_as_long_as_it_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    verifications = 0
    verify = oidc.verified

    def counted(*arguments: Any) -> Any:
        nonlocal verifications
        verifications += 1
        return verify(*arguments)

    monkeypatch.setattr(oidc, "verified", counted)
    async with prover(Provider(document(jwk("Ed25519")))) as it:
        first = token("Ed25519")
        for _ in range(100):
            await ask(it, first)
        assert verifications == 1
        for number in range(MOST_REMEMBERED):
            await ask(it, token("Ed25519", jti=str(number)))
        await ask(it, first)
        assert verifications == MOST_REMEMBERED + 2


async def test_other_settings_do_not_take_over_what_was_proved() -> None:
    async with prover(Provider()) as it:
        caller = await ask(it, token())
        assert caller is not None
    async with prover(Provider()) as same:
        assert same.still_proves(caller), "also before it has any keys"
    for demands, groups in [
        (DEMANDS._replace(audiences=("other",)), "groups"),
        (DEMANDS._replace(issuer=f"{ISSUER}/"), "groups"),
        (DEMANDS, "roles"),
    ]:
        async with prover(Provider(), groups=groups, demands=demands) as other:
            assert not other.still_proves(caller)


async def test_callers_by_other_proofs_are_none_of_its_business() -> None:
    async with prover(Provider()) as it:
        assert it.still_proves(ANONYMOUS)
        assert it.still_proves(Caller(Proof.TOKEN, "alice", credential="x"))
        assert it.still_proves(Caller(Proof.OIDC, "x/y", chain=("web1",)))
        assert not it.still_proves(Caller(Proof.OIDC, "x/y", credential="x"))


async def test_what_is_kept_of_a_token_is_no_secret() -> None:
    async with prover(Provider()) as it:
        bearer = token()
        caller = await ask(it, bearer)
        told = repr(caller)
        assert all(part not in told for part in bearer.split("."))


@given(st.text(alphabet=st.characters(max_codepoint=255, exclude_characters="."), max_size=40), st.binary(max_size=40))
async def test_whatever_is_shown_it_is_refused_or_left_to_others(text: str, more: bytes) -> None:
    async with prover(Provider()) as it:
        for bearer in (f"{text}.{text}.{text}".encode("latin-1"), more, b"eyJhbGciOiJSUzI1NiJ9." + more + b"."):
            try:
                caller = await it.prove({"scheme": "https", "headers": [(b"authorization", b"Bearer " + bearer)]})
            except BadProof:
                continue
            assert caller is None


async def test_a_key_withdrawn_in_the_background_ends_what_it_proved(autojump_clock: MockClock) -> None:
    provider = Provider()
    async with prover(provider) as it:
        caller = await ask(it, token())
        assert caller is not None
        provider.published = document(jwk("P-256"))
        await trio.sleep(FRESH + 1)
        assert not it.still_proves(caller)
