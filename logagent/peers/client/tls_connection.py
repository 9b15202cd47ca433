"""TLS over a connection to another agent, which says why it fails, on both sides.

Neither Trio nor httpcore sends the alert of a handshake that failed, so the other side would not learn why.
"""

from __future__ import annotations

import contextlib
import ssl
from typing import Any

import httpcore
import trio

from logagent.core.wire.certificate_faults import alert_in
from logagent.peers.client.exchange import NETWORK_ERRORS, READ_SIZE, TlsBroken, TlsFailure
from logagent.peers.client.tls import revoked_by, shown_by, why_it_failed, why_they_refuse

FAREWELL = 1.0
"""Seconds for the alert that tells an agent why its certificate is refused here."""
LONGEST_FIRST = 8
"""Bytes of the other side's first ones that are kept: enough to recognise HTTP."""


async def start_tls(network: httpcore.AsyncNetworkStream, context: ssl.SSLContext, host: str) -> TlsConnection:
    """Take the client's part of a TLS handshake.

    An agent whose certificate is refused is told so by an alert. Private parts touched: Trio's `_outgoing`, which holds
    that alert, and `_ssl_object`, which knows what the agent has shown.

    Args:
        network: the connection below; closed by the caller if this fails, else with the connection that is returned.
        context: what is trusted and presented.
        host: whose certificate is expected.

    Raises:
        TlsFailure: if there is no TLS with that host.
    """
    raw = _Raw(network)
    tls = trio.SSLStream(raw, context, server_hostname=host, https_compatible=True)
    try:
        await tls.do_handshake()
    except (trio.BrokenResourceError, httpcore.NetworkError) as error:
        with trio.move_on_after(FAREWELL, shield=True):
            await raw.say(tls._outgoing.read())
        shown = shown_by(tls._ssl_object)
        why = why_it_failed(error.__cause__, context, host=host, first=raw.first, shown=shown)
        raise TlsFailure(why) from error
    connection = TlsConnection(tls, context)
    if why := connection.revoked:
        raise TlsFailure(why)
    return connection


class TlsConnection(httpcore.AsyncNetworkStream):
    """A connection over which TLS is spoken.

    Args:
        tls: after its handshake.
        context: what was presented.
    """

    def __init__(self, tls: trio.SSLStream[Any], context: ssl.SSLContext) -> None:
        self._tls = tls
        self._context = context
        self._shown = tls.getpeercert(binary_form=True)

    @property
    def revoked(self) -> str:
        """Why the certificate of the agent counts no more, which may change at any time; empty if it does count."""
        return revoked_by(self._context, self._shown)

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 (httpcore's)
        """Return some bytes; none at the end.

        Raises:
            TlsBroken: if the agent says that it refuses what it was shown: with TLS 1.3 it does so after the handshake;
                or if its certificate was revoked meanwhile.
            ReadError: of httpcore, if the connection breaks.
        """
        try:
            received = bytes(await self._tls.receive_some(max_bytes))
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            if alert := alert_in(str(error.__cause__ or "")):
                raise TlsBroken(why_they_refuse(alert, self._context)) from error
            raise httpcore.ReadError(str(error.__cause__ or error)) from error
        self._refuse_revoked()
        return received

    def _refuse_revoked(self) -> None:
        if why := self.revoked:
            raise TlsBroken(why)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 (httpcore's)
        """Send all of some bytes.

        Raises:
            TlsBroken: if the certificate of the agent was revoked meanwhile.
            WriteError: of httpcore, if the connection breaks.
        """
        self._refuse_revoked()
        try:
            await self._tls.send_all(buffer)
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            raise httpcore.WriteError(str(error.__cause__ or error)) from error

    async def aclose(self) -> None:
        """Close TLS and the connection below."""
        await self._tls.aclose()

    @property
    def certificate_ends(self) -> float | None:
        """When the certificate ends that the agent showed, in seconds since the epoch; None if it is not known."""
        ends = (self._tls.getpeercert() or {}).get("notAfter")
        return None if ends is None else float(ssl.cert_time_to_seconds(ends))

    def get_extra_info(self, info: str) -> Any:
        """Return the TLS object as `ssl_object`, and what the connection below knows."""
        return self._tls if info == "ssl_object" else self._tls.transport_stream.get_extra_info(info)


class _Raw(trio.abc.Stream):
    """A connection of httpcore's as a stream of Trio's, which remembers the first bytes that came."""

    def __init__(self, network: httpcore.AsyncNetworkStream) -> None:
        self._network = network
        self.first = b""

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        received = await self._network.read(max_bytes or READ_SIZE)
        self.first = self.first or bytes(received[:LONGEST_FIRST])
        return received

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await self._network.write(bytes(data))

    async def say(self, last: bytes) -> None:
        """Send the last bytes, if the connection still takes them."""
        with contextlib.suppress(*NETWORK_ERRORS):
            await self._network.write(last)

    async def wait_send_all_might_not_block(self) -> None:
        await trio.lowlevel.checkpoint()

    async def aclose(self) -> None:
        await self._network.aclose()

    def get_extra_info(self, info: str) -> Any:
        return self._network.get_extra_info(info)
