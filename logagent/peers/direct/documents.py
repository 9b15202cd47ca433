"""Answers of one document, over a blocking socket: the listing of files, and the hosts that an agent knows."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

from logagent.core.outcome import Failure, Status
from logagent.core.query import Query
from logagent.core.wire.coding import IDENTITY
from logagent.core.wire.listing import Listing
from logagent.peers.answers import MAX_PROBLEM, refusal_in
from logagent.peers.client.credentials import Credential
from logagent.peers.direct.answer_stream import NO_TRACE, AgentRequest, AnswerStream, open_answer
from logagent.peers.direct.waiting import Lost
from logagent.peers.direct.wires import Secure
from logagent.peers.listing_answers import (
    MAX_LISTING,
    check_lists,
    check_room,
    listing_headers,
    listing_path,
    read_listing,
)


def listing_from(
    agent: str,
    secure: Secure | None,
    query: Query,
    until: float,
    credential: Credential | None = None,
    trace: Mapping[str, str] = NO_TRACE,
) -> Listing:
    """Ask an agent for a listing of files.

    Args:
        agent: its URL.
        secure: speaks TLS with it; None: for `http://` and Unix sockets.
        query: only its files, hosts, rotated, own and timeout are used.
        until: when waiting for the answer ends, as `time.monotonic` tells it.
        credential: proves who asks; None: nothing does.
        trace: headers that name the trace to which the question belongs.

    Raises:
        Failure: when there is no valid answer.
        Late: if it does not come in time.
        SpeaksHttp1: if the other side does not speak HTTP/2.
    """
    asked = AgentRequest("GET", listing_path(query), listing_headers(query))
    try:
        with contextlib.closing(open_answer(agent, secure, asked, until, credential, trace)) as stream:
            check_lists(stream, query)
            if stream.status_code != 200:
                raise refusal_in(stream, stream.read_at_most(MAX_PROBLEM))
            body = bytearray()
            for chunk in stream.chunks():
                body += chunk
                check_room(len(body))
            return read_listing(bytes(body))
    except Lost as error:
        raise Failure(Status.UNAVAILABLE, str(error)) from None


def health_document_from(agent: str, secure: Secure | None, until: float) -> tuple[AnswerStream, bytes]:
    """Ask an agent how it is, which it tells everybody; return the answer, which is over, and its body.

    Args:
        agent: its URL.
        secure: speaks TLS with it; None: for `http://` and Unix sockets.
        until: when waiting for the answer ends, as `time.monotonic` tells it.

    Raises:
        Lost: when there is no answer.
        Late: if it does not come in time.
        SpeaksHttp1: if the other side does not speak HTTP/2.
    """
    asked = AgentRequest("GET", "/healthz", {"accept-encoding": IDENTITY})
    with contextlib.closing(open_answer(agent, secure, asked, until)) as stream:
        return stream, stream.read_at_most(MAX_PROBLEM)


def hosts_document_from(
    agent: str,
    secure: Secure | None,
    until: float,
    credential: Credential | None = None,
    trace: Mapping[str, str] = NO_TRACE,
    path: str = "/hosts",
) -> tuple[AnswerStream, bytes]:
    """Ask an agent for the hosts that it knows, and return the answer, which is over, and its body.

    Args:
        agent: its URL.
        secure: speaks TLS with it; None: for `http://` and Unix sockets.
        until: when waiting for the answer ends, as `time.monotonic` tells it.
        credential: proves who asks; None: nothing does.
        trace: headers that name the trace to which the question belongs.
        path: with a query string that says which of them.

    Raises:
        Failure: if the credential may not be sent there.
        Lost: when there is no answer.
        Late: if it does not come in time.
        SpeaksHttp1: if the other side does not speak HTTP/2.
    """
    asked = AgentRequest("GET", path, {"accept-encoding": IDENTITY})
    with contextlib.closing(open_answer(agent, secure, asked, until, credential, trace)) as stream:
        return stream, stream.read_at_most(MAX_LISTING)
