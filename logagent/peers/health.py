"""Asking one agent how it is, and measuring how long it takes."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import httpx
import trio

from logagent.core.outcome import Failure
from logagent.core.wire.certificates import ending
from logagent.core.wire.hosts import HostState, host_from_json
from logagent.peers.behind import check_primary
from logagent.peers.client.downtime import TELL_DOWNTIME, Downtime
from logagent.peers.client.http_client import certificate_ends
from logagent.peers.client.reasons import reason
from logagent.peers.roll import Roll
from logagent.peers.source import read_at_most
from logagent.peers.takers import takes_callers, too_old, version_in
from logagent.peers.target import Target
from logagent.peers.tracing import trace_headers

REFUSALS = frozenset({401, 403, 421})
"""The status codes by which an agent says that it does not answer this one: the reason stands in the document."""

MAX_HOSTS_TOLD = 16 * 1024 * 1024
"""Bytes read of an answer of `/hosts`: some 30,000 hosts."""
MAX_HEALTH = 16 * 1024
"""Bytes read of an answer of `/healthz`, which has some fifty: only its head matters."""


async def state_of(
    client: httpx.AsyncClient, target: Target, patience: float, roll: Roll | None = None, trace: str | None = None
) -> HostState:
    """Ask one agent how it is, and measure how long it takes.

    Args:
        client: of the agent; the caller closes it.
        target: the agent.
        patience: seconds that it has to answer.
        roll: notes who answers.
        trace: of the question, as in a query.
    """
    known, told = unasked(target, target.key), list[Downtime]()
    started, extensions = trio.current_time(), {TELL_DOWNTIME: told.append}
    with trio.move_on_after(patience):
        try:
            headers = trace_headers(trace) | ({} if roll is None else roll.caller_headers())
            async with client.stream("GET", "/healthz", headers=headers, extensions=extensions) as response:
                body = await read_at_most(response, MAX_HEALTH)
            round_trip = trio.current_time() - started
        except httpx.HTTPError as error:
            return down(replace(known, message=reason(error)), *told)
        except Failure as failure:
            return replace(known, message=failure.message)
        return _told(known, round_trip, response, body, roll)
    return down(replace(known, message=f"no answer within {patience:g} s"), *told)


def down(state: HostState, downtime: Downtime | None = None) -> HostState:
    """Return a state with since when the agent is down, by the clock of this machine.

    Args:
        state: of the agent.
        downtime: None: it is not known to be down.
    """
    if downtime is None:
        return state
    began = time.time() - trio.current_time()
    since, tried, waits = (began + moment for moment in downtime)
    return replace(state, down_since=since, last_tried=tried, next_try=waits)


def unasked(target: Target, listed_as: str) -> HostState:
    """Return the state of an agent that was not asked.

    Args:
        target: the agent.
        listed_as: how answers call it.
    """
    return HostState(
        listed_as,
        target.urls[0],
        False,
        labels=target.labels,
        found_by=target.found_by,
        stale_since=target.stale_since,
    )


async def states_behind(
    client: httpx.AsyncClient, host: str, patience: float, roll: Roll, trace: str | None = None
) -> list[HostState] | None:
    """Ask a primary how the hosts behind it are; none are told by one that is asked by another way.

    Args:
        client: of the agent; the caller closes it.
        host: the name by which it is listed.
        patience: seconds that it has to answer.
        roll: notes who answers.
        trace: of the question, as in a query.

    Returns:
        The states, without its own; None if it does not tell them.
    """
    with trio.move_on_after(patience):
        try:
            headers = trace_headers(trace) | roll.headers(host)
            async with client.stream("GET", "/hosts", headers=headers) as response:
                roll.meet(host, response.headers)
                if roll.pass_over(host, response.headers):
                    return []
                check_primary(response.headers)
                document = await read_at_most(response, MAX_HOSTS_TOLD)
                found = map(host_from_json, json.loads(document)["hosts"]) if response.status_code == 200 else None
                return None if found is None else [_behind(state, host) for state in found if state.name != host]
        except (httpx.HTTPError, Failure, ValueError, KeyError, TypeError, RecursionError):
            return None  # why it cannot be asked is told of itself
    return None


def _behind(state: HostState, host: str) -> HostState:
    return replace(state, via=f"{host}/{state.via}" if state.via else host)


def _told(known: HostState, round_trip: float, response: httpx.Response, body: bytes, roll: Roll | None) -> HostState:
    known = replace(known, round_trip=round_trip)
    version = version_in(response.headers)
    try:
        if roll is not None:
            roll.meet(known.name, response.headers)
    except Failure as failure:
        return replace(known, version=version, message=failure.message)
    if response.status_code == 200 and version:
        ends = certificate_ends(response)
        old = f"{too_old(response.headers).message} (PERMISSION_DENIED)" if _is_too_old(response, roll) else ""
        said = [old or said_in(body, "refuses"), "" if ends is None else ending("its certificate:", ends, time.time())]
        message = "; ".join(filter(None, said))
        return replace(known, reachable=True, version=version, message=message, certificate_ends=ends)
    message = "is no agent, or not a healthy one"
    if response.status_code in REFUSALS:
        message = said_in(body, "detail") or message
    return replace(known, message=message)


def said_in(body: bytes, member: str) -> str:
    """Return why an agent does not answer this one, as a member of its document says; empty if it does not say so.

    Args:
        body: the document.
        member: its name.
    """
    said = member_of(body, member)
    return f"refuses this agent: {said} (PERMISSION_DENIED)" if said else ""


def member_of(body: bytes, member: str) -> str:
    """Return a member of a document as a text; empty if it has none, or is no document.

    Args:
        body: the document.
        member: its name.
    """
    try:
        said = json.loads(body).get(member)
    except (ValueError, AttributeError, RecursionError):
        return ""
    return str(said) if said else ""


def _is_too_old(response: httpx.Response, roll: Roll | None) -> bool:
    return roll is not None and roll.strict and not takes_callers(response.headers)
