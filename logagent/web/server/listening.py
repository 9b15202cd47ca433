"""Sockets to listen on, and their TLS."""

from __future__ import annotations

import errno
import os
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path

from logagent.core.wire.certificates import read_certificates
from logagent.web.server import unix_sockets
from logagent.web.server.handshake import ServerTls
from logagent.web.server.unix_sockets import SocketFile

BACKLOG = 1024
"""Connections that the kernel holds until they are accepted: many times what a dashboard opens at once."""

LOCALHOST = "localhost"
"""The name that means this machine's loopback addresses of both families."""
_NO_IPV6 = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
_REMEDIES = {
    errno.EADDRINUSE: "; another program listens there: stop it, or give another `--listen`",
    errno.EADDRNOTAVAIL: "; give an address of this host, or 0.0.0.0 or [::] for all of them",
    errno.EACCES: "; ports below 1024 need root or CAP_NET_BIND_SERVICE",
}

KEEPALIVE = {"TCP_KEEPIDLE": 15, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3}
"""Seconds of silence after which the kernel probes a client (its own default is two hours), seconds between probes,
and unanswered probes after which it ends the connection: 30 s in all, two heartbeats of a follow."""

CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""The suites of TLS 1.2 that HTTP/2 allows (RFC 9113, 9.2.2): forward secret and authenticated. All suites
of TLS 1.3 are."""


@dataclass(slots=True, eq=False)
class Listener:
    """A bound socket that listens, with TLS or in cleartext.

    Attributes:
        socket: closed by `connections.serve`, or by whoever never hands it over.
        tls: the server's side of TLS; None: cleartext. A server that serves takes another by `Accepting.renew`.
        file: of a Unix socket; None: TCP.
    """

    socket: socket.socket
    tls: ssl.SSLContext | None
    file: SocketFile | None = None

    @property
    def address(self) -> str:
        """The URL at which clients reach it, as `https://[::1]:8443` or `unix:/run/logagent.sock`."""
        if self.file is not None:
            return f"unix:{self.file.path}"
        host, port = self.socket.getsockname()[:2]
        scheme = "https" if self.tls else "http"
        return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"

    def close(self) -> None:
        """Close the socket, and remove its file; a second call changes nothing."""
        self.socket.close()
        if self.file is not None:
            self.file.remove()


def listen_unix(path: Path, mode: int, group: int | None) -> Listener:
    """Bind a Unix socket and listen on it, in cleartext.

    Args:
        path: absolute; a socket there on which nobody listens is replaced.
        mode: of its file; who may write to it may connect.
        group: of its file; None: the agent's own.

    Raises:
        OSError: naming the path, with what would be right.
    """
    bound, file = unix_sockets.bind(path, mode, group)
    bound.listen(BACKLOG)
    return Listener(bound, None, file)


def listen_on_all(host: str, port: int, tls: ssl.SSLContext | None) -> list[Listener]:
    """Listen on each address that a name means, as `listen` does: `localhost` means two, of which one may be missing.

    Whoever asks `localhost` takes the one or the other first.

    Raises:
        OSError: as `listen` does.
    """
    if host.lower() != LOCALHOST:
        return [listen(host, port, tls)]
    first = listen("127.0.0.1", port, tls)
    try:
        return [first, listen("::1", first.socket.getsockname()[1], tls)]
    except OSError as error:
        if error.errno in _NO_IPV6:
            return [first]
        first.close()
        raise


def listen(host: str, port: int, tls: ssl.SSLContext | None) -> Listener:
    """Bind a TCP socket and listen on it.

    Connections wait in its backlog until `connections.serve` accepts them.

    Args:
        host: an address or a name, of which the first address is taken; IPv6 without brackets.
        port: 0: any free one.
        tls: from `server_tls`; None: cleartext.

    Raises:
        OSError: naming the address, when it is taken, forbidden or not one of this host's.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        bound = socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except OSError as error:
        raise OSError(error.errno, f"cannot listen on {host} port {port}: {_why(error)}") from error
    _probe_silent_clients(bound)
    return Listener(bound, tls)


def _why(error: OSError) -> str:
    """Return what is wrong, without Python's own words, and what to do."""
    if isinstance(error, socket.gaierror) or not error.errno:
        return f"{error.strerror}; give an address of this host"
    return f"{os.strerror(error.errno).lower()}{_REMEDIES.get(error.errno, '')}"


def _probe_silent_clients(bound: socket.socket) -> None:
    """Turn TCP keepalive on; accepted sockets inherit it.

    A client that lost its power says nothing, and the stream to it may be silent for hours.
    """
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in KEEPALIVE.items():
        if hasattr(socket, name):
            bound.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def server_tls(certificate: Path, key: Path, client_ca: Path | None) -> ServerTls:
    """Make the TLS of a listener: 1.2 or newer, HTTP/2 preferred over HTTP/1.1.

    Args:
        certificate: PEM, the chain from our own certificate up.
        key: PEM, unencrypted.
        client_ca: PEM of the authorities that clients' certificates must come from. Clients may then present a
            certificate, and a bad one fails their handshake; None: no certificate is asked for.

    Raises:
        OSError: when a file cannot be read; `ssl.SSLError` when it is not what it should be.
    """
    seeing, quiet = ServerTls(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    for context in (seeing, quiet):
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(CIPHERS)
        context.set_alpn_protocols(["h2", "http/1.1"])
        context.load_cert_chain(certificate, key)
        if client_ca is not None:
            context.load_verify_locations(client_ca)
            context.verify_mode = ssl.CERT_OPTIONAL
    seeing.watch()
    seeing.quiet = quiet
    seeing.certificate = next(iter(read_certificates(certificate.read_bytes())), None)
    seeing.authorities = () if client_ca is None else read_certificates(client_ca.read_bytes())
    return seeing
