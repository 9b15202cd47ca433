"""Fetching one document from a server that is no agent, such as the keys of an identity provider."""

from __future__ import annotations

import ssl
from pathlib import Path

import httpcore
import httpx
import trio

from logagent.core.outcome import Failure, Status
from logagent.peers.client.exchange import TlsFailure
from logagent.peers.client.http_client import connect
from logagent.peers.client.reasons import reason
from logagent.peers.client.tls import client_tls, system_tls
from logagent.peers.source import read_at_most

PLAIN = frozenset({"", "text/plain", "application/octet-stream"})
"""Media types that servers give a document of which they know nothing."""
MOST_BYTES = 256 * 1024
"""Bytes of a document: the keys of a provider take some thousand."""
LONGEST_SHOWN = 100
"""Characters that are shown of a header of the answer."""


async def fetch_json(
    url: str, *, ca: Path | None, most: int = MOST_BYTES, network: httpcore.AsyncNetworkBackend | None = None
) -> bytes:
    """Fetch a JSON document, over a connection of its own, by HTTP/2 or HTTP/1.1; no redirect is followed.

    Only connecting has a time limit; for the whole the caller uses a cancel scope.

    Args:
        url: begins with https.
        ca: PEM of the authorities that are trusted, read anew each time; None: those of the system.
        most: bytes of the document.
        network: makes the connection; None: that of this machine.

    Raises:
        Failure: whatever goes wrong; the message does not repeat the URL.
    """
    headers = {"accept": "application/jwk-set+json, application/json", "accept-encoding": "identity"}
    try:
        tls = await trio.to_thread.run_sync(_trusting, ca)
    except (OSError, ssl.SSLError) as error:
        raise Failure(Status.UNAVAILABLE, f"the authorities in {ca} cannot be used: {_reason_of(error)}") from error
    try:
        async with connect(url, tls=tls, network=network) as client:
            async with client.stream("GET", url, headers=headers) as response:
                _check_head(response)
                document = await read_at_most(response, most)
    except httpx.HTTPError as error:
        raise Failure(Status.UNAVAILABLE, _why(error)) from error
    except (httpx.InvalidURL, ValueError) as error:  # ValueError: such as a part of the host's name of 64 characters
        raise Failure(Status.UNAVAILABLE, f"the address cannot be used: {error}") from error
    if len(document) > most:
        raise Failure(Status.UNAVAILABLE, f"the document has more than {most} bytes")
    return document


def _trusting(ca: Path | None) -> ssl.SSLContext:
    """Return TLS that trusts some authorities; blocks while their files are read."""
    return system_tls() if ca is None else client_tls(ca)


def _reason_of(error: OSError) -> str:
    return (
        error.strerror if error.strerror and not isinstance(error, ssl.SSLError) else "there is no certificate in PEM"
    )


def _check_head(response: httpx.Response) -> None:
    status = response.status_code
    if response.is_redirect:
        to = response.headers.get("location", "")[:LONGEST_SHOWN]
        raise Failure(Status.UNAVAILABLE, f"the answer is a redirect to {to!r}, which is not followed")
    if status != httpx.codes.OK:
        raise Failure(Status.UNAVAILABLE, f"the answer is {status} {response.reason_phrase}".strip())
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in PLAIN and "json" not in kind:
        raise Failure(Status.UNAVAILABLE, f"the answer is {kind[:LONGEST_SHOWN]!r}, not JSON")
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise Failure(Status.UNAVAILABLE, "the answer is compressed, though that was not asked for")


def _why(error: httpx.HTTPError) -> str:
    """Return why there was no answer; what agents advise each other about certificates does not fit other servers."""
    refused: BaseException | None = error
    while refused is not None and not isinstance(refused, ssl.SSLCertVerificationError):
        refused = refused.__cause__
    if isinstance(error, TlsFailure) and isinstance(refused, ssl.SSLCertVerificationError):
        return f"its certificate is refused: {refused.verify_message}"
    return reason(error)
