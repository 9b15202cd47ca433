"""Asking another agent for its listing of files, and checking the answer."""

from __future__ import annotations

import logging
from dataclasses import replace

import httpx
import trio

from logagent.core.outcome import Failure, Status
from logagent.core.query import Query
from logagent.core.wire.listing import Listing, failing
from logagent.peers.behind import Behind, check_way
from logagent.peers.certificates import certificate_notes
from logagent.peers.client.http_client import chunks
from logagent.peers.client.reasons import reason
from logagent.peers.listing_answers import check_lists, check_room, listing_headers, listing_path, read_listing
from logagent.peers.roll import Roll
from logagent.peers.source import refusal
from logagent.peers.takers import Takers
from logagent.peers.tracing import trace_headers

_log = logging.getLogger(__name__)


async def ask_for_files(
    client: httpx.AsyncClient,
    query: Query,
    host: str | None = None,
    roll: Roll | None = None,
    takers: Takers | None = None,
    behind: Behind | None = None,
) -> Listing:
    """Ask an agent for a listing.

    Args:
        client: of the agent; the caller closes it.
        query: only its files, hosts, rotated, own and timeout are used.
        host: the name by which the agent is listed here; None: whoever answers is taken.
        roll: notes who answers; None: likewise.
        takers: knows whether the agent takes callers, for a roll that is strict about it.
        behind: told which hosts the agent answers for, which is asked as a primary; None: only for itself.

    Raises:
        Failure: when there is no valid answer.
    """
    strict = roll is not None and roll.strict
    try:
        if takers is not None and host is not None and roll is not None and strict:
            await takers.check(client, host, roll, query.trace)
        async with client.stream("GET", listing_path(query), headers=_headers(query, host, roll)) as response:
            if roll is not None and host is not None:
                roll.meet(host, response.headers)
            if takers is not None and strict:
                takers.meet(response)
            check_way(response, host, roll, behind)
            check_lists(response, query)
            if response.status_code != 200:
                raise await refusal(response)
            if behind is not None:
                behind.meet_listing(response.headers)
            listing = read_listing(await _body(response))
            return replace(listing, notes=(*listing.notes, *certificate_notes(response, host)))
    except httpx.HTTPError as error:
        raise Failure(Status.UNAVAILABLE, reason(error)) from None


async def listing_of(
    client: httpx.AsyncClient,
    host: str,
    query: Query,
    patience: float,
    roll: Roll | None = None,
    takers: Takers | None = None,
    behind: Behind | None = None,
) -> Listing:
    """Ask an agent for the listing of its own files, or of those of all hosts behind it.

    Args:
        client: of the agent; the caller closes it.
        host: the name that the listing carries.
        query: its files, and whether rotated ones belong to them.
        patience: seconds that the agent has to answer.
        roll: notes who answers.
        takers: knows whether the agent takes callers.
        behind: told which hosts the agent answers for, which is asked as a primary; None: only for itself.

    Returns:
        The listing; if it failed, one without logs that says why.
    """
    with trio.move_on_after(patience):
        try:
            listing = await ask_for_files(client, query, host, roll, takers, behind)
            return listing if behind is not None else _of_one(listing, host)
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
    about = {} if roll is None or host is None else roll.headers(host)
    return listing_headers(query) | about | trace_headers(query.trace)


async def _body(response: httpx.Response) -> bytes:
    body = bytearray()
    async for chunk in chunks(response):
        body += chunk
        check_room(len(body))
    return bytes(body)
