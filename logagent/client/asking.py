"""One question and its response: refusals become exceptions, and documents are read whole."""

from __future__ import annotations

from collections.abc import Mapping

from logagent.client.asked import Pairs, query_string
from logagent.client.couriers import Arriving, Courier, SentQuestion
from logagent.client.errors import ClientError, refused
from logagent.core.outcome import Failure
from logagent.peers.answers import MAX_PROBLEM, target_of
from logagent.peers.listing_answers import MAX_LISTING


def asked_of(
    route: str, pairs: Pairs, media_type: str, headers: Mapping[str, str], silence: float | None = None
) -> SentQuestion:
    """Return a question as it is sent: by POST, if its parameters fit into no URL.

    Args:
        route: such as `/logs`.
        pairs: the parameters.
        media_type: of the answer.
        headers: further ones.
        silence: seconds after which an agent that says nothing is lost; None: it may take any time.

    Raises:
        ValueError: if the parameters fit into no form either.
    """
    try:
        target = target_of(route, query_string(pairs))
    except Failure as failure:
        raise ValueError(failure.message) from None
    return SentQuestion(target, {"accept": media_type, **headers}, silence)


async def opened(courier: Courier, asked: SentQuestion) -> Arriving:
    """Ask, and return the response, whose status is 200; the caller closes it.

    Raises:
        ConnectionFailed: if none comes.
        Refused: if the agent refuses.
    """
    response = await courier.ask(asked)
    if response.status == 200:
        return response
    try:
        raise refused(response.status, response.headers, await _read(response, MAX_PROBLEM))
    finally:
        await response.aclose()


async def document(courier: Courier, asked: SentQuestion) -> bytes:
    """Ask for a document, and return it.

    Raises:
        ClientError: if none comes, the agent refuses, or it is too large.
    """
    response = await opened(courier, asked)
    try:
        read = await _read(response, MAX_LISTING)
    finally:
        await response.aclose()
    if len(read) > MAX_LISTING:
        raise ClientError(f"the agent lists more than {MAX_LISTING} bytes; narrow the glob")
    return read


async def _read(response: Arriving, most: int) -> bytes:
    """Return a body, as far as it has at most so many bytes, and one piece more."""
    read = bytearray()
    while len(read) <= most:
        chunk = await response.chunk()
        if chunk is None:
            break
        read += chunk
    return bytes(read)
