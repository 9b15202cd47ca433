"""TLS contexts for connections to other agents: the trusted authority, and the certificate to present."""

from __future__ import annotations

import ssl
from pathlib import Path


def client_tls(ca: Path, certificate: Path | None = None, key: Path | None = None) -> ssl.SSLContext:
    """Make a context that trusts one authority and no other, and checks the host's name.

    Args:
        ca: the authority's certificate, PEM.
        certificate: presented to the server, PEM; None: no certificate is presented.
        key: of the certificate, PEM; None: the certificate's file holds it.

    Raises:
        OSError: if a file cannot be read or used.
    """
    context = ssl.create_default_context(cafile=ca)
    if certificate is not None:
        context.load_cert_chain(certificate, key)
    return context


def system_tls() -> ssl.SSLContext:
    """Make a context that trusts the system's authorities, checks the host's name and presents no certificate."""
    return ssl.create_default_context()
