"""Proving who a client is by a token that this fleet handed out."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from logagent.core.access.caller import Caller, Proof
from logagent.core.access.tokens import PREFIX, BadToken, NoTokensKnown, TokenEntry, check_form, entry_of
from logagent.web.admission.authorization import UNKNOWN, BadAuthorization, shown_in
from logagent.web.admission.local_client import STATE

MOST_WARNED = 1000
"""Tokens of which it is remembered that it was told how they came."""
_CANNOT_CHECK = "this agent cannot check tokens at present; its own log says why"
_IN_CLEARTEXT = (
    "token %s (%s) came over the network in cleartext, where others can read and use it: revoke it, and have it sent "
    "over https; behind a proxy that speaks TLS, only the network between that and this agent matters"
)
_JWT_DOTS = 2
"""Dots in what identity providers sign: two, and none in a token of this fleet."""

_log = logging.getLogger(__name__)


class KnownTokens(Protocol):
    """The tokens that are known at present."""

    def current(self) -> Sequence[TokenEntry]:
        """Return their entries, those that have ended too.

        Raises:
            NoTokensKnown: if it cannot be told which these are.
        """
        ...


class TokenProver:
    """Proves by `Authorization: Bearer`, or by the password of HTTP Basic, whose user's name is ignored.

    What identity providers sign is left to another prover.

    Args:
        known: the tokens.
        now: seconds since the epoch.
    """

    def __init__(self, known: KnownTokens, now: Callable[[], float] = time.time) -> None:
        self._known = known
        self._now = now
        self._warned: set[str] = set()
        self._looked_up: Sequence[TokenEntry] = ()
        self._by_fingerprint: dict[str, TokenEntry] = {}

    async def prove(self, scope: Mapping[str, Any]) -> Caller | None:
        """Return who shows a token; see `Prover`.

        Raises:
            BadAuthorization: for a token that is not valid, in words that do not tell why; 503 if none can be checked.
        """
        shown = shown_in(scope)
        if shown is None or (shown.secret.count(".") == _JWT_DOTS and not shown.secret.startswith(PREFIX)):
            return None
        try:
            check_form(shown.secret)
        except BadToken as bad:
            raise BadAuthorization(UNKNOWN, f"what was shown is no token: {bad}") from None
        entry = self._entry_of(shown.secret)
        if _is_in_cleartext_on_the_network(scope):
            self._warn(entry)
        return _caller(entry)

    def _entry_of(self, token: str) -> TokenEntry:
        try:
            entry = entry_of(token, self._known.current())
        except NoTokensKnown as error:
            raise BadAuthorization(_CANNOT_CHECK, str(error), status=503) from None
        if entry is None:
            raise BadAuthorization(UNKNOWN, "a token that this agent does not know")
        if over := entry.over(self._now()):
            raise BadAuthorization(UNKNOWN, f"token {entry.name} ({entry.fingerprint}), {over}")
        return entry

    def still_proves(self, caller: Caller) -> bool:
        """Return whether a caller's token is still valid and gives him what it gave; see `Prover`."""
        if caller.proof is not Proof.TOKEN or caller.chain:
            return True
        try:
            entries = self._known.current()
        except NoTokensKnown:
            return False
        if self._looked_up is not entries:
            self._looked_up, self._by_fingerprint = entries, {entry.fingerprint: entry for entry in entries}
        entry = self._by_fingerprint.get(caller.credential)
        gives = entry is not None and (entry.name, frozenset(entry.groups)) == (caller.name, caller.groups)
        return entry is not None and gives and not entry.over(self._now())

    def _warn(self, entry: TokenEntry) -> None:
        if entry.fingerprint not in self._warned and len(self._warned) < MOST_WARNED:
            self._warned.add(entry.fingerprint)
            _log.warning(_IN_CLEARTEXT, entry.name, entry.fingerprint)


def _caller(entry: TokenEntry) -> Caller:
    return Caller(Proof.TOKEN, entry.name, frozenset(entry.groups), entry.expires, credential=entry.fingerprint)


def _is_in_cleartext_on_the_network(scope: Mapping[str, Any]) -> bool:
    return scope["scheme"] != "https" and scope.get("state", {}).get(STATE) is None
