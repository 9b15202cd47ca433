"""Access control: where a certificate is required, only clients with one of our own authority may ask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def may_ask(scope: Mapping[str, Any], *, certificate_required: bool) -> bool:
    """Return whether the client of an ASGI request may ask for logs.

    The TLS handshake has verified a client's certificate against the authority. Clients in cleartext have none and may
    ask: cleartext is served on loopback, or where the operator explicitly asked for it.

    Args:
        scope: of the request.
        certificate_required: whether clients must show a certificate over TLS.
    """
    if scope["scheme"] != "https" or not certificate_required:
        return True
    return bool(scope.get("state", {}).get("client_certificate"))
