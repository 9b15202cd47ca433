"""The commands `files` and `hosts` over a blocking socket; see `plain`."""

from __future__ import annotations

import time

from logagent.core.outcome import Failure
from logagent.core.wire.host_list import HostList
from logagent.peers.direct.documents import hosts_document_from, listing_from
from logagent.peers.direct.waiting import Late, Lost
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
from logagent.terminal.secured import secure_of
from logagent.terminal.streams import Streams


def ask_files(asked: FilesQuestion, streams: Streams) -> int:
    """Ask, print the logs, report which hosts did not list theirs, and return the exit code.

    Raises:
        SpeaksHttp1: if the agent is to be asked in another way.
    """
    agent, until = only_agent(asked.agent), time.monotonic() + asked.timeout
    try:
        listing = listing_from(agent.url, secure_of(agent), asked.query, until, agent.credential, agent.trace)
    except Failure as failure:
        return no_files(failure, asked, streams)
    except Late:
        return no_files(None, asked, streams)
    return print_files(listing, asked, streams)


def ask_hosts(asked: HostsQuestion, streams: Streams) -> int:
    """Ask, print the hosts that the agent knows, and return the exit code.

    Raises:
        SpeaksHttp1: if the agent is to be asked in another way.
    """
    try:
        hosts = _hosts(asked)
    except NoHosts as error:
        return no_hosts(error, asked, streams)
    return print_hosts(hosts, asked, streams)


def _hosts(asked: HostsQuestion) -> HostList:
    agent, until = only_agent(asked.agent), time.monotonic() + asked.timeout
    proof = agent.credential, agent.trace
    try:
        return hosts_in(*hosts_document_from(agent.url, secure_of(agent), until, *proof, asked.path))
    except Failure as failure:
        raise failed_hosts(failure) from None
    except Lost as error:
        raise unreachable(str(error)) from None
    except Late:
        raise too_late(asked.timeout) from None
