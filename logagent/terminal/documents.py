"""Asking for files and hosts on Trio: for agents behind what speaks HTTP/1.1 only, such as a proxy."""

from __future__ import annotations

import httpx
import trio

from logagent.core.outcome import Failure
from logagent.core.wire.host_list import HostList
from logagent.peers.client.http_client import connect
from logagent.peers.client.reasons import reason
from logagent.peers.listing import ask_for_files
from logagent.terminal.address import only_agent
from logagent.terminal.files import FilesQuestion, no_files, print_files
from logagent.terminal.hosts import (
    HostsQuestion,
    NoHosts,
    failed_hosts,
    hosts_in,
    no_hosts,
    print_hosts,
    too_late,
    unreachable,
)
from logagent.terminal.streams import Streams


async def ask_files(asked: FilesQuestion, streams: Streams) -> int:
    """Ask, print the logs, report which hosts did not list theirs, and return the exit code."""
    agent = only_agent(asked.agent)
    async with connect(agent.url, tls=agent.tls, credential=agent.credential, trace=agent.trace) as client:
        return await list_files(client, asked, streams)


async def list_files(client: httpx.AsyncClient, asked: FilesQuestion, streams: Streams) -> int:
    """Print the logs that the agent behind `client` lists, report missing hosts, and return the exit code."""
    with trio.move_on_after(asked.timeout):
        try:
            listing = await ask_for_files(client, asked.query)
        except Failure as failure:
            return no_files(failure, asked, streams)
        return print_files(listing, asked, streams)
    return no_files(None, asked, streams)


async def ask_hosts(asked: HostsQuestion, streams: Streams) -> int:
    """Ask, print the hosts that the agent knows, and return the exit code."""
    agent = only_agent(asked.agent)
    async with connect(agent.url, tls=agent.tls, credential=agent.credential, trace=agent.trace) as client:
        return await list_hosts(client, asked, streams)


async def list_hosts(client: httpx.AsyncClient, asked: HostsQuestion, streams: Streams) -> int:
    """Print the hosts that the agent behind `client` knows.

    Returns:
        The exit code: partial if a host cannot be reached.
    """
    try:
        hosts = await hosts_from(client, asked)
    except NoHosts as error:
        return no_hosts(error, asked, streams)
    return print_hosts(hosts, asked, streams)


async def hosts_from(client: httpx.AsyncClient, asked: HostsQuestion) -> HostList:
    """Return the hosts that the agent behind `client` knows.

    Args:
        client: of the agent.
        asked: which hosts, and how long the whole answer may take.

    Raises:
        NoHosts: if it does not tell them.
    """
    with trio.move_on_after(asked.timeout):
        try:
            response = await client.get(asked.path)
        except httpx.HTTPError as error:
            raise unreachable(reason(error)) from None
        except Failure as failure:
            raise failed_hosts(failure) from None
        return hosts_in(response, response.content)
    raise too_late(asked.timeout)
