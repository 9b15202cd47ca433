"""The header `Authorization` of a request, for all kinds of proof that come in it."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from logagent.core.access.caller import Caller
from logagent.web.admission.proving import BadProof

LONGEST = 17 * 1024
"""Bytes of the header at most: signed tokens of identity providers have 16 KiB at most, and as a rule one or two."""

_BEARER = re.compile(r"[A-Za-z0-9._~+/-]+=*", re.ASCII)
"""What may follow `Bearer` (RFC 6750, 2.1)."""
_TAKEN = "this agent takes `Authorization: Bearer TOKEN`, or the token as the password of HTTP Basic"


class BadAuthorization(BadProof):
    """What the header `Authorization` of a request shows proves nothing."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a client shows to prove who it is.

    Attributes:
        secret: a token, of ASCII; never to be written anywhere.
        basic: whether it came as the password of HTTP Basic.
    """

    secret: str = field(repr=False)
    basic: bool = False


def shown_in(scope: Mapping[str, Any]) -> Shown | None:
    """Return what the header `Authorization` of an ASGI request shows; None if there is none.

    Raises:
        BadAuthorization: if there are several, or one that cannot be read; neither sentence repeats anything of it.
    """
    fields = [value for name, value in scope["headers"] if name == b"authorization"]
    if not fields:
        return None
    if len(fields) > 1:
        raise BadAuthorization(f"a request may have one header Authorization, this one has {len(fields)}")
    if len(fields[0]) > LONGEST:
        raise BadAuthorization(f"the header Authorization has more than {LONGEST} bytes")
    try:
        scheme, _, rest = fields[0].decode("ascii").strip().partition(" ")
    except UnicodeDecodeError:
        raise BadAuthorization("the header Authorization is not ASCII") from None
    kind, rest = scheme.lower(), rest.strip(" ")
    if kind not in ("bearer", "basic"):
        raise BadAuthorization(f"the scheme of the header Authorization is not known: {_TAKEN}")
    secret = rest if kind == "bearer" else _password(rest)
    if not _BEARER.fullmatch(secret):
        raise BadAuthorization(f"the header Authorization holds no token: {_TAKEN}")
    return Shown(secret, kind == "basic")


def _password(encoded: str) -> str:
    """Return the password of HTTP Basic (RFC 7617); the user's name counts for nothing."""
    try:
        told = base64.b64decode(encoded, validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        raise BadAuthorization("what follows Basic in the header Authorization is not base64 of ASCII") from None
    _, colon, password = told.partition(":")
    if not colon or not password:
        raise BadAuthorization("the password of HTTP Basic is empty; the token goes there, with any name as the user's")
    return password


class NoOtherProof:
    """The last prover where any kind of proof comes in `Authorization`: what none before it has taken is refused."""

    async def prove(self, scope: Mapping[str, Any]) -> Caller | None:
        """Refuse what is shown; see `Prover`."""
        if shown_in(scope) is not None:
            raise BadAuthorization(UNKNOWN, "a token of a kind that is not configured here")
        return None

    def still_proves(self, caller: Caller) -> bool:
        """Return True: it has proved nothing of anybody; see `Prover`."""
        return True


UNKNOWN = "this agent does not take this token: it has ended, was revoked, is mistyped, or is another host's"
"""What a client is told of every token that is not valid, so that nobody learns which ones there were."""
