"""Access control: by which names an agent is addressed, who asks it, and whether it gives him anything."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from logagent.core.access.caller import Caller, Proof
from logagent.core.access.host_names import KnownNames, authority_in_target
from logagent.core.access.rules import Rules, What
from logagent.web.admission.authorization import BadAuthorization
from logagent.web.admission.certificates import CertificateProver
from logagent.web.admission.local_client import STATE, LocalClient
from logagent.web.admission.local_users import LocalUsers
from logagent.web.admission.proving import BadProof, Provers
from logagent.web.documents import Refusal, refuse_for_now
from logagent.web.tracing import note_caller, shown

OPEN_PATHS = frozenset({"/healthz", "/readyz", "/openapi.json"})
"""Paths that are answered to everybody: they tell nothing of logs."""
MISDIRECTED = (
    "does not name this agent, which goes by an IP address, by localhost, and by the names of its setting known_as"
)
"""What is said of a wrong name. It tells none of the agent's names: a page that goes by a false name may read it."""
NO_CERTIFICATE = (
    "a client certificate of this agent's authority is required, and none was shown "
    "(a command shows one with `--certs`, or `--cert` and `--key`); a token takes its place only where the agent's "
    "client_certificate is optional"
)
"""What is said of a client over TLS without a certificate, where one is required."""
NO_PROOF = "this agent answers only those who prove who they are, and nothing was shown that does"
"""What is said of an anonymous client to whom no rule gives anything; nothing that would help somebody who guesses."""
CHALLENGE = {"www-authenticate": 'Bearer realm="logagent"'}
"""What says that a token may help. There is no other challenge: a browser would ask for a password, and keep it."""
BAD_TOKEN = {"www-authenticate": 'Bearer realm="logagent", error="invalid_token"'}
"""The same, for who has shown a token that is none (RFC 6750, 3.1)."""
SHOWN = 100
"""Characters that are repeated of a wrong name: more than any that people use."""


class Access:
    """Decides which requests an agent answers.

    Args:
        names: by which it may be addressed in cleartext, besides IP addresses and `localhost`.
        certificate_required: whether clients must show a certificate where there is TLS.
        local_users: decides which clients of this machine are served while there are no rules; None: all are.
        host: the agent's name, for the rules.
        rules: none: everybody who may ask is given everything.
        provers: find out who asks; none: everybody is anonymous.
        certificates: knows whether the certificate that a client has shown still counts; None: it does.
    """

    def __init__(
        self,
        names: Iterable[str],
        *,
        certificate_required: bool,
        local_users: LocalUsers | None = None,
        host: str = "",
        rules: Rules | None = None,
        provers: Provers | None = None,
        certificates: CertificateProver | None = None,
    ) -> None:
        self._names = KnownNames(names)
        self._certificate_required = certificate_required
        self._local_users = local_users
        self._host = host
        self._rules = rules or Rules()
        self._provers = provers or Provers()
        self._certificates = certificates or CertificateProver()

    @property
    def rules_digest(self) -> str:
        """What tells the rules that are in force from others."""
        return self._rules.digest

    def check_names(self, scope: Mapping[str, Any]) -> None:
        """Refuse a request in cleartext that does not address this agent by one of its names.

        A request of HTTP/1.0 may have no `Host`: no browser sends such. Over TLS the certificate has proved the name.

        Args:
            scope: of an ASGI request.

        Raises:
            Refusal: 421 for a wrong name, 403 for a page of another origin.
        """
        if scope["scheme"] == "https":
            return
        target = authority_in_target(scope["raw_path"].decode("latin-1"))
        for authority in (*_fields(scope, b"host"), *([] if target is None else [target])):
            if not self._names.in_authority(authority):
                raise Refusal(421, f"{authority[:SHOWN]!r} {MISDIRECTED}")
        for origin in _fields(scope, b"origin"):
            if not self._names.in_origin(origin):
                raise Refusal(403, f"a page of the origin {origin[:SHOWN]!r} may not ask: it {MISDIRECTED}")

    def refused_at_once(self, scope: Mapping[str, Any]) -> tuple[int, str] | None:
        """Return why a request is refused before anything is done for it; None if it is not.

        Args:
            scope: of an ASGI request.

        Returns:
            A status of HTTP and a sentence.
        """
        if scope["path"] in OPEN_PATHS:
            return None
        if not may_ask(scope, certificate_required=self._certificate_required):
            return 401, NO_CERTIFICATE
        return self._certificates.refused(scope)

    async def admit(self, scope: Mapping[str, Any]) -> Caller:
        """Return who asks, of whom this agent answers something; his rights are looked at for each file.

        Args:
            scope: of an ASGI request.

        Raises:
            Refusal: 401 if a certificate or another proof is missing or does not hold, 403 for a caller to whom no rule
                gives anything, or, while there are no rules, for a user of this machine who is not served, 503 if it
                cannot be known at the moment who asks.
        """
        if not may_ask(scope, certificate_required=self._certificate_required):
            raise Refusal(401, NO_CERTIFICATE)
        if refused := self._certificates.refused(scope):
            raise Refusal(*refused)
        caller = await self._proved(scope)
        note_caller(scope, caller)
        if not self._rules and (objection := await self._objection(scope, caller)):
            raise Refusal(403, objection)
        if not self._rules.accepts(caller, self._host):
            raise unaccepted(caller)
        return self._certificates.noted(scope, caller)

    def check_metrics(self, caller: Caller) -> None:
        """Refuse a caller who was admitted, but may not read figures about this agent.

        Raises:
            Refusal: 403.
        """
        if not self._rules.shows_host(caller, self._host, (What.METRICS,)):
            raise Refusal(403, f"no rule allows {shown(caller.identity)} to ask this agent for {What.METRICS}")

    async def refusal(self, scope: Mapping[str, Any]) -> Refusal | None:
        """Return why the client of an ASGI request may not ask for logs, as `admit` raises it; None if it may."""
        try:
            await self.admit(scope)
        except Refusal as refusal:
            return refusal
        return None

    def still_admits(self, caller: Caller) -> bool:
        """Return whether a caller who was admitted would still be: his proof holds, and a rule gives him something.

        The certificate of his connection must count, too, also where that is an agent's that asks for him.
        """
        counts = self._certificates.still_counts(caller)
        return counts and self._provers.still_prove(caller) and self._rules.accepts(caller, self._host)

    async def _proved(self, scope: Mapping[str, Any]) -> Caller:
        try:
            return await self._provers.prove(scope, strict=bool(self._rules))
        except BadProof as bad:
            raise _unproved(bad) from None

    async def _objection(self, scope: Mapping[str, Any], caller: Caller) -> str:
        """Return why a client of this machine is not served who has proved nothing but being one; empty if he is."""
        state = scope.get("state", {})
        client: LocalClient | None = state.get(STATE)
        if self._local_users is None or client is None or state.get("client_certificate"):
            return ""
        is_proved = caller.proof not in (Proof.UNIX, Proof.ANONYMOUS)
        return "" if is_proved else await self._local_users.objection(client)


def unaccepted(caller: Caller) -> Refusal:
    """Return the refusal of a caller to whom no rule gives anything; it says which one would, unless he is nobody."""
    if caller.proof is Proof.ANONYMOUS:
        return Refusal(401, NO_PROOF, CHALLENGE)
    return Refusal(
        403, f"no rule gives {shown(caller.identity)} anything here; a [[rule]] with who = [{_meant(caller)}] would"
    )


def _meant(caller: Caller) -> str:
    """Return who a rule would name: a user of a machine on all hosts, as is usual."""
    identity = caller.identity
    if caller.proof is Proof.UNIX:
        identity = f"{identity.rpartition('@')[0]}@*"
    return json.dumps(identity, ensure_ascii=False)


def _unproved(bad: BadProof) -> Refusal:
    if bad.status == HTTPStatus.SERVICE_UNAVAILABLE:
        return refuse_for_now(bad.told, bad.logged)
    challenge = BAD_TOKEN if isinstance(bad, BadAuthorization) else CHALLENGE
    return Refusal(bad.status, bad.told, challenge if bad.status == HTTPStatus.UNAUTHORIZED else {}, logged=bad.logged)


def may_ask(scope: Mapping[str, Any], *, certificate_required: bool) -> bool:
    """Return whether the client of an ASGI request needs no certificate, or has shown one.

    The TLS handshake has verified a client's certificate against the authority. Clients in cleartext have none:
    cleartext is served on loopback and Unix sockets, or where the operator explicitly asked for it.

    Args:
        scope: of the request.
        certificate_required: whether clients must show a certificate over TLS.
    """
    if scope["scheme"] != "https" or not certificate_required:
        return True
    return bool(scope.get("state", {}).get("client_certificate"))


def _fields(scope: Mapping[str, Any], name: bytes) -> list[str]:
    return [value.decode("latin-1") for field, value in scope["headers"] if field == name]
