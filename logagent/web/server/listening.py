"""Sockets to listen on, and the TLS that goes with them."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from pathlib import Path

# Connections that the kernel holds until they are accepted: a dashboard's worth opened at once, many times over.
BACKLOG = 1024

# s of silence after which the kernel asks whether a client is still there (its own default is two hours), s between two
# such questions, and how many stay unanswered until it ends the connection: 30 s in all, two heartbeats of a follow.
KEEPALIVE = {"TCP_KEEPIDLE": 15, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3}

# The suites of TLS 1.2 that HTTP/2 allows (RFC 9113, 9.2.2): forward secret and authenticated. TLS 1.3 has no others.
CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"


@dataclass(frozen=True, slots=True)
class Listener:
    """A bound socket that listens, with TLS or in cleartext."""

    socket: socket.socket
    tls: ssl.SSLContext | None

    @property
    def address(self) -> str:
        """Where clients reach it, as `https://[::1]:8443`."""
        host, port = self.socket.getsockname()[:2]
        scheme = "https" if self.tls else "http"
        return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def listen(host: str, port: int, tls: ssl.SSLContext | None) -> Listener:
    """Binds a TCP socket and listens on it; connections wait there until `serve` accepts them.

    Args:
        host: an address or a name (its first address is taken); IPv6 without brackets.
        port: 0 for any that is free.
        tls: from `server_tls`, or None for cleartext.

    Raises:
        OSError: naming the address, when it is taken, forbidden or not one of this host's.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        bound = socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except OSError as error:
        raise OSError(error.errno, f"cannot listen on {host} port {port}: {error.strerror}") from error
    _ask_silent_clients(bound)
    return Listener(bound, tls)


def _ask_silent_clients(bound: socket.socket) -> None:
    # Accepted sockets inherit these. A client that lost its power says nothing, and its stream may be silent for hours.
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in KEEPALIVE.items():
        if hasattr(socket, name):
            bound.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def server_tls(certificate: Path, key: Path, client_ca: Path | None) -> ssl.SSLContext:
    """TLS for a listener: 1.2 or newer, HTTP/2 preferred over HTTP/1.1.

    Args:
        certificate: PEM, the chain from our own certificate up.
        key: PEM, unencrypted.
        client_ca: PEM of the authorities that clients' certificates must come from. Clients may then present one, and
            a bad one fails their handshake; left out, none is asked for.

    Raises:
        OSError: a file cannot be read (`ssl.SSLError`: is not what it should be).
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.set_alpn_protocols(["h2", "http/1.1"])
    context.load_cert_chain(certificate, key)
    if client_ca is not None:
        context.load_verify_locations(client_ca)
        context.verify_mode = ssl.CERT_OPTIONAL
    return context
