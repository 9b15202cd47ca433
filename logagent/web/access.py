"""Access control: by which names an agent is addressed, and who may ask it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from logagent.core.access.host_names import KnownNames, authority_in_target
from logagent.web.admission.local_client import STATE, LocalClient
from logagent.web.admission.local_users import LocalUsers
from logagent.web.documents import Refusal

OPEN_PATHS = frozenset({"/healthz", "/readyz"})
"""Paths that are answered to everybody: they tell nothing of logs."""
MISDIRECTED = (
    "does not name this agent, which goes by an IP address, by localhost, and by the names of its setting known_as"
)
"""What is said of a wrong name. It tells none of the agent's names: a page that goes by a false name may read it."""
NO_CERTIFICATE = (
    "a client certificate of this agent's authority is required, and none was shown "
    "(a command shows one with `--certs`, or `--cert` and `--key`)"
)
"""What is said of a client over TLS without a certificate, where one is required."""
SHOWN = 100
"""Characters that are repeated of a wrong name: more than any that people use."""


class Access:
    """Decides which requests an agent answers.

    Args:
        names: by which it may be addressed in cleartext, besides IP addresses and `localhost`.
        certificate_required: whether clients must show a certificate where there is TLS.
        local_users: decides which clients of this machine are served; None: all are.
    """

    def __init__(
        self, names: Iterable[str], *, certificate_required: bool, local_users: LocalUsers | None = None
    ) -> None:
        self._names = KnownNames(names)
        self._certificate_required = certificate_required
        self._local_users = local_users

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
        if scope["path"] in OPEN_PATHS or may_ask(scope, certificate_required=self._certificate_required):
            return None
        return 401, NO_CERTIFICATE

    async def admit(self, scope: Mapping[str, Any]) -> None:
        """Refuse a request for logs by a client that may not ask for them.

        Args:
            scope: of an ASGI request.

        Raises:
            Refusal: as `refusal` returns it.
        """
        if refusal := await self.refusal(scope):
            raise refusal

    async def refusal(self, scope: Mapping[str, Any]) -> Refusal | None:
        """Return why the client of an ASGI request may not ask for logs; None if it may.

        It is 401 if a certificate is missing, and 403 for a user of this machine who is not served.
        """
        if not may_ask(scope, certificate_required=self._certificate_required):
            return Refusal(401, NO_CERTIFICATE)
        objection = await self._objection(scope)
        return Refusal(403, objection) if objection else None

    async def _objection(self, scope: Mapping[str, Any]) -> str:
        state = scope.get("state", {})
        client: LocalClient | None = state.get(STATE)
        if self._local_users is None or client is None or state.get("client_certificate"):
            return ""
        return await self._local_users.objection(client)


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
