"""The keys by which an identity provider signs its tokens, read from the document that it publishes (RFC 7517).

A key is used with the algorithms that its type, its own word and the settings all allow, so that no token chooses what
it is verified by. What such a document holds besides keys for signatures is passed over, and told.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

SMALLEST_RSA = 2048
"""Bits of an RSA key at least, as RFC 7518 demands."""
LARGEST_RSA = 8192
"""Bits of an RSA key at most: verifying by a larger one holds the event loop for long."""
MOST_KEYS = 100
"""Keys that are read of one document: providers publish two to ten."""
LONGEST_NUMBER = 2 * LARGEST_RSA // 8
"""Characters of a number in a key, which has four for every three bytes: longer ones are not even decoded."""
MOST_TOLD = 5
"""Keys of which a line says why they are not used."""
LONGEST_NAME = 100
"""Characters that are shown of a key's id."""

RSA = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
"""Algorithms of RSA keys."""
CURVES = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512", "Ed25519": "EdDSA"}
"""The one algorithm of each curve."""

PublicKey: TypeAlias = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey

_NUMBERS = {"RSA": ("n", "e"), "EC": ("x", "y"), "OKP": ("x",)}
"""The members of a key that are its numbers, by its type."""


class BadKeys(ValueError):
    """A document holds no key that can be used; the message says why."""


class _Unusable(ValueError):
    """Why one key is not used."""


class _Foreign(_Unusable):
    """A key that serves something else, as providers publish them beside those for tokens."""


@dataclass(frozen=True, slots=True)
class ProviderKey:
    """A key that verifies tokens.

    Attributes:
        kid: its id; None: it has none.
        algorithms: by which tokens may be signed that it verifies.
        public: the key.
        fingerprint: tells it from other keys.
    """

    kid: str | None
    algorithms: frozenset[str]
    public: PublicKey
    fingerprint: str


@dataclass(frozen=True, slots=True)
class KeySet:
    """The keys of one document.

    Attributes:
        keys: that can be used, in its order; each once for the same id and algorithms.
        unused: why others are not, for people; without those that serve something else.
    """

    keys: Sequence[ProviderKey]
    unused: Sequence[str] = ()

    def fitting(self, kid: str | None, algorithm: str) -> list[ProviderKey]:
        """Return the keys that a token may have been signed with.

        Args:
            kid: the id of its key; None: it names none.
            algorithm: by which it says that it is signed.
        """
        return [key for key in self.keys if (kid is None or kid == key.kid) and algorithm in key.algorithms]

    def holds(self, fingerprint: str) -> bool:
        """Return whether a key is among them."""
        return any(key.fingerprint == fingerprint for key in self.keys)


def read_keys(document: bytes, allowed: Collection[str]) -> KeySet:
    """Read the keys of a document.

    Args:
        document: a JWK set, in JSON.
        allowed: algorithms, of those in `RSA` and `CURVES`.

    Raises:
        BadKeys: if it is none, or none of its keys can be used.
    """
    keys: dict[tuple[str | None, frozenset[str], str], ProviderKey] = {}
    foreign: list[str] = []
    unused: list[str] = []
    for member in _members(document):
        try:
            key = _key(member, allowed)
        except _Unusable as why:
            (foreign if isinstance(why, _Foreign) else unused).append(f"{_called(member)}: {why}")
        else:
            keys[key.kid, key.algorithms, key.fingerprint] = key
    if not keys:
        raise BadKeys(f"none of its keys can be used: {listed(unused + foreign) or 'it has none'}")
    return KeySet(tuple(keys.values()), tuple(unused))


def listed(reasons: Sequence[str]) -> str:
    """Return why keys are not used, on one line of a bounded length."""
    more = len(reasons) - MOST_TOLD
    return "; ".join([*reasons[:MOST_TOLD], *([f"and {more} more"] if more > 0 else [])])


def _members(document: bytes) -> Iterator[object]:
    try:
        read = json.loads(document)
    except (ValueError, RecursionError):
        raise BadKeys("it is not JSON") from None
    members = read.get("keys") if isinstance(read, dict) else None
    if not isinstance(members, list):
        raise BadKeys('it is no set of keys, which is an object with a list "keys"')
    if len(members) > MOST_KEYS:
        raise BadKeys(f"it has {len(members)} keys; {MOST_KEYS} at most are read")
    yield from members


def _called(member: object) -> str:
    kid = member.get("kid") if isinstance(member, dict) else None
    return f"key {kid[:LONGEST_NAME]!r}" if isinstance(kid, str) else "a key without an id"


def _key(member: object, allowed: Collection[str]) -> ProviderKey:
    if not isinstance(member, dict):
        raise _Unusable("it is no object")
    _check_purpose(member)
    algorithms = _algorithms(member, allowed)
    public = _public(member, min(algorithms))
    raw = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return ProviderKey(_text(member, "kid"), algorithms, public, hashlib.sha256(raw).hexdigest())


def _text(member: Mapping[str, Any], name: str) -> str | None:
    text = member.get(name)
    if text is not None and not isinstance(text, str):
        raise _Unusable(f"its {name!r} is no text")
    return text


def _check_purpose(member: Mapping[str, Any]) -> None:
    if _text(member, "use") not in (None, "sig"):
        raise _Foreign("it is not for signatures")
    operations = member.get("key_ops")
    if operations is not None and (not isinstance(operations, list) or "verify" not in operations):
        raise _Foreign("it is not for verifying")
    if "d" in member:
        raise _Unusable("it is a private key, which anybody may have read there: make the provider withdraw it")


def _algorithms(member: Mapping[str, Any], allowed: Collection[str]) -> frozenset[str]:
    """Return what a key may verify: what its type allows, of that what it says itself, and of that what is allowed."""
    kind, curve, own = _text(member, "kty"), _text(member, "crv"), _text(member, "alg")
    if kind == "RSA":
        of_type = RSA
    elif (kind, curve) in (("EC", "P-256"), ("EC", "P-384"), ("EC", "P-521"), ("OKP", "Ed25519")):
        of_type = frozenset({CURVES[str(curve)]})
    else:
        raise _Unusable("its type is not RSA, EC (P-256, P-384, P-521) or OKP (Ed25519)")
    if own is not None and own not in of_type:
        raise _Unusable(f"its algorithm {own[:LONGEST_NAME]!r} is not one of its type")
    algorithms = (of_type if own is None else {own}) & frozenset(allowed)
    if not algorithms:
        raise _Unusable(
            f"oidc_algorithms allows none of its algorithms, {', '.join(sorted({own} if own else of_type))}"
        )
    return frozenset(algorithms)


def _public(member: Mapping[str, Any], algorithm: str) -> PublicKey:
    for name in _NUMBERS[member["kty"]]:
        if len(_text(member, name) or "") > LONGEST_NUMBER:
            raise _Unusable(f"its {name!r} is longer than that of an RSA key of {LARGEST_RSA} bits")
    try:
        public = jwt.PyJWK(dict(member), algorithm).key
    except (jwt.PyJWTError, ValueError, TypeError, OverflowError, UnsupportedAlgorithm):
        raise _Unusable("its numbers are not those of a key") from None
    if isinstance(public, RSAPublicKey):
        if not SMALLEST_RSA <= public.key_size <= LARGEST_RSA:
            raise _Unusable(f"it is an RSA key of {public.key_size} bits, not of {SMALLEST_RSA} to {LARGEST_RSA}")
        return public
    if not isinstance(public, EllipticCurvePublicKey | Ed25519PublicKey):
        raise _Unusable("it is no public key")
    return public
