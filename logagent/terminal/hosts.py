"""The command `hosts`: the agents that an agent knows, as a table or JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import httpx
import trio

from logagent.core.wire.hosts import HostState, host_from_json, host_to_json
from logagent.peers.client.http_client import connect
from logagent.peers.client.reasons import reason
from logagent.peers.source import refusal_in
from logagent.peers.tracing import trace_of
from logagent.terminal.address import AgentAddress, agent_address, patience
from logagent.terminal.arguments import HostsArguments, Output
from logagent.terminal.streams import Streams
from logagent.terminal.tables import table
from logagent.terminal.verdicts import FAILED, FOUND, PARTIAL, in_trace

_HEADER = ("HOST", "REACHABLE", "ROUND TRIP", "VERSION", "URL", "")


@dataclass(frozen=True, slots=True)
class HostsQuestion:
    """The arguments of `hosts`, checked.

    Attributes:
        timeout: seconds for the whole answer.
    """

    agent: AgentAddress
    form: Output
    timeout: float


def hosts_question(typed: HostsArguments, environ: Mapping[str, str]) -> HostsQuestion:
    """Check the arguments of `hosts`, and read certificates from their files.

    Raises:
        ConfigError: for an argument that cannot be used.
    """
    timeout = patience(typed)
    return HostsQuestion(agent_address(typed, environ), typed.output, timeout)


class NoHosts(Exception):
    """An agent did not answer with a list of hosts; the message says why, and is written behind the agent's URL."""


async def ask_hosts(asked: HostsQuestion, streams: Streams) -> int:
    """Ask, print the hosts that the agent knows, and return the exit code."""
    async with connect(asked.agent.url, tls=asked.agent.tls) as client:
        return await list_hosts(client, asked, streams)


async def list_hosts(client: httpx.AsyncClient, asked: HostsQuestion, streams: Streams) -> int:
    """Print the hosts that the agent behind `client` knows.

    Returns:
        The exit code: partial if a host cannot be reached.
    """
    try:
        hosts = await _hosts(client, asked.timeout)
    except NoHosts as error:
        streams.say(f"{asked.agent.url}{error}")
        return FAILED
    streams.print(_json(hosts) if asked.form == "json" else table(_HEADER, map(_row, hosts)))
    return FOUND if all(host.reachable for host in hosts) else PARTIAL


async def _hosts(client: httpx.AsyncClient, patience: float) -> list[HostState]:
    with trio.move_on_after(patience):
        try:
            return _read_hosts(await client.get("/hosts"))
        except httpx.HTTPError as error:
            raise NoHosts(f": {reason(error)} (UNAVAILABLE)") from None
    raise NoHosts(f" did not answer within {patience:g} s (DEADLINE_EXCEEDED)")


def _read_hosts(response: httpx.Response) -> list[HostState]:
    if response.status_code != 200:
        failure = refusal_in(response, response.content)
        raise NoHosts(f": {failure.message} ({failure.status.name})" + in_trace(trace_of(response)))
    try:
        return list(map(host_from_json, response.json()["hosts"]))
    except (ValueError, KeyError, TypeError):
        raise NoHosts(" answered with something else than hosts; is it an agent?") from None


def _json(hosts: list[HostState]) -> str:
    return json.dumps({"hosts": list(map(host_to_json, hosts))}) + "\n"


def _row(host: HostState) -> tuple[str, ...]:
    return (
        host.name,
        "yes" if host.reachable else "no",
        "-" if host.round_trip is None else f"{host.round_trip * 1000:.1f} ms",
        host.version or "-",
        host.url or "-",
        host.message,
    )
