"""Who a client is by the certificate that it showed in its TLS handshake, asked anew for each request.

The handshake verified who signed it, and that it was valid then. A connection may stay open for days, so whether it has
ended or was revoked is looked at each time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from logagent.core.access.caller import Caller, Proof
from logagent.core.access.certified import CertificateKind, Certified, certified
from logagent.core.wire.certificates import moment
from logagent.web.admission.proving import BadProof, Unnamed
from logagent.web.admission.revocations import Revocations

STATE = "client_certificate"
"""The name under which a connection's `scope["state"]` holds its client's certificate in DER; None: it has none."""

_PERSONS = "`logagent certs client NAME` makes one for a person"


class CertificateProver:
    """Proves who a client is by its certificate; see `Prover`.

    Args:
        revocations: certificates that count no more.
        now: seconds since the epoch.
    """

    def __init__(self, revocations: Revocations | None = None, *, now: Callable[[], float] = time.time) -> None:
        self._revocations = revocations or Revocations()
        self._now = now

    def refused(self, scope: Mapping[str, Any]) -> tuple[int, str] | None:
        """Return why a request is refused whoever asks, since the certificate of its connection counts no more.

        Args:
            scope: of an ASGI request.

        Returns:
            A status of HTTP and a sentence; None if the certificate counts, or none was shown.
        """
        shown = _shown(scope)
        if shown is None:
            return None
        if objection := self._revocations.objection_to(shown):
            return 403, f"{_called(shown)} counts no more: {objection}"
        if self._has_ended(shown):
            ended = f"it ended on {moment(shown.ends)}"
            return 401, f"{_called(shown)} counts no more: {ended}; connect again with a new one"
        return None

    async def prove(self, scope: Mapping[str, Any]) -> Caller | None:
        """Return whom the certificate of a connection names; see `Prover.prove`.

        Raises:
            Unnamed: for the certificate of a host, or one that names nobody.
            BadProof: for one that has ended or was revoked.
        """
        shown = _shown(scope)
        if shown is None:
            return None
        if refused := self.refused(scope):
            status, told = refused
            raise BadProof(told, status=status)
        if shown.kind is CertificateKind.HOST:
            raise Unnamed(f"{_called(shown)} is a host's, and proves no person: {_PERSONS}")
        if shown.fault or shown.kind is CertificateKind.OTHER:
            fault = shown.fault or "it is none of a client"
            raise Unnamed(f"{_called(shown)} proves no person: {fault}; {_PERSONS}")
        return Caller(
            Proof.CERT, shown.name, shown.groups, until=shown.ends, aliases=shown.aliases, credential=shown.fingerprint
        )

    def still_proves(self, caller: Caller) -> bool:
        """Return True: that the certificate of a connection counts is looked at for all callers, see `still_counts`."""
        return True

    def noted(self, scope: Mapping[str, Any], caller: Caller) -> Caller:
        """Return a caller together with the certificate of his connection, so that it is known if that counts no more.

        Args:
            scope: of his request.
            caller: whoever he is.
        """
        shown = _shown(scope)
        return caller if shown is None else replace(caller, certificate=shown)

    def still_counts(self, caller: Caller) -> bool:
        """Return whether the certificate still counts that the connection of a noted caller has shown."""
        shown = caller.certificate
        return shown is None or not (self._has_ended(shown) or self._revocations.objection_to(shown))

    def _has_ended(self, shown: Certified) -> bool:
        return 0 < shown.ends < self._now()


def _shown(scope: Mapping[str, Any]) -> Certified | None:
    der = scope.get("state", {}).get(STATE)
    return certified(der) if der else None


def _called(shown: Certified) -> str:
    return f"the client certificate of {shown.name}" if shown.name else "the client certificate that was shown"
