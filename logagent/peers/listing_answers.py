"""Asking an agent for its listing of files, whatever carries the bytes: the path, the headers, and the answer read."""

from __future__ import annotations

import json

from logagent.core.outcome import Failure, Status
from logagent.core.query import Query
from logagent.core.wire.any_listing import any_listing
from logagent.core.wire.coding import IDENTITY
from logagent.core.wire.documents import BadListing
from logagent.core.wire.frames import SCOPE_HEADER
from logagent.core.wire.listing import Listing
from logagent.core.wire.parameters import to_query_string
from logagent.peers.answers import AnswerHead

MAX_LISTING = 64 * 1024 * 1024
"""Bytes of one answer at most: enough for thousands of logs with hundreds of generations each."""


def listing_path(query: Query) -> str:
    """Return the path and the query string that ask for a listing."""
    return f"/files?{to_query_string(query)}"


def listing_headers(query: Query) -> dict[str, str]:
    """Return the headers that ask for a listing."""
    scope = {SCOPE_HEADER: "own"} if query.own else {}
    return {"accept": "application/json", "accept-encoding": IDENTITY} | scope


def check_lists(head: AnswerHead, query: Query) -> None:
    """Check that a response comes from an agent that can list files.

    Raises:
        Failure: if it does not.
    """
    if head.status_code == 404 and not query.hosts:
        raise Failure(Status.UNAVAILABLE, "lists no files; is it an agent, and as new as this one?")


def check_room(size: int) -> None:
    """Check that a listing has no more bytes than it may.

    Raises:
        Failure: if it has.
    """
    if size > MAX_LISTING:
        raise Failure(Status.RESOURCE_EXHAUSTED, f"lists more than {MAX_LISTING} bytes; narrow the glob")


def read_listing(document: bytes) -> Listing:
    """Read a listing.

    Raises:
        Failure: if it is none.
    """
    try:
        return any_listing(json.loads(document))
    except BadListing as error:
        raise Failure(Status.INTERNAL, f"answered with something else than files: {error}") from None
    except (ValueError, RecursionError):
        raise Failure(Status.INTERNAL, "answered with something else than files; is it an agent?") from None
