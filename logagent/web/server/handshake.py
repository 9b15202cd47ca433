"""The beginning of a connection: its TLS handshake, and what is said to a client that speaks another protocol.

A handshake that fails is told to the client by TLS's alert, and here by a line that says whose certificate was refused
and why.
"""

from __future__ import annotations

import secrets
import ssl
import time
from typing import Any
from weakref import WeakKeyDictionary

import trio

from logagent.core.wire.certificate_faults import alert_in, why_refused_here, why_refused_there
from logagent.core.wire.certificates import Certificate, read_certificates
from logagent.core.wire.trace import TRACE_HEADER, TRACE_ID_BYTES
from logagent.web.server.refusals import Refusals

LINGER = 2.0
"""Seconds that a client has to read why its handshake failed: closing at once, with unread bytes in the socket, would
make the kernel drop what it has not read yet."""
CLIENT_HELLO = b"\x16"
"""The first byte of a client that speaks TLS: a record of a handshake. No request of HTTP begins so."""
LONGEST_FIRST = 16
"""Bytes of a client's first ones that are kept: enough to recognise HTTP."""

_METHODS = (b"GET ", b"HEAD ", b"POST ", b"PUT ", b"DELETE ", b"OPTIONS ", b"CONNECT ", b"PATCH ", b"TRACE ", b"PRI ")
_CERTIFICATE_MESSAGE = 11
_HEADER = 4


class ServerTls(ssl.SSLContext):
    """The TLS of a listener, which sees the certificates that clients show, also those that it refuses.

    OpenSSL tells of a refused certificate only by this private part of Python's ssl that is touched: `_msg_callback`.
    It slows every record down, so a connection takes the `quiet` twin once its handshake is done.

    Attributes:
        quiet: the same TLS, which sees nothing; None: there is none.
        certificate: what clients are shown, for people; None: it is not known.
        authorities: those that clients' certificates must come from; none: none is asked for, or they are not known.
    """

    quiet: ssl.SSLContext | None = None
    certificate: Certificate | None = None
    authorities: tuple[Certificate, ...] = ()

    def watch(self) -> None:
        """See what clients show from now on."""
        self._shown: WeakKeyDictionary[Any, bytes] = WeakKeyDictionary()
        self._msg_callback = self._see

    def shown_by(self, connection: ssl.SSLObject) -> Certificate | None:
        """Return the certificate that the client of a connection showed; None if there was none that can be read."""
        message = self._shown.get(connection)
        read = read_certificates(first_certificate(message)) if message else ()
        return read[0] if read else None

    def _see(self, connection: Any, direction: str, version: Any, content: Any, message: Any, data: bytes) -> None:
        if direction == "read" and message == _CERTIFICATE_MESSAGE and data[:1] == bytes([_CERTIFICATE_MESSAGE]):
            self._shown[connection] = data


def first_certificate(message: bytes) -> bytes:
    """Return the first certificate in TLS's message of that name, in DER; empty if there is none.

    Format: RFC 5246, 7.4.2; RFC 8446, 4.4.2, has a context before the list, which tells the two apart by their lengths.
    """
    at = _HEADER
    if int.from_bytes(message[at : at + 3], "big") != len(message) - at - 3:
        at += 1 + int.from_bytes(message[at : at + 1], "big")
    size = int.from_bytes(message[at + 3 : at + 6], "big")
    return message[at + 6 : at + 6 + size]


async def shake_hands(tls: trio.SSLStream[Any], limit: float, refusals: Refusals) -> bool:
    """Take the client's TLS handshake; one that fails is told to the client and logged.

    Private part of Trio touched: `_outgoing` holds the alert of a handshake that failed.

    Args:
        tls: before its handshake.
        limit: seconds that it may take.
        refusals: what is refused on the connection.

    Returns:
        Whether the connection may be used; if not, it is to be closed.
    """
    first = tls.transport_stream = _First(tls.transport_stream)
    try:
        with trio.fail_after(limit):
            await tls.do_handshake()
    except trio.TooSlowError:
        refusals.log("TLS", f"no handshake within {limit:g} s")
        return False
    except trio.BrokenResourceError as error:
        await _fail(tls, first, error.__cause__, refusals)
        return False
    finally:
        tls.transport_stream = first.stream
    if isinstance(tls.context, ServerTls) and tls.context.quiet is not None:
        tls.context = tls.context.quiet
    return True


async def _fail(tls: trio.SSLStream[Any], first: _First, error: BaseException | None, refusals: Refusals) -> None:
    if not first.received:
        return  # Who connects and says nothing only looks whether the port is open.
    said = tls._outgoing.read()
    if first.received.startswith(_METHODS):
        said = _misled(refusals, "http", "https")
    else:
        refusals.log("TLS", _reason(tls, error))
    await _say_and_linger(first.stream, said)


def _reason(tls: trio.SSLStream[Any], error: BaseException | None) -> str:
    context, now = tls.context, time.time()
    ours = context.certificate if isinstance(context, ServerTls) else None
    if isinstance(error, ssl.SSLCertVerificationError):
        shown = context.shown_by(tls._ssl_object) if isinstance(context, ServerTls) else None
        authorities = context.authorities if isinstance(context, ServerTls) else ()
        words = error.verify_message or "it cannot be verified"
        return why_refused_here(error.verify_code, words, shown, authorities=authorities, name="", now=now)
    if alert := alert_in(str(error or "")):
        return f"the client {why_refused_there(alert, ours, now)}"
    if isinstance(error, ssl.SSLEOFError) or not isinstance(error, ssl.SSLError):
        return "the client broke the handshake off without saying why; it may not trust this agent's certificate"
    return f"the handshake failed: {(error.reason or str(error)).lower().replace('_', ' ')}"


async def turn_away(stream: trio.abc.Stream, refusals: Refusals) -> None:
    """Tell a client that speaks TLS to a cleartext port that it should not; the connection is then to be closed.

    Clients of TLS take anything that is no TLS for a wrong version, so they get a sentence that people can read.
    """
    await _say_and_linger(stream, _misled(refusals, "https", "http"))


def _misled(refusals: Refusals, spoken: str, expected: str) -> bytes:
    """Log that a client speaks another protocol than a port, and return the answer that says so."""
    trace_id = secrets.token_hex(TRACE_ID_BYTES)
    refusals.log("TLS", f"speaks {spoken} on a port that speaks {expected}", trace_id)
    body = f"this port speaks {expected}; ask it by {expected}://\n"
    head = ["HTTP/1.1 400 Bad Request", "content-type: text/plain", "connection: close", f"{TRACE_HEADER}: {trace_id}"]
    return "\r\n".join([*head, f"content-length: {len(body)}", "", body]).encode()


async def _say_and_linger(stream: Any, said: bytes) -> None:
    """Send the last bytes, and give the client a moment to read them."""
    with trio.move_on_after(LINGER):
        try:
            await stream.send_all(said)
            await stream.send_eof()
            while await stream.receive_some():
                pass
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass  # The client has gone.


class _First:
    """A client's stream that remembers the first bytes that come from it."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream
        self.received = b""

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        received: bytes = await self.stream.receive_some(max_bytes)
        self.received = (self.received + received)[:LONGEST_FIRST]
        return received

    async def send_all(self, data: bytes) -> None:
        await self.stream.send_all(data)
