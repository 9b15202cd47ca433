"""The command `hosts`: the agents that an agent knows, as a table or JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from logagent.config.errors import ConfigError
from logagent.core.outcome import Failure
from logagent.core.query import BadParameter
from logagent.core.wire.host_list import HostList, list_from_json, list_to_json
from logagent.core.wire.hosts import HostState, spelled_moment
from logagent.core.wire.labels import spelled
from logagent.core.wire.parameters import parse_hosts
from logagent.core.wire.told_sources import ToldSource
from logagent.peers.answers import AnswerHead, refusal_in
from logagent.terminal.address import Asked, asked_of, patience
from logagent.terminal.arguments import HostsArguments, Output
from logagent.terminal.names import host_names
from logagent.terminal.streams import Streams
from logagent.terminal.tables import print_table, table
from logagent.terminal.verdicts import FAILED, FOUND, PARTIAL, advice, in_trace

_HEADER = ("HOST", "REACHABLE", "ROUND TRIP", "VERSION", "LABELS", "VIA", "URL", "")


@dataclass(frozen=True, slots=True)
class HostsQuestion:
    """The arguments of `hosts`, checked.

    Attributes:
        timeout: seconds for the whole answer.
        hosts: names, globs and conditions on labels; none: all hosts.
    """

    agent: Asked
    form: Output
    timeout: float
    hosts: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """What an agent is asked for."""
        return f"/hosts?{urlencode([('hostname', host) for host in self.hosts])}" if self.hosts else "/hosts"


def hosts_question(typed: HostsArguments, environ: Mapping[str, str]) -> HostsQuestion:
    """Check the arguments of `hosts`, and read certificates from their files.

    Raises:
        ConfigError: for an argument that cannot be used.
    """
    timeout = patience(typed)
    try:
        hosts = parse_hosts(urlencode({"hostname": host_names(typed.host)}, doseq=True).encode())
    except BadParameter as wrong:
        raise ConfigError(typed.where("host"), wrong.reason) from None
    return HostsQuestion(asked_of(typed, environ, itself=False), typed.output, timeout, hosts)


class NoHosts(Exception):
    """An agent did not answer with a list of hosts; the message says why, and is written behind the agent's URL.

    Attributes:
        why: why it could not be asked, or what it refuses; empty: neither is known.
    """

    def __init__(self, message: str, why: str = "") -> None:
        super().__init__(message)
        self.why = why


def hosts_in(head: AnswerHead, document: bytes) -> HostList:
    """Read the hosts of an answer.

    Args:
        document: its body.

    Raises:
        NoHosts: if it holds none.
    """
    if head.status_code != 200:
        raise failed_hosts(refusal_in(head, document))
    try:
        return list_from_json(json.loads(document))
    except (ValueError, RecursionError):
        raise NoHosts(" answered with something else than hosts; is it an agent?") from None


def failed_hosts(failure: Failure) -> NoHosts:
    """Return the error of an agent that refused, or was not asked."""
    return NoHosts(f": {failure.message} ({failure.status.name}){in_trace(failure.trace)}", failure.message)


def unreachable(why: str) -> NoHosts:
    """Return the error of an agent that cannot be asked."""
    return NoHosts(f": {why} (UNAVAILABLE)", why)


def too_late(timeout: float) -> NoHosts:
    """Return the error of an agent that did not answer within so many seconds."""
    return NoHosts(f" did not answer within {timeout:g} s (DEADLINE_EXCEEDED)")


def print_hosts(told: HostList, asked: HostsQuestion, streams: Streams) -> int:
    """Print hosts, and say which sources of further ones are in trouble.

    Returns:
        The exit code: partial if a host cannot be reached, or if it is not known which hosts a source names.
    """
    if asked.form == "json":
        streams.print(json.dumps(list_to_json(told)) + "\n")
    else:
        print_table(table_of(told.hosts), streams)
        for line in troubles_of(told.sources or ()):
            streams.say(line)
    is_whole = not any(source.fault and source.last_read is None for source in told.sources or ())
    return FOUND if is_whole and all(host.reachable for host in told.hosts) else PARTIAL


def troubles_of(sources: Sequence[ToldSource]) -> list[str]:
    """Return a line for each source of further hosts with which something is wrong."""
    return [f"{source.found_by}: {source.trouble}; {_given(source)}" for source in sources if source.trouble]


def _given(source: ToldSource) -> str:
    since = "" if source.fault_since is None else f"so since {spelled_moment(source.fault_since)}; "
    if source.last_read is None:
        return f"{since}it was never read"
    agents = f"{source.agents} agent{'' if source.agents == 1 else 's'}"
    return f"{since}it gives {agents}, last read {spelled_moment(source.last_read)}"


def table_of(hosts: Sequence[HostState]) -> str:
    """Lay out hosts as a table, a line for each; labels, and what they are behind, only if any of them has that."""
    left_out = {"LABELS": not any(host.labels for host in hosts), "VIA": not any(host.via for host in hosts)}
    shown = [place for place, title in enumerate(_HEADER) if not left_out.get(title, False)]
    return table([_HEADER[place] for place in shown], ([row[place] for place in shown] for row in map(_row, hosts)))


def no_hosts(error: NoHosts, asked: HostsQuestion, streams: Streams) -> int:
    """Report why there are no hosts, and return the exit code."""
    streams.say(f"{asked.agent.url}{error}")
    for line in advice(error.why, asked.agent.url):
        streams.say(line)
    return FAILED


def _labels(host: HostState) -> str:
    """Return a host's labels, with `?` where it has not told its own, so that there may be further ones."""
    return " ".join(filter(None, [spelled(host.labels), "" if host.labels_known else "?"])) or "-"


def _row(host: HostState) -> tuple[str, ...]:
    return (
        host.name,
        "yes" if host.reachable else "no",
        "-" if host.round_trip is None else f"{host.round_trip * 1000:.1f} ms",
        host.version or "-",
        _labels(host),
        host.via or "-",
        host.url or "-",
        host.message,
    )
