"""Proving who a client is by a signed token of an identity provider, in `Authorization: Bearer`."""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from logagent.core.access.caller import Caller, Proof
from logagent.web.admission.authorization import UNKNOWN, BadAuthorization, shown_in
from logagent.web.admission.claims import groups_of, subject_of
from logagent.web.admission.key_fetching import FetchedKeys, NoKeys
from logagent.web.admission.provider_keys import ProviderKey, read_keys
from logagent.web.admission.proving import BadProof
from logagent.web.admission.signed_tokens import BadSignedToken, Demands, end_of, read_head, verified

MOST_REMEMBERED = 1000
"""Verified tokens that are remembered, by their hashes, so that a busy client's is not verified with each request."""

_DOTS = 2
"""Dots in a signed token."""
_NOT_NOW = (
    "this agent cannot verify this token at present, since it lacks keys of the identity provider; its own log says why"
)


class OidcProver:
    """Knows tokens of one identity provider.

    Args:
        demands: what a token must fulfil.
        groups: the claim that names groups, with dots between names that lead to it; empty: none does.
        address: of the provider's keys, for messages.
        fetch: gets their document; raises `Failure`.
        clock: seconds since the epoch.

    Attributes:
        keys: of the provider; their `run` has to run.
    """

    def __init__(
        self,
        demands: Demands,
        groups: str,
        address: str,
        fetch: Callable[[], Awaitable[bytes]],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.keys = FetchedKeys(address, fetch, partial(read_keys, allowed=demands.algorithms))
        self._demands = demands
        self._groups = groups
        self._clock = clock
        self._settings = _digest(repr((demands, groups)))
        self._remembered: OrderedDict[bytes, Caller] = OrderedDict()

    async def prove(self, scope: Mapping[str, Any]) -> Caller | None:
        """Return who shows a token; see `Prover`.

        Raises:
            BadProof: for a token that proves nothing, in words that do not tell why; 503 if that cannot be known now.
        """
        shown = shown_in(scope)
        if shown is None or shown.secret.count(".") != _DOTS:
            return None
        try:
            return await self._caller(shown.secret)
        except BadSignedToken as bad:
            raise BadAuthorization(UNKNOWN, f"a token of an identity provider proves nothing: {bad}") from None
        except NoKeys as missing:
            raise BadProof(_NOT_NOW, f"a token of the identity provider cannot be verified: {missing}", 503) from None

    def still_proves(self, caller: Caller) -> bool:
        """Return whether a caller's token still counts: its time, its key, and the settings by which it was taken.

        Of other callers, and those for whom another agent asks, this is True.
        """
        if caller.proof is not Proof.OIDC or caller.chain:
            return True
        settings, _, fingerprint = caller.credential.partition(":")[2].partition(":")
        in_time = caller.until is None or self._clock() < caller.until
        return in_time and settings == self._settings and self.keys.may_hold(fingerprint)

    async def _caller(self, token: str) -> Caller:
        digest = hashlib.sha256(token.encode()).digest()
        known = self._remembered.get(digest)
        if known is not None and self.still_proves(known):
            self._remembered.move_to_end(digest)
            return known
        head = read_head(token, self._demands)
        key = await self._key(head.kid, head.algorithm)
        claims = verified(token, head, key, self._demands, self._clock())
        caller = Caller(
            Proof.OIDC,
            f"{self._demands.issuer}/{subject_of(claims)}",
            groups_of(claims, self._groups),
            until=end_of(claims),
            credential=f"{digest.hex()[:16]}:{self._settings}:{key.fingerprint}",
        )
        self._remember(digest, caller)
        return caller

    async def _key(self, kid: str | None, algorithm: str) -> ProviderKey:
        fitting = (await self.keys.known()).fitting(kid, algorithm)
        if not fitting:
            fitting = (await self.keys.looked_up_again()).fitting(kid, algorithm)
        if len(fitting) == 1:
            return fitting[0]
        which = "names no key" if kid is None else f"names the key {kid[:100]!r}"
        how_many, fit = (f"{len(fitting)} keys", "fit") if fitting else ("no key", "fits")
        raise BadSignedToken(f"it {which}, and {how_many} of the provider {fit} it ({algorithm})")

    def _remember(self, digest: bytes, caller: Caller) -> None:
        self._remembered[digest] = caller
        if len(self._remembered) > MOST_REMEMBERED:
            self._remembered.popitem(last=False)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
