"""Signed tokens: what is taken, and every way in which one proves nothing."""

from __future__ import annotations

import base64
import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from hypothesis import given
from hypothesis import strategies as st

from logagent.web.admission.provider_keys import CURVES, RSA, read_keys
from logagent.web.admission.signed_tokens import (
    LONGEST_TOKEN,
    SKEW,
    BadSignedToken,
    Demands,
    end_of,
    read_head,
    verified,
)
from testbed.provider import AUDIENCE, ISSUER, NOW, claims, document, jwk, secret, token

EVERY = (*sorted(RSA), *CURVES.values())
DEMANDS = Demands(ISSUER, (AUDIENCE, "second"), EVERY)
KINDS = ["RSA", "P-256", "P-384", "P-521", "Ed25519"]


def take(shown: str, *, now: float = NOW, demands: Demands = DEMANDS) -> Any:
    """What a token claims, verified by the key that it names."""
    head = read_head(shown, demands)
    fitting = read_keys(document(*map(jwk, KINDS)), demands.algorithms).fitting(head.kid, head.algorithm)
    if len(fitting) != 1:
        raise BadSignedToken("no key of the provider, or several")
    return verified(shown, head, fitting[0], demands, now)


def refused(shown: str, why: str, *, now: float = NOW) -> None:
    with pytest.raises(BadSignedToken, match=why):
        take(shown, now=now)


def segment(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize("kind", KINDS)
def test_a_token_of_each_kind_of_key_is_taken(kind: str) -> None:
    assert take(token(kind)) == claims()


@pytest.mark.parametrize("algorithm", sorted(RSA))
def test_a_token_by_each_algorithm_of_rsa_is_taken(algorithm: str) -> None:
    assert take(token(algorithm=algorithm)) == claims()


@pytest.mark.parametrize("audience", ["second", ["other", AUDIENCE], [AUDIENCE, "second"]])
def test_one_audience_of_several_suffices(audience: Any) -> None:
    assert take(token(aud=audience))["sub"] == "alice"


@pytest.mark.parametrize("kind", ["JWT", "jwt", "at+jwt", "application/at+jwt", "AT+JWT", None])
def test_the_types_of_tokens_that_prove_who_asks_are_taken(kind: str | None) -> None:
    assert take(token(head={"typ": kind}))["sub"] == "alice"


@pytest.mark.parametrize("kind", ["logout+jwt", "dpop+jwt", "secevent+jwt", "JOSE", "", 5])
def test_other_types_are_refused(kind: Any) -> None:
    _, *others = token().split(".")
    refused(".".join([segment({"alg": "RS256", "kid": "RSA", "typ": kind}), *others]), "its type is")


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"iss": "https://evil.example"}, "its issuer is 'https://evil.example', not oidc_issuer"),
        ({"iss": f"{ISSUER}/"}, "its issuer is"),
        ({"iss": [ISSUER]}, "its issuer is"),
        ({"iss": None}, 'missing the "iss" claim'),
        ({"aud": "other"}, "it is for 'other', not for oidc_audience logagent, second"),
        ({"aud": ["other"]}, "it is for"),
        ({"aud": [[AUDIENCE]]}, "it is for"),
        ({"aud": {AUDIENCE: 1}}, "it is for"),
        ({"aud": []}, 'missing the "aud" claim'),
        ({"aud": None}, 'missing the "aud" claim'),
        ({"exp": None}, 'missing the "exp" claim'),
        ({"sub": None}, 'missing the "sub" claim'),
        ({"sub": 5}, "subject must be a string"),
        ({"exp": "1900000000"}, "its exp is '1900000000', no moment"),
        ({"exp": True}, "its exp is True, no moment"),
        ({"exp": float("inf")}, "its exp is inf, no moment"),
        ({"exp": float("nan")}, "its exp is nan, no moment"),
        ({"nbf": [5]}, "its nbf is"),
        ({"iat": "now"}, "its iat is 'now', no moment"),
        ({"cnf": {"jkt": "x"}}, "bound to a key of its client"),
    ],
)
def test_a_claim_that_is_wrong_or_missing_is_told(changed: dict[str, Any], why: str) -> None:
    refused(token(**changed), why)


def test_it_counts_until_it_expires_and_as_much_longer_as_clocks_may_differ() -> None:
    assert take(token(), now=NOW + 300 + SKEW - 1)
    refused(token(), "it expired 60 s ago; is the clock of this host right", now=NOW + 300 + SKEW)
    assert end_of(claims()) == NOW + 300 + SKEW


@pytest.mark.parametrize("name", ["nbf", "iat"])
def test_it_counts_from_its_beginning_and_as_much_earlier_as_clocks_may_differ(name: str) -> None:
    begins = NOW + SKEW
    assert take(token(**{name: begins, "exp": NOW + 500}))
    refused(token(**{name: begins + 1, "exp": NOW + 500}), rf"it counts in 61 s \({name}\)")


def test_an_unsigned_token_is_refused() -> None:
    for algorithm in ("none", "None", "NONE"):
        for signature in ("", "AAAA"):
            head = segment({"alg": algorithm, "kid": "RSA"})
            refused(f"{head}.{segment(claims())}.{signature}", f"its algorithm is '{algorithm}'")


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_a_token_that_is_signed_by_the_public_key_as_a_secret_is_refused(algorithm: str) -> None:
    public = secret("RSA").public_key()
    formats = serialization.PublicFormat.SubjectPublicKeyInfo
    pem = public.public_bytes(serialization.Encoding.PEM, formats)
    for known in (pem, json.dumps(jwk("RSA")).encode()):
        signer = jwt.api_jws.get_algorithm_by_name(algorithm)
        text = f"{segment({'alg': algorithm, 'kid': 'RSA'})}.{segment(claims())}"
        signature = base64.urlsafe_b64encode(signer.sign(text.encode(), known)).rstrip(b"=").decode()
        refused(f"{text}.{signature}", f"its algorithm is '{algorithm}'")


def test_an_algorithm_that_the_settings_do_not_name_is_refused() -> None:
    with pytest.raises(BadSignedToken, match="its algorithm is 'ES256'; oidc_algorithms: RS256"):
        take(token("P-256"), demands=DEMANDS._replace(algorithms=("RS256",)))


@pytest.mark.parametrize("kind", KINDS)
def test_a_signature_by_another_key_is_refused(kind: str) -> None:
    refused(token(kind, "stranger", head={"kid": kind}), "signature verification failed")


@pytest.mark.parametrize("kind", KINDS)
def test_a_signature_of_other_claims_is_refused(kind: str) -> None:
    head, _, signature = token(kind).split(".")
    refused(f"{head}.{segment(claims(sub='root'))}.{signature}", "signature verification failed")
    refused(f"{head}.{segment(claims())}.", "signature verification failed")


@pytest.mark.parametrize("name", ["jwk", "x5c", "jku", "x5u"])
def test_keys_that_a_token_brings_or_points_to_are_not_looked_at(name: str) -> None:
    brought = {
        "jwk": jwk("RSA", "stranger"),
        "x5c": ["MIIB"],
        "jku": "https://evil.example",
        "x5u": "https://evil.example",
    }
    refused(token("RSA", "stranger", head={"kid": "RSA", name: brought[name]}), "signature verification failed")
    assert take(token(head={name: brought[name]}))["sub"] == "alice"


@pytest.mark.parametrize("critical", [["exp"], ["b64"], [], "exp", None])
def test_what_demands_extensions_is_refused(critical: Any) -> None:
    refused(f"{segment({'alg': 'RS256', 'kid': 'RSA', 'crit': critical, 'b64': False})}..AAAA", "not the form")
    refused(f"{segment({'alg': 'RS256', 'kid': 'RSA', 'crit': critical})}.AAAA.AAAA", "it demands extensions")


def test_a_token_without_the_word_crit_that_says_b64_is_refused() -> None:
    refused(f"{segment({'alg': 'RS256', 'kid': 'RSA', 'b64': False})}.AAAA.AAAA", "must be empty")


@pytest.mark.parametrize(
    ("shown", "why"),
    [
        ("a" * (LONGEST_TOKEN + 1), "at most are taken"),
        ("a.b", "not the form"),
        ("a.b.c.d", "not the form"),
        ("a.b.c=", "not the form"),
        (".b.c", "not the form"),
        ("\u00e9.b.c", "not the form"),
        ("a.b.c\n", "not the form"),
        ("a.b.c", "its head cannot be read"),
        (f"{'A' * 12}.b.c", "its head cannot be read"),
        (f"{segment('[' * 5000)}.b.c", "its head is no object"),
        (f"{segment([])}.b.c", "its head is no object"),
        (f"{segment({})}.b.c", "its algorithm is None"),
        (f"{segment({'alg': ['RS256']})}.b.c", "its algorithm is"),
        (f"{segment({'alg': {}})}.b.c", "its algorithm is"),
        (f"{segment({'alg': 'RS256', 'kid': 5})}.b.c", "the id of its key is no text"),
        (f"{segment({'alg': 'RS256', 'kid': 'RSA'})}.A.AAAA", "invalid payload padding"),
        (f"{segment({'alg': 'RS256', 'kid': 'RSA'})}.AAAA.A", "invalid crypto padding"),
    ],
)
def test_what_is_no_token_is_refused(shown: str, why: str) -> None:
    refused(shown, why)


def test_claims_that_are_no_object_are_refused_once_their_signature_holds() -> None:
    for payload in (b"[]", b"null", b"5", b"\xff", b"[" * 5000, b"1" * 5000):
        refused(jwt.api_jws.encode(payload, secret("RSA"), "RS256", {"kid": "RSA"}), "invalid payload")


def test_long_words_are_shown_shortened() -> None:
    with pytest.raises(BadSignedToken) as caught:
        take(token(aud="x" * 1000))
    assert len(str(caught.value)) < 250


WORDS = st.one_of(st.text(), st.sampled_from(["RS256", "ES256", "EdDSA", "none", "RSA", "P-256", ISSUER, AUDIENCE]))
VALUES = st.recursive(
    st.one_of(WORDS, st.integers(), st.floats(), st.none(), st.booleans()),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(WORDS, inner, max_size=2)),
    max_leaves=4,
)
HEADS = st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "b64", "cty"]), VALUES)
CLAIMS = st.dictionaries(st.sampled_from(["iss", "aud", "sub", "exp", "nbf", "iat", "jti", "cnf"]), VALUES)


@given(HEADS, CLAIMS, st.sampled_from(["", "AAAA", "A" * 342, "A" * 86]))
def test_a_forged_token_is_never_taken_and_breaks_nothing(head: Any, made_up: Any, signature: str) -> None:
    known = {"alg": "RS256", "kid": "RSA", **head}
    with pytest.raises(BadSignedToken):
        take(f"{segment(known)}.{segment({**claims(), **made_up})}.{signature}")


@given(CLAIMS)
def test_whatever_a_signed_token_claims_it_is_taken_or_refused(made_up: Any) -> None:
    payload = json.dumps({**claims(), **made_up}).encode()
    try:
        took = take(jwt.api_jws.encode(payload, secret("Ed25519"), "EdDSA", {"kid": "Ed25519"}))
    except BadSignedToken:
        return
    assert took["iss"] == ISSUER
    assert took["exp"] > NOW - SKEW


@given(st.text(alphabet='abcAB_-.=\u00e9 {}"0', max_size=80))
def test_garbage_is_refused(shown: str) -> None:
    with pytest.raises(BadSignedToken):
        read_head(shown, DEMANDS)
