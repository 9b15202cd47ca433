"""The labels that another agent tells of itself: remembered, and refreshed with each of its answers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import httpx
import trio

from logagent.core.outcome import Failure, Outcome, Status, failed
from logagent.core.wire.frames import VERSION_HEADER
from logagent.core.wire.identity import AGENT_HEADER, BadIdentity, from_header
from logagent.core.wire.labels import LABELS_HEADER, labels_from_header
from logagent.peers.client.reasons import reason
from logagent.peers.health import MAX_HEALTH, member_of
from logagent.peers.roll import Roll
from logagent.peers.source import read_at_most
from logagent.peers.takers import version_in
from logagent.peers.tracing import trace_headers

REMEMBERED = 30.0
"""Seconds for which labels that were told count without being asked for again: an agent that is started with other
labels is among the right hosts within that time, and with its next answer."""


class ToldLabels:
    """The labels that one peer has told.

    Attributes:
        labels: None: it has told none yet.
        other_name: the name by which it has answered last, if that is not the one by which it is listed.
    """

    def __init__(self) -> None:
        self.labels: Mapping[str, str] | None = None
        self.other_name = ""
        self._heard = -math.inf

    @property
    def are_fresh(self) -> bool:
        """Whether they need not be asked for again."""
        return trio.current_time() < self._heard + REMEMBERED

    def listen_to(self, client: httpx.AsyncClient, name: Callable[[], str]) -> httpx.AsyncClient:
        """Hear each response that a client of the peer gets, and return that client.

        Args:
            client: of the peer; the caller closes it.
            name: returns by which the peer is listed now; empty: it is not known yet.
        """

        async def hear(response: httpx.Response) -> None:
            self.hear(name(), response.headers)

        client.event_hooks = {"response": [hear]}
        return client

    def hear(self, name: str, headers: Mapping[str, str]) -> None:
        """Note what the head of a response tells; of another agent than the one that is listed, nothing.

        Args:
            name: by which the peer is listed; empty: it is not known yet.
            headers: of the response, by their names in lower case.
        """
        own = _name_in(headers)
        self.other_name = own if name and own != name else ""
        told = labels_from_header(headers.get(LABELS_HEADER, ""))
        if told is None or self.other_name:
            return
        self.labels, self._heard = told, trio.current_time()


def _name_in(headers: Mapping[str, str]) -> str:
    try:
        return from_header(headers.get(AGENT_HEADER, "")).name
    except BadIdentity:
        return ""


async def ask_for_labels(
    client: httpx.AsyncClient, host: str, patience: float, roll: Roll | None = None, trace: str | None = None
) -> Outcome:
    """Ask a peer for its labels, which the head of its response tells.

    Args:
        client: of the peer, which passes heads of responses on to `ToldLabels`.
        host: the name by which it is listed.
        patience: seconds that it has to answer.
        roll: notes who answers, and tells for whom it is asked.
        trace: of the question, as in a query.

    Returns:
        OK if it has told them, else why it has not.
    """
    with trio.move_on_after(patience):
        try:
            headers = trace_headers(trace) | ({} if roll is None else roll.caller_headers())
            async with client.stream("GET", "/healthz", headers=headers) as response:
                if roll is not None:
                    roll.meet(host, response.headers)
                if labels_from_header(response.headers.get(LABELS_HEADER, "")) is not None:
                    return Outcome()
                return failed(await _untold(response))
        except httpx.HTTPError as error:
            return Outcome(Status.UNAVAILABLE, reason(error))
        except Failure as failure:
            return failed(failure)
    return Outcome(Status.UNAVAILABLE, f"no answer within {patience:g} s")


async def _untold(response: httpx.Response) -> Failure:
    """Return why a response tells no labels: the peer refuses who asks, is too old, or is none."""
    if refuses := member_of(await read_at_most(response, MAX_HEALTH), "refuses"):
        return Failure(Status.PERMISSION_DENIED, f"refuses who asks: {refuses}")
    if VERSION_HEADER in response.headers:
        return Failure(Status.UNAVAILABLE, f"{version_in(response.headers)} tells no labels: upgrade that agent")
    return Failure(Status.UNAVAILABLE, f"answered {response.status_code} to GET /healthz, as no agent does")
