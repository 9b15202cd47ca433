"""An agent's own certificates: whether others will take them, and until when they are valid."""

from __future__ import annotations

import ssl
from contextlib import suppress

from logagent.config.tls_files import TlsFiles
from logagent.core.wire.certificate_faults import why_refused_here
from logagent.core.wire.certificates import Certificate, read_certificates

ROUNDS = 4
"""Times that each side of a handshake in memory has its turn: it takes three at most."""


def certificate_ends(files: TlsFiles) -> dict[str, float]:
    """Return when the certificates of an agent end, by the names of their files: its own, then its authority's.

    Args:
        files: readable.

    Returns:
        Seconds since the epoch. Of a file with a chain, the first that ends counts; of one with several authorities,
        the one that the agent's own certificate comes from.
    """
    own = () if files.certificate is None else read_certificates(files.certificate.read_bytes())
    authorities = () if files.ca is None else read_certificates(files.ca.read_bytes())
    ends: dict[str, float] = {}
    if files.certificate is not None and own:
        ends[files.certificate.name] = min(certificate.ends for certificate in own)
    if files.ca is not None and authorities:
        ends[files.ca.name] = _authority_of(own, authorities).ends
    return ends


def _authority_of(chain: tuple[Certificate, ...], authorities: tuple[Certificate, ...]) -> Certificate:
    issuers = {certificate.issuer for certificate in chain}
    ours = [authority for authority in authorities if authority.subject in issuers]
    return max(ours or authorities, key=lambda authority: authority.ends)


def why_others_refuse(files: TlsFiles, now: float) -> str:
    """Return why others that trust the agent's authority will refuse its certificate; empty if they take it.

    It is found out by a handshake in memory, in which the agent plays both sides.

    Args:
        files: readable, and a certificate with its key.
        now: seconds since the epoch, for the words.
    """
    if files.ca is None or files.certificate is None:
        return ""
    refused = _refusal(files, serves=True) or _refusal(files, serves=False)
    if refused is None:
        return ""
    own = next(iter(read_certificates(files.certificate.read_bytes())), None)
    authorities, code, words = read_certificates(files.ca.read_bytes()), refused.verify_code, refused.verify_message
    return f"{files.certificate}: {why_refused_here(code, words, own, authorities=authorities, name='', now=now)}"


def _refusal(files: TlsFiles, *, serves: bool) -> ssl.SSLCertVerificationError | None:
    """Return why the agent's certificate is refused by a client, if the agent serves, or by a server."""
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_REQUIRED if serves else ssl.CERT_NONE
    server.verify_mode = ssl.CERT_NONE if serves else ssl.CERT_REQUIRED
    for context in (server, client):
        assert files.ca is not None, "checked by the caller"
        assert files.certificate is not None, "checked by the caller"
        context.load_cert_chain(files.certificate, files.key)
        context.load_verify_locations(files.ca)
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = [client.wrap_bio(back, there), server.wrap_bio(there, back, server_side=True)]
    try:
        for side in sides * ROUNDS:
            with suppress(ssl.SSLWantReadError):
                side.do_handshake()
    except ssl.SSLCertVerificationError as error:
        return error
    except ssl.SSLError:
        return None  # Not about the certificate: the listeners will tell.
    return None
