"""Whether a peer takes callers, that is, applies its own rules to whom another agent asks for.

Where an agent has rules, it asks nothing of a peer that does not: that one would answer whoever asks with all that it
may read itself. What a peer says of itself in the head of each answer is remembered for a while.
"""

from __future__ import annotations

from collections.abc import Mapping

import httpx
import trio

from logagent.core.outcome import Failure, Status
from logagent.core.wire.caller import TAKES_CALLERS, TAKES_HEADER
from logagent.core.wire.frames import VERSION_HEADER
from logagent.core.wire.identity import AGENT_HEADER
from logagent.peers.roll import Roll
from logagent.peers.tracing import trace_headers

REMEMBERED = 60.0
"""Seconds for which a peer is not asked again whether it takes callers: an agent is not put back to an earlier version
often, and the head of its next answer tells so before anything of that is passed on."""
LONGEST_VERSION = 64
"""Characters of a version: it is shown in tables and messages."""


def takes_callers(headers: Mapping[str, str]) -> bool:
    """Return whether an agent takes callers, by the head of a response.

    Args:
        headers: of the response, by their names in lower case.
    """
    return TAKES_CALLERS in (word.strip() for word in headers.get(TAKES_HEADER, "").split(","))


def version_in(headers: Mapping[str, str]) -> str:
    """Return the version that an agent says it is of, by the head of a response; empty if it says none."""
    return headers.get(VERSION_HEADER, "")[:LONGEST_VERSION]


def shown_version(headers: Mapping[str, str]) -> str:
    """Return the version of an agent as a message has it, where it says none, too."""
    return version_in(headers) or "the version there"


def too_old(headers: Mapping[str, str]) -> Failure:
    """Return the failure of an agent that does not take callers."""
    told = f"{shown_version(headers)} does not take the caller's identity, which rules here need: upgrade it"
    return Failure(Status.PERMISSION_DENIED, told)


class Takers:
    """What one peer has said of itself."""

    def __init__(self) -> None:
        self._until = 0.0
        self._identity = ""

    async def check(self, client: httpx.AsyncClient, host: str, roll: Roll, trace: str | None) -> None:
        """Find out whether the peer takes callers, unless it is known.

        Args:
            client: of the peer.
            host: the name by which the peer is listed here.
            roll: notes who answers.
            trace: of the question for which this is needed.

        Raises:
            Failure: PERMISSION_DENIED if it does not; as `Roll.meet` raises it, if it is not the one that is listed.
            httpx.HTTPError: if it does not answer.
        """
        if trio.current_time() < self._until:
            return
        async with client.stream("GET", "/healthz", headers=trace_headers(trace)) as response:
            if VERSION_HEADER not in response.headers:  # No agent has answered, but perhaps a proxy before it.
                status = Status.UNAVAILABLE if response.status_code >= 500 else Status.INTERNAL
                told = f"answered {response.status_code} to GET /healthz, as no agent does"
                raise Failure(status, told)
            roll.meet(host, response.headers)
            self.meet(response)

    def meet(self, response: httpx.Response) -> None:
        """Note what the head of a response says, of which nothing has been passed on yet.

        What is refused before any route looks at it is no answer of the peer, and says nothing of it.

        Raises:
            Failure: PERMISSION_DENIED if the peer does not take callers.
        """
        headers = response.headers
        if takes_callers(headers):
            identity = headers.get(AGENT_HEADER, "")
            if identity != self._identity or trio.current_time() >= self._until:
                self._identity, self._until = identity, trio.current_time() + REMEMBERED
        elif response.status_code == 200 or VERSION_HEADER in headers:
            self._until = 0.0
            raise too_old(headers)
