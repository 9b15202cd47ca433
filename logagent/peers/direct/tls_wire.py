"""TLS over a blocking connection to an agent, which says why it fails, on both sides; see `client.tls_connection`."""

from __future__ import annotations

import contextlib
import math
import socket
import ssl

from logagent.core.wire.certificate_faults import alert_in
from logagent.peers.client.tls import revoked_by, shown_by, system_tls, why_it_failed, why_they_refuse
from logagent.peers.direct.waiting import Late, Lost, SpeaksHttp1
from logagent.peers.direct.wires import PlainWire, Secure, connection_lost, no_later

RAW_SIZE = 256 * 1024
"""Bytes asked of the socket at a time: as many as fit into some of TLS's records, which have 16 KiB."""
FAREWELL = 1.0
"""Seconds for the alert of an agent that takes nothing any more."""
LONGEST_FIRST = 8
"""Bytes of the other side's first ones that are kept: enough to recognise HTTP."""


def over_tls(context: ssl.SSLContext | None) -> Secure:
    """Return what speaks TLS over a socket.

    Args:
        context: what is trusted and presented; None: the system's authorities are, and nothing.
    """

    def secure(connected: socket.socket, host: str, until: float) -> TlsWire:
        wire = TlsWire(PlainWire(connected), context or system_tls(), host)
        try:
            wire.shake_hands(until)
        except BaseException:
            wire.close()
            raise
        return wire

    return secure


class TlsWire:
    """A connection with TLS; see `Wire`.

    Args:
        below: carries it; closed with it.
        context: what is trusted and presented.
        host: whose certificate is expected.
    """

    in_cleartext = False

    def __init__(self, below: PlainWire, context: ssl.SSLContext, host: str) -> None:
        context.set_alpn_protocols(["h2", "http/1.1"])
        self._below = below
        self._context = context
        self._host = host
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out, server_hostname=host)
        self._first = b""

    @property
    def connected(self) -> socket.socket:
        """The socket that carries it."""
        return self._below.connected

    def shake_hands(self, until: float) -> None:
        """Take the client's part of the handshake.

        Raises:
            Lost: if there is no TLS with that host.
            SpeaksHttp1: if it does not agree on HTTP/2.
            Late: if it is not done until then.
        """
        while True:
            try:
                self._tls.do_handshake()
                self._flush()
                break
            except ssl.SSLWantReadError:
                self._step(until)
            except ssl.SSLError as error:
                with contextlib.suppress(Lost):  # The alert that tells the agent why its certificate is refused.
                    self._flush()
                raise self._refused(error) from None
        if why := revoked_by(self._context, self._tls.getpeercert(binary_form=True)):
            raise Lost(why)
        if self._tls.selected_alpn_protocol() != "h2":
            raise SpeaksHttp1

    def receive(self, most: int, until: float) -> bytes:
        """Return some bytes; see `Wire`.

        With TLS 1.3 an agent refuses a certificate after the handshake only, so it is told here, too.
        """
        while True:
            try:
                return self._tls.read(most)
            except ssl.SSLWantReadError:
                self._flush()
                self._fill(until)
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                return b""
            except ssl.SSLError as error:
                alert = alert_in(str(error))
                raise Lost(why_they_refuse(alert, self._context)) if alert else connection_lost(str(error)) from None

    def send(self, data: bytes) -> None:
        """Send all of some bytes; see `Wire`."""
        self._tls.write(data)
        try:
            self._flush()
        except Lost:
            self._listen()
            raise

    def close(self) -> None:
        """Close the connection below; HTTP/2 tells by itself whether an answer is whole."""
        self._below.close()

    def _listen(self) -> None:
        """Raise what the agent said before it closed the connection, if it said anything."""
        with contextlib.suppress(Late):
            self.receive(RAW_SIZE, no_later(math.inf, FAREWELL))

    def _step(self, until: float) -> None:
        """Go on with a handshake that waits for the other side."""
        try:
            self._flush()
            self._fill(until)
        except Lost:
            raise self._refused(None) from None

    def _refused(self, error: ssl.SSLError | None) -> Lost:
        shown = shown_by(self._tls)
        return Lost(why_it_failed(error, self._context, host=self._host, first=self._first, shown=shown))

    def _flush(self) -> None:
        if outgoing := self._out.read():
            self._below.send(outgoing)

    def _fill(self, until: float) -> None:
        received = self._below.receive(RAW_SIZE, until)
        self._first = self._first or received[:LONGEST_FIRST]
        if received:
            self._in.write(received)
        else:
            self._in.write_eof()
