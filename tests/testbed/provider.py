"""An identity provider: its keys, the tokens that it signs, and the document that it publishes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import jwt
import trio
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

ISSUER = "https://login.example.org"
AUDIENCE = "logagent"
ADDRESS = f"{ISSUER}/keys"
NOW = 1_800_000_000.0
"""The moment of these tests, in seconds since the epoch."""

SECRETS: dict[str, Callable[[], Any]] = {
    "RSA": lambda: rsa.generate_private_key(65537, 2048),
    "P-256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "P-384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "P-521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "Ed25519": ed25519.Ed25519PrivateKey.generate,
}


def secret(kind: str, name: str = "") -> Any:
    """The private key of this kind and name, the same in all tests: making one of RSA takes long."""
    return _secret(kind, name)


@cache
def _secret(kind: str, name: str) -> Any:
    return SECRETS[kind]()


def jwk(kind: str, name: str = "", **members: Any) -> dict[str, Any]:
    """The public key, as a provider publishes it; of members that are None it has none."""
    writers = {"RSA": RSAAlgorithm, "Ed25519": OKPAlgorithm}
    writer: Any = writers.get(kind, ECAlgorithm)
    numbers: dict[str, Any] = writer.to_jwk(secret(kind, name).public_key(), as_dict=True)
    numbers.pop("key_ops", None)
    published = {**numbers, "kid": name or kind, "use": "sig", **members}
    return {member: value for member, value in published.items() if value is not None}


def document(*keys: Any) -> bytes:
    return json.dumps({"keys": list(keys)}).encode()


def claims(**changed: Any) -> dict[str, Any]:
    """What a token claims that is taken; of claims that are None it has none."""
    good = {"iss": ISSUER, "aud": AUDIENCE, "sub": "alice", "exp": NOW + 300, "iat": NOW}
    return {name: value for name, value in {**good, **changed}.items() if value is not None}


def token(
    kind: str = "RSA",
    name: str = "",
    *,
    algorithm: str | None = None,
    head: Mapping[str, Any] | None = None,
    **changed: Any,
) -> str:
    """A token with these claims, signed by this key, which it names unless `head` says otherwise."""
    named = {"kid": name or kind, **(head or {})}
    signed = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512", "Ed25519": "EdDSA"}.get(kind, "RS256")
    headers = {member: value for member, value in named.items() if value is not None}
    payload = json.dumps(claims(**changed)).encode()
    return jwt.api_jws.encode(payload, secret(kind, name), algorithm or signed, headers)


@dataclass
class Provider:
    """What fetches the document, as the agent would: from this provider, which a test may change at any time.

    Attributes:
        published: the document; an error is raised instead.
        delay: seconds until it comes.
        fetches: when it was asked for, in seconds of Trio's clock.
    """

    published: bytes | Exception = field(default_factory=lambda: document(jwk("RSA")))
    delay: float = 0.0
    fetches: list[float] = field(default_factory=list)

    async def fetch(self) -> bytes:
        self.fetches.append(trio.current_time())
        await trio.sleep(self.delay)
        if isinstance(self.published, Exception):
            raise self.published
        return self.published
