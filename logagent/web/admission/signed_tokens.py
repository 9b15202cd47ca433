"""Verifying a signed token (JWT): what it says of itself, its signature, and for whom, by whom and when it was made.

What a token says of itself only finds a key among those of the provider. Keys, certificates and addresses in it (`jwk`,
`x5c`, `jku`, `x5u`) are not looked at, and it may demand nothing (`crit`).
"""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import jwt

from logagent.web.admission.provider_keys import ProviderKey

LONGEST_TOKEN = 16 * 1024
"""Characters of a token: those of providers that name two hundred groups have twelve thousand."""
SKEW = 60.0
"""Seconds by which the clocks of the provider and of this machine may differ."""
LONGEST_SHOWN = 100
"""Characters that are shown of a word in a token."""

_FORM = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")
_TYPES = frozenset({"jwt", "at+jwt"})
_CLAIMS = ("iss", "aud", "exp", "sub")
_OPTIONS: Any = {
    "require": list(_CLAIMS),
    "enforce_minimum_key_length": True,
    **dict.fromkeys(
        ("verify_exp", "verify_nbf", "verify_iat"), False
    ),  # `_check_times` is stricter, and told the time.
}


class BadSignedToken(Exception):
    """A token proves nothing; the message says why, for the agent's own log."""


class TokenHead(NamedTuple):
    """What a token says of itself.

    Attributes:
        algorithm: by which it is signed.
        kid: the id of its key; None: it names none.
    """

    algorithm: str
    kid: str | None


class Demands(NamedTuple):
    """What a token must fulfil.

    Attributes:
        issuer: the provider, as it calls itself.
        audiences: for one of which it must be made.
        algorithms: by one of which it must be signed.
    """

    issuer: str
    audiences: tuple[str, ...]
    algorithms: tuple[str, ...]


def read_head(token: str, demands: Demands) -> TokenHead:
    """Read what a token says of itself; nothing of it is verified.

    Raises:
        BadSignedToken: if it is no signed token, or none that is taken.
    """
    if len(token) > LONGEST_TOKEN:
        raise BadSignedToken(f"it has {len(token)} characters; {LONGEST_TOKEN} at most are taken")
    if not _FORM.fullmatch(token):
        raise BadSignedToken("it has not the form of a signed token")
    said = _json(token.partition(".")[0])
    if "crit" in said:
        raise BadSignedToken("it demands extensions (crit), of which none is known")
    algorithm, kid = said.get("alg"), said.get("kid")
    if not isinstance(algorithm, str) or algorithm not in demands.algorithms:
        raise BadSignedToken(f"its algorithm is {shown(algorithm)}; oidc_algorithms: {', '.join(demands.algorithms)}")
    if kid is not None and not isinstance(kid, str):
        raise BadSignedToken("the id of its key is no text")
    kind = said.get("typ", "JWT")
    if not isinstance(kind, str) or kind.lower().removeprefix("application/") not in _TYPES:
        raise BadSignedToken(f"its type is {shown(kind)}, not JWT or at+jwt")
    return TokenHead(algorithm, kid)


def verified(token: str, head: TokenHead, key: ProviderKey, demands: Demands, now: float) -> Mapping[str, Any]:
    """Return what a token claims, after everything about it has been verified.

    Args:
        token: whose head was read.
        head: that one.
        key: that fits it.
        demands: what it must fulfil.
        now: seconds since the epoch.

    Raises:
        BadSignedToken: if it proves nothing, or not now.
    """
    assert head.algorithm in key.algorithms, "the key was found by it"
    try:
        claims = jwt.decode(
            token,
            key=key.public,
            algorithms=[head.algorithm],
            audience=demands.audiences,
            issuer=demands.issuer,
            options=_OPTIONS,
        )
    except jwt.InvalidIssuerError:
        raise BadSignedToken(f"its issuer is {_unverified(token, 'iss')}, not oidc_issuer {demands.issuer}") from None
    except jwt.InvalidAudienceError:
        named = ", ".join(demands.audiences)
        raise BadSignedToken(f"it is for {_unverified(token, 'aud')}, not for oidc_audience {named}") from None
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
        raise BadSignedToken(str(error).lower() or "it cannot be read") from None
    _check_times(claims, now)
    if claims.get("cnf") is not None:
        raise BadSignedToken("it is bound to a key of its client (cnf), whose possession is not proved here")
    return claims


def end_of(claims: Mapping[str, Any]) -> float:
    """Return until when verified claims count, the skew of clocks included, in seconds since the epoch."""
    return _moment(claims, "exp") + SKEW


def shown(word: object) -> str:
    """Return a word of a token as a log shows it."""
    text = repr(word)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}..."


def _check_times(claims: Mapping[str, Any], now: float) -> None:
    if now >= _moment(claims, "exp") + SKEW:
        raise BadSignedToken(f"it expired {now - _moment(claims, 'exp'):.0f} s ago; is the clock of this host right?")
    for name in ("nbf", "iat"):
        if claims.get(name) is not None and _moment(claims, name) > now + SKEW:
            raise BadSignedToken(
                f"it counts in {_moment(claims, name) - now:.0f} s ({name}); is the clock of this host right?"
            )


def _moment(claims: Mapping[str, Any], name: str) -> float:
    moment = claims[name]
    if isinstance(moment, bool) or not isinstance(moment, int | float) or not math.isfinite(moment):
        raise BadSignedToken(f"its {name} is {shown(moment)}, no moment")
    return float(moment)


def _json(segment: str) -> Mapping[str, Any]:
    try:
        read = json.loads(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    except (ValueError, RecursionError):
        raise BadSignedToken("its head cannot be read") from None
    if not isinstance(read, dict):
        raise BadSignedToken("its head is no object")
    return read


def _unverified(token: str, name: str) -> str:
    return shown(_json(token.split(".")[1]).get(name))
