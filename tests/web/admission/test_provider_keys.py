"""The keys of an identity provider, as its document holds them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from logagent.web.admission.provider_keys import (
    CURVES,
    LONGEST_NUMBER,
    MOST_KEYS,
    RSA,
    BadKeys,
    KeySet,
    listed,
    read_keys,
)
from testbed.provider import document, jwk, secret

EVERY = RSA | set(CURVES.values())


def unused(*keys: Any, allowed: Any = EVERY) -> str:
    """Why the other keys beside a good one are not used."""
    read = read_keys(document(jwk("Ed25519", "good"), *keys), allowed)
    assert [key.kid for key in read.keys] == ["good"]
    return "; ".join(read.unused)


@pytest.mark.parametrize(
    ("kind", "algorithms"),
    [("RSA", RSA), ("P-256", {"ES256"}), ("P-384", {"ES384"}), ("P-521", {"ES512"}), ("Ed25519", {"EdDSA"})],
)
def test_a_key_verifies_by_the_algorithms_of_its_type_alone(kind: str, algorithms: set[str]) -> None:
    [key] = read_keys(document(jwk(kind, use=None)), EVERY).keys
    assert (key.kid, key.algorithms) == (kind, algorithms)
    assert key.public == secret(kind).public_key()


def test_a_key_that_names_its_algorithm_verifies_by_no_other() -> None:
    [key] = read_keys(document(jwk("RSA", alg="PS256")), EVERY).keys
    assert key.algorithms == {"PS256"}


def test_the_settings_say_which_algorithms_are_left() -> None:
    [key] = read_keys(document(jwk("RSA"), jwk("P-256")), {"RS256", "PS512"}).keys
    assert key.algorithms == {"RS256", "PS512"}
    assert "oidc_algorithms allows none of its algorithms, ES384" in unused(jwk("P-384"), allowed={"EdDSA", "RS256"})


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"alg": "HS256"}, "'HS256' is not one of its type"),
        ({"alg": "ES256"}, "'ES256' is not one of its type"),
        ({"alg": "none"}, "'none' is not one of its type"),
        ({"alg": ["RS256"]}, "'alg' is no text"),
        ({"kty": "oct", "k": "c2VjcmV0"}, "its type is not RSA"),
        ({"kty": "EC"}, "its type is not RSA"),
        ({"kty": "OKP", "crv": "X25519"}, "its type is not RSA"),
        ({"kty": None}, "its type is not RSA"),
        ({"d": "AQAB"}, "it is a private key"),
        ({"n": "AQAB"}, "its numbers are not those of a key"),
        ({"n": "A" * (LONGEST_NUMBER + 1)}, "longer than that of an RSA key of 8192 bits"),
        ({"n": ""}, "its numbers are not those of a key"),
        ({"n": None}, "its numbers are not those of a key"),
        ({"n": 5}, "'n' is no text"),
        ({"e": "!"}, "its numbers are not those of a key"),
        ({"kid": 5}, "'kid' is no text"),
    ],
)
def test_what_is_no_key_for_signatures_is_passed_over(changed: dict[str, Any], why: str) -> None:
    assert why in unused(jwk("RSA", **changed))


def test_a_point_that_is_not_on_its_curve_is_passed_over() -> None:
    assert "its numbers are not those of a key" in unused(jwk("P-256", x="A" * 43))
    assert "its numbers are not those of a key" in unused(jwk("P-256", crv="P-384"))
    assert "its type is not RSA" in unused(jwk("P-256", crv="secp256k1"))


def test_keys_of_rsa_that_are_too_small_or_too_large_are_passed_over() -> None:
    small = RSAAlgorithm.to_jwk(rsa.generate_private_key(65537, 1024).public_key(), as_dict=True)
    assert "of 1024 bits, not of 2048 to 8192" in unused({**small, "key_ops": ["verify"]})


def test_a_private_key_that_was_published_is_told_as_that() -> None:
    private = ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()), as_dict=True)
    assert "it is a private key, which anybody may have read" in unused(private)


def test_certificates_and_addresses_beside_a_key_are_not_looked_at() -> None:
    [key] = read_keys(document(jwk("RSA", x5c=["odd"], x5u="https://elsewhere/")), EVERY).keys
    assert key.kid == "RSA"


def test_a_key_that_is_there_twice_counts_once() -> None:
    read = read_keys(document(jwk("RSA"), jwk("RSA"), jwk("RSA", "other", kid="RSA")), EVERY)
    assert len(read.fitting("RSA", "RS256")) == 2
    assert not read.fitting("RSA", "ES256")
    assert not read.fitting("rsa", "RS256")


def test_a_token_that_names_no_key_fits_every_key_of_its_algorithm() -> None:
    read = read_keys(document(jwk("RSA", kid=None), jwk("P-256"), jwk("RSA", "other")), EVERY)
    assert len(read.fitting(None, "RS256")) == 2
    assert len(read.fitting(None, "ES256")) == 1


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"", "is not JSON"),
        (b"\xff", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"1" * 5000, "is not JSON"),
        (b"[]", "is no set of keys"),
        (b"null", "is no set of keys"),
        (b"{}", "is no set of keys"),
        (b'{"keys": {}}', "is no set of keys"),
        (b'{"keys": []}', "it has none"),
        (b'{"keys": [1, null]}', "a key without an id: it is no object"),
        (document(*[{}] * (MOST_KEYS + 1)), f"has {MOST_KEYS + 1} keys; {MOST_KEYS} at most"),
        (document(jwk("RSA", use="enc")), "key 'RSA': it is not for signatures"),
    ],
)
def test_a_document_without_a_key_that_can_be_used_is_refused_with_why(text: bytes, why: str) -> None:
    with pytest.raises(BadKeys, match=why):
        read_keys(text, EVERY)


MEMBERS = st.sampled_from(["kty", "crv", "alg", "use", "kid", "key_ops", "n", "e", "x", "y", "d"])
WORDS = st.sampled_from(
    ["RSA", "EC", "OKP", "oct", "P-256", "P-521", "Ed25519", "Ed448", "RS256", "EdDSA", "sig", "AQAB"]
)
VALUES = st.one_of(WORDS, st.text(max_size=90), st.integers(), st.none(), st.lists(WORDS, max_size=2), st.booleans())


@given(st.lists(st.one_of(st.dictionaries(MEMBERS, VALUES), VALUES), max_size=5))
def test_whatever_a_document_holds_is_read_or_refused(keys: list[Any]) -> None:
    try:
        read = read_keys(json.dumps({"keys": keys}).encode(), EVERY)
    except BadKeys:
        return
    assert all(key.algorithms <= EVERY for key in read.keys)


def test_a_set_says_whether_it_holds_a_key() -> None:
    read = read_keys(document(jwk("RSA")), EVERY)
    assert read.holds(read.keys[0].fingerprint)
    assert not KeySet(()).holds(read.keys[0].fingerprint)


@pytest.mark.parametrize("foreign", [{"use": "enc"}, {"key_ops": ["encrypt"]}, {"key_ops": "verify"}])
def test_a_key_that_serves_something_else_is_nothing_to_tell(foreign: dict[str, Any]) -> None:
    assert not unused(jwk("RSA", **foreign, alg="RSA-OAEP"))


def test_why_keys_are_not_used_fits_on_a_line() -> None:
    assert listed([]) == ""
    assert listed(["a", "b"]) == "a; b"
    assert listed(list("abcdefg")) == "a; b; c; d; e; and 2 more"
