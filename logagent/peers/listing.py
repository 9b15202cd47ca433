"""Asking another agent for its listing of files, and checking the answer."""

from __future__ import annotations

import json
import logging
from dataclasses import replace

import httpx
import trio

from logagent.core.outcome import Failure, Status
from logagent.core.query import Query
from logagent.core.wire.any_listing import any_listing
from logagent.core.wire.coding import IDENTITY
from logagent.core.wire.documents import BadListing
from logagent.core.wire.frames import SCOPE_HEADER
from logagent.core.wire.identity import ASKED_AS_HEADER
from logagent.core.wire.listing import Listing, failing
from logagent.core.wire.parameters import to_query_string
from logagent.peers.certificates import certificate_notes
from logagent.peers.client.http_client import chunks
from logagent.peers.client.reasons import reason
from logagent.peers.roll import Roll
from logagent.peers.source import refusal
from logagent.peers.tracing import trace_headers

MAX_LISTING = 64 * 1024 * 1024
"""Bytes of one answer at most: enough for thousands of logs with hundreds of generations each."""

_log = logging.getLogger(__name__)


async def ask_for_files(
    client: httpx.AsyncClient, query: Query, host: str | None = None, roll: Roll | None = None
) -> Listing:
    """Ask an agent for a listing.

    Args:
        client: of the agent; the caller closes it.
        query: only its files, hosts, rotated, own and timeout are used.
        host: the name by which the agent is listed here; None: whoever answers is taken.
        roll: notes who answers; None: likewise.

    Raises:
        Failure: when there is no valid answer.
    """
    url = f"/files?{to_query_string(query)}"
    try:
        async with client.stream("GET", url, headers=_headers(query, host, roll)) as response:
            if roll is not None and host is not None:
                roll.meet(host, response.headers)
            if response.status_code == 404 and not query.hosts:
                raise Failure(Status.UNAVAILABLE, "lists no files; is it an agent, and as new as this one?")
            if response.status_code != 200:
                raise await refusal(response)
            listing = any_listing(json.loads(await _body(response)))
            return replace(listing, notes=(*listing.notes, *certificate_notes(response, host)))
    except httpx.HTTPError as error:
        raise Failure(Status.UNAVAILABLE, reason(error)) from None
    except BadListing as error:
        raise Failure(Status.INTERNAL, f"answered with something else than files: {error}") from None
    except (ValueError, RecursionError):
        raise Failure(Status.INTERNAL, "answered with something else than files; is it an agent?") from None


async def listing_of(
    client: httpx.AsyncClient, host: str, query: Query, patience: float, roll: Roll | None = None
) -> Listing:
    """Ask an agent for the listing of its own files.

    Args:
        client: of the agent; the caller closes it.
        host: the name that the listing carries.
        query: its files, and whether rotated ones belong to them.
        patience: seconds that the agent has to answer.
        roll: notes who answers.

    Returns:
        The listing; if it failed, one without logs that says why.
    """
    with trio.move_on_after(patience):
        try:
            return _of_one(await ask_for_files(client, query, host, roll), host)
        except Failure as failure:
            return failing(host, failure.status, failure.message)
        except Exception:
            _log.exception("asking %s for its files failed", client.base_url)
            return failing(host, Status.INTERNAL, "internal error while asking")
    return failing(host, Status.UNAVAILABLE, f"no answer within {patience:g} s")


def _of_one(listing: Listing, host: str) -> Listing:
    """Return the listing of one host, with the name by which it is listed here; it must say how that host answered."""
    if len(listing.hosts) != 1:
        raise Failure(Status.INTERNAL, f"answered for {len(listing.hosts)} hosts, but was asked for its own files")
    return listing.of_host(host)


def _headers(query: Query, host: str | None, roll: Roll | None) -> dict[str, str]:
    asked_as = {} if roll is None or host is None else {ASKED_AS_HEADER: roll.asks(host)}
    scope = {SCOPE_HEADER: "own"} if query.own else {}
    return {"accept": "application/json", "accept-encoding": IDENTITY} | scope | asked_as | trace_headers(query.trace)


async def _body(response: httpx.Response) -> bytes:
    body = bytearray()
    async for chunk in chunks(response):
        body += chunk
        if len(body) > MAX_LISTING:
            raise Failure(Status.RESOURCE_EXHAUSTED, f"lists more than {MAX_LISTING} bytes; narrow the glob")
    return bytes(body)
