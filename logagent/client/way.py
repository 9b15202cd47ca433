"""The way to an agent: its address, whom TLS trusts, what is shown to it, and the words for what fails on it."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from logagent import __version__
from logagent.client.couriers import SentQuestion
from logagent.client.errors import ConnectionFailed
from logagent.config import values
from logagent.core.access.tokens import PREFIX, BadToken, check_form
from logagent.core.wire.coding import IDENTITY
from logagent.peers.answers import form_headers
from logagent.peers.client.addresses import BEHIND_A_SOCKET, CONNECT_TIMEOUT
from logagent.peers.client.tls import client_tls, why_it_failed
from logagent.peers.client.words import told_of
from logagent.token_sending import OTHERWISE, is_in_cleartext, leads_out, objection

KEPT = 8
"""Connections that stay open between questions: a TLS handshake costs more than most answers."""
KEPT_FOR = 60.0
"""Seconds that such a one stays open."""
PROBED = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 30),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 10),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 6),
)
"""Options of sockets, in seconds and counts: an agent whose machine is gone is noticed after a minute and a half, also
while it searches and sends nothing."""
STALE = (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)
"""What happens over a connection that the agent closed while it lay idle: then the question is sent once more."""
CLOSED = "the client was closed"
"""Why an answer ends whose client was closed before."""
CONNECTED = "connection.connect_tcp.complete"
"""What httpcore calls the moment at which a connection is made, and nothing is sent over it yet."""
_OF_HTTP = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST")
"""What OpenSSL calls the first bytes of a server that speaks no TLS."""

FilePath = str | os.PathLike[str]
Token = str | Callable[[], str]
"""A token, or what returns it, for each question anew."""


class AgentWay:
    """The way to one agent; nothing that shows it shows the token.

    Args:
        url: of the agent: `https://...`, `http://...`, or `unix:` and a path.
        token: is sent with each question; None: none is.
        tls: trusts and presents what it was made for; None: the next three say what.
        ca: the file of the authority to trust, PEM; None: the system's are trusted.
        cert: the file of the certificate to present, PEM; None: none is.
        key: the file of its key, PEM; None: the certificate's file holds it.
        compress: whether answers come compressed; None: only those from another machine.

    Raises:
        ValueError: for what cannot be used, a token that others could read on the way among it.
        OSError: if a file cannot be read or used.
    """

    def __init__(
        self,
        url: str,
        *,
        token: Token | None = None,
        tls: ssl.SSLContext | None = None,
        ca: FilePath | None = None,
        cert: FilePath | None = None,
        key: FilePath | None = None,
        compress: bool | None = None,
    ) -> None:
        self.url = values.agent_url(url)
        self.socket_path = self.url.removeprefix(values.UNIX) if values.is_unix(self.url) else None
        self.base_url = BEHIND_A_SOCKET if self.socket_path else self.url
        self.tls = _tls(self.url, tls, ca, cert, key)
        self._token = token
        self._check_token()
        is_here = self.socket_path is not None or values.is_loopback(values.host_of(self.url))
        self.coding = "zstd" if (not is_here if compress is None else compress) else IDENTITY

    def _check_token(self) -> None:
        if self._token is None:
            return
        if leads_out(self.url):
            raise ValueError(f"no token is sent to {self.url}, since others on the way could read it: ask by https://")
        if self.tls is not None and not (self.tls.verify_mode is ssl.CERT_REQUIRED and self.tls.check_hostname):
            raise ValueError(f"no token is sent to {self.url} by TLS that does not check who answers")
        if isinstance(self._token, str):
            _checked(self._token)

    def headers(self) -> dict[str, str]:
        """Return the headers of each question."""
        sent = {"user-agent": f"logagent-client/{__version__}", "accept-encoding": self.coding}
        if self._token is None:
            return sent
        token = self._token if isinstance(self._token, str) else self._token()
        return sent | {"authorization": f"Bearer {_checked(token)}"}

    @property
    def is_guarded(self) -> bool:
        """Whether each connection is looked at before a token is sent over it."""
        return self._token is not None and is_in_cleartext(self.url)

    def refusal(self, connected: Any) -> ConnectionFailed | None:
        """Return why nothing is sent over a connection in cleartext; None if the token may be.

        Args:
            connected: the connection's socket.
        """
        why = objection(connected)
        return ConnectionFailed(f"the token was not sent: {why}; {OTHERWISE}") if why else None

    def transport_arguments(self) -> dict[str, Any]:
        """Return the arguments of httpx's transports.

        They speak HTTP/1.1, where leaving an answer closes its connection, which stops the agent at once: HTTP/2 as
        httpcore speaks it never resets a stream.
        """
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=KEPT, keepalive_expiry=KEPT_FOR)
        return {
            "verify": True if self.tls is None else self.tls,
            "limits": limits,
            "trust_env": False,
            "uds": self.socket_path,
            "socket_options": None if self.socket_path else PROBED,
        }

    def request_arguments(self, asked: SentQuestion) -> dict[str, Any]:
        """Return the arguments of a request of httpx's."""
        method, path, form = asked.target
        return {
            "method": method,
            "url": path,
            "content": form or None,
            "headers": {**self.headers(), **form_headers(form), **asked.headers},
            "timeout": httpx.Timeout(None, connect=CONNECT_TIMEOUT, read=asked.silence),
        }

    def failed(self, error: httpx.HTTPError) -> ConnectionFailed:
        """Return the exception for an answer that did not come, or broke off."""
        for cause in _causes(error):
            if isinstance(cause, ssl.SSLError) and self.tls is not None and isinstance(error, httpx.ConnectError):
                host, first = values.host_of(self.url), b"HTTP/" if cause.reason in _OF_HTTP else b""
                return ConnectionFailed(why_it_failed(cause, self.tls, host=host, first=first, shown=None))
        if isinstance(error, httpx.ReadTimeout):
            return ConnectionFailed("nothing was heard of the agent in time")
        return ConnectionFailed(told_of(error))

    def __repr__(self) -> str:
        return f"AgentWay({self.url!r})"


def _tls(
    url: str, given: ssl.SSLContext | None, ca: FilePath | None, cert: FilePath | None, key: FilePath | None
) -> ssl.SSLContext | None:
    files = [name for name, file in (("ca", ca), ("cert", cert), ("key", key)) if file is not None]
    if given is not None and files:
        raise ValueError(f"{files[0]} says what a context says already; leave out tls, or the files")
    if key is not None and cert is None:
        raise ValueError("key is that of a certificate; give cert too")
    if urlsplit(url).scheme != "https":
        if files or given is not None:
            raise ValueError(
                f"there is no TLS with {url}; leave out {files[0] if files else 'tls'}, or ask by https://"
            )
        return None
    paths = [None if file is None else Path(file) for file in (ca, cert, key)]
    for path in filter(None, paths):
        path.open("rb").close()  # OpenSSL's own errors name no file
    return given or client_tls(*paths)


def _checked(token: str) -> str:
    """Return a token; what is wrong with it is told without a character of it."""
    if not token or not token.isascii() or any(letter <= " " or letter == "\x7f" for letter in token):
        raise ValueError("the token is none: it must be printable ASCII without spaces")
    if token.startswith(PREFIX):
        try:
            check_form(token)
        except BadToken as bad:
            raise ValueError(f"the token is none: {bad}") from None
    return token


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
