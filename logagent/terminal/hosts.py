"""The command `hosts`: the agents that an agent knows, as a table or JSON. As typed, checked, run."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import trio

from logagent.peers.client.http_client import connect
from logagent.terminal.address import Agent, agent, patience
from logagent.terminal.printing import Streams, shown
from logagent.terminal.verdicts import FAILED, FOUND, PARTIAL


@dataclass(frozen=True, slots=True)
class HostsQuestion:
    """The arguments of `hosts`, checked. timeout: seconds for the whole answer."""

    agent: Agent
    form: str
    timeout: float


def hosts_question(typed: argparse.Namespace, environ: Mapping[str, str]) -> HostsQuestion:
    """The arguments of `hosts`, checked. Raises `ConfigError`."""
    timeout = patience(typed)
    return HostsQuestion(agent(typed, environ), typed.output, timeout)


class NoHosts(Exception):
    """There is no list of hosts, and why."""


async def ask_hosts(asked: HostsQuestion, streams: Streams) -> int:
    """Print the agents that an agent knows, and return the exit code."""
    async with connect(asked.agent.url, tls=asked.agent.tls) as client:
        return await list_hosts(client, asked, streams)


async def list_hosts(client: httpx.AsyncClient, asked: HostsQuestion, streams: Streams) -> int:
    """As `ask_hosts`, of the agent behind `client`: partial where some host cannot be reached."""
    try:
        hosts = await _hosts(client, asked.timeout)
    except NoHosts as error:
        streams.say(str(error))
        return FAILED
    streams.print(json.dumps({"hosts": hosts}) + "\n" if asked.form == "json" else _table(hosts))
    return FOUND if all(host["reachable"] for host in hosts) else PARTIAL


async def _hosts(client: httpx.AsyncClient, patience: float) -> list[dict[str, Any]]:
    with trio.move_on_after(patience):
        try:
            return _read_hosts(await client.get("/hosts"))
        except httpx.HTTPError as error:
            raise NoHosts(f"{client.base_url}: {str(error) or type(error).__name__} (UNAVAILABLE)") from None
    raise NoHosts(f"{client.base_url} did not answer within {patience:g} s (DEADLINE_EXCEEDED)")


def _read_hosts(response: httpx.Response) -> list[dict[str, Any]]:
    if response.status_code != 200:
        raise NoHosts(f"{response.url} answered with HTTP status {response.status_code}")
    try:
        return list(map(_host, response.json()["hosts"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise NoHosts(f"{response.url} answered with something else than hosts; is it an agent?") from None


def _host(host: Mapping[str, Any]) -> dict[str, Any]:
    return {name: host.get(name) for name in _COLUMNS} | {"name": host["name"], "reachable": host["reachable"] is True}


_COLUMNS = ("name", "url", "reachable", "version", "round_trip_ms", "message")


def _table(hosts: list[dict[str, Any]]) -> str:
    rows = [("HOST", "REACHABLE", "ROUND TRIP", "VERSION", "URL", ""), *map(_row, hosts)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "".join("  ".join(map(str.ljust, row, widths)).rstrip() + "\n" for row in rows)


def _row(host: dict[str, Any]) -> tuple[str, ...]:
    took = host["round_trip_ms"]
    cells = (
        host["name"],
        "yes" if host["reachable"] else "no",
        f"{took:.1f} ms" if isinstance(took, int | float) else "-",
        host["version"] or "-",
        host["url"] or "-",
        host["message"] or "",
    )
    return tuple(shown(str(cell).replace("\n", " ")) for cell in cells)
