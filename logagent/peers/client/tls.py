"""TLS of connections to other agents: whom it trusts, what it presents, and the words for a handshake that fails."""

from __future__ import annotations

import ssl
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from logagent.core.wire.certificate_faults import alert_in, why_refused_here, why_refused_there
from logagent.core.wire.certificates import Certificate, described, read_certificates

_HTTP = (b"HTTP/", b"\x00\x00")
"""How HTTP/1.1 and HTTP/2 (its SETTINGS) begin; no record of TLS begins so."""


class AgentTls(ssl.SSLContext):
    """TLS that trusts one authority, and remembers what it was made of, to say what is wrong with it.

    Attributes:
        authority: PEM; None: those of the system are trusted.
        certificate: PEM; None: no certificate is presented.
        file: the name of its file.
        name: that the agent must prove; None: the host in its URL.
        objection: returns why an agent's certificate, in DER, counts no more, since it was revoked, or an empty text;
            None: that is not known.
    """

    authority: bytes | None = None
    certificate: bytes | None = None
    file: str = ""
    name: str | None = None
    objection: Callable[[bytes], str] | None = None

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        """Begin TLS as `ssl.SSLContext` does, with an agent that must prove `name`.

        An empty name of the server stands for any agent of the authority, which must be one that is given: whoever asks
        so has it say its name, and asks again for that.
        """
        expected = self.name or server_hostname
        if expected or self.authority is None:
            return super().wrap_bio(incoming, outgoing, server_side, expected, session)
        self.check_hostname = False  # this counts for the object that is made here, and is read when it is made
        try:
            return super().wrap_bio(incoming, outgoing, server_side, None, session)
        finally:
            self.check_hostname = True


def client_tls(ca: Path | None, certificate: Path | None = None, key: Path | None = None) -> AgentTls:
    """Make a context that trusts one authority and no other, and checks the host's name.

    Args:
        ca: the authority's certificate, PEM; None: those of the system are trusted.
        certificate: presented to the server, PEM; None: no certificate is presented.
        key: of the certificate, PEM; None: the certificate's file holds it.

    Raises:
        OSError: if a file cannot be read or used.
    """
    context = AgentTls(ssl.PROTOCOL_TLS_CLIENT)
    if sys.version_info >= (3, 13):  # as `ssl.create_default_context` does
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | ssl.VERIFY_X509_STRICT
    if ca is None:
        context.load_default_certs()
    else:
        context.load_verify_locations(ca)
        context.authority = ca.read_bytes()
    if certificate is not None:
        context.load_cert_chain(certificate, key)
        context.certificate, context.file = certificate.read_bytes(), certificate.name
    return context


def system_tls() -> ssl.SSLContext:
    """Make a context that trusts the system's authorities, checks the host's name and presents no certificate."""
    return ssl.create_default_context()


def why_it_failed(
    error: BaseException | None, context: ssl.SSLContext, *, host: str, first: bytes, shown: Certificate | None
) -> str:
    """Say why a handshake failed, and what to do.

    Args:
        error: OpenSSL's; None, or another one: the connection broke.
        context: what was trusted and presented.
        host: whose certificate was expected.
        first: the first bytes that came from the other side.
        shown: the certificate that came from it; None: none did.
    """
    if isinstance(error, ssl.SSLCertVerificationError):
        pem: bytes | None = getattr(context, "authority", None)
        authorities, words, now = read_certificates(pem or b""), error.verify_message or str(error), time.time()
        name = getattr(context, "name", None) or host
        return why_refused_here(error.verify_code, words, shown, authorities=authorities, name=name, now=now)
    if first.startswith(_HTTP):
        return "https was asked of a port that speaks http: ask it by http://, or have it listen by https"
    if alert := alert_in(str(error or "")):
        return why_they_refuse(alert, context)
    if not isinstance(error, ssl.SSLError) or isinstance(error, ssl.SSLEOFError):
        return "closed the connection in the TLS handshake without saying why; does that port speak https?"
    return f"the TLS handshake failed: {(error.reason or str(error)).lower().replace('_', ' ')}"


def why_they_refuse(alert: str, context: ssl.SSLContext) -> str:
    """Say why the other side refuses what it was shown, and what to do.

    Args:
        alert: that it sent, as OpenSSL calls it.
        context: what was presented.
    """
    shown = next(iter(read_certificates(getattr(context, "certificate", None) or b"")), None)
    where = f"{context.file} (`--tls-certificate`, of a command `--cert`)" if isinstance(context, AgentTls) else ""
    return why_refused_there(alert, shown, time.time(), where=where)


def revoked_by(context: ssl.SSLContext, der: bytes | None) -> str:
    """Return why the certificate of an agent is refused though TLS takes it; empty if it is not.

    Args:
        context: what is trusted.
        der: the agent's certificate; None: it is not known.
    """
    objection = context.objection if isinstance(context, AgentTls) else None
    why = objection(der) if objection is not None and der is not None else ""
    if not why:
        return ""
    shown = next(iter(read_certificates(der or b"")), None)
    return f"its certificate{f' {described(shown)}' if shown else ''} is refused: {why}"


def shown_by(connection: Any) -> Certificate | None:
    """Return the certificate that an agent showed, trusted or not; only from Python 3.13 on that is public."""
    told = getattr(connection, "get_unverified_chain", None) or connection._sslobj.get_unverified_chain
    chain = told() or [b""]
    leaf = chain[0] if isinstance(chain[0], bytes) else chain[0].public_bytes().encode()
    return next(iter(read_certificates(leaf)), None)
