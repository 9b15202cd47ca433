"""Who may ask. Here: whoever comes with a certificate of our own authority, where one is required."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def may_ask(scope: Mapping[str, Any], *, certificate_required: bool) -> bool:
    """Whether the client of an ASGI request may ask for logs.

    A certificate that comes with the connection was verified against the authority in the TLS handshake. Cleartext has
    none: it is served on loopback, or where the operator said so in so many words.
    """
    if scope["scheme"] != "https" or not certificate_required:
        return True
    return bool(scope.get("state", {}).get("client_certificate"))
