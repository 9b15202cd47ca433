"""The commands that ask several agents, named by `--peer` or `--peers-from`, each in its own way."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

import trio

from logagent.asked_peers import AskedPeers, asking
from logagent.core.batch import Out
from logagent.core.outcome import Failure, Outcome
from logagent.core.query import Query
from logagent.core.wire.host_list import HostList
from logagent.core.wire.listing import Listing
from logagent.peers.direct.waiting import Late
from logagent.terminal.answer import report
from logagent.terminal.bookmarks import show_bookmarked
from logagent.terminal.files import FilesQuestion, no_files, print_files
from logagent.terminal.hosts import HostsQuestion, NoHosts, failed_hosts, no_hosts, print_hosts
from logagent.terminal.peer_addresses import PeerAddresses
from logagent.terminal.question import Question
from logagent.terminal.showing import show
from logagent.terminal.streams import Streams
from logagent.terminal.unix.commands import Command
from logagent.terminal.unix.reading import AskedAgent
from logagent.terminal.unix.running import run_with
from logagent.terminal.watched_hosts import watch_by


async def ask(asked: Question, several: PeerAddresses, streams: Streams, environ: Mapping[str, str]) -> int:
    """Answer a query or a follow, print the answer, and return the exit code; cancelling ends the agents' work too.

    Raises:
        OSError: if the answer cannot be written.
    """
    async with asking(several) as peers:
        if asked.query.follow is not None:
            return await show_bookmarked(peers, asked, streams, environ)
        outcome = await show(peers, asked, streams, environ)
    return report(outcome, asked, streams)


async def list_files(asked: FilesQuestion, several: PeerAddresses, streams: Streams) -> int:
    """List the agents' files, and return the exit code."""
    async with asking(several) as peers:
        try:
            listing = await peers.list_files(asked.query, asked.timeout)
        except Failure as failure:
            return no_files(failure, asked, streams)
    return print_files(listing, asked, streams)


async def list_hosts(asked: HostsQuestion, several: PeerAddresses, streams: Streams) -> int:
    """List the agents, and return the exit code."""
    async with asking(several) as peers:
        try:
            hosts = await _hosts(peers, asked)
        except NoHosts as error:
            return no_hosts(error, asked, streams)
    return print_hosts(hosts, asked, streams)


async def watch_hosts(asked: HostsQuestion, several: PeerAddresses, seconds: float, streams: Streams) -> int:
    """Look at the agents until the command is cancelled, or nobody reads any more; return the exit code.

    Args:
        seconds: between two looks.
    """
    async with asking(several) as peers:
        return await watch_by(partial(_hosts, peers, asked), asked, seconds, streams)


async def _hosts(peers: AskedPeers, asked: HostsQuestion) -> HostList:
    try:
        return HostList(await peers.hosts(asked.timeout, asked.hosts))
    except Failure as failure:
        raise failed_hosts(failure) from None


async def run_unix(command: Command, several: PeerAddresses, streams: Streams, environ: Mapping[str, str]) -> int:
    """Run `grep`, `tail`, `ls` or `cat` over the agents' files, and return the exit code.

    Raises:
        OSError: if the answer cannot be written.
    """

    @asynccontextmanager
    async def answering(until: float) -> AsyncIterator[AskedAgent]:
        async with asking(several) as peers:
            yield _Until(peers, until)

    return await run_with(answering, command, streams, environ)


@dataclass(frozen=True, slots=True)
class _Until:
    """Several agents that are asked until a moment of `time.monotonic`."""

    peers: AskedPeers
    until: float

    async def list_files(self, query: Query, patience: float) -> Listing:
        return await self.peers.list_files(query, patience)

    async def pump(self, query: Query, out: Out) -> Outcome:
        with trio.move_on_after(self.until - time.monotonic()):
            return await self.peers.pump(query, out)
        raise Late
